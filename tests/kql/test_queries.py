"""Every query is KQL by Kusto's own parser, with names and types that our tables have."""

import re

import pytest

from tests.kql import language, schema
from tests.kql.files import ALERTS, WORKBOOK, items, queries

RESOURCES = {"resources": "(id:string, name:string, type:string)"}
"""What Azure Resource Graph is asked for, to choose the workspace."""


def test_nothing_is_wrong_with_any_query() -> None:
    asked = {**ALERTS, **queries()}
    found = language.problems({**schema.DECLARED, **RESOURCES}, asked)
    assert found == {name: [] for name in asked}
    assert len(found) > 20


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("AppMetrics\n| where Nmae == 'x'", "KS142"),
        ("AppMetric\n| count", "KS204"),
        ("AppMetrics\n| summarize sumif(Sum, 3)", "KS107"),
        ("AppMetrics\n| where Sum >", "KS006"),
        ("AppMetrics\n| summarize sum(Sum by Name", "KS005"),
        ("AppMetrics\n| extend x = sumiff(Sum, true)", "KS211"),
        ("AppMetrics\n| project Name\n| where Sum > 1", "KS142"),
        ("AppMetrics\n| where toint(Sum, 1, 2) > 1", "KS119"),
    ],
)
def test_what_is_wrong_is_found(fault: str, code: str) -> None:
    (found,) = language.problems(schema.DECLARED, {"fault": fault}).values()
    assert code in {each.code for each in found}
    assert {each.line for each in found} <= {1, 2, 3}


def test_each_alert_says_how_often_it_is_asked() -> None:
    assert set(ALERTS) == {"server-errors", "unauthorized", "throttled", "latency", "silent", "conflicts", "timers"}
    assert all(
        re.search(r"^// Evaluate every \d+ minutes, over \d+ \w+", query, re.MULTILINE) for query in ALERTS.values()
    )


def test_the_workbook_asks_the_chosen_workspace_in_the_chosen_time() -> None:
    assert WORKBOOK["version"] == "Notebook/1.0"
    asking = [item["content"] for item in items() if item["type"] == 3]
    assert {each["version"] for each in asking} == {"KqlItem/1.0"}
    assert all(each["crossComponentResources"] == ["{Workspace}"] for each in asking)
    assert all(each["timeContextFromParameter"] == "TimeRange" for each in asking)
    names = [item["name"] for item in items()]
    assert len(names) == len(set(names))


def test_every_parameter_of_a_query_is_one_of_the_workbooks() -> None:
    (parameters,) = [item["content"]["parameters"] for item in items() if item["type"] == 9]
    known = {each["name"] for each in parameters}
    used = {name for item in items() for name in re.findall(r"\{(\w+)(?::\w+)?\}", item["content"].get("query", ""))}
    assert used - {"id"} <= known == {"TimeRange", "Workspace", "Provider"}
