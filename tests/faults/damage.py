"""Random damage to the rows of a directory, of kinds that the other rows tell how to mend."""

import json
import random
from collections.abc import Callable

from tests.faults.planted import Held, data, packed

type Damage = Callable[[Held, random.Random], None]


def _chosen(held: Held, dice: random.Random, *beginnings: str) -> str:
    return dice.choice(sorted(key for key in held if key.startswith(beginnings)))


def _lose_an_index_row(held: Held, dice: random.Random) -> None:
    del held[_chosen(held, dice, "user.", "group.")]


def _point_elsewhere(held: Held, dice: random.Random) -> None:
    held[_chosen(held, dice, "user.userName:")]["of"] = _chosen(held, dice, "user:").partition(":")[2]


def _index_nothing(held: Held, dice: random.Random) -> None:
    name, owner = dice.randrange(1000), _chosen(held, dice, "user:").partition(":")[2]
    held[f"user.emails.value:nobody{name}@example.org:{owner}"] = {"of": owner}


def _forget_groups(held: Held, dice: random.Random) -> None:
    held[_chosen(held, dice, "user:")]["groups"] = b""


def _carry_a_group(held: Held, dice: random.Random) -> None:
    group = _chosen(held, dice, "group:").partition(":")[2]
    row = held[_chosen(held, dice, "user:")]
    row["groups"] = (data(row, "groups") if "groups" in row else b"") + packed(group)


def _miscount(held: Held, dice: random.Random) -> None:
    held[_chosen(held, dice, "group:")]["members"] = dice.randrange(300)


def _lose_members(held: Held, dice: random.Random) -> None:
    row = held[_chosen(held, dice, "members:", "group:")]
    if row.get("members_user"):
        row["members_user"] = data(row, "members_user")[16:]


def _lose_a_bucket(held: Held, dice: random.Random) -> None:
    if any(key.startswith("members:") for key in held):
        del held[_chosen(held, dice, "members:")]


def _leave_scraps(held: Held, dice: random.Random) -> None:
    held[f"members:{_chosen(held, dice, 'user:').partition(':')[2]}:0000:{dice.randrange(9):06x}"] = {
        "members_user": b"",
        "number": "0" * 16,
    }


def _lose_a_tombstone(held: Held, dice: random.Random) -> None:
    if any(key.startswith("tombstone:") for key in held):
        del held[_chosen(held, dice, "tombstone:")]


def _age(held: Held, dice: random.Random) -> None:
    held[_chosen(held, dice, "user:", "group:")]["number"] = f"{dice.randrange(1 << 40):016x}"


def _change_the_head(held: Held, dice: random.Random) -> None:
    if "head" in held:
        runs = json.loads(str(held["head"]["runs"]))
        alias = dice.choice(sorted(runs))
        runs[alias][dice.choice((1, 2))] = dice.randrange(500)
        held["head"]["runs"] = json.dumps(runs)
        held["head"]["last"] = _chosen(held, dice, "user:").partition(":")[2]


def _lose_runs(held: Held, dice: random.Random) -> None:
    del held[_chosen(held, dice, "head")]


DAMAGE: tuple[Damage, ...] = (
    _lose_an_index_row,
    _point_elsewhere,
    _index_nothing,
    _forget_groups,
    _carry_a_group,
    _miscount,
    _lose_members,
    _lose_a_bucket,
    _leave_scraps,
    _lose_a_tombstone,
    _age,
    _change_the_head,
    _lose_runs,
)


def damage(held: Held, dice: random.Random, count: int) -> list[str]:
    """Do it so many times; tells what was done."""
    done = []
    for _ in range(count):
        chosen = dice.choice(DAMAGE)
        if chosen is _lose_runs and "head" not in held:
            continue
        chosen(held, dice)
        done.append(chosen.__name__)
    return done
