"""Requests that nobody would send: of any method, to any path, with anything in them. None may upset the service.

They are mutations of right ones, so that they get past the first door. For a longer run by hand, ``FUZZ_REQUESTS`` is
their number and ``FUZZ_SEED`` what they are made from; the seed is printed.
"""

import json
import os
import random
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from tests.attacks.service import ASSERTION, FORM, Target, basic
from tests.client import ENTERPRISE, GROUP, PATCH_OP, SEARCH_REQUEST, USER, lines_of_the_service

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
SEED = int(os.environ.get("FUZZ_SEED", secrets.randbelow(10**9)))
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
METHODS = (*("GET", "POST", "PUT", "PATCH", "DELETE") * 6, "HEAD", "OPTIONS", "TRACE", "get", "")
ENDPOINTS = (
    *("Users", "Groups") * 4,
    "Me",
    "Bulk",
    ".search",
    "Users/.search",
    "Schemas",
    "ResourceTypes",
    "openapi.json",
)
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    " ",
    "é😀\u202e",
    "x" * 5_000,
    "'; DROP",
    "../..",
    [],
    [[]],
    {},
    {"value": {}},
    {"$ref": 5},
)
FILTERS = ('userName eq "ann"', 'emails[type eq "work"].value sw "a"', "members.value pr", 'not (title co "x")', "a eq")


@dataclass(slots=True)
class Fuzz:
    """Makes requests from chance.

    Attributes:
        ids: of resources that are there, and of some that are not.
        lets_in: values of the Authorization header.
    """

    chance: random.Random
    ids: list[str]
    lets_in: list[str]

    def path(self) -> str:
        """A path and a query."""
        pick = self.chance.choice
        known: list[Callable[[], str]] = [
            lambda: f"/scim/contoso/v2/{pick(ENDPOINTS)}",
            lambda: f"/scim/contoso/v2/{pick(('Users', 'Groups'))}/{pick(self.ids)}",
            lambda: f"/scim/{pick(('contoso', 'fabrikam', 'nobody', '%00', 'x' * 300))}/oauth/token",
            lambda: pick(
                ("/oauth/token", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/", "")
            ),
        ]
        path = self.chance.choices(known, (5, 5, 2, 1))[0]()
        if self.chance.random() < 0.1:
            at = self.chance.randrange(len(path) + 1)
            path = (
                path[:at] + pick(("/", "//", "%2e%2e/", "%2f", "%", "%ff", ";", "?", "\u2028", " ", "%00")) + path[at:]
            )
        names = ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes")
        asked = [(pick(names), pick((*FILTERS, *map(str, JUNK), "userName", "1"))) for _ in range(pick((0, 0, 1, 2)))]
        return path + ("?" + urlencode(asked, quote_via=quote, errors="replace") if asked else "")

    def body(self) -> bytes:
        """A body: a right one, bent in some places, or cut, or of bytes that mean nothing."""
        whole = json.dumps(
            self.bent(json.loads(json.dumps(self.chance.choice(self.right())))), ensure_ascii=True
        ).encode()
        match self.chance.randrange(8):
            case 0:
                return whole[: self.chance.randrange(len(whole))]
            case 1:
                return self.chance.randbytes(40)
            case 2:
                form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION, "scope": "x"}
                return urlencode(
                    form | {self.chance.choice([*form, "client_id", "client_assertion"]): "a.b.c"}
                ).encode()
            case _:
                return whole

    def right(self) -> list[dict[str, Any]]:
        """Bodies that are right somewhere."""
        user: dict[str, Any] = {
            "schemas": [USER, ENTERPRISE],
            "userName": f"u{self.chance.random()}",
            "name": {"givenName": "A"},
        }
        user |= {"emails": [{"value": "a@b.example", "type": "work"}], ENTERPRISE: {"department": "d"}}
        members = [{"value": self.chance.choice(self.ids)} for _ in range(3)]
        group: dict[str, Any] = {"schemas": [GROUP], "displayName": f"g{self.chance.random()}", "members": members}
        operations: list[dict[str, Any]] = [
            {"op": "add", "path": 'emails[type eq "home"].value', "value": "x@y.example"},
            {"op": "replace", "path": "active", "value": "False"},
            {"op": "remove", "path": "members", "value": members},
            {"op": "replace", "value": {"displayName": "n", f"{ENTERPRISE}:manager": self.chance.choice(self.ids)}},
        ]
        bulk = [{"method": "POST", "path": "/Users", "bulkId": "a", "data": user}]
        return [
            user,
            group,
            {"schemas": [PATCH_OP], "Operations": self.chance.sample(operations, 2)},
            {"schemas": [SEARCH_REQUEST], "filter": self.chance.choice(FILTERS), "count": 3},
            {"schemas": [BULK], "Operations": [*bulk, {"method": "DELETE", "path": f"/Users/{self.ids[0]}x"}]},
        ]

    def bent(self, value: Any) -> Any:  # noqa: ANN401 (JSON)
        """A value with some of what is in it in the place of something else."""
        if self.chance.random() < 0.04:
            return self.chance.choice(JUNK)
        if isinstance(value, dict):
            return {
                (name.upper() if self.chance.random() < 0.05 else name): self.bent(each) for name, each in value.items()
            }
        return [self.bent(each) for each in value] if isinstance(value, list) else value

    def headers(self) -> dict[str, str]:
        """Who asks, and what else is said."""
        pick = self.chance.choice
        said = {"content_type": pick((*("application/scim+json", "application/json") * 5, FORM, "a/b;charset=é"))}
        if self.chance.random() < 0.95:
            said["authorization"] = pick(self.lets_in)
        for name in ("if_match", "if_none_match", "prefer", "x_request_id", "accept", "traceparent"):
            if self.chance.random() < 0.1:
                said[name] = pick(("*", 'W/"0000000000000001"', "dry-run", "[::1", ",,,", "é", "x" * 3_000))
        return said


async def test_no_request_upsets_the_service(target: Target) -> None:
    target = replace(target, spread=True)  # nobody is to wait for those who fail
    print(f"FUZZ_SEED={SEED}")  # noqa: T201 (shown where it fails)
    password, access = await target.issue("basic"), await target.access()
    user, group = await target.good.user("ann"), await target.good.group("Staff")
    lets_in = [f"Bearer {target.good.token}"] * 60 + [f"Bearer {access}"] * 20 + [basic(password.key_id, password.text)]
    lets_in += ["Bearer a.b.c", "Bearer", "Basic !!!", f"Basic {access}", "Negotiate x", f"Bearer {target.other.token}"]
    ids = [
        user["id"],
        group["id"],
        user["id"].upper(),
        "0",
        "01990000-0000-7000-8000-000000000000",
        "%2e%2e",
        "x" * 400,
    ]
    fuzz, statuses = Fuzz(random.Random(SEED), ids, lets_in), Counter[int]()  # noqa: S311 (a seed that can be repeated)
    with lines_of_the_service() as lines:
        for number in range(REQUESTS):
            method, path, headers = fuzz.chance.choice(METHODS), fuzz.path(), fuzz.headers()
            body = b"" if method in {"GET", "HEAD"} else fuzz.body()
            answer = await target.send(method, path, body, **headers)
            assert answer.status < 500 or answer.status == 501, (SEED, number, method, path, headers, body, answer)
            statuses[answer.status] += 1
    print(dict(sorted(statuses.items())))  # noqa: T201 (as above)
    assert not any(line.get("error") for line in lines)
    assert {200, 400, 401, 404} <= statuses.keys(), "requests must get somewhere"
    assert statuses.keys() & {201, 204}, "and writes, too"
