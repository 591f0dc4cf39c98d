"""In process, on stores in memory: what our own code costs for each operation, beside a peer's."""

import gc
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from scim.handlers import Request
from scim.schema import JsonObject
from tests.benchmarks import peers, requests
from tests.benchmarks.charts import Chart
from tests.benchmarks.parts import Say, Table, us
from tests.benchmarks.peers import InProcess
from tests.benchmarks.requests import Ask
from tests.client import ORIGIN, Client, new_client

TITLE = "In process, on stores in memory"
SIZES = (1_000, 10_000)
GROUPS = (10, 1_000, 10_000, 100_000)
PEER_GROUPS = 10_000
"""Members of the largest group that the peer is asked about: it reads all of them to add one."""
ROUNDS = 5
LOT = 1_000


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """Rounds in turn, ours and the peer's; the median of each."""
    sizes, groups, rounds = ((200,), (10, 1_000), 2) if quick else (SIZES, GROUPS, ROUNDS)
    with peers.in_process(say) as peer:
        operations = [await _operations(say, peer, size, rounds, 20 if quick else 100) for size in sizes]
        return {"operations": operations, "member add": await _member_adds(say, peer, groups, rounds, quick=quick)}


@dataclass(slots=True)
class _Ours:
    """The service in this process, asked as a server would: bytes in, bytes out."""

    client: Client
    ids: list[str] = field(default_factory=list)

    async def time(self, asks: Sequence[Ask]) -> float:
        """Seconds for one of these requests."""
        made = [self._request(ask) for ask in asks]
        started = time.perf_counter()
        answers = [await self.client.app.handle(request) for request in made]
        seconds = time.perf_counter() - started
        for ask, answer in zip(asks, answers, strict=True):
            assert answer.status == ask.expected, answer.body
        return seconds / len(asks)

    async def fill(self, size: int) -> None:
        """Create users until there are so many."""
        for number in range(len(self.ids), size):
            self.ids.append((await self.client.user(requests.name(number), **_attributes(number)))["id"])

    def _request(self, ask: Ask) -> Request:
        headers = {"authorization": f"Bearer {self.client.token}"}
        if ask.body is not None:
            headers["content-type"] = "application/scim+json"
        return Request(ask.method, f"{ORIGIN}/scim/{self.client.provider.name}/v2{ask.path}", headers, ask.body or b"")


async def _ours() -> _Ours:
    ours = _Ours(await new_client())
    logging.getLogger("scim").setLevel(logging.ERROR)  # the peer logs no line for a request that went well
    return ours


async def _operations(say: Say, peer: InProcess, size: int, rounds: int, lot: int) -> JsonObject:
    say(f"operations on {size:,} users")
    ours = await _ours()
    await ours.fill(size)
    peer.do("reset")
    theirs: list[str] = []
    while len(theirs) < size:
        theirs += peer.time([requests.create(number) for number in range(len(theirs), min(len(theirs) + 200, size))])[1]
    made = size

    def creates(_ids: list[str], start: int) -> list[Ask]:
        return [requests.create(start + number) for number in range(lot)]

    kinds: dict[str, Callable[[list[str], int], list[Ask]]] = {
        "create": creates,
        "retrieve": lambda ids, start: [requests.get(ids[(start + n) % size]) for n in range(lot)],
        "PATCH, one attribute": lambda ids, start: [
            requests.change(ids[(start + n) % size], start + n) for n in range(lot)
        ],
        "PATCH, five operations": lambda ids, start: [
            requests.change(ids[(start + n) % size], start + n, 5) for n in range(lot)
        ],
        "userName eq": lambda _ids, start: [requests.equal((start + n) % size) for n in range(lot)],
        "list 100": lambda _ids, start: [requests.listed((start + 7 * n) % (size - 100) + 1) for n in range(lot // 10)],
    }
    times: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in kinds}
    for _ in range(rounds):
        for kind, asks in kinds.items():
            gc.collect()
            times[kind][0].append(await ours.time(asks(ours.ids, made)))
            times[kind][1].append(peer.time(asks(theirs, made))[0])
        made += lot
    await ours.client.app.close()
    return {"users": size, "operations": {kind: _compared(*both) for kind, both in times.items()}}


async def _member_adds(say: Say, peer: InProcess, sizes: Sequence[int], rounds: int, *, quick: bool) -> JsonObject:
    say(f"adding a member to groups of up to {max(sizes):,}")
    ours = await _ours()
    await ours.fill(max(sizes) + 1)
    peer.do("reset")
    groups: dict[int, tuple[str, str | None]] = {}
    for size in sizes:
        group = (await ours.client.group(f"Group of {size}"))["id"]
        for start in range(0, size, LOT):
            await ours.time([requests.add(group, *ours.ids[start : min(start + LOT, size)])])
        groups[size] = group, peer.do("group", size=size)["id"] if size <= PEER_GROUPS else None
    times: dict[int, tuple[list[float], list[float]]] = {size: ([], []) for size in sizes}
    newcomer = ours.ids[max(sizes)]
    for _ in range(rounds * (2 if quick else 8)):
        for size, (group, theirs) in groups.items():
            times[size][0].append(await ours.time([requests.add(group, newcomer)]))
            await ours.time([requests.remove(group, newcomer)])
            if theirs is not None and len(times[size][1]) < rounds:
                times[size][1].append(peer.time([requests.add(theirs, newcomer)])[0])
                peer.time([requests.remove(theirs, newcomer)])
    await ours.client.app.close()
    return {str(size): _compared(*both) for size, both in times.items()}


def _compared(ours: Sequence[float], theirs: Sequence[float]) -> JsonObject:
    """Medians in microseconds, and how many times the peer's time is ours, round by round."""
    figures: JsonObject = {"ours_us": us(median(ours)), "spread_us": [us(min(ours)), us(max(ours))]}
    if theirs:
        ratios = [b / a for a, b in zip(ours, theirs, strict=False)]
        figures |= {"peer_us": us(median(theirs)), "times": round(median(ratios), 2)}
    return figures


def _attributes(number: int) -> JsonObject:
    return {name: value for name, value in requests.user(number).items() if name != "userName"}


def tables(figures: JsonObject) -> list[Table]:
    """One for the operations, one for growing groups."""
    columns = ["operation", "users", "Rollcall, µs", f"{peers.NAME}, µs", "times"]
    rows = [
        [kind, f"{of['users']:,}", *_cells(each)]
        for of in figures["operations"]
        for kind, each in of["operations"].items()
    ]
    grown = [[f"{int(size):,}", *_cells(each)] for size, each in figures["member add"].items()]
    return [
        Table("One operation, HTTP left out", columns, rows, "Medians of rounds in turn; *times* is theirs over ours."),
        Table("Adding one member to a group of", ["members", *columns[2:]], grown),
    ]


def _cells(each: JsonObject) -> list[str]:
    peer = [f"{each['peer_us']:,.0f}", f"{each['times']:.1f}"] if "times" in each else ["not asked", ""]
    return [f"{each['ours_us']:,.0f}", *peer]


def charts(figures: JsonObject) -> dict[str, Chart]:
    """How many times faster than the peer, at the largest size."""
    of = figures["operations"][-1]
    bars = [(kind, each["times"]) for kind, each in of["operations"].items()]
    return {"in_process": Chart(f"Times as fast as {peers.NAME}, {of['users']:,} users", "times", bars)}
