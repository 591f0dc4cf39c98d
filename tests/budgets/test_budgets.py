"""What each operation may cost in calls to the store; a budget that breaks is a decision, never an accident.

Provider, credential and head are known to the process, as they are in all but its first requests.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from scim.storage import keys, members, records
from scim.storage.acts import Creation, Written
from scim.storage.drafts import Draft, View
from scim.storage.memory import MemoryTables
from scim.storage.rows import Create, Merge
from tests.budgets.counting import CountingTables
from tests.client import ENTERPRISE, GROUP, USER, Answer, Client, connected, new_app, new_client

PERSON: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "e1",
    "active": True,
    "displayName": "Ann Lee",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"type": "work", "value": "ann@x.example"}, {"type": "home", "value": "ann@y.example"}],
    ENTERPRISE: {"department": "IT", "manager": {"value": "m1"}},
}
SIZES = (193, 1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request cost."""

    answer: Answer
    reads: int
    ranged: int
    transactions: list[int]
    rounds: int


class House:
    """A service whose store counts."""

    def __init__(self, client: Client, tables: CountingTables) -> None:
        self.client = client
        self.tables = tables

    async def cost(self, method: str, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Cost:
        """Send a request and count."""
        calls = self.tables.calls
        await self.client.app.providers.keyring.close()
        calls.reset()
        answer = await self.client.send(method, path, body)
        assert answer.status == status, answer.content
        return Cost(answer, calls.reads, calls.ranged, [*calls.transactions], calls.rounds)

    async def patch(self, path: str, *operations: dict[str, Any], status: int = 204) -> Cost:
        """PATCH and count."""
        return await self.cost("PATCH", path, {"Operations": list(operations)}, status)

    async def users(self, count: int) -> list[str]:
        """The ids of new users."""
        return [(await self.client.user(uuid.uuid4().hex))["id"] for _ in range(count)]

    async def group_of(self, size: int, real: Sequence[str] = ()) -> str:
        """A group of ``size`` members, laid into the store at once; but for ``real`` they only seem to exist."""
        group: str = (await self.client.group(f"of {size}", *real))["id"]
        rows = self.tables.rows(self.client.provider.table, self.client.provider.table)
        row = await rows.get(keys.resource("group", group))
        assert row is not None
        kind = self.client.app.providers.schemas(self.client.provider).types["Group"]
        links = dict.fromkeys([*real, *(str(uuid.uuid4()) for _ in range(size - len(real)))], "user")
        roster, buckets = members.EMPTY.edit({0: {}}, links, ())
        stored = replace(records.decode(kind, row), roster=roster, members=buckets[0] if not roster.buckets else None)
        await rows.transact([Merge(row.key, row.etag, records.encode(stored, row.properties))])
        for at, held in buckets.items() if roster.buckets else ():
            bucket = {"number": f"{stored.number:016x}", **members.pack_links(held)}
            await rows.transact([Create(keys.members(group, roster.generation, at), bucket)])
        return group


@pytest.fixture
async def house() -> House:
    tables = CountingTables(MemoryTables())
    made = House(await new_client(tables=tables), tables)
    await made.client.user("first")
    return made


def add(*ids: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": identifier} for identifier in ids]}


def take(*ids: str) -> dict[str, Any]:
    return {"op": "Remove", "path": "members", "value": [{"value": identifier} for identifier in ids]}


# Reads


async def test_a_resource_by_its_id_is_one_read(house: House) -> None:
    ann, bob = await house.users(2)
    group = (await house.client.group("Staff", ann, bob))["id"]
    await house.client.group("Crew", ann)
    user = await house.cost("GET", f"/Users/{ann}")
    assert len(user.answer.json["groups"]) == 2
    inline = await house.cost("GET", f"/Groups/{group}")
    assert len(inline.answer.json["members"]) == 2
    large = await house.group_of(1_000)
    without = await house.cost("GET", f"/Groups/{large}?excludedAttributes=members")
    unknown = await house.cost("GET", f"/Users/{uuid.uuid4()}", status=404)
    costs = [user, inline, without, unknown, await house.cost("GET", "/Users/no-id-of-ours", status=404)]
    assert [cost.reads for cost in costs] == [1, 1, 1, 1, 0]
    assert [cost.transactions for cost in costs] == [[]] * 5


@pytest.mark.parametrize(
    "path",
    [
        "/Users?filter=userName+eq+%22{}%22",
        "/Users?filter=externalId+eq+%22{}%22",
        "/Users?filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22{}%22",
        "/Users?filter=id+eq+%22{}%22",
        "/Groups?excludedAttributes=members&filter=displayName+eq+%22{}%22",
        "/Groups?filter=externalId+eq+%22{}%22",
    ],
)
async def test_a_test_of_the_connection_is_one_read(house: House, path: str) -> None:
    cost = await house.cost("GET", path.format(uuid.uuid4()))
    assert (cost.answer.json["totalResults"], cost.reads, cost.transactions) == (0, 1, [])


@pytest.mark.parametrize(
    "path",
    [
        "/Users?filter=userName+eq+%22ANN%22",
        "/Users?filter=externalId+eq+%22e1%22",
        "/Users?filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22ann@x.example%22",
        "/Users?filter=userName+eq+%22ann%22+and+active+eq+true",
        "/Groups?filter=displayName+eq+%22staff%22",
        "/Groups?excludedAttributes=members&filter=displayName+eq+%22large%22",
        "/Groups?filter=externalId+eq+%22g1%22&attributes=id",
    ],
)
async def test_a_match_by_an_indexed_attribute_is_two_reads(house: House, path: str) -> None:
    ann = (await house.client.post("/Users", {**PERSON, "userName": "ann"})).json["id"]
    await house.client.group("Staff", ann)
    large = await house.group_of(1_000)
    await house.patch(f"/Groups/{large}", {"op": "add", "value": {"displayName": "Large", "externalId": "g1"}})
    cost = await house.cost("GET", path)
    assert (cost.answer.json["totalResults"], cost.reads, cost.transactions) == (1, 2, [])


async def test_a_list_is_two_reads_wherever_it_starts(house: House) -> None:
    await house.users(1_100)
    for start in (1, 2, 499, 500, 501, 502, 777, 1_000, 1_001, 1_099, 1_101):
        cost = await house.cost("GET", f"/Users?startIndex={start}&count=500")
        assert cost.answer.json["totalResults"] == 1_101
        assert cost.answer.json["itemsPerPage"] == min(500, 1_102 - start)
        assert (cost.reads, cost.transactions) == (2, []), start
        assert cost.ranged <= 1_001
    for nothing in ("startIndex=1102", "count=0"):
        cost = await house.cost("GET", f"/Users?{nothing}")
        assert (cost.reads, cost.transactions) == (1, [])


async def test_a_group_of_100_000_is_read_in_one_range(house: House) -> None:
    group = await house.group_of(100_000)
    cost = await house.cost("GET", f"/Groups/{group}")
    assert len(cost.answer.json["members"]) == 100_000
    assert (cost.reads, cost.transactions) == (2, [])
    assert cost.ranged <= 525


# Writes of resources


async def test_creating_is_one_transaction_and_no_read(house: House) -> None:
    user = await house.cost("POST", "/Users", {**PERSON, "userName": "ann"}, status=201)
    group = await house.cost("POST", "/Groups", {"schemas": [GROUP], "displayName": "A", "externalId": "g"}, status=201)
    for cost in (user, group):
        assert cost.reads == 0
        assert len(cost.transactions) == 1
        assert cost.transactions[0] <= 8


async def test_creating_the_first_of_a_new_run_costs_a_read_more(house: House) -> None:
    await house.users(499)
    full = await house.cost("POST", "/Users", {**PERSON, "userName": "ann"}, status=201)
    assert (full.reads, len(full.transactions)) == (1, 1)


async def test_changing_a_user_is_one_read_and_one_transaction(house: House) -> None:
    person = {**PERSON, "userName": "ann"}
    ann = (await house.client.post("/Users", person)).json["id"]
    await house.client.group("Staff", ann)
    path = f"/Users/{ann}"
    flag = {"displayName": "B", "name.givenName": "C", f"{ENTERPRISE}:division": "D"}
    costs = [
        await house.patch(path, {"op": "Replace", "path": "active", "value": "False"}, status=200),
        await house.patch(path, {"op": "replace", "value": flag}, status=200),
        await house.patch(path, {"op": "replace", "path": "userName", "value": "ann2"}, status=200),
        await house.patch(path, {"op": "replace", "path": "userName", "value": "ANN2"}, status=200),
        await house.patch(path, {"op": "replace", "path": "externalId", "value": "e2"}, status=200),
        await house.patch(path, {"op": "replace", "path": 'emails[type eq "work"].value', "value": "b@x"}, status=200),
    ]
    assert [cost.reads for cost in costs] == [1] * len(costs)
    assert [cost.transactions for cost in costs] == [[3], [3], [5], [3], [5], [5]]
    assert "groups" in costs[0].answer.json


async def test_each_further_indexed_value_that_changes_costs_two_rows_more(house: House) -> None:
    person = {**PERSON, "userName": "ann"}
    path = f"/Users/{(await house.client.post('/Users', person)).json['id']}"
    mails = [{"type": "work", "value": "b@x.example"}, {"type": "home", "value": "ann@y.example"}]
    others = {**person, "userName": "bob", "externalId": "e2", "emails": mails}
    name = {"op": "replace", "path": "userName", "value": "eve"}
    mail = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "eve@x.example"}
    costs = [
        await house.cost("PUT", path, {**person, "title": "Boss"}),
        await house.cost("PUT", path, others),
        await house.patch(path, name, mail, status=200),
    ]
    assert [(cost.reads, cost.transactions) for cost in costs] == [(1, [3]), (1, [9]), (1, [7])]


async def test_a_patch_that_changes_nothing_is_no_transaction(house: House) -> None:
    ann = (await house.client.post("/Users", {**PERSON, "userName": "ann"})).json["id"]
    (bob,) = await house.users(1)
    group = (await house.client.group("Staff", ann))["id"]
    large = await house.group_of(1_000, [ann])
    costs = [
        await house.patch(f"/Users/{ann}", {"op": "replace", "path": "active", "value": True}, status=200),
        await house.patch(f"/Users/{ann}", {"op": "Replace", "path": "active", "value": "True"}, status=200),
        await house.patch(f"/Users/{ann}", status=200),
        await house.cost("PUT", f"/Users/{ann}", {**PERSON, "userName": "ann"}),
        await house.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "Staff"}),
        await house.patch(f"/Groups/{group}", add(ann)),
        await house.patch(f"/Groups/{group}", take(bob)),
        await house.patch(f"/Groups/{large}", add(ann)),
        await house.patch(f"/Groups/{large}", take(bob)),
    ]
    assert [cost.transactions for cost in costs] == [[]] * len(costs)
    assert [cost.reads for cost in costs] == [1, 1, 1, 1, 1, 1, 1, 3, 2]


async def test_a_rename_of_a_group_is_one_read_however_large_it_is(house: House) -> None:
    for size in (10, 1_000):
        group = await house.group_of(size)
        for query in ("", "?excludedAttributes=members", "?attributes=displayName"):
            rename = {"op": "Replace", "path": "displayName", "value": f"new {size}{query}"}
            cost = await house.patch(f"/Groups/{group}{query}", rename, status=200 if query else 204)
            assert (cost.reads, len(cost.transactions)) == (1, 1)
            assert cost.transactions[0] <= 6


async def test_deleting_a_user_of_no_group_is_one_read(house: House) -> None:
    (ann,) = await house.users(1)
    cost = await house.cost("DELETE", f"/Users/{ann}", status=204)
    assert (cost.reads, len(cost.transactions)) == (1, 1)


# Writes of memberships


@pytest.mark.parametrize("size", [1, 100, 191])
async def test_a_member_of_an_inline_group_is_two_reads(house: House, size: int) -> None:
    ann, bob = await house.users(2)
    group = await house.group_of(size, [bob])
    costs = [await house.patch(f"/Groups/{group}", operation) for operation in (add(ann), take(ann), take(bob))]
    assert [(cost.reads, len(cost.transactions)) for cost in costs] == [(2, 1)] * 3
    assert max(cost.transactions[0] for cost in costs) <= 4


@pytest.mark.parametrize("size", SIZES)
async def test_a_member_of_a_large_group_is_three_reads_whatever_its_size(house: House, size: int) -> None:
    ann, bob = await house.users(2)
    group = await house.group_of(size, [bob])
    costs = [await house.patch(f"/Groups/{group}", operation) for operation in (add(ann), take(ann), take(bob))]
    assert [(cost.reads, len(cost.transactions)) for cost in costs] == [(3, 1)] * 3
    assert max(cost.transactions[0] for cost in costs) <= 5
    by_filter = await house.patch(f"/Groups/{group}", add(ann), {"op": "remove", "path": f'members[value eq "{bob}"]'})
    assert len(by_filter.transactions) == 1


async def test_a_member_that_splits_a_bucket_or_is_a_group_costs_one_read_more(house: House) -> None:
    ann, bob = await house.users(2)
    inner = (await house.client.group("Inner"))["id"]
    grows = await house.group_of(members.CAPACITY)
    first = await house.patch(f"/Groups/{grows}", add(ann))
    assert (first.reads, len(first.transactions)) == (2, 1)
    splits = await house.group_of(4 * members.CAPACITY)
    cost = await house.patch(f"/Groups/{splits}", add(bob))
    assert cost.reads in {3, 4}, "3 where the member is in the bucket that splits"
    assert len(cost.transactions) == 1
    assert cost.transactions[0] <= 7
    nested = await house.patch(f"/Groups/{await house.group_of(1_000)}", add(inner))
    assert (nested.reads, len(nested.transactions)) == (4, 1)


async def test_forty_members_in_one_patch_are_read_in_parallel(house: House) -> None:
    ids = await house.users(40)
    for size, reads in ((10, 41), (10_000, 81)):
        group = await house.group_of(size)
        for operation in (add(*ids), take(*ids)):
            cost = await house.patch(f"/Groups/{group}", operation)
            assert cost.reads <= reads
            assert len(cost.transactions) == 1
            assert cost.rounds <= 4, "the group, its buckets and users, the transaction; with a split, one more"


@pytest.mark.parametrize("count", [1, 10, 48])
async def test_a_new_group_reads_its_members_in_parallel(house: House, count: int) -> None:
    ids = await house.users(count)
    linked = [{"value": identifier} for identifier in ids]
    cost = await house.cost("POST", "/Groups", {"schemas": [GROUP], "displayName": "A", "members": linked}, status=201)
    assert (cost.reads, len(cost.transactions), cost.rounds) == (count, 1, 2)
    assert cost.transactions[0] <= 8 + count


# Memberships as resources of their own


MEMBERSHIP = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership"


@pytest.fixture
async def roll() -> House:
    """A house whose provider serves memberships."""
    tables = CountingTables(MemoryTables())
    made = House(await connected(Client, new_app(tables), group_memberships="on"), tables)
    await made.client.user("first")
    return made


def membership(group: str, member: str) -> dict[str, Any]:
    return {"schemas": [MEMBERSHIP], "group": {"value": group}, "member": {"value": member}}


@pytest.mark.parametrize(("size", "reads"), [(10, 1), (1_000, 2), (100_000, 2)])
async def test_one_membership_is_two_reads_however_large_its_group_is(roll: House, size: int, reads: int) -> None:
    ann, bob = await roll.users(2)
    group = await roll.group_of(size, [ann])
    there = await roll.cost("GET", f"/GroupMemberships/{group}.{ann}")
    absent = await roll.cost("GET", f"/GroupMemberships/{group}.{bob}", status=404)
    by_filter = await roll.cost(
        "GET", f"/GroupMemberships?filter=group.value+eq+%22{group}%22+and+member.value+eq+%22{ann}%22"
    )
    assert by_filter.answer.json["totalResults"] == 1
    costs = [there, absent, by_filter, await roll.cost("GET", "/GroupMemberships/no-id-of-ours", status=404)]
    assert [cost.reads for cost in costs] == [reads, reads, reads, 0]
    assert [cost.transactions for cost in costs] == [[]] * 4


@pytest.mark.parametrize(("size", "reads"), [(10, 2), (100, 2), (1_000, 3), (100_000, 3)])
async def test_a_membership_costs_what_a_patch_costs(roll: House, size: int, reads: int) -> None:
    ann, bob = await roll.users(2)
    group = await roll.group_of(size, [bob])
    created = await roll.cost("POST", "/GroupMemberships", membership(group, ann), status=201)
    removed = await roll.patch(f"/Groups/{group}", take(ann))
    added = await roll.patch(f"/Groups/{group}", add(ann))
    deleted = await roll.cost("DELETE", f"/GroupMemberships/{group}.{ann}", status=204)
    assert [cost.reads for cost in (created, added, removed, deleted)] == [reads] * 4
    assert created.transactions == added.transactions
    assert deleted.transactions == removed.transactions
    again = await roll.cost("POST", "/GroupMemberships", membership(group, bob), status=409)
    assert (again.reads, again.transactions) == (1 if size < 193 else 3, [])


async def test_the_groups_of_a_member_are_two_reads(roll: House) -> None:
    (ann,) = await roll.users(1)
    for number in range(20):
        await roll.client.group(f"group{number}", ann)
    cost = await roll.cost("GET", f"/GroupMemberships?filter=member.value+eq+%22{ann}%22")
    assert (cost.answer.json["totalResults"], cost.reads, cost.transactions) == (20, 2, [])


async def test_the_first_members_of_a_large_group_are_a_few_reads(roll: House) -> None:
    group = await roll.group_of(100_000)
    path = f"/GroupMemberships?filter=group.value+eq+%22{group}%22"
    costs = [await roll.cost("GET", f"{path}&count={count}") for count in (0, 1, 100, 500)]
    assert [cost.answer.json["totalResults"] for cost in costs] == [100_000] * 4
    assert [cost.reads for cost in costs[:2]] == [1, 2]
    assert max(cost.reads for cost in costs) <= 7, "buckets hold about 190 members"
    assert [cost.ranged for cost in costs] == [0] * 4
    deep = await roll.cost("GET", f"{path}&startIndex=50000&count=500")
    assert deep.answer.json["itemsPerPage"] == 500
    assert (deep.reads, deep.ranged) == (2, 521)


async def test_a_list_of_memberships_reads_the_groups_and_the_members_of_its_page_alone(roll: House) -> None:
    groups = [await roll.group_of(size) for size in (1_001, 1_002, 1_003, 1_004, 1_005)]
    cost = await roll.cost("GET", "/GroupMemberships?startIndex=2100&count=50")
    assert {each["group"]["value"] for each in cost.answer.json["Resources"]} == {groups[2]}
    assert cost.answer.json["totalResults"] == 5_015
    assert cost.reads <= 4, "the head, the groups and one or two buckets"
    assert cost.ranged == 5


async def test_a_walk_by_cursor_costs_the_same_at_any_depth_of_a_large_group(roll: House) -> None:
    group = await roll.group_of(100_000)
    path = f"/GroupMemberships?filter=group.value+eq+%22{group}%22&count=500&cursor="
    cursor, met, reads = "", set[str](), list[int]()
    for _ in range(12):
        cost = await roll.cost("GET", path + cursor)
        cursor = cost.answer.json["nextCursor"]
        met |= {each["id"] for each in cost.answer.json["Resources"]}
        reads.append(cost.reads)
        assert cost.answer.json["totalResults"] == 100_000
        assert cost.ranged == 0
    assert len(met) == 12 * 500
    assert max(reads) <= 8, "the group, and as many buckets as hold a page and one member more"


# Bulk requests


def bulk(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [*operations]}


def creation(name: str, /, **attributes: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    data = {"schemas": [USER], "userName": name, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": data}


async def test_creations_in_a_bulk_request_share_transactions_and_read_nothing(house: House) -> None:
    cost = await house.cost("POST", "/Bulk", bulk(*(creation(f"u{number}") for number in range(100))))
    assert {result["status"] for result in cost.answer.json["Operations"]} == {"201"}
    assert (cost.reads, len(cost.transactions)) == (0, 4)
    assert max(cost.transactions) <= 100
    assert sum(cost.transactions) == 4 + 100 * 3


async def test_whole_people_in_a_bulk_request_share_transactions_too(house: House) -> None:
    people = [creation(f"u{number}", **PERSON) for number in range(100)]
    cost = await house.cost("POST", "/Bulk", bulk(*people))
    assert {result["status"] for result in cost.answer.json["Operations"]} == {"201"}
    assert len(cost.transactions) <= 100 * 7 // 99 + 1


async def test_changes_in_a_bulk_request_cost_a_read_each_at_one_time_and_share_transactions(house: House) -> None:
    users = await house.users(49)
    patch = [{"op": "replace", "path": "title", "value": "Boss"}]
    changes = [{"method": "PATCH", "path": f"/Users/{user}", "data": patch} for user in users]
    cost = await house.cost("POST", "/Bulk", bulk(*changes))
    assert (cost.reads, len(cost.transactions), cost.rounds) == (49, 1, 2)
    many = await house.users(196)
    renames = [
        {"method": "PATCH", "path": f"/Users/{user}", "data": [{"op": "replace", "path": "userName", "value": f"n{n}"}]}
        for n, user in enumerate(many)
    ]
    cost = await house.cost("POST", "/Bulk", bulk(*renames))
    assert (len(cost.transactions), cost.rounds) == (9, 18), "24 renames of four rows each fit"
    assert cost.reads <= 196 + 50


async def test_references_to_what_the_same_transaction_creates_cost_nothing(house: House) -> None:
    users = [creation(f"u{number}", **{ENTERPRISE: {"manager": {"value": "bulkId:u0"}}}) for number in range(20)]
    members = [{"value": f"bulkId:u{number}"} for number in range(20)]
    group = {"schemas": [GROUP], "displayName": "Crew", "members": members}
    sent = [{"method": "POST", "path": "/Groups", "bulkId": "crew", "data": group}, *users]
    cost = await house.cost("POST", "/Bulk", bulk(*sent))
    assert {result["status"] for result in cost.answer.json["Operations"]} == {"201"}
    assert (cost.reads, len(cost.transactions)) == (0, 1)


async def test_those_who_wait_read_at_one_time_what_each_of_them_needs(house: House) -> None:
    users = await house.users(17)
    group = await house.group_of(1_000)
    calls = house.tables.calls
    calls.reset()
    adds = [house.client.send("PATCH", f"/Groups/{group}", {"Operations": [add(user)]}) for user in users]
    assert [answer.status for answer in await asyncio.gather(*adds)] == [204] * 17
    assert len(calls.transactions) == 2, "one for the first, who waits for nobody, and one for the others"
    assert calls.rounds == 6, "each time the group and the users, their buckets, the transaction"
    assert calls.reads <= 2 + 17 + 17
    calls.reset()
    title = {"op": "replace", "path": "title", "value": "Boss"}
    titles = [house.client.send("PATCH", f"/Users/{user}", {"Operations": [title]}) for user in users]
    assert {answer.status for answer in await asyncio.gather(*titles)} == {200}
    assert (calls.reads, len(calls.transactions), calls.rounds) == (17, 2, 4)


async def test_a_name_that_is_taken_costs_a_bulk_request_a_transaction_each_time_and_little_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided, decide = 0, Creation.__call__

    async def counted(self: Creation, view: View, draft: Draft) -> Written:
        nonlocal decided
        decided += 1
        return await decide(self, view, draft)

    monkeypatch.setattr(Creation, "__call__", counted)
    cost = await house.cost("POST", "/Bulk", bulk(*(creation("first") | {"bulkId": f"b{n}"} for n in range(100))))
    assert {result["status"] for result in cost.answer.json["Operations"]} == {"409"}
    assert (len(cost.transactions), cost.reads) == (100, 199), "each looks for its own record, and for the head"
    assert decided <= 50 + 2 * 100
