"""In which order things are done that wait for each other: as they are listed, as far as that can be."""

from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush


def turns(waits: Sequence[Collection[int]]) -> list[tuple[int, ...]]:
    """The places of a list in the order of their turns.

    Each comes after those that it waits for, and otherwise as early as it is listed. Those that wait for each other
    in a circle, or for themselves, have one turn together.

    Args:
        waits: for each place, the places it waits for.
    """
    circles = _circles(waits)
    turn_of = {place: turn for turn, circle in enumerate(circles) for place in circle}
    left = [{turn_of[other] for place in circle for other in waits[place]} - {t} for t, circle in enumerate(circles)]
    waiting: list[list[int]] = [[] for _ in circles]
    for turn, others in enumerate(left):
        for other in others:
            waiting[other].append(turn)
    ready = [(circle[0], turn) for turn, circle in enumerate(circles) if not left[turn]]
    heapify(ready)
    ordered = []
    while ready:
        _, done = heappop(ready)
        ordered.append(circles[done])
        for turn in waiting[done]:
            left[turn].discard(done)
            if not left[turn]:
                heappush(ready, (circles[turn][0], turn))
    return ordered


def _circles(waits: Sequence[Collection[int]]) -> list[tuple[int, ...]]:
    """All places, those in one circle together (Tarjan's strongly connected components, without recursion)."""
    found: list[tuple[int, ...]] = []
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    open_places: list[int] = []
    closed: set[int] = set()
    for start in range(len(waits)):
        path = [(start, iter(waits[start]))] if start not in number else []
        while path:
            place, others = path[-1]
            if place not in number:
                number[place] = lowest[place] = len(number)
                open_places.append(place)
            for other in others:
                if other not in number:
                    path.append((other, iter(waits[other])))
                    break
                if other not in closed:
                    lowest[place] = min(lowest[place], number[other])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[place])
                if lowest[place] == number[place]:
                    at = open_places.index(place)
                    found.append(tuple(sorted(open_places[at:])))
                    closed.update(open_places[at:])
                    del open_places[at:]
    return found
