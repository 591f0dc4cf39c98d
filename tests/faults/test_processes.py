"""Real processes and a real network between them and the store; the long variants are ``python -m tests.faults``."""

import random
from pathlib import Path

import pytest

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from tests.contract.writing import Writer
from tests.faults import killing, outages, trial
from tests.faults.verdict import Ground
from tests.faults.workers import Model, User


@pytest.fixture
def seed() -> int:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    return seed


async def test_a_bad_network_loses_doubles_and_refuses_nothing(azurite: str, tmp_path: Path, seed: int) -> None:
    result = await trial.run(trial.Plan(300, seed, processes=2), azurite, tmp_path)
    assert result.wrong == []
    assert (
        min(result.fates[fate] for fate in ("lost_request", "lost_answer", "cut_answer", "disowned", "belated", "late"))
        > 0
    )


async def test_a_process_that_is_killed_leaves_its_writes_whole_or_undone(
    azurite: str, tmp_path: Path, seed: int
) -> None:
    deaths = await killing.run(8, seed, azurite, tmp_path)
    assert deaths.wrong == []
    assert deaths.heard.total() > 0


async def test_a_store_that_went_away_comes_back_without_a_restart(tmp_path: Path, seed: int) -> None:
    found = await outages.run(2, 1, seed, tmp_path)
    assert found.wrong == []
    assert [each.name for each in found.outages] == ["refused", "silent", "stopped"]
    assert found.outages[0].statuses[503] > 0
    assert found.outages[2].statuses[503] > 0


class TestVerdict:
    """What the workers know is held against what is there."""

    @pytest.fixture
    async def writer(self, schemas: Schemas) -> Writer:
        tables = MemoryTables()
        await tables.create("p")
        writer = Writer(Directory(tables.rows("p", "p"), schemas), schemas)
        await writer.directory.found()
        return writer

    @pytest.fixture
    async def model(self, writer: Writer) -> Model:
        user = await writer.user("ada")
        group = await writer.group("engineers", user)
        return Model({user: User("ada", groups={group})}, {group: {user}}, {group: "engineers"})

    async def verdict(self, writer: Writer, model: Model) -> list[str]:
        return await Ground(writer.directory._rows, writer.schemas).verdict([model], [])  # noqa: SLF001

    async def test_what_is_as_acknowledged_is_right(self, writer: Writer, model: Model) -> None:
        assert await self.verdict(writer, model) == []

    @pytest.mark.parametrize("what", ["lost", "title", "membership", "unknown", "change"])
    async def test_what_is_not_is_found(self, writer: Writer, model: Model, what: str) -> None:
        [user], [group] = model.users, model.groups
        match what:
            case "lost":
                model.users["01a21779-cc8a-7448-b6d0-559d76d178f2"] = User("bob")
            case "title":
                model.users[user].title = "Countess"
            case "membership":
                model.users[user].groups.clear()
                model.groups[group].clear()
            case "unknown":
                await writer.user("eve")
            case "change":
                model.changes["request-0-1"] = 1
        assert await self.verdict(writer, model) != []
