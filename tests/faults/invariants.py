"""What must be true of a directory's rows at any moment, whoever wrote them and whatever failed meanwhile."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from scim.normal_forms import normal
from scim.schema import Index, Schemas
from scim.storage.rows import Property, Row, Rows
from tests.faults.raw import Intent, Links, Partition, Resource, read

INLINE = 192
RUN = 500


async def check(rows: Rows, schemas: Schemas) -> list[str]:
    """Read every row of a partition; one sentence for each thing that is wrong."""
    found, partition = await read(rows, schemas)
    wrong = list(_shapes(found))
    if partition.head is None:
        return [*wrong, "there is no head"]
    if (believed := str(partition.head["unique"]).partition("custom=")[2]) != schemas.digest:
        wrong.append(f"head: writers must believe in the custom schemas {believed!r}, not in {schemas.digest!r}")
    for law in (_head, _rosters, _links, _changes, _deletions):
        wrong += law(partition)
    return [*wrong, *_runs(partition, schemas), *_indexes(partition, schemas)]


async def assert_clean(rows: Rows, schemas: Schemas) -> None:
    """Fail with the sentences of ``check``, if there are any."""
    wrong = await check(rows, schemas)
    assert not wrong, "\n".join(wrong[:20])


def _shapes(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if not row.key.isascii() or len(row.key) > 200:
            yield f"{row.key[:60]}…: the key is not ASCII of 200 characters at most"
        for name, value in row.properties.items():
            if isinstance(value, str) and len(value.encode("utf-16-le")) > 2 * 32_767:
                yield f"{row.key}: {name} is longer than 32,767 UTF-16 units"
            if isinstance(value, bytes) and len(value) > 65_536:
                yield f"{row.key}: {name} is longer than 65,536 bytes"
        size = len(row.key) + sum(len(name) + _bytes(value) for name, value in row.properties.items())
        if size > 480_000:
            yield f"{row.key}: the row takes {size} bytes"


def _bytes(value: Property) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) * 4 // 3 if isinstance(value, bytes) else 8


def _head(partition: Partition) -> Iterator[str]:
    """The head names the last change, the greatest id and every intent; and no row is of an unknown kind."""
    assert partition.head is not None
    last = max((change.number for change in partition.changes), default=f"{0:016x}")
    if partition.head["number"] != last:
        yield f"head: the number is {partition.head['number']!r}, the last change's {last}"
    greatest = max((*partition.resources, *partition.tombstones), default="")
    if str(partition.head["last"]) < greatest:
        yield f"head: the last id is {partition.head['last']!r}, and {greatest} is greater"
    intents: dict[str, str] = json.loads(str(partition.head["intents"]))
    began = {identifier: intent.began for identifier, intent in partition.intents.items()}
    if intents.keys() != began.keys() or any(intents[identifier] < began[identifier] for identifier in began):
        yield f"head: the intents are {intents}, the rows {sorted(partition.intents)}"
    for key in partition.unknown:
        yield f"{key}: no such kind of row"


def _runs(partition: Partition, schemas: Schemas) -> Iterator[str]:
    """Totals and runs count exactly the resources that are there."""
    assert partition.head is not None
    opened = json.loads(str(partition.head["runs"]))
    aliases = {kind.alias for kind in schemas.types.values()}
    for alias in sorted((opened.keys() | partition.runs.keys()) - aliases):
        yield f"runs: there is no type {alias}"
    for alias in aliases:
        first, count, total = opened.get(alias, ["", 0, 0])
        closed = partition.runs.get(alias, [])
        ids = sorted(resource.id for resource in partition.resources.values() if resource.alias == alias)
        if total != len(ids):
            yield f"runs of {alias}: the total is {total}, and {len(ids)} are there"
        runs = [*closed, (first, count)]
        starts = [start for start, _ in runs if start]
        if starts != sorted(set(starts)):
            yield f"runs of {alias}: the first ids do not ascend"
        for (start, counted), end in zip(runs, [*(start for start, _ in runs[1:]), "~"], strict=True):
            there = sum(start <= identifier < (end or "~") for identifier in ids)
            if counted != there:
                yield f"runs of {alias}: the run from {start} counts {counted}, and {there} are there"
        if any(not 0 < counted <= RUN for _, counted in closed) or not 0 <= count <= RUN:
            yield f"runs of {alias}: a closed run is empty, or one is too long"
        if ids and ids[0] < (starts or ["~"])[0]:
            yield f"runs of {alias}: {ids[0]} is before the first run"


def _indexes(partition: Partition, schemas: Schemas) -> Iterator[str]:
    """Every indexed value has its row, and there is no other."""
    expected: dict[str, str] = {}
    for kind in schemas.types.values():
        for resource in partition.resources.values():
            if resource.alias == kind.alias:
                for key in {key for index in kind.indexes for key in _index_keys(index, resource)}:
                    if key in expected:
                        yield f"{key}: {resource.id} has this value too"
                    expected[key] = resource.id
    for key, identifier in expected.items():
        if key not in partition.indexes:
            yield f"{key}: {identifier} has this value, and the index row is missing"
        elif partition.indexes[key] != identifier:
            yield f"{key}: points to {partition.indexes[key]}, and {identifier} has the value"
    for key in partition.indexes.keys() - expected.keys():
        yield f"{key}: no resource has this value"


def _index_keys(index: Index, resource: Resource) -> Iterator[str]:
    for value in index.target.values(resource.attributes):
        compared = normal(index.target.leaf, value) if isinstance(value, str) else _number(value)
        plain = "".join(c if re.match(r"[A-Za-z0-9._@+-]", c) else _hexadecimal(c) for c in compared)
        if len(plain) > 110:
            plain = f"{plain[:77]}~{hashlib.sha256(compared.encode()).hexdigest()[:32]}"
        yield f"{index.alias}:{plain}" + ("" if index.unique else f":{resource.id}")


def _number(value: float) -> str:
    exact = Fraction(value)
    return str(exact.numerator) if exact.denominator == 1 else repr(value)


def _hexadecimal(character: str) -> str:
    return "".join(f"={byte:02x}" for byte in character.encode())


def _rosters(partition: Partition) -> Iterator[str]:
    """There are just the buckets that must be, and in them and inline just the members that are counted."""
    rows = {(bucket.name, bucket.generation, bucket.at): bucket.links for bucket in partition.buckets}
    for group in partition.resources.values():
        wanted = {(group.name, group.generation, at) for at in range(group.buckets)}
        for _, _, at in wanted - rows.keys():
            yield f"{group.id}: bucket {at} is missing"
        yield from _roster(group, [(key[2], member) for key, links in _of(rows, wanted) for member, _ in links])
        for key in wanted:
            rows.pop(key, None)
    stems = {stem for at, intent in partition.intents.items() for stem in _stems(at, intent)}
    for name, generation, at in rows:
        if f"members:{name}:{generation:04x}" not in stems:
            yield f"{name}: bucket {at} of generation {generation} belongs to nothing"
    for queue in partition.queued:
        if queue.rpartition(":")[0] not in stems:
            yield f"{queue}: the queue belongs to nothing"


def _stems(identifier: str, intent: Intent) -> Iterator[str]:
    """What the keys begin with of all rows that an intent speaks for."""
    yield from (*intent.queues, *intent.trash)
    if intent.building:
        yield from (f"members:{intent.building}:0000", f"intent:{identifier}:{intent.building}")


def _roster(group: Resource, held: list[tuple[int, str]]) -> Iterator[str]:
    """Every member is counted, once, in the bucket its id says."""
    if group.buckets and group.inline:
        yield f"{group.id}: members are inline beside the buckets"
    if len(group.inline) > INLINE or group.count > max(group.buckets, 1) * INLINE:
        yield f"{group.id}: {group.count} members are too many for {group.buckets} buckets"
    for at, member in held:
        if at != _bucket(member, group.buckets):
            yield f"{group.id}: {member} is in bucket {at}, and belongs into {_bucket(member, group.buckets)}"
    members = Counter([member for member, _ in group.inline] + [member for _, member in held])
    if members.total() != group.count:
        yield f"{group.id}: the row counts {group.count} members, and {members.total()} are there"
    for member, times in members.items():
        if times > 1:
            yield f"{group.id}: {member} is a member {times} times"


def _of[K, V](held: dict[K, V], wanted: set[K]) -> list[tuple[K, V]]:
    return [(key, held[key]) for key in wanted & held.keys()]


def _bucket(member: str, buckets: int) -> int:
    """Linear hashing, said in another way: the low bits of the id's end, one bit fewer where that is too many."""
    bits = (buckets - 1).bit_length()
    low = int(member[-8:], 16) & ((1 << bits) - 1)
    return low if low < buckets else low & ((1 << (bits - 1)) - 1)


def _links(partition: Partition) -> Iterator[str]:
    """A member carries its group and a group its member; an open intent excuses what it still lists."""
    members: dict[str, Links] = {group.id: dict(group.inline) for group in partition.resources.values()}
    rows = {f"members:{b.name}:{b.generation:04x}:{b.at:06x}": b.links for b in partition.buckets}
    for holder in partition.resources.values():
        for at in range(holder.buckets):
            members[holder.id].update(rows.get(f"members:{holder.name}:{holder.generation:04x}:{at:06x}", []))
    untold = {
        identifier: {
            member
            for key, links in {**rows, **partition.queued}.items()
            if key.rpartition(":")[0] in intent.queues
            for member, _ in links
        }
        for identifier, intent in partition.intents.items()
    }
    for identifier, held in members.items():
        yield from _members(partition, identifier, held, untold.get(identifier, set()))
    for resource in partition.resources.values():
        if len(set(resource.groups)) != len(resource.groups):
            yield f"{resource.id}: carries a group twice"
        for group in resource.groups:
            if resource.id not in members.get(group, {}) and resource.id not in untold.get(group, ()):
                yield f"{resource.id}: carries {group}, and is no member"


def _members(partition: Partition, group: str, links: Links, untold: set[str]) -> Iterator[str]:
    """The members of one group exist and carry it, or are yet to be told."""
    for member, alias in links.items():
        resource = partition.resources.get(member)
        intent = partition.intents.get(member)
        if resource is None and (intent is None or group not in intent.groups):
            yield f"{group}: the member {member} does not exist"
        elif resource is not None and resource.alias != alias:
            yield f"{group}: the member {member} is no {alias}"
        elif resource is not None and group not in resource.groups and member not in untold:
            yield f"{group}: the member {member} does not carry it"


def _changes(partition: Partition) -> Iterator[str]:
    """The changes are one chain, and each resource bears the number of the last that moved it."""
    previous = f"{0:016x}"
    last: dict[str, str] = {}
    for change in partition.changes:
        if change.previous != previous:
            yield f"change {change.number}: the one before is {previous}, and it says {change.previous}"
        previous = change.number
        last |= dict.fromkeys(change.moved, change.number)
    for resource in partition.resources.values():
        moved = last.get(resource.id)
        if moved != resource.number:
            yield f"{resource.id}: the number is {resource.number}, the last change that moved it {moved}"


def _deletions(partition: Partition) -> Iterator[str]:
    """What was deleted has a tombstone and is gone; nothing else has one."""
    deletions = [change for change in partition.changes if change.kind == "delete"]
    buried = {change.id: change.number for change in deletions if not change.forgotten}
    deleted = {change.id: change.number for change in deletions}
    for identifier in sorted(deleted.keys() | partition.tombstones.keys()):
        if buried.get(identifier) != partition.tombstones.get(identifier):
            yield f"{identifier}: the tombstone and the deletion do not agree"
        if identifier in partition.resources:
            yield f"{identifier}: deleted, and still there"
    for identifier, intent in partition.intents.items():
        if (
            identifier not in partition.resources
            and identifier not in deleted
            and not (intent.building or intent.trash)
        ):
            yield f"{identifier}: an intent for what is not there and was not deleted"
        if intent.groups and identifier in partition.resources:
            yield f"{identifier}: an intent lets it leave groups, and it is there"
