"""Charts for the page, drawn as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

import leather  # type: ignore[import-untyped] # it ships no types

_WIDTH, _BAR = 760, 26


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, each with a name and a value, the first on top."""

    title: str
    unit: str
    bars: Sequence[tuple[str, float]]

    def svg(self) -> str:
        """The chart; the same for the same values."""
        chart = leather.Chart(self.title)
        chart.add_bars([(value, name) for name, value in reversed(self.bars)])
        chart.add_x_axis(name=self.unit)
        top = _ceiling(max((value for _, value in self.bars), default=1))
        chart.add_x_scale(0, top)
        drawn: str = chart.to_svg(width=_WIDTH, height=120 + _BAR * len(self.bars))
        return drawn.replace("Monaco", "sans-serif") + "\n"


def _ceiling(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, … above a value."""
    if value <= 0:
        return 1
    power = 10.0 ** int(log10(value)) if value >= 1 else 10.0 ** (int(log10(value)) - 1)
    return next(step * power for step in (1, 2, 5, 10, 20) if step * power >= value)
