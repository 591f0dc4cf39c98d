"""One random history on every kind of tables: all the same answers."""

import random
from typing import get_args

from scim.schema import Schemas
from scim.storage.rows import Rows
from tests.contract.histories import Actor, Step, Verb
from tests.contract.writing import Writer
from tests.faults.invariants import assert_clean

SEED = 20_260_101
answers: dict[str, list[str]] = {}


def history(seed: int, length: int) -> list[Step]:
    chance = random.Random(seed)  # noqa: S311 (a test's dice)
    verbs = [*get_args(Verb), "user", "user", "join", "join"]
    return [
        Step(
            chance.choice(verbs),
            chance.randrange(40),
            f"{chance.choice('aAéx:')}{chance.randrange(60)}",
            tuple(chance.sample(range(40), chance.randrange(6))),
        )
        for _ in range(length)
    ]


async def test_a_random_history_has_the_answers_of_a_dict(writer: Writer, rows: Rows, schemas: Schemas) -> None:
    print(f"seed {SEED}")  # noqa: T201 (shown when the test fails)
    actor = Actor(writer)
    given = [await actor.act(step) for step in history(SEED, 300)]
    await actor.compare()
    await assert_clean(rows, schemas)
    assert {answer.partition(": ")[2] for answer in given} >= {"done", "no change", "Uniqueness", "NotFound"}
    assert answers.setdefault("first", given) == given
