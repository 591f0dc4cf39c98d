"""Which memberships a query asks for: what filters mean, in which order they come, and which pages there are."""

from urllib.parse import quote

import pytest

from scim import memberships
from scim.storage.members import place
from tests.client import SEARCH_REQUEST, Answer, Client, connected, new_app

NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def client() -> Client:
    return await connected(Client, new_app(), profile="rfc", group_memberships="on")


async def found(client: Client, filter_: str, more: str = "") -> Answer:
    return await client.get(f"/GroupMemberships?filter={quote(filter_)}{more}")


async def crowd(client: Client, name: str, ids: list[str]) -> str:
    """A group of any size."""
    group: str = (await client.group(name))["id"]
    for start in range(0, len(ids), 40):
        linked = [{"value": each} for each in ids[start : start + 40]]
        await client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": linked})
    return group


async def users(client: Client, count: int) -> list[str]:
    return [(await client.user(f"user{number}"))["id"] for number in range(count)]


def in_order(group: str, ids: list[str]) -> list[str]:
    """The ids of a group's memberships in the order in which they come."""
    return [f"{group}.{each}" for each in sorted(ids, key=lambda each: (place(each), each))]


async def test_memberships_are_found_by_group_by_member_and_by_both(client: Client) -> None:
    ann, bob, eve = await users(client, 3)
    one, two = await crowd(client, "one", [ann, bob]), await crowd(client, "two", [ann])
    outer = await crowd(client, "outer", [one, eve])
    expected = {
        f'group.value eq "{one}"': in_order(one, [ann, bob]),
        f'group.value eq "{outer}"': in_order(outer, [one, eve]),
        f'member.value eq "{ann}"': [f"{one}.{ann}", f"{two}.{ann}"],
        f'member.value eq "{one}"': [f"{outer}.{one}"],
        f'group.value eq "{one}" and member.value eq "{ann}"': [f"{one}.{ann}"],
        f'group.value eq "{two}" and member.value eq "{bob}"': [],
        f'id eq "{one}.{ann}"': [f"{one}.{ann}"],
        f'id eq "{one}.{ann}" and group.value eq "{two}"': [],
        f'id eq "{one}.{ann}" and group.value eq "{one}"': [f"{one}.{ann}"],
        f'group.value eq "{one}" and group.value eq "{two}"': [],
        f'group.value eq "{outer}" and member.type eq "User"': [f"{outer}.{eve}"],
        f'group.value eq "{outer}" and member.type eq "group"': [f"{outer}.{one}"],
        f'group.value eq "{outer}" and member.type eq "Printer"': [],
        f'member.value eq "{ann}" and member.type eq "User"': [f"{one}.{ann}", f"{two}.{ann}"],
        f'member.value eq "{ann}" and member.type eq "Group"': [],
        f'member.value eq "{one}" and member.type eq "Group"': [f"{outer}.{one}"],
        f'group[value eq "{one}"] and member[value eq "{bob}" and type eq "User"]': [f"{one}.{bob}"],
        'member.type eq "Group"': [f"{outer}.{one}"],
        'member.type eq "User"': [*in_order(one, [ann, bob]), f"{two}.{ann}", f"{outer}.{eve}"],
    }
    for filter_, ids in expected.items():
        answer = await found(client, filter_)
        assert answer.ids == ids, filter_
        assert answer.json["totalResults"] == len(ids)


@pytest.mark.parametrize(
    "filter_",
    ['group.value eq "{}"', 'member.value eq "{}"', 'id eq "{}"', 'group.value eq "{0}" and member.value eq "{0}"'],
)
@pytest.mark.parametrize("identifier", [NOBODY, f"{NOBODY}.{NOBODY}", "nonsense", "", "a.b.c"])
async def test_who_is_unknown_has_no_memberships(client: Client, filter_: str, identifier: str) -> None:
    await crowd(client, "one", await users(client, 2))
    answer = await found(client, filter_.format(identifier))
    assert (answer.ids, answer.json["totalResults"]) == ([], 0)


async def test_any_other_filter_is_asked_of_each_membership(client: Client) -> None:
    ann, bob = await users(client, 2)
    one, two = await crowd(client, "one", [ann, bob]), await crowd(client, "two", [ann])
    everything = [*in_order(one, [ann, bob]), f"{two}.{ann}"]
    expected = {
        "id pr": everything,
        f'member.value ne "{ann}"': [f"{one}.{bob}"],
        f'member.value eq "{bob}" or group.value eq "{two}"': [f"{one}.{bob}", f"{two}.{ann}"],
        f'group.value eq "{one}" and not (member.value eq "{ann}")': [f"{one}.{bob}"],
        f'member.value eq "{ann}" and (group.value eq "{two}" or id pr)': [f"{one}.{ann}", f"{two}.{ann}"],
        f'member.value eq "{ann}" and group.value sw "{two}"': [f"{two}.{ann}"],
        'meta.resourceType eq "GroupMembership"': everything,
        'meta.resourceType eq "User"': [],
        'member.$ref co "/Groups/"': [],
    }
    for filter_, ids in expected.items():
        assert (await found(client, filter_)).ids == ids, filter_


async def test_a_filter_a_membership_cannot_answer_is_refused(client: Client) -> None:
    for filter_ in ('userName eq "x"', "group.value eq 5", 'group.display eq "x"', "group.value eq", "meta.created pr"):
        answer = await found(client, filter_)
        assert answer.error == (400, "invalidFilter"), filter_


async def test_entras_profile_reads_its_own_way_of_writing_a_filter() -> None:
    client = await connected(Client, new_app(), profile="entra", group_memberships="on")
    [ann] = await users(client, 1)
    group = await crowd(client, "one", [ann])
    assert (await found(client, f"group.value eq {group}")).ids == [f"{group}.{ann}"]


async def test_pages_through_all_memberships_join_without_a_seam(client: Client) -> None:
    ids = await users(client, 230)
    large = await crowd(client, "large", ids)
    empty, small = await crowd(client, "empty", []), await crowd(client, "small", ids[:3])
    everything = [*in_order(large, ids), *in_order(small, ids[:3])]
    assert not any(each.startswith(empty) for each in everything)
    for size in (7, 100, 233, 500):
        walked: list[str] = []
        while len(walked) < len(everything):
            page = (await client.get(f"/GroupMemberships?startIndex={len(walked) + 1}&count={size}")).json
            assert page["totalResults"] == 233
            assert page["startIndex"] == len(walked) + 1
            assert page["itemsPerPage"] == len(page["Resources"]) == min(size, 233 - len(walked))
            walked += [each["id"] for each in page["Resources"]]
        assert walked == everything


@pytest.mark.parametrize("near", [0, 150, 1_000])
@pytest.mark.parametrize("filter_", ['group.value eq "{}"', 'group.value eq "{}" and member.type eq "User"', "id pr"])
async def test_every_page_of_a_large_group_is_the_same_however_it_is_read(
    client: Client, filter_: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "_NEAR", near)
    ids = await users(client, 230)
    group = await crowd(client, "large", ids)
    everything = in_order(group, ids)
    for start, count in ((1, 1), (1, 500), (2, 100), (150, 50), (230, 5), (231, 5), (1, 0), (999, 10)):
        answer = await found(client, filter_.format(group), f"&startIndex={start}&count={count}")
        assert answer.ids == everything[start - 1 :][:count], (start, count)
        assert answer.json["totalResults"] == 230


async def test_the_groups_of_a_member_come_in_pages_too(client: Client) -> None:
    [ann] = await users(client, 1)
    groups = [await crowd(client, f"group{number}", [ann]) for number in range(7)]
    for start in range(1, 9):
        answer = await found(client, f'member.value eq "{ann}"', f"&startIndex={start}&count=3")
        assert answer.ids == [f"{group}.{ann}" for group in groups[start - 1 :][:3]]
        assert answer.json["totalResults"] == 7


async def test_a_page_holds_as_many_as_a_page_of_anything() -> None:
    client = await connected(Client, new_app(page_default=3, page_max=5), profile="rfc", group_memberships="on")
    group = await crowd(client, "one", await users(client, 7))
    for path in ("/GroupMemberships?", f"/GroupMemberships?filter=group.value+eq+%22{group}%22&"):
        assert len((await client.get(path)).ids) == 3
        assert len((await client.get(f"{path}count=9")).ids) == 5
        assert (await client.get(f"{path}count=-1")).json["totalResults"] == 7


async def test_pages_by_group_stay_put_while_others_join(client: Client) -> None:
    ids = await users(client, 420)
    group = await crowd(client, "large", ids[:190])
    before = (await found(client, f'group.value eq "{group}"', "&count=500")).ids
    for start in range(190, 420, 40):
        linked = [{"value": each} for each in ids[start : start + 40]]
        await client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": linked})
        after = (await found(client, f'group.value eq "{group}"', "&count=500")).ids
        assert [each for each in after if each in set(before)] == before, "the order is the same in more buckets"
        before = after
    assert before == in_order(group, ids)


async def test_what_is_shown_can_be_chosen(client: Client) -> None:
    [ann] = await users(client, 1)
    group = await crowd(client, "one", [ann])
    [shown] = (await client.get("/GroupMemberships?attributes=member.value")).json["Resources"]
    assert shown == {"schemas": shown["schemas"], "id": f"{group}.{ann}", "member": {"value": ann}}
    [left] = (await client.get("/GroupMemberships?excludedAttributes=member,meta")).json["Resources"]
    assert left.keys() == {"schemas", "id", "group"}


async def test_a_search_is_answered_as_its_query(client: Client) -> None:
    ann, bob = await users(client, 2)
    group = await crowd(client, "one", [ann, bob])
    body = {
        "schemas": [SEARCH_REQUEST],
        "filter": f'group.value eq "{group}"',
        "startIndex": 2,
        "count": 1,
        "attributes": ["id"],
    }
    answer = await client.post("/GroupMemberships/.search", body)
    assert answer.ids == in_order(group, [ann, bob])[1:]
    assert (answer.json["totalResults"], answer.json["startIndex"]) == (2, 2)
    assert (await client.post("/GroupMemberships/.search", {"filter": "id pr"})).error == (400, "invalidSyntax")


async def test_a_search_over_everything_finds_memberships_last(client: Client) -> None:
    ann, bob = await users(client, 2)
    group = await crowd(client, "one", [ann, bob])
    everything = [ann, bob, group, *in_order(group, [ann, bob])]
    for start, count in ((1, 9), (1, 3), (3, 2), (4, 9), (5, 1), (6, 9)):
        answer = await client.post("/.search", {"schemas": [SEARCH_REQUEST], "startIndex": start, "count": count})
        assert answer.ids == everything[start - 1 :][:count]
        assert answer.json["totalResults"] == 5
    for filter_, ids in (
        (f'member.value eq "{bob}"', [f"{group}.{bob}"]),
        (f'id eq "{group}.{ann}" or userName eq "user1"', [bob, f"{group}.{ann}"]),
        (f'id eq "{group}.{ann}"', [f"{group}.{ann}"]),
        ('meta.resourceType eq "GroupMembership"', everything[3:]),
        ('meta.resourceType eq "Group"', [group]),
    ):
        answer = await client.post("/.search", {"schemas": [SEARCH_REQUEST], "filter": filter_})
        assert answer.ids == ids, filter_


@pytest.mark.parametrize("descending", [False, True])
async def test_memberships_are_sorted_by_what_they_show(client: Client, descending: bool) -> None:
    ids = await users(client, 30)
    one, two = await crowd(client, "one", ids), await crowd(client, "two", [ids[3]])
    by_member = [f"{one}.{each}" for each in ids]
    by_member.insert(4, f"{two}.{ids[3]}")
    order = f"&sortOrder={'descending' if descending else 'ascending'}"
    turned = -1 if descending else 1
    answer = await client.get(f"/GroupMemberships?sortBy=id&count=500{order}")
    assert answer.ids == sorted(by_member)[::turned]
    answer = await client.get(f"/GroupMemberships?sortBy=member.value&count=5{order}")
    expected = by_member if not descending else [*by_member[:4:-1], by_member[3], by_member[4], *by_member[2::-1]]
    assert answer.ids == expected[:5]
    assert (await client.get("/GroupMemberships?sortBy=colour")).error == (400, "invalidPath")


async def walked(client: Client, query: str, count: int) -> tuple[list[str], list[Answer]]:
    """The ids that a walk by cursor finds, and its pages."""
    pages: list[Answer] = []
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        pages.append(await client.get(f"/GroupMemberships?{query}&count={count}&cursor={cursor}"))
        found += pages[-1].ids
        cursor = pages[-1].json.get("nextCursor")
    return found, pages


@pytest.mark.parametrize("count", [1, 7, 100, 500])
async def test_a_walk_by_cursor_finds_what_pages_by_index_find(client: Client, count: int) -> None:
    ids = await users(client, 230)
    large, _ = await crowd(client, "large", ids), await crowd(client, "empty", [])
    small = await crowd(client, "small", [*ids[:3], large])
    everything = [*in_order(large, ids), *in_order(small, [*ids[:3], large])]
    for query, expected in {
        "": everything,
        f"filter=group.value+eq+%22{large}%22": everything[:230],
        f"filter=member.value+eq+%22{ids[1]}%22": [f"{large}.{ids[1]}", f"{small}.{ids[1]}"],
        "filter=member.type+eq+%22Group%22": [f"{small}.{large}"],
        f"filter=member.value+eq+%22{ids[1]}%22+or+member.type+eq+%22group%22": [
            f"{large}.{ids[1]}",
            *(each for each in everything[230:] if each in {f"{small}.{ids[1]}", f"{small}.{large}"}),
        ],
        f"filter=group.value+eq+%22{NOBODY}%22": [],
    }.items():
        found, pages = await walked(client, query, count)
        assert found == expected, query
        assert len(pages) <= len(expected) // count + 1


async def test_a_walk_knows_how_many_there_are_where_one_row_tells(client: Client) -> None:
    ids = await users(client, 10)
    group = await crowd(client, "one", ids)
    for query, total in ((f"group.value+eq+%22{group}%22", 10), (f"member.value+eq+%22{ids[0]}%22", 1)):
        _, pages = await walked(client, f"filter={query}", 3)
        assert {page.json.get("totalResults") for page in pages} == {total}


async def test_a_walk_pauses_when_it_has_looked_at_many_and_still_comes_to_its_end(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await users(client, 40)
    large = await crowd(client, "large", ids)
    for number in range(5):
        await crowd(client, f"empty{number}", [])
    last = await crowd(client, "last", [large])
    for stride, scan_max in ((1, 10_000), (7, 10_000), (10_000, 1)):
        monkeypatch.setattr(memberships, "STRIDE", stride)
        app = new_app(client.app.tables, scan_max=scan_max)
        reader = Client(app, client.provider, client.token)
        found, pages = await walked(reader, "filter=member.type+eq+%22Group%22", 5)
        assert found == [f"{last}.{large}"]
        assert len(pages) > 1 or stride == 10_000


async def test_a_cursor_goes_on_behind_who_left_and_whoever_joined(client: Client) -> None:
    ids = await users(client, 400)
    group = await crowd(client, "large", ids[:200])
    query = f"/GroupMemberships?filter=group.value+eq+%22{group}%22&count=50&cursor="
    first = await client.get(query)
    last = first.ids[-1].partition(".")[2]
    assert (await client.delete(f"/GroupMemberships/{group}.{last}")).status == 204
    for start in range(200, 400, 40):
        linked = [{"value": each} for each in ids[start : start + 40]]
        await client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": linked})
    met = first.ids
    cursor = first.json["nextCursor"]
    while cursor:
        page = await client.get(query + cursor)
        met += page.ids
        cursor = page.json.get("nextCursor")
    assert len(set(met)) == len(met)
    assert set(in_order(group, ids[:200])) <= set(met)


async def test_more_groups_than_may_be_read_are_refused_with_what_would_be_right() -> None:
    client = await connected(Client, new_app(scan_max=3), profile="rfc", group_memberships="on")
    [ann] = await users(client, 1)
    groups = [await crowd(client, f"group{number}", [ann]) for number in range(4)]
    for path in ("", "?filter=id+pr", "?count=0", "?sortBy=id"):
        answer = await client.get(f"/GroupMemberships{path}")
        assert answer.error == (400, "tooMany")
        assert "group.value or member.value" in answer.json["detail"]
    assert (await walked(client, "", 10))[0] == [f"{group}.{ann}" for group in groups], "a walk has no such bound"
    assert len((await found(client, f'member.value eq "{ann}"')).ids) == 4
    assert len((await found(client, f'group.value eq "{groups[0]}"')).ids) == 1


async def test_more_memberships_than_may_be_looked_at_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "MAX_LOOKED_AT", 3)
    ids = await users(client, 3)
    one, _ = await crowd(client, "one", ids), await crowd(client, "two", ids[:1])
    answer = await found(client, 'group.value sw "0"')
    assert answer.error == (400, "tooMany")
    assert "than the 3 allowed" in answer.json["detail"]
    assert (await found(client, 'member.type eq "User"')).error == (400, "tooMany")
    assert (await client.get("/GroupMemberships")).json["totalResults"] == 4
    monkeypatch.setattr(memberships, "MAX_LOOKED_AT", 2)
    assert len((await found(client, f'group.value eq "{one}" and member.type eq "User"')).ids) == 3
    assert (await found(client, f'group.value eq "{one}" and member.value sw "0"')).error == (400, "tooMany")


async def test_a_member_carries_no_group_that_is_being_deleted(client: Client) -> None:
    """A group too large for one transaction is gone at once; its members' own lists follow."""
    ids = await users(client, 120)
    group, other = await crowd(client, "large", ids), await crowd(client, "other", ids[:1])
    finishing = client.app.providers.directory(client.provider).finishing
    finish, left = finishing.finish, []

    async def broken_off(identifier: str, most: int | None = None, **_: object) -> int:
        left.append((identifier, most))
        return 0

    setattr(finishing, "finish", broken_off)  # noqa: B010 (for this directory alone)
    assert (await client.delete(f"/Groups/{group}")).status == 204
    carried = [each["value"] for each in (await client.get(f"/Users/{ids[0]}")).json["groups"]]
    assert group in carried, "or this would prove nothing"
    assert (await found(client, f'member.value eq "{ids[0]}"')).ids == [f"{other}.{ids[0]}"]
    assert (await found(client, f'member.value eq "{ids[1]}"')).ids == []
    assert (await client.get("/GroupMemberships")).ids == [f"{other}.{ids[0]}"]
    await finish(group)
    assert left
    assert [each["value"] for each in (await client.get(f"/Users/{ids[0]}")).json["groups"]] == [other]
