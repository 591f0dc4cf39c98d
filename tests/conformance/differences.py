"""Known differences between Rollcall and another reader of the standard: data that tests and a page share.

A difference says what differs, why, and where that is decided, shows itself by an example, and knows its own kind:
what no difference in a table explains is a fault in one of the two.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference[Asked, Outcome]:
    """One way in which two readers differ.

    Attributes:
        title: what it is about.
        because: why Rollcall answers as it does.
        source: where the standard, or a decision, says so.
        example: something asked of both that shows it.
        explains: whether a question, our outcome and theirs, which are not equal, are a case of it.
    """

    title: str
    because: str
    source: str
    example: Asked
    explains: Callable[[Asked, Outcome, Outcome], bool]


def explanation[Asked, Outcome](
    known: Sequence[Difference[Asked, Outcome]], asked: Asked, ours: Outcome, theirs: Outcome
) -> Difference[Asked, Outcome] | None:
    """The first difference that explains these outcomes."""
    return next((each for each in known if each.explains(asked, ours, theirs)), None)


def table(rows: Sequence[tuple[str, str, str, str, str]]) -> str:
    """Differences as a table of the page: what, the example, our answer, theirs, and why."""
    lines = ["| What differs | Example | Rollcall | scim2-models | Why |\n|---|---|---|---|---|\n"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows]
    return "\n" + "".join(lines) + "\n"


def code(text: str) -> str:
    """A text as code in a cell of a table."""
    mark = "``" if "`" in text else "`"
    return f"{mark}{text}{mark}" if text.strip() else "(blank)"


def shortened(text: str) -> str:
    """A text with the long URN in it cut short, for people."""
    return text.replace("urn:ietf:params:scim:schemas:", "urn:…:")
