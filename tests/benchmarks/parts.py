"""What every part of the benchmarks is given, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scim.schema import JsonObject
from tests.benchmarks.charts import Chart


@dataclass(frozen=True, slots=True)
class Table:
    """Figures as people read them.

    Attributes:
        columns: headings, the first over the names of the rows.
        note: what one must know to read it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """The table in Markdown, numbers to the right."""
        rule = ["---", *("---:" for _ in self.columns[1:])]
        lines = ["| " + " | ".join(row) + " |" for row in (self.columns, rule, *self.rows)]
        note = f"\n\n{self.note}" if self.note else ""
        return f"**{self.title}**\n\n" + "\n".join(lines) + note


class Say(Protocol):
    """Tells whoever waits how far it is."""

    def __call__(self, sentence: str, /) -> None: ...


class Part(Protocol):
    """A module that measures one thing; its name is the part's."""

    TITLE: str

    async def measure(self, say: Say, *, quick: bool) -> JsonObject:
        """Measure, and give the figures; ``quick`` is for a first look, in seconds."""
        ...

    def tables(self, figures: JsonObject) -> list[Table]:
        """The figures as tables."""
        ...

    def charts(self, figures: JsonObject) -> dict[str, Chart]:
        """The figures as charts, by the names of their files."""
        ...


def ms(seconds: float) -> float:
    """Seconds as milliseconds, with as many digits as mean something."""
    return round(seconds * 1000, 3)


def us(seconds: float) -> float:
    """Seconds as microseconds."""
    return round(seconds * 1e6, 1)
