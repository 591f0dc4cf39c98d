"""What a query asks of one type: whole answers, pages by index, and pages of a walk."""

from collections.abc import Callable
from itertools import count

import pytest

from scim.errors import TooMany
from scim.filters import parse
from scim.representation import Representation
from scim.schema import Schemas
from scim.selection import Pace, Selection
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from tests.asking import URL
from tests.contract.writing import Writer

SCHEMAS = Schemas.load()
COUNT = 12

type Select = Callable[..., Selection]


@pytest.fixture
async def writer() -> Writer:
    tables = MemoryTables()
    await tables.create("p")
    ticks = count(1_700_000_000_000)
    directory = Directory(tables.rows("p", "p"), SCHEMAS, lambda: next(ticks))
    await directory.found()
    return Writer(directory, SCHEMAS)


@pytest.fixture
async def users(writer: Writer) -> list[str]:
    return [await writer.user(f"u{n:02}", title=f"t{n % 2}") for n in range(COUNT)]


@pytest.fixture
def select(writer: Writer) -> Select:
    def selected(text: str | None, scan_max: int = 1_000) -> Selection:
        representation = Representation(writer.directory, SCHEMAS, URL)
        return Selection(representation, SCHEMAS.types["User"], parse(text) if text else None, scan_max)

    return selected


FILTERS = [None, 'userName sw "u"', 'title sw "t"', 'userName sw "u" and title pr']


@pytest.mark.parametrize("text", FILTERS)
@pytest.mark.parametrize("descending", [False, True])
async def test_a_page_by_index_is_a_slice_of_all(
    select: Select, users: list[str], text: str | None, descending: bool
) -> None:
    ordered = users[::-1] if descending else users
    for start, size in ((1, 5), (4, 5), (10, 5), (13, 5), (1, 0), (1, 500)):
        total, found = await select(text).page(start, size, descending=descending)
        assert (total, [stored.id for stored in found]) == (COUNT, ordered[start - 1 :][:size])


@pytest.mark.parametrize("text", FILTERS)
@pytest.mark.parametrize("descending", [False, True])
async def test_a_walk_takes_up_where_it_was(
    select: Select, users: list[str], text: str | None, descending: bool
) -> None:
    ordered = users[::-1] if descending else users
    pace = Pace(5, 1_000, descending=descending, counting=False)
    for after in range(COUNT):
        walked = await select(text).walk(ordered[after], pace)
        assert [stored.id for stored in walked.found] == ordered[after + 1 :][:5]
        assert walked.more is (after + 1 + 5 < COUNT)
        assert walked.position == ordered[min(after + 5, COUNT - 1)]


async def test_a_walk_counts_where_that_takes_no_more_reading_than_a_page_may(select: Select, users: list[str]) -> None:
    assert users
    counting = Pace(5, 12, descending=False, counting=True)
    for text in FILTERS:
        assert (await select(text).walk("", counting)).total == COUNT
    few = Pace(5, 11, descending=False, counting=True)
    assert [(await select(text).walk("", few)).total for text in FILTERS] == [COUNT, COUNT, None, None]
    none = Pace(0, 12, descending=False, counting=True)
    for text in FILTERS:
        walked = await select(text).walk("", none)
        assert (walked.total, walked.found, walked.more, walked.position) == (COUNT, [], True, "")


async def test_a_walk_pauses_when_it_has_read_enough(select: Select, users: list[str]) -> None:
    pace = Pace(5, 3, descending=False, counting=False)
    walked = await select('title eq "t1"').walk("", pace)
    assert ([stored.id for stored in walked.found], walked.position, walked.more) == ([users[1]], users[2], True)
    assert (walked.examined, walked.scanned) == (3, True)
    nothing = await select('title eq "nobody"').walk(users[2], pace)
    assert (nothing.found, nothing.position, nothing.more) == ([], users[5], True)
    last = await select('title eq "nobody"').walk(users[9], pace)
    assert (last.found, last.more) == ([], False)


@pytest.mark.parametrize(
    ("text", "purpose", "words"),
    [
        ("title pr", "filter", ["filter", "12 resources", "5 are the limit", "userName", "groups.value", "cursor"]),
        (None, "sortBy", ["sortBy", "12 resources", "5 are the limit", "meta.created"]),
        ('meta.created gt "2000-01-01T00:00:00Z"', "filter", ["more than 5 resources"]),
    ],
)
async def test_what_takes_too_much_reading_is_refused_with_the_reason_and_the_way_out(
    select: Select, users: list[str], text: str | None, purpose: str, words: list[str]
) -> None:
    assert users
    with pytest.raises(TooMany) as refused:
        [stored async for stored in select(text, scan_max=5).every(purpose)]
    for word in words:
        assert word in refused.value.detail


async def test_recent_creations_are_found_without_the_others(select: Select, users: list[str], writer: Writer) -> None:
    late = (await writer.directory.many(SCHEMAS.types["User"], users))[-3]
    for operator, found in (("ge", users[-3:]), ("gt", users[-2:])):
        selection = select(f'meta.created {operator} "{late.created}"', scan_max=3)
        assert [stored.id async for stored in selection.every("filter")] == found


async def test_where_there_is_too_much_in_one_place_another_is_looked_in(
    select: Select, users: list[str], writer: Writer
) -> None:
    group = await writer.group("g", *users)
    for number in range(200):
        await writer.user(f"v{number:03}", externalId="e", title="v")
    both = select(f'title pr and groups eq "{group}" and externalId sw ""', scan_max=5)
    assert [stored.id async for stored in both.every("filter")] == []
    late = (await writer.directory.many(SCHEMAS.types["User"], users))[-1].modified
    recent = select(f'externalId sw "e" and title eq "v" and meta.lastModified lt "{late}"', scan_max=5)
    with pytest.raises(TooMany):
        [stored async for stored in recent.every("filter")]
    changed = (await writer.change("User", users[3], nickName="n", externalId="e1")).stored
    narrow = select(f'externalId sw "e" and title pr and meta.lastModified ge "{changed.modified}"', scan_max=5)
    assert [stored.id async for stored in narrow.every("filter")] == [users[3]]
