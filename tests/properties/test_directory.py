"""Any history of a directory has the answers that a dict would give, and leaves its rows clean."""

import asyncio
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from tests.contract.histories import Actor, Step, Verb
from tests.contract.writing import Writer
from tests.faults.invariants import assert_clean

SCHEMAS = Schemas.load()
names = st.sampled_from(["a", "A", "b", "B ", "é", "É", "x:y", "x", "long" * 40, "long" * 40 + "2"])
places = st.integers(0, 20)
steps = st.builds(
    Step, st.sampled_from(get_args(Verb)), places, names, st.lists(places, max_size=4, unique=True).map(tuple)
)


async def acted(history: list[Step]) -> None:
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    directory = Directory(rows, SCHEMAS)
    await directory.found()
    actor = Actor(Writer(directory, SCHEMAS))
    for step in history:
        await actor.act(step)
        await assert_clean(rows, SCHEMAS)
    await actor.compare()


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, min_size=1, max_size=25))
def test_a_directory_answers_as_a_dict_would(history: list[Step]) -> None:
    asyncio.run(acted(history))
