"""What Application Insights was told, as rows of the tables in which it would arrive."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.kql.evaluating import Record
from tests.sink import Envelope

type Told = tuple[str, Record]
"""The name of a table, and a row of it."""


def rows(envelopes: Iterable[Envelope], later: timedelta = timedelta()) -> Iterator[Told]:
    """The rows that envelopes become, as if they had been sent some time later.

    Spans go to tables that no query of ours reads.
    """
    for envelope in envelopes:
        row = _common(envelope, later)
        told = envelope["data"]["baseData"]
        match envelope["data"]["baseType"]:
            case "MetricData":
                (point,) = told["metrics"]
                yield "AppMetrics", row | _metric(point)
            case "MessageData":
                yield "AppTraces", row | {"Message": _later(told["message"], later), "SeverityLevel": 1}


def _common(envelope: Envelope, later: timedelta) -> Record:
    sent = datetime.fromisoformat(envelope["time"]).replace(tzinfo=None)
    tags = envelope["tags"]
    return {
        "TimeGenerated": sent + later,
        "Properties": envelope["data"]["baseData"].get("properties") or {},
        "OperationId": tags.get("ai.operation.id"),
        "AppRoleName": tags.get("ai.cloud.role"),
        "AppRoleInstance": tags.get("ai.cloud.roleInstance"),
    }


def _metric(point: dict[str, Any]) -> Record:
    value = float(point["value"])
    return {
        "Name": point["name"],
        "Sum": value,
        "Min": point.get("min", value),
        "Max": point.get("max", value),
        "ItemCount": point.get("count", 1),
    }


def _later(line: str, later: timedelta) -> str:
    """A line of the log, whose own time moves along."""
    fields = json.loads(line)
    time = datetime.fromisoformat(fields["time"]) + later
    return json.dumps({**fields, "time": time.isoformat(timespec="milliseconds")}, separators=(",", ":"))
