"""A small SCIM server in memory, the simulator's opposite number, and proof that it is strict where it says so."""

import asyncio
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from tests.entra.paths import ENTERPRISE, GROUP, USER

TOKEN = "rollcall-test"
BASE_URL = "https://scim.example/v2"
PATH = re.compile(r'(?P<attribute>[\w$]+)(\[(?P<key>\w+) eq (?P<literal>"[^"]*"|true)\])?(\.(?P<sub>\w+))?')
EQUALS = re.compile(r'(?P<path>[^\s\[\]]+(?:\[[^\]]+\])?(?:\.\w+)?) eq (?P<literal>"(?:[^"\\]|\\.)*")')
VALUE_PATH = re.compile(r'(\w+)\[(\w+) eq ("[^"]*") and (\w+) eq ("(?:[^"\\]|\\.)*")\]')

type Held = Any  # whatever JSON can hold
type Resource = dict[str, Any]


class Refused(Exception):
    """An answer other than success."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass
class ScimServer:
    """Users and groups in dictionaries; `strict` refuses Entra's ways, `faults` break what they name."""

    strict: bool = False
    replaces: bool = False
    faults: frozenset[str] = frozenset()
    users: dict[str, Resource] = field(default_factory=dict)
    groups: dict[str, Resource] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    on_one_group: int = 0
    most_on_one_group: int = 0

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        group_patch = request.method == "PATCH" and "/Groups/" in request.url.path
        self.on_one_group += group_patch
        self.most_on_one_group = max(self.most_on_one_group, self.on_one_group)
        await asyncio.sleep(0)
        self.visits[request.method, str(request.url)] += 1
        if "busy" in self.faults and self.visits[request.method, str(request.url)] % 2:
            self.on_one_group -= group_patch
            return httpx.Response(429, headers={"Retry-After": "0"})
        try:
            status, body = self._handled(request)
        except Refused as refused:
            status, body = refused.status, {"status": str(refused.status), "detail": refused.detail}
        self.on_one_group -= group_patch
        headers = {"Content-Type": "application/scim+json"} if body is not None else {}
        if status == 201:
            headers["Location"] = f"{BASE_URL}/{body['id']}"  # type: ignore[index]  # a 201 has a body
        return httpx.Response(status, content=None if body is None else json.dumps(body), headers=headers)

    def _handled(self, request: httpx.Request) -> tuple[int, Resource | None]:
        _check_headers(request)
        _, _, kind, *rest = request.url.path.split("/")
        store = {"Users": self.users, "Groups": self.groups}[kind]
        query = parse_qs(request.url.query.decode(), keep_blank_values=True)
        body = json.loads(request.content) if request.content else {}
        if not rest:
            return self._created(store, body) if request.method == "POST" else (200, self._listed(store, query))
        if rest[0] not in store:
            raise Refused(404, "no such resource")
        if request.method == "DELETE":
            self.delete(store, rest[0])
            return 204, None
        if request.method == "PATCH":
            self._patched(store, rest[0], body)
            return (204, None) if store is self.groups else (200, self._shown(store[rest[0]]))
        excluded = query.get("excludedAttributes", [""])[0]
        return 200, {name: value for name, value in self._shown(store[rest[0]]).items() if name != excluded}

    def delete(self, store: dict[str, Resource], scim_id: str) -> None:
        del store[scim_id]
        for group in self.groups.values():
            group["members"] = [each for each in group["members"] if each["value"] != scim_id]

    def _created(self, store: dict[str, Resource], body: Resource) -> tuple[int, Resource]:
        resource: Resource = (
            {"id": str(uuid.uuid4()), "members": []} if store is self.groups else {"id": str(uuid.uuid4())}
        )
        for name, value in body.items():
            if name not in {"schemas", "meta"} and value not in (None, []):
                self._set(resource, name, value, "add")
        self._check_unique(store, resource)
        store[resource["id"]] = resource
        return 201, self._shown(resource)

    def _check_unique(self, store: dict[str, Resource], resource: Resource) -> None:
        name = "displayName" if store is self.groups else "userName"
        if not resource.get(name):
            raise Refused(400, f"{name} is missing")
        if any(e[name].casefold() == resource[name].casefold() and e["id"] != resource["id"] for e in store.values()):
            raise Refused(409, f"{name} is taken")

    def _listed(self, store: dict[str, Resource], query: dict[str, list[str]]) -> Resource:
        start, count = int(query.get("startIndex", ["1"])[0]), int(query.get("count", ["50"])[0])
        found = [self._shown(each) for each in store.values()]
        if "filter" in query:
            found = [each for each in found if _matches(each, query["filter"][0])]
        page = found[start - 1 : start - 1 + min(count, 7)]
        if "excludedAttributes" in query:
            page = [{name: value for name, value in each.items() if name != "members"} for each in page]
        return {"totalResults": len(found), "startIndex": start, "itemsPerPage": len(page), "Resources": page}

    def _patched(self, store: dict[str, Resource], scim_id: str, body: Resource) -> None:
        resource = json.loads(json.dumps(store[scim_id]))
        for operation in body["Operations"]:
            op, path = operation["op"], operation.get("path")
            if self.strict and (op != op.lower() or (op == "remove" and "value" in operation)):
                raise Refused(400, f"not RFC: {operation}")
            values = [(path, operation.get("value"))] if path else list(operation["value"].items())
            for each, value in values:
                self._set(resource, each, None if op.lower() == "remove" else value, op.lower(), operation.get("value"))
        self._check_unique(store, resource)
        store[scim_id] = resource

    def _set(self, resource: Resource, path: str, value: Held, op: str, given: Held = None) -> None:
        if path == "members":
            self._set_members(resource, given if op == "remove" else value, op)
            return
        holder, attribute, selector, sub = self._located(resource, path)
        value = self._canonical(attribute if sub is None else sub, value)
        if isinstance(value, dict) and path in {ENTERPRISE, "name"}:
            for name, inner in value.items():
                self._set(resource, f"{path}{':' if path == ENTERPRISE else '.'}{name}", inner, op)
        elif attribute == "roles" and op == "add" and selector is None:
            holder["roles"] = holder.get("roles", []) + value
        elif selector and sub is None:
            kept = [e for e in _elements(holder, attribute) if e.get(selector[0]) != selector[1]]
            holder[attribute] = kept
        elif selector:
            self._set_element(holder, attribute, selector, sub or "", value)
        elif sub:
            _put(holder.setdefault(attribute, {}), sub, value)
        elif op == "add" and isinstance(value, list):
            holder[attribute] = holder.get(attribute, []) + value
        else:
            _put(holder, attribute, value)

    def _located(self, resource: Resource, path: str) -> tuple[Resource, str, tuple[str, Any] | None, str | None]:
        if path.startswith("manager"):
            if self.strict:
                raise Refused(400, "manager needs its URN")
            path = f"{ENTERPRISE}:manager"
        if path.startswith(f"{ENTERPRISE}:"):
            return resource.setdefault(ENTERPRISE, {}), path.removeprefix(f"{ENTERPRISE}:"), None, None
        if path == ENTERPRISE:
            return resource, path, None, None
        parts = PATH.fullmatch(path)
        if parts is None:
            raise Refused(400, f"path {path}")
        if parts["key"] is None:
            return resource, parts["attribute"], None, parts["sub"]
        literal = self._canonical(parts["key"], json.loads(parts["literal"]))
        return resource, parts["attribute"], (parts["key"], literal), parts["sub"]

    def _set_element(self, holder: Resource, attribute: str, selector: tuple[str, Any], sub: str, value: Held) -> None:
        found = [each for each in _elements(holder, attribute) if each.get(selector[0]) == selector[1]]
        if not found:
            if self.strict:
                raise Refused(400, "noTarget")
            found = [{selector[0]: selector[1]}]
            holder[attribute] = _elements(holder, attribute) + found
        _put(found[0], sub, value)

    def _set_members(self, group: Resource, value: Held, op: str) -> None:
        ids = [each["value"] for each in value or []]
        if op == "remove" and not ids:
            group["members"] = []
        kept = [each for each in group["members"] if each["value"] not in ids]
        fresh = not (op == "replace" and (self.strict or self.replaces))
        if op != "remove":
            kept = (kept if fresh else []) + [{"value": each} for each in ids]
            if "loses a member" in self.faults and len(kept) == 3:
                kept.pop()
        group["members"] = kept

    def _canonical(self, name: str, value: Held) -> Held:
        if name in {"active", "primary"} and isinstance(value, str):
            if self.strict:
                raise Refused(400, f"{name} is a string")
            return value.lower() == "true"
        if name == "manager":
            if self.strict and not (value is None or isinstance(value, dict)):
                raise Refused(400, "manager is not an object")
            value = value[0] if isinstance(value, list) else value
            value = value if isinstance(value, dict) else {"value": value}
            return {"value": value["value"]} if value["value"] else None
        if isinstance(value, list):
            return [self._element(each) for each in value]
        return None if value == "" else value

    def _element(self, given: Resource) -> Resource:
        element = {name: self._canonical(name, value) for name, value in given.items()}
        if str(element.get("value", "")).startswith('{"id"'):
            text = json.loads(element["value"])
            return {"value": text["value"], "display": text["displayName"]}
        return element

    def _shown(self, resource: Resource) -> Resource:
        shown: Resource = json.loads(json.dumps(resource))
        kind = "Group" if resource["id"] in self.groups or "members" in resource else "User"
        shown |= {"schemas": [USER if kind == "User" else GROUP], "meta": {"resourceType": kind}}
        if kind == "User":
            mine = [g["id"] for g in self.groups.values() if any(m["value"] == resource["id"] for m in g["members"])]
            shown["groups"] = [{"value": each} for each in mine]
            if "string booleans" in self.faults:
                shown["active"] = str(shown.get("active", True))
            if "misplaced manager" in self.faults and "manager" in shown.get(ENTERPRISE, {}):
                shown["manager"] = shown[ENTERPRISE].pop("manager")
        elif "bare members" not in self.faults:
            shown["members"] = [
                {**each, "type": "Group" if each["value"] in self.groups else "User"} for each in shown["members"]
            ]
        return shown


def _check_headers(request: httpx.Request) -> None:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise Refused(401, "who are you?")
    wanted = None if request.method in {"GET", "DELETE"} else "application/scim+json; charset=utf-8"
    if request.headers.get("Content-Type") != wanted or request.headers.get("Accept", "*/*") != "*/*":
        raise Refused(415, f"Content-Type {request.headers.get('Content-Type')}")


def _elements(holder: Resource, attribute: str) -> list[Resource]:
    return list(holder.get(attribute, []))


def _put(holder: Resource, name: str, value: Held) -> None:
    if value is None:
        holder.pop(name, None)
    else:
        holder[name] = value


def _matches(resource: Resource, text: str) -> bool:
    if whole := VALUE_PATH.fullmatch(text):
        attribute, key, kind, sub, literal = whole.groups()
        return any(e.get(key) == json.loads(kind) and _same(e.get(sub), literal) for e in resource.get(attribute, []))
    terms = list(EQUALS.finditer(text))
    if " and ".join(term.group() for term in terms) != text:
        raise Refused(400, f"filter {text}")
    return all(any(_same(value, term["literal"]) for value in _values(resource, term["path"])) for term in terms)


def _same(value: Held, literal: str) -> bool:
    return isinstance(value, str) and value.casefold() == json.loads(literal).casefold()


def _values(resource: Resource, path: str) -> Iterator[Any]:
    if path in {"manager", f"{ENTERPRISE}:manager.value"}:
        yield resource.get(ENTERPRISE, {}).get("manager", {}).get("value")
    elif parts := PATH.fullmatch(path):
        value = resource.get(parts["attribute"])
        for each in value if isinstance(value, list) else [value or {}]:
            if parts["key"] is None or each.get(parts["key"]) == json.loads(parts["literal"]):
                yield each.get(parts["sub"]) if parts["sub"] else each


async def _sent(server: ScimServer, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    if body is not None:
        headers["Content-Type"] = "application/scim+json; charset=utf-8"
    async with httpx.AsyncClient(transport=server.transport, headers=headers) as client:
        return await client.request(method, BASE_URL + path, content=None if body is None else json.dumps(body))


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Replace", "path": "active", "value": False},
        {"op": "replace", "path": "active", "value": "False"},
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "x@y.z"},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": "1"},
        {"op": "remove", "path": "title", "value": "x"},
    ],
)
async def test_a_strict_server_refuses_what_only_entra_sends(operation: Resource) -> None:
    server = ScimServer(strict=True)
    user = (await _sent(server, "POST", "/Users", {"userName": "a"})).json()
    body = {"Operations": [operation]}
    assert (await _sent(server, "PATCH", f"/Users/{user['id']}", body)).status_code == 400
    server.strict = False
    assert (await _sent(server, "PATCH", f"/Users/{user['id']}", body)).status_code == 200


async def test_a_user_name_is_taken_without_regard_to_case() -> None:
    server = ScimServer()
    assert (await _sent(server, "POST", "/Users", {"userName": "Zoë"})).status_code == 201
    assert (await _sent(server, "POST", "/Users", {"userName": "ZOË"})).status_code == 409
