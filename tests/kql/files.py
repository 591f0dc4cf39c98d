"""The queries as they lie in infra/: those of the alerts, and those of the workbook with their parameters filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from scim.local.options import REPOSITORY

INFRA = REPOSITORY / "infra"
ALERTS: Mapping[str, str] = {path.stem: path.read_text() for path in sorted((INFRA / "queries").glob("*.kql"))}
WORKBOOK: Mapping[str, Any] = json.loads((INFRA / "workbook.json").read_text())
GIVEN: Mapping[str, str] = {"Provider": "'contoso', 'fabrikam'", "TimeRange:grain": "10m", "TimeRange:query": "1d"}
"""Values of parameters, as a workbook puts them into a query."""

type Item = Mapping[str, Any]


def items(within: Item = WORKBOOK) -> Iterator[Item]:
    """Everything in the workbook, that in groups too."""
    for item in within.get("items", ()):
        yield item
        yield from items(item["content"]) if item["type"] == _GROUP else ()


def queries() -> dict[str, str]:
    """The workbook's queries by the names of their items, and those of its parameters, filled in."""
    found = {item["name"]: item["content"]["query"] for item in items() if item["type"] == _QUERY}
    for item in items():
        if item["type"] == _PARAMETERS:
            asked = item["content"]["parameters"]
            found |= {f"parameter {each['name']}": each["query"] for each in asked if each.get("query")}
    return {name: filled(query) for name, query in found.items()}


def filled(query: str, given: Mapping[str, str] = GIVEN) -> str:
    """A query with its parameters' values; one that has none stays as it is, and is no KQL."""
    return re.sub(r"\{([A-Za-z:]+)\}", lambda match: given.get(match[1], match[0]), query)


_QUERY, _PARAMETERS, _GROUP = 3, 9, 12
