"""Random bulk requests come to what their operations come to one by one, each after those that it refers to."""

import asyncio
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from scim.schema import JsonObject, Schemas
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.client import ENTERPRISE, GROUP, PATCH_OP, PROFILE_NAMES, SEARCH_REQUEST, USER, Client, new_app, new_client
from tests.faults.invariants import assert_clean
from tests.faults.lossy import LossyRows, Weather

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SCHEMAS = Schemas.load()
MOST = 7

places = st.integers(0, MOST - 1)
names = st.sampled_from(["a", "b", "c", "d", "A"])
profiles = st.sampled_from(PROFILE_NAMES)


@dataclass(frozen=True)
class Sketch:
    """An operation that is yet to be written down; places and members are those of operations."""

    verb: Literal["user", "group", "put", "add", "remove", "rename", "delete"]
    name: str
    about: int
    refers: tuple[int, ...]


sketches = st.builds(
    Sketch,
    st.sampled_from(["user", "user", "user", "group", "group", "put", "add", "remove", "rename", "delete"]),
    names,
    places,
    st.lists(places, max_size=3, unique=True).map(tuple),
)


def written(sketches: Sequence[Sketch]) -> list[JsonObject]:
    """The operations of a request; places beyond the last operation are references to nothing."""
    return [_written(place, sketch, sketches) for place, sketch in enumerate(sketches)]


def _written(place: int, sketch: Sketch, sketches: Sequence[Sketch]) -> JsonObject:
    references = [{"value": f"bulkId:{other}"} for other in sketch.refers]
    about = sketches[sketch.about] if sketch.about < len(sketches) else sketch
    grouped = sketch.verb in {"add", "remove"} or about.verb == "group"
    path = f"{'/Groups' if grouped else '/Users'}/bulkId:{sketch.about}"
    user: JsonObject = {"schemas": [USER], "userName": sketch.name}
    group: JsonObject = {"schemas": [GROUP], "displayName": sketch.name, "members": references}
    match sketch.verb:
        case "user":
            manager = {ENTERPRISE: {"manager": references[0]}} if references else {}
            return {"method": "POST", "path": "/Users", "bulkId": str(place), "data": user | manager}
        case "group":
            return {"method": "POST", "path": "/Groups", "bulkId": str(place), "data": group}
        case "put":
            return {"method": "PUT", "path": path, "data": group if grouped else user}
        case "delete":
            return {"method": "DELETE", "path": path}
        case "rename":
            operations: list[JsonObject] = [
                {"op": "replace", "path": "displayName" if grouped else "userName", "value": sketch.name}
            ]
        case "add":
            operations = [{"op": "add", "value": {"members": references}}]
        case "remove":
            filters = [f'value eq "bulkId:{other}"' for other in sketch.refers]
            operations = [{"op": "remove", "path": f"members[{' or '.join(filters)}]"}] if filters else []
    return {"method": "PATCH", "path": path, "data": operations or [{"op": "add", "value": {}}]}


def mentioned(operation: JsonObject) -> set[int]:
    """The places that an operation refers to."""
    pieces = json.dumps(operation).split("bulkId:")[1:]
    return {int(piece[0]) for piece in pieces}


@dataclass
class OneByOne:
    """A client that sends each operation by itself, when all it refers to is done."""

    client: Client
    operations: list[JsonObject]
    ids: dict[int, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    statuses: dict[int, str] = field(default_factory=dict)

    def creates(self, place: int) -> bool:
        return place < len(self.operations) and self.operations[place]["method"] == "POST"

    def ready(self, place: int) -> bool:
        operation = self.operations[place]
        before = {
            at
            for at in range(place)
            if "bulkId" in operation["path"] and self.operations[at]["path"] == operation["path"]
        }
        return {other for other in mentioned(operation) if self.creates(other)} | before <= self.statuses.keys()

    async def send(self) -> bool:
        """Whether every operation had its turn: none is in a circle."""
        while left := [place for place in range(len(self.operations)) if place not in self.statuses]:
            place = next((place for place in left if self.ready(place)), None)
            if place is None:
                return False
            self.statuses[place] = await self.status(place)
        return True

    async def status(self, place: int) -> str:
        operation = self.operations[place]
        referred = mentioned(operation)
        if not all(self.creates(other) for other in referred):
            return "400"
        if not referred <= self.ids.keys():
            return "409"
        in_data = mentioned({"data": operation.get("data")})
        if any(self.ids[other] in self.gone for other in in_data):
            return "409"
        text = json.dumps(operation)
        for other in referred:
            text = text.replace(f"bulkId:{other}", self.ids[other])
        sent = json.loads(text)
        body = sent.get("data")
        if isinstance(body, list):
            body = {"schemas": [PATCH_OP], "Operations": body}
        answer = await self.client.send(sent["method"], sent["path"], body)
        if answer.status == 201:
            self.ids[place] = answer.json["id"]
        if sent["method"] == "DELETE":
            self.gone.add(sent["path"].rpartition("/")[2])
        return str(answer.status)


async def state(client: Client) -> Any:  # noqa: ANN401 (compared only)
    """All resources, with names in place of ids."""
    found = await client.send("POST", "/.search", {"schemas": [SEARCH_REQUEST]})
    resources = found.json["Resources"]
    named = {r["id"]: (r["meta"]["resourceType"], r.get("userName") or r["displayName"]) for r in resources}
    return {
        named[r["id"]]: {
            "manager": named.get(r.get(ENTERPRISE, {}).get("manager", {}).get("value"), "gone")
            if ENTERPRISE in r
            else None,
            "members": {named[member["value"]] for member in r.get("members", ())},
            "groups": {named[group["value"]] for group in r.get("groups", ())},
        }
        for r in resources
    }


async def sent(client: Client, operations: Iterable[JsonObject]) -> list[JsonObject]:
    answer = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [*operations]})
    assert answer.status == 200, answer.content
    results: list[JsonObject] = answer.json["Operations"]
    return results


class Stormy(MemoryTables):
    """A storage account in memory, behind a network that loses requests and answers and lets some come late."""

    def __init__(self, calm: MemoryTables, seed: int) -> None:
        self._calm = calm
        self._chance = random.Random(seed)  # noqa: S311 (a seed, not a secret)

    def rows(self, table: str, partition: str) -> Rows:
        """A partition as seen through the weather."""
        weather = Weather(lost_request=0.1, lost_answer=0.1, late=0.1, unavailable=0)
        return LossyRows(self._calm.rows(table, partition), self._chance, weather)


async def compared(profile: str, operations: list[JsonObject], storm: int | None = None) -> None:
    note(f"{profile}: {json.dumps(operations)}")
    alone = OneByOne(await new_client(profile), operations)
    if not await alone.send():
        event("a circle")
        return
    tables = MemoryTables()
    together = await new_client(profile, tables)
    if storm is not None:
        together = replace(together, app=new_app(Stormy(tables, storm)))
    results = await sent(together, operations)
    assert [result["status"] for result in results] == [alone.statuses[place] for place in range(len(operations))]
    assert await state(together) == await state(alone.client)
    await assert_clean(tables.rows(together.provider.table, together.provider.table), SCHEMAS)
    event(f"{sum(status < '300' for status in alone.statuses.values())} of {len(operations)} done")


@settings(max_examples=150, deadline=None)
@given(profiles, st.lists(sketches, min_size=1, max_size=MOST))
def test_a_bulk_request_comes_to_what_its_operations_come_to(profile: str, drawn: list[Sketch]) -> None:
    asyncio.run(compared(profile, written(drawn)))


@settings(max_examples=60, deadline=None)
@given(profiles, st.lists(sketches, min_size=1, max_size=MOST), st.integers(0, 2**32))
def test_lost_and_late_messages_change_nothing_of_it(profile: str, drawn: list[Sketch], storm: int) -> None:
    asyncio.run(compared(profile, written(drawn), storm))


async def drawn_graph(profile: str, references: list[tuple[bool, tuple[int, ...]]], failing: set[int]) -> None:
    """Create resources that refer to each other as drawn, some of which have a name that is taken."""
    note(f"{profile}: {references}, {failing}")
    tables = MemoryTables()
    client = await new_client(profile, tables)
    await client.user("taken")
    await client.group("taken")
    links = [tuple(other for other in others if other < len(references)) for _, others in references]
    sketched = [
        Sketch("group" if group else "user", "taken" if place in failing else f"n{place}", place, links[place])
        for place, (group, _) in enumerate(references)
    ]
    links = [others if group else others[:1] for others, (group, _) in zip(links, references, strict=True)]
    results = await sent(client, written(sketched))
    done = {place for place in range(len(links)) if not failing & {place, *reached(links, place)}}
    expected = {place: "201" if place in done else "409" for place in range(len(links))}
    assert {place: result["status"] for place, result in enumerate(results)} == expected
    unique = {
        place for place, result in enumerate(results) if result.get("response", {}).get("scimType") == "uniqueness"
    }
    assert unique <= failing
    found = await state(client)
    assert {name for _, name in found} == {"taken", *(f"n{place}" for place in done)}
    for place in done:
        kind = sketched[place].verb.capitalize()
        shown = found[kind, f"n{place}"]
        targets = {(sketched[other].verb.capitalize(), f"n{other}") for other in links[place]}
        assert (shown["members"] if kind == "Group" else {shown["manager"]} - {None}) == targets
    await assert_clean(tables.rows(client.provider.table, client.provider.table), SCHEMAS)
    event(f"{len(done)} of {len(links)} created")


def reached(links: Sequence[Iterable[int]], place: int) -> set[int]:
    found: set[int] = set()
    left = [*links[place]]
    while left:
        if (other := left.pop()) not in found:
            found.add(other)
            left += links[other]
    return found


graphs = st.lists(
    st.tuples(st.booleans(), st.lists(places, max_size=3, unique=True).map(tuple)), min_size=1, max_size=MOST
)


@settings(max_examples=150, deadline=None)
@given(profiles, graphs, st.sets(places, max_size=2))
def test_resources_in_circles_are_created_as_drawn_or_not_at_all(
    profile: str, references: list[tuple[bool, tuple[int, ...]]], failing: set[int]
) -> None:
    asyncio.run(drawn_graph(profile, references, failing))
