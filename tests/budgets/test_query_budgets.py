"""What a query may cost in calls to the store: each kind of lookup, sorting, and pages of a walk."""

import uuid
from collections.abc import Callable

import pytest

from scim.storage.memory import MemoryTables
from tests.budgets.counting import CountingTables
from tests.budgets.test_budgets import Cost, House
from tests.client import new_client

STAFF = 120
"""Users whose names begin alike."""


@pytest.fixture
async def house() -> House:
    tables = CountingTables(MemoryTables())
    made = House(await new_client("rfc", tables=tables), tables)
    for number in range(STAFF):
        await made.client.user(f"staff{number:03}", externalId=f"e{number % 2}", emails=[{"value": f"s{number}@x"}])
    return made


def query(endpoint: str, filter_: str, **more: object) -> str:
    quoted = filter_.replace(" ", "+").replace('"', "%22")
    return f"{endpoint}?filter={quoted}" + "".join(f"&{name}={value}" for name, value in more.items())


async def test_what_index_rows_tell_is_counted_from_them_and_only_the_page_is_read(house: House) -> None:
    costs: list[tuple[Cost, int]] = [
        (await house.cost("GET", query("/Users", 'userName sw "staff"', count=0)), 1),
        (await house.cost("GET", query("/Users", 'userName sw "staff"', count=7)), 1 + 7),
        (await house.cost("GET", query("/Users", 'userName sw "staff"', startIndex=119, count=7)), 1 + 2),
        (await house.cost("GET", query("/Users", 'externalId sw "e"', count=3)), 1 + 3),
        (await house.cost("GET", query("/Users", 'externalId eq "e0" or externalId eq "e1"', count=3)), 2 + 3),
    ]
    for cost, reads in costs:
        assert (cost.answer.json["totalResults"], cost.reads) == (STAFF, reads)
        assert cost.rounds <= 2


async def test_terms_joined_by_or_are_looked_up_in_parallel(house: House) -> None:
    names = " or ".join(f'userName eq "staff{number:03}"' for number in range(10))
    cost = await house.cost("GET", query("/Users", names))
    assert (cost.answer.json["totalResults"], cost.reads, cost.rounds) == (10, 20, 2)
    ids = [resource["id"] for resource in cost.answer.json["Resources"]]
    cost = await house.cost("GET", query("/Users", " or ".join(f'id eq "{one}"' for one in ids)))
    assert (cost.answer.ids, cost.reads, cost.rounds) == (ids, 10, 1)


async def test_a_term_that_an_index_does_not_settle_is_asked_of_the_candidates_it_leaves(house: House) -> None:
    cost = await house.cost("GET", query("/Users", 'userName sw "staff00" and title eq null', count=2))
    assert (cost.answer.json["totalResults"], cost.reads, cost.rounds) == (10, 1 + 10, 2)
    narrow = await house.cost("GET", query("/Users", 'userName sw "staff" and emails eq "s7@x" and active eq null'))
    assert (narrow.answer.json["totalResults"], narrow.reads) == (1, 2)


async def test_many_candidates_are_read_in_one_range_where_that_is_less(house: House) -> None:
    cost = await house.cost("GET", query("/Users", 'userName sw "staff" and title eq null', count=2))
    assert (cost.answer.json["totalResults"], cost.reads) == (STAFF, 4), "the index, the number of all (twice), all"


async def test_a_type_that_cannot_match_is_not_read(house: House) -> None:
    (await house.client.group("Staff"))["id"]
    cost = await house.cost("GET", query("", 'meta.resourceType eq "Group"'))
    assert (cost.answer.json["totalResults"], cost.reads) == (1, 2)
    cost = await house.cost("GET", query("", 'meta.resourceType eq "Group" and displayName eq "staff"'))
    assert (cost.answer.json["totalResults"], cost.reads) == (1, 2)
    assert (await house.cost("GET", query("", 'meta.resourceType eq "Printer"'))).reads == 0


async def test_a_filter_that_is_true_of_all_is_a_list_and_one_that_is_true_of_none_is_free(house: House) -> None:
    for filter_ in ("id pr", "meta.created pr", "userName pr", 'meta.resourceType eq "User"'):
        cost = await house.cost("GET", query("/Users", filter_, startIndex=100, count=5))
        assert (cost.answer.json["totalResults"], cost.answer.json["itemsPerPage"], cost.reads) == (STAFF, 5, 2)
    assert (await house.cost("GET", query("/Users", "id eq null"))).reads == 0


@pytest.mark.parametrize(("size", "reads"), [(5, 1), (1_000, 2), (100_000, 2)])
async def test_a_member_is_found_in_a_group_without_the_others(house: House, size: int, reads: int) -> None:
    ann, bob = await house.users(2)
    group = await house.group_of(size, [ann])
    for text in ('id eq "{}" and members eq "{}"', 'id eq "{}" and members[value eq "{}"]'):
        for member, total in ((ann, 1), (bob, 0)):
            cost = await house.cost("GET", query("/Groups", text.format(group, member), attributes="id"))
            assert (cost.answer.json["totalResults"], cost.reads) == (total, reads)
    assert cost.ranged == 0


async def test_the_groups_of_a_member_are_read_from_its_row_and_verified(house: House) -> None:
    (ann,) = await house.users(1)
    small = [(await house.client.group(f"g{number}", ann))["id"] for number in range(4)]
    large = await house.group_of(10_000, [ann])
    cost = await house.cost("GET", query("/Groups", f'members.value eq "{ann}"', attributes="id"))
    assert (cost.answer.ids, cost.reads, cost.rounds, cost.ranged) == ([*small, large], 2 + 5 + 1, 3, 0)
    outer = (await house.client.group("outer", small[0]))["id"]
    nested = await house.cost("GET", query("/Groups", f'members eq "{small[0]}"', attributes="id"))
    assert (nested.answer.ids, nested.reads) == ([outer], 3 + 1), "no user has the id, so a group is looked for"


@pytest.mark.parametrize(("size", "reads"), [(30, 1), (1_000, 2), (100_000, 2)])
async def test_the_users_of_a_group_are_counted_from_the_groups_rows(house: House, size: int, reads: int) -> None:
    real = await house.users(20)
    group = await house.group_of(size, real)
    text = f'groups.value eq "{group}"'
    counted = await house.cost("GET", query("/Users", text, count=0))
    assert (counted.answer.json["totalResults"], counted.reads) == (size, reads)
    page = await house.cost("GET", query("/Users", text, count=10))
    assert page.reads == reads + 10
    narrowed = await house.cost("GET", query("/Users", f'{text} and id eq "{real[0]}"'))
    assert (narrowed.answer.ids, narrowed.reads) == (real[:1], 2), (
        "a user by its id is narrower; the head tells of intents"
    )


async def test_recent_changes_are_read_from_the_change_records(house: House) -> None:
    users = (await house.client.get("/Users?count=2")).json["Resources"]
    last = (await house.client.get("/Users?sortBy=id&sortOrder=descending&count=1")).json["Resources"][0]
    text = f'meta.lastModified ge "{last["meta"]["lastModified"]}"'
    cost = await house.cost("GET", query("/Users", text))
    assert last["id"] in cost.answer.ids
    assert (cost.reads, cost.rounds) == (2 + len(cost.answer.ids), 2)
    later = await house.cost("GET", query("/Users", 'meta.lastModified gt "2999-01-01T00:00:00Z"'))
    assert (later.answer.json["totalResults"], later.reads) == (0, 2)
    assert users


async def test_a_list_from_the_last_created_on_is_two_reads_wherever_it_starts(house: House) -> None:
    await house.users(1_000)
    for start in (1, 2, 619, 621, 1_000, 1_119):
        cost = await house.cost("GET", f"/Users?sortBy=id&sortOrder=descending&startIndex={start}&count=500")
        assert cost.answer.json["itemsPerPage"] == min(500, STAFF + 1_001 - start)
        assert cost.reads == 2


async def test_sorting_reads_all_that_match_once_and_the_page_from_that(house: House) -> None:
    cost = await house.cost("GET", "/Users?sortBy=emails&count=50")
    assert (cost.answer.json["itemsPerPage"], cost.reads) == (50, 2)
    await house.users(1_200)
    many = await house.cost("GET", "/Users?sortBy=emails&sortOrder=descending&startIndex=800&count=50")
    assert (many.answer.json["itemsPerPage"], many.reads) == (50, 1 + 2 + 50), (
        "those without come first, too many to keep"
    )


async def following(house: House, path: str) -> list[Cost]:
    """The costs of all pages of a walk."""
    costs = [await house.cost("GET", f"{path}&cursor=")]
    while cursor := costs[-1].answer.json.get("nextCursor"):
        costs.append(await house.cost("GET", f"{path}&cursor={cursor}"))
    return costs


@pytest.mark.parametrize(
    ("path", "first", "others"),
    [
        ("/Users?count=30", 2, lambda _: 1),
        ("/Users?count=30&filter=userName+pr", 2, lambda _: 1),
        ("/Users?count=30&sortBy=id&sortOrder=descending", 3, lambda _: 2),
        ("/Users?count=30&filter=userName+sw+%22staff%22", 1 + 30, lambda page: 1 + page),
        ("/Users?count=30&filter=title+eq+null", 2, lambda _: 1),
        ("/Users?count=30&filter=title+eq+null&sortBy=id&sortOrder=descending", 3, lambda _: 2),
        ("/Users?count=30&sortBy=emails", 2, lambda _: 2),
    ],
)
async def test_a_page_of_a_walk_costs_the_same_wherever_it_is(
    house: House, path: str, first: int, others: Callable[[int], int]
) -> None:
    costs = await following(house, path)
    assert sum(len(cost.answer.ids) for cost in costs) == STAFF
    assert costs[0].reads == first
    assert [cost.reads for cost in costs[1:]] == [others(len(cost.answer.ids)) for cost in costs[1:]]
    assert {cost.answer.json["totalResults"] for cost in costs} == {STAFF}


async def test_a_walk_backwards_through_many_runs_reads_few_that_it_does_not_show(house: House) -> None:
    await house.users(1_600)
    costs = await following(house, "/Users?count=100&sortBy=id&sortOrder=descending")
    assert sum(len(cost.answer.ids) for cost in costs) == STAFF + 1_600
    assert [cost.reads for cost in costs] == [3] + [2] * (len(costs) - 1)
    assert max(cost.ranged for cost in costs) <= 1_002, "the head and its runs, and at most two runs"


async def test_a_walk_does_not_ask_again_what_index_rows_did_not_help_with() -> None:
    tables = CountingTables(MemoryTables())
    house = House(await new_client(tables=tables, scan_max=20), tables)
    for number in range(STAFF):
        await house.client.user(f"staff{number:03}", title="x")
    costs = await following(house, "/Users?count=10&filter=userName+sw+%22staff%22")
    assert [cost.reads for cost in costs] == [2] + [1] * 11, "the index once, then one range for each page"
    assert {cost.answer.json["totalResults"] for cost in costs} == {STAFF}
    costs = await following(house, "/Users?count=10&filter=userName+sw+%22staff%22+and+title+pr")
    assert [cost.reads for cost in costs] == [4] + [1] * 11, "the index and the number of all, twice"
    assert sum(len(cost.answer.ids) for cost in costs) == STAFF


async def test_a_refused_filter_costs_the_head_alone() -> None:
    tables = CountingTables(MemoryTables())
    house = House(await new_client(tables=tables, scan_max=5), tables)
    await house.users(6)
    for path in ("/Users?filter=title+pr", "/Users?sortBy=title", f"/Users?filter=title+eq+%22{uuid.uuid4()}%22"):
        assert (await house.cost("GET", path, status=400)).reads == 1
