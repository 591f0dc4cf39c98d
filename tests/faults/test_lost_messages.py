"""Random histories in bad weather: what was acknowledged is there, once; nothing is refused without a cause."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from scim.errors import NotFound, ScimError, Unavailable, Uniqueness
from scim.resources import Links
from scim.schema import Schemas
from scim.storage import acts, commit, deletion, finishing, linking
from scim.storage.commit import unix_milliseconds
from scim.storage.directory import Directory
from scim.storage.drafts import TooLarge
from scim.storage.memory import MemoryTables
from scim.storage.records import Stored
from scim.storage.rows import Rows
from tests.contract.writing import Writer, adding, removing
from tests.faults.invariants import assert_clean
from tests.faults.lossy import LossyRows, Weather
from tests.faults.raw import read

WORKERS, PROCESSES, OPERATIONS = 8, 3, 500
SHARED = 6


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deletions need an intent early, and many steps; nobody waits long."""
    monkeypatch.setattr(deletion, "MAX_TRANSACTION_ROWS", 20)
    monkeypatch.setattr(finishing, "_BATCH", 4)
    monkeypatch.setattr(commit, "ATTEMPTS", 5)


@dataclass(slots=True)
class User:
    """What a worker knows of one of its users."""

    name: str
    title: str = ""
    groups: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Worker:
    """One client; nobody else touches its users, so it knows what each answer must be."""

    number: int
    writer: Writer
    chance: random.Random
    shared: list[str]
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    won: list[str] = field(default_factory=list)
    made: int = 0

    async def insist[T](self, call: Callable[[], Awaitable[T]]) -> tuple[T | ScimError, bool]:
        """The answer, and whether an earlier call got none and may have been heard all the same."""
        unheard = False
        while True:
            try:
                return await call(), unheard
            except Unavailable:
                unheard = True
            except ScimError as error:
                return error, unheard

    def fresh(self, stem: str) -> str:
        self.made += 1
        return f"{stem}-{self.number}-{self.made}"

    async def step(self) -> None:
        """One random operation."""
        ways = [self.create, self.create, self.retitle, self.rename, self.join, self.join, self.leave]
        ways += [self.delete, self.copy, self.contest, self.found_group, self.drop_group]
        await self.chance.choice(ways)()

    async def create(self) -> None:
        await self.created(self.fresh("user"))

    async def created(self, name: str) -> None:
        answer, unheard = await self.insist(lambda: self.writer.user(name))
        if isinstance(answer, Uniqueness):
            assert unheard, f"a phantom conflict over {name}"
            [answer] = await self.certain(lambda: self.writer.find("User", "userName", name))
        assert isinstance(answer, str)
        self.users[answer] = User(name)

    async def certain[T](self, call: Callable[[], Awaitable[T]]) -> T:
        answer, _ = await self.insist(call)
        assert not isinstance(answer, ScimError), answer
        return answer

    async def retitle(self) -> None:
        if self.users:
            user, title = self.any(), self.fresh("title")
            await self.certain(lambda: self.writer.change("User", user, title=title))
            self.users[user].title = title
            self.titles.append(title)

    async def rename(self) -> None:
        if self.users:
            user, name = self.any(), self.fresh("user")
            await self.certain(lambda: self.writer.change("User", user, userName=name))
            self.users[user].name = name

    async def join(self) -> None:
        if self.users:
            user, group = self.any(), self.chance.choice([*self.shared, *self.groups])
            await self.certain(lambda: self.writer.link(group, adding(user)))
            self.users[user].groups.add(group)
            self.groups.get(group, set()).add(user)

    async def leave(self) -> None:
        for user in list(self.users):
            if self.users[user].groups and self.chance.random() < 0.3:
                group = self.chance.choice(sorted(self.users[user].groups))
                await self.left(user, group)
                return

    async def left(self, user: str, group: str) -> None:
        await self.certain(lambda: self.writer.link(group, removing(user)))
        self.users[user].groups.discard(group)
        self.groups.get(group, set()).discard(user)

    async def delete(self) -> None:
        if len(self.users) > 5:
            user = self.any()
            answer, unheard = await self.insist(lambda: self.writer.delete("User", user))
            assert answer is None or (isinstance(answer, NotFound) and unheard), f"a phantom absence of {user}"
            self.gone.append(user)
            for group in self.users.pop(user).groups:
                self.groups.get(group, set()).discard(user)

    async def copy(self) -> None:
        """A name that is taken stays taken."""
        if self.users:
            name = self.users[self.any()].name.upper()
            answer, _ = await self.insist(lambda: self.writer.user(name))
            assert isinstance(answer, Uniqueness), f"{name} was given twice"

    async def contest(self) -> None:
        """A name that all workers want."""
        name = f"contested-{self.chance.randrange(12)}"
        answer, _ = await self.insist(lambda: self.writer.user(name))
        if isinstance(answer, str):
            self.won.append(name)
        else:
            assert isinstance(answer, Uniqueness)
            assert await self.certain(lambda: self.writer.find("User", "userName", name)) != []

    async def found_group(self) -> None:
        name, members = self.fresh("group"), list(self.users)[:15]
        answer, unheard = await self.insist(lambda: self.writer.group(name, *members))
        if isinstance(answer, Uniqueness):
            assert unheard, f"a phantom conflict over {name}"
            [answer] = await self.certain(lambda: self.writer.find("Group", "displayName", name))
        assert isinstance(answer, str)
        self.groups[answer] = set(members)
        for user in members:
            self.users[user].groups.add(answer)

    async def drop_group(self) -> None:
        if self.groups:
            group = self.chance.choice(list(self.groups))
            answer, unheard = await self.insist(lambda: self.writer.delete("Group", group))
            assert answer is None or (isinstance(answer, NotFound) and unheard), f"a phantom absence of {group}"
            for user in self.groups.pop(group):
                self.users[user].groups.discard(group)
            self.gone.append(group)

    def any(self) -> str:
        return self.chance.choice(list(self.users))


async def history(rows: Rows, schemas: Schemas, chance: random.Random, weather: Weather) -> list[Worker]:
    """Let the workers do what they do, all at once."""
    founder = Directory(rows, schemas)
    await founder.found()
    shared = [await Writer(founder, schemas).group(f"shared {number}") for number in range(SHARED)]
    lossy = LossyRows(rows, chance, weather)
    processes = [Writer(Directory(lossy, schemas), schemas) for _ in range(PROCESSES)]
    workers = [Worker(at, processes[at % PROCESSES], chance, shared) for at in range(WORKERS)]
    left = iter(range(OPERATIONS))

    async def work(worker: Worker) -> None:
        for _ in left:
            await worker.step()

    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(work(worker))
    await lossy.arrive()
    return workers


async def tidy(later: Writer, rows: Rows) -> None:
    """Write, as any client does, until nothing that was left undone is left."""
    for number in range(200):
        if not (await read(rows, later.schemas))[1].intents:
            return
        await later.user(f"late {number}")
    raise AssertionError((await read(rows, later.schemas))[1].intents)


async def hold_to(workers: list[Worker], writer: Writer) -> None:
    """Everything that was acknowledged is there, and once."""
    changes = [change async for change in writer.directory.changes()]
    created = [change.id for change in changes if change.kind == "create"]
    titles = [change.values["title"]["after"] for change in changes if change.values and "title" in change.values]
    assert len(created) == len(set(created))
    for worker in workers:
        for identifier, user in worker.users.items():
            stored = await writer.read("User", identifier)
            assert stored.attributes["userName"] == user.name
            assert stored.attributes.get("title", "") == user.title
            assert set(stored.memberships) == user.groups
            assert created.count(identifier) == 1
        assert all(titles.count(title) == 1 for title in worker.titles)
        for group, members in worker.groups.items():
            assert await writer.members(group) == members
        for identifier in worker.gone:
            assert [change.kind for change in changes if change.id == identifier].count("delete") == 1
    won = [name for worker in workers for name in worker.won]
    assert len(won) == len(set(won))


@pytest.mark.parametrize(
    ("seed", "weather"),
    [
        (1, Weather()),
        (2, Weather(lost_request=0.2, lost_answer=0, late=0, unavailable=0)),
        (3, Weather(lost_request=0, lost_answer=0.2, late=0, unavailable=0)),
        (4, Weather(lost_request=0, lost_answer=0, late=0.2, unavailable=0)),
        (5, Weather(lost_request=0, lost_answer=0, late=0, unavailable=0.03)),
        (None, Weather(0.08, 0.08, 0.08, 0.02)),
    ],
)
async def test_a_history_in_bad_weather_loses_and_doubles_nothing(
    schemas: Schemas, seed: int | None, weather: Weather
) -> None:
    await live_through(schemas, seed, weather)


class Reluctant(linking.Linking):
    """Takes every edit for too large to be done at once."""

    async def relink(self, group: Stored, links: Links) -> linking.Linked:
        """The edit, in another way."""
        if self._draft.later is None and links != Links():
            raise TooLarge(101)
        return await super().relink(group, links)


@pytest.mark.parametrize("seed", [6, None])
async def test_so_does_one_in_which_all_members_are_told_later(
    schemas: Schemas, seed: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "Linking", Reluctant)
    await live_through(schemas, seed, Weather(0.05, 0.05, 0.05, 0.01))


@pytest.mark.parametrize("seed", [7, None])
async def test_so_does_one_in_which_all_members_are_laid_down_beforehand(
    schemas: Schemas, seed: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "Linking", Reluctant)
    monkeypatch.setattr(linking, "_OTHER_ROWS", 1_000)
    await live_through(schemas, seed, Weather(0.05, 0.05, 0, 0.01))


async def live_through(schemas: Schemas, seed: int | None, weather: Weather) -> None:
    """Act a history out, and see what is left of it."""
    seed = random.randrange(10**6) if seed is None else seed
    print(f"seed {seed}")
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    workers = await history(rows, schemas, random.Random(seed), weather)
    await assert_clean(rows, schemas)
    later = Writer(Directory(rows, schemas, lambda: unix_milliseconds() + 31_000), schemas)
    await tidy(later, rows)
    await assert_clean(rows, schemas)
    await hold_to(workers, later)
