"""Faults planted by hand in the rows of a directory, each with what the checker must say of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from scim.storage.rows import Properties, Property
from tests.contract.writing import other_ids

type Held = dict[str, dict[str, Property]]
"""Rows by key, to be edited by hand."""


@dataclass(frozen=True, slots=True)
class World:
    """A directory as rows, with the ids of what is in it."""

    held: Held
    users: list[str]
    small: str
    large: str
    gone: str

    def row(self, key: str) -> dict[str, Property]:
        """The properties of a row."""
        return self.held[key]

    def rename(self, key: str, new: str) -> None:
        """Give a row another key."""
        self.held[new] = self.held.pop(key)

    def bucket(self, at: int) -> dict[str, Property]:
        """A bucket of the large group."""
        return self.held[f"members:{self.large}:0000:{at:06x}"]

    def head(self, name: str, value: object) -> None:
        """Set a property of the head that holds JSON."""
        self.held["head"][name] = json.dumps(value)


def packed(*ids: str) -> bytes:
    """Ids as a row holds them."""
    return b"".join(bytes.fromhex(identifier.replace("-", "")) for identifier in ids)


def data(properties: Properties, name: str) -> bytes:
    """The bytes in a property."""
    held = properties[name]
    assert isinstance(held, bytes)
    return held


def believe_in_something_else(w: World) -> None:
    w.held["head"]["unique"] = "user.userName group.displayName custom=0"


def shift_the_head(w: World) -> None:
    w.held["head"]["number"] = "f" * 16


def forget_ids(w: World) -> None:
    w.held["head"]["last"] = w.users[0]


def miscount_the_total(w: World) -> None:
    w.head("runs", {**json.loads(str(w.row("head")["runs"])), "group": [w.small, 2, 3]})


def miscount_the_open_run(w: World) -> None:
    w.head("runs", {**json.loads(str(w.row("head")["runs"])), "group": [w.small, 1, 2]})


def misplace_the_open_run(w: World) -> None:
    w.head("runs", {**json.loads(str(w.row("head")["runs"])), "user": [w.users[501], 5, 505]})


def lose_the_closed_runs(w: World) -> None:
    del w.held["head:runs:user"]


def keep_an_empty_run(w: World) -> None:
    runs = data(w.row("head:runs:user"), "runs")
    w.row("head:runs:user")["runs"] = runs + packed(w.users[499]) + b"\0\0"


def count_an_unknown_type(w: World) -> None:
    w.head("runs", {**json.loads(str(w.row("head")["runs"])), "device": ["", 0, 0]})


def name_an_intent(w: World) -> None:
    w.head("intents", {w.gone: "1" * 16})


def leave_an_intent(w: World) -> None:
    w.held[f"intent:{w.gone}"] = {"began": "1" * 16, "building": ""}


def intend_for_the_living(w: World) -> None:
    w.held[f"intent:{w.small}"] = {"began": "1" * 16, "building": "", "groups": packed(w.large)}
    w.head("intents", {w.small: "1" * 16})


def lose_a_unique_index_row(w: World) -> None:
    del w.held["user.userName:user7"]


def lose_a_shared_index_row(w: World) -> None:
    del w.held[f"user.externalId:Z=3a1:{w.users[-1]}"]


def lose_an_e_mail(w: World) -> None:
    del w.held[f"user.emails.value:zo=c3=ab@example.org:{w.users[-1]}"]


def point_elsewhere(w: World) -> None:
    w.row("user.userName:user7")["of"] = w.users[8]


def index_what_nobody_has(w: World) -> None:
    w.held["user.userName:nobody"] = {"of": w.users[7]}


def index_by_another_case(w: World) -> None:
    w.rename("user.userName:user7", "user.userName:User7")


def give_a_name_twice(w: World) -> None:
    row = w.row(f"user:{w.users[7]}")
    row["resource"] = str(row["resource"]).replace("user7", "USER8")


def lose_a_bucket(w: World) -> None:
    del w.held[f"members:{w.large}:0000:000001"]


def add_a_bucket(w: World) -> None:
    w.held[f"members:{w.large}:0000:000002"] = {"members_user": b""}


def keep_an_old_generation(w: World) -> None:
    w.held[f"members:{w.large}:0001:000000"] = {"members_user": b""}


def keep_buckets_of_nothing(w: World) -> None:
    w.held[f"members:{w.gone}:0000:000000"] = {"members_user": b""}


def put_into_the_wrong_bucket(w: World) -> None:
    first, second = data(w.bucket(0), "members_user"), data(w.bucket(1), "members_user")
    w.bucket(0)["members_user"], w.bucket(1)["members_user"] = first[16:], second + first[:16]


def list_a_member_twice(w: World) -> None:
    row = w.row(f"group:{w.small}")
    row["members_user"] = data(row, "members_user") + packed(w.users[0])
    row["members"] = 7


def miscount_members(w: World) -> None:
    w.row(f"group:{w.small}")["members"] = 5


def keep_members_inline(w: World) -> None:
    w.row(f"group:{w.large}")["members_user"] = packed(w.users[229])


def overfill_the_row(w: World) -> None:
    row = w.row(f"group:{w.small}")
    row["members_user"], row["members"] = packed(*w.users[:193]), 194


def overfill_the_buckets(w: World) -> None:
    w.row(f"group:{w.large}")["members"] = 400


def list_a_stranger(w: World) -> None:
    row = w.row(f"group:{w.small}")
    row["members_user"], row["members"] = packed(*other_ids(1)), 2


def list_a_user_as_a_group(w: World) -> None:
    row = w.row(f"group:{w.small}")
    row["members_group"], row["members_user"] = row["members_user"], row["members_group"]


def forget_a_group(w: World) -> None:
    w.row(f"user:{w.users[0]}")["groups"] = packed(w.large)


def carry_a_strange_group(w: World) -> None:
    w.row(f"user:{w.users[400]}")["groups"] = packed(w.small)


def carry_a_group_twice(w: World) -> None:
    row = w.row(f"user:{w.users[0]}")
    row["groups"] = data(row, "groups") + packed(w.small)


def lose_a_change(w: World) -> None:
    del w.held[sorted(key for key in w.held if key.startswith("change:"))[3]]


def lose_the_first_change(w: World) -> None:
    del w.held[min(key for key in w.held if key.startswith("change:"))]


def lose_the_last_change(w: World) -> None:
    del w.held[max(key for key in w.held if key.startswith("change:"))]


def age_a_resource(w: World) -> None:
    w.row(f"user:{w.users[300]}")["number"] = "1" * 16


def lose_a_tombstone(w: World) -> None:
    del w.held[f"tombstone:{w.gone}"]


def bury_the_living(w: World) -> None:
    w.held[f"tombstone:{w.users[0]}"] = {"number": "1" * 16}


def bury_at_another_time(w: World) -> None:
    w.row(f"tombstone:{w.gone}")["number"] = "1" * 16


def raise_the_dead(w: World) -> None:
    w.held[f"user:{w.gone}"] = w.row(f"user:{w.users[499]}")


def leave_scraps(w: World) -> None:
    w.held["scrap:1"] = {}


def lay_down_a_relic(w: World) -> None:
    w.held["head:other"] = {}


def write_too_long_a_text(w: World) -> None:
    w.row("head")["note"] = "😀" * 16_384


def write_too_many_bytes(w: World) -> None:
    w.row("head")["note"] = bytes(65_537)


def write_too_large_a_row(w: World) -> None:
    w.row("head").update({f"note{number}": "é" * 32_767 for number in range(8)})


def write_a_long_key(w: World) -> None:
    w.held["tombstone:" + "1" * 191] = {"number": "1"}


def write_a_foreign_key(w: World) -> None:
    w.held["tombstone:\u0663"] = {"number": "1"}


def behead(w: World) -> None:
    del w.held["head"]


FAULTS: dict[Callable[[World], None], str] = {
    shift_the_head: "head: the number is",
    forget_ids: "head: the last id is",
    miscount_the_total: "runs of group: the total is 3, and 2 are there",
    miscount_the_open_run: "counts 1, and 2 are there",
    misplace_the_open_run: "counts 500, and 501 are there",
    lose_the_closed_runs: "is before the first run",
    keep_an_empty_run: "a closed run is empty",
    count_an_unknown_type: "there is no type device",
    name_an_intent: "head: the intents are",
    leave_an_intent: "head: the intents are",
    believe_in_something_else: "head: writers must believe in the custom schemas '0', not in ''",
    intend_for_the_living: "an intent lets it leave groups, and it is there",
    lose_a_unique_index_row: "user.userName:user7: ",
    lose_a_shared_index_row: "has this value, and the index row is missing",
    lose_an_e_mail: "user.emails.value:zo=c3=ab@example.org:",
    point_elsewhere: "user.userName:user7: points to",
    index_what_nobody_has: "user.userName:nobody: no resource has this value",
    index_by_another_case: "user.userName:User7: no resource has this value",
    give_a_name_twice: "user.userName:user8: ",
    lose_a_bucket: "bucket 1 is missing",
    add_a_bucket: "bucket 2 of generation 0 belongs to nothing",
    keep_an_old_generation: "bucket 0 of generation 1 belongs to nothing",
    keep_buckets_of_nothing: "bucket 0 of generation 0 belongs to nothing",
    put_into_the_wrong_bucket: "is in bucket 1, and belongs into 0",
    list_a_member_twice: "is a member 2 times",
    miscount_members: "the row counts 5 members, and 6 are there",
    keep_members_inline: "members are inline beside the buckets",
    overfill_the_row: "members are too many for 0 buckets",
    overfill_the_buckets: "400 members are too many for 2 buckets",
    list_a_stranger: "does not exist",
    list_a_user_as_a_group: "is no group",
    forget_a_group: "does not carry it",
    carry_a_strange_group: "and is no member",
    carry_a_group_twice: "carries a group twice",
    lose_a_change: "the one before is",
    lose_the_first_change: f"the one before is {0:016x}",
    lose_the_last_change: "the tombstone and the deletion do not agree",
    age_a_resource: f"the number is {'1' * 16}",
    lose_a_tombstone: "the tombstone and the deletion do not agree",
    bury_the_living: "the tombstone and the deletion do not agree",
    bury_at_another_time: "the tombstone and the deletion do not agree",
    raise_the_dead: "deleted, and still there",
    leave_scraps: "scrap:1: no such kind of row",
    lay_down_a_relic: "head:other: no such kind of row",
    write_too_long_a_text: "note is longer than 32,767 UTF-16 units",
    write_too_many_bytes: "note is longer than 65,536 bytes",
    write_too_large_a_row: "head: the row takes",
    write_a_long_key: "the key is not ASCII of 200 characters at most",
    write_a_foreign_key: "the key is not ASCII of 200 characters at most",
    behead: "there is no head",
}
