"""The workbook as a page: its texts, and each of its queries as the table or chart that it is in Azure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

import leather  # type: ignore[import-untyped] # it ships no types

from tests.kql.evaluating import Record, Workspace
from tests.kql.files import Item, filled, items

_WIDTH, _HEIGHT = 620, 250
_LEAST = timedelta(minutes=10)
"""What a chart shows of time at least."""
_STYLE = """
body { font: 14px/1.45 "Segoe UI", "DejaVu Sans", sans-serif; margin: 24px auto; max-width: 1240px; color: #1b1a19 }
h1 { font-weight: 600 } h2 { font-size: 15px; margin: 0 0 8px; font-weight: 600 }
.text { grid-column: 1 / -1 } .text p { margin: 4px 0; color: #444 }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; grid-auto-flow: dense }
section { border: 1px solid #e1dfdd; border-radius: 4px; padding: 12px; overflow-x: auto }
section.wide { grid-column: 1 / -1 } svg { width: 100%; height: 250px }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 600; border-bottom: 1px solid #c8c6c4; white-space: nowrap }
td, th { padding: 3px 10px 3px 0 } td { border-bottom: 1px solid #f3f2f1; white-space: nowrap }
td.number { text-align: right; padding-right: 24px } th.number { text-align: right; padding-right: 24px }
.redBright, .green, .yellow, .gray { padding: 1px 8px; border-radius: 9px; color: #fff; background: #8a8886 }
.redBright { background: #d13438 } .green { background: #107c10 } .yellow { background: #c19c00 }
"""


def page(workspace: Workspace, note: str) -> str:
    """The whole page, with a note on what there is to know of the data."""
    given = _given(workspace)
    parts = "\n".join(part for item in items() for part in _part(item, workspace, given))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Rollcall: workbook</title>'
        f"<style>{_STYLE}</style></head>\n<body><p><em>{escape(note)}</em></p>\n<main>{parts}</main></body></html>\n"
    )


def _given(workspace: Workspace) -> dict[str, str]:
    """The parameters as they are when a workbook is opened: all providers, and a day."""
    (asked,) = [item["content"]["parameters"] for item in items() if item["type"] == 9]
    (query,) = [each["query"] for each in asked if each["name"] == "Provider"]
    names = [str(row["provider"]) for row in workspace.ask(query)]
    return {"Provider": ",".join(f"'{name}'" for name in names), "TimeRange:grain": "10m"}


def _part(item: Item, workspace: Workspace, given: dict[str, str]) -> Iterator[str]:
    content = item["content"]
    match item["type"]:
        case 1:
            yield f'<div class="text">{_markdown(content["json"])}</div>'
        case 3:
            found = workspace.ask(filled(content["query"], given))
            wide = ' class="wide"' if len(found[0] if found else ()) > 5 and content["visualization"] == "table" else ""
            drawn = _table(content, found) if content["visualization"] == "table" else _chart(content, found)
            yield f"<section{wide}><h2>{escape(content['title'])}</h2>{drawn}</section>"


def _markdown(text: str) -> str:
    """What little of Markdown the workbook uses."""
    blocks = []
    for line in text.splitlines():
        bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(line))
        blocks.append(f"<h1>{bold[2:]}</h1>" if bold.startswith("# ") else f"<p>{bold}</p>")
    return "".join(blocks)


def _table(content: Item, found: Sequence[Record]) -> str:
    if not found:
        return "<p>nothing in this time</p>"
    colours = _colours(content)
    names = list(found[0])
    kinds = {name: ' class="number"' if isinstance(found[0][name], int | float) else "" for name in names}
    head = "".join(f"<th{kinds[name]}>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = ""
    for row in found:
        cells = (f"<td{kinds[name]}>{_coloured(_text(row[name]), colours.get(name))}</td>" for name in names)
        body += f"<tr>{''.join(cells)}</tr>\n"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _colours(content: Item) -> dict[str, dict[str, str]]:
    """For each column with colours, which goes with which text."""
    formatters = content.get("gridSettings", {}).get("formatters", ())
    return {
        each["columnMatch"]: {
            grid["thresholdValue"]: grid["representation"]
            for grid in each["formatOptions"]["thresholdsGrid"]
            if "thresholdValue" in grid
        }
        for each in formatters
    }


def _coloured(text: str, colours: dict[str, str] | None) -> str:
    return escape(text) if colours is None else f'<span class="{colours.get(text, "gray")}">{escape(text)}</span>'


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case float():
            return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.1f}".removesuffix(".0")
    return str(value)


def _chart(content: Item, found: Sequence[Record]) -> str:
    """Lines over time, or bars at points in time, one colour for each series."""
    if not found:
        return "<p>nothing in this time</p>"
    when = next(name for name, value in found[0].items() if isinstance(value, datetime))
    chart = leather.Chart()
    for name, points in _series(found, when).items():
        (chart.add_dots if content["visualization"] == "barchart" else chart.add_line)(points, name=name)
    top = max(value for points in _series(found, when).values() for _, value in points)
    times = [row[when] for row in found]
    chart.add_x_scale(min(times), max(*times, min(times) + _LEAST))
    chart.add_y_scale(0, max(1.0, top * 1.1))
    drawn: str = chart.to_svg(width=_WIDTH, height=_HEIGHT)
    scaled = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return drawn[drawn.index("<svg") :].replace("<svg", scaled, 1).replace("Monaco", "sans-serif")


def _series(found: Iterable[Record], when: str) -> dict[str, list[tuple[datetime, float]]]:
    """The lines of a chart: one for each text of a row, or, where it has none, for each of its numbers."""
    lines: dict[str, list[tuple[datetime, float]]] = {}
    for row in found:
        numbers: dict[str, Any] = {name: value for name, value in row.items() if isinstance(value, int | float)}
        texts = [value for value in row.values() if isinstance(value, str)]
        for name, number in numbers.items():
            lines.setdefault(texts[0] if texts else name, []).append((row[when], float(number)))
    return lines
