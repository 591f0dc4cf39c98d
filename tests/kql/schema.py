"""The tables of Log Analytics that our telemetry arrives in, as far as the queries use them.

Columns: https://learn.microsoft.com/azure/azure-monitor/reference/tables/appmetrics and …/apptraces. What arrives is
what ``azure-monitor-opentelemetry-exporter`` makes of it: a counter's increase since the last export is ``Sum``.
"""

from collections.abc import Mapping

TABLES: Mapping[str, Mapping[str, str]] = {
    "AppMetrics": {
        "TimeGenerated": "datetime",
        "Name": "string",
        "Sum": "real",
        "Min": "real",
        "Max": "real",
        "ItemCount": "int",
        "Properties": "dynamic",
        "AppRoleName": "string",
        "AppRoleInstance": "string",
    },
    "AppTraces": {
        "TimeGenerated": "datetime",
        "Message": "string",
        "SeverityLevel": "int",
        "ItemCount": "int",
        "Properties": "dynamic",
        "OperationId": "string",
        "ParentId": "string",
        "AppRoleName": "string",
        "AppRoleInstance": "string",
    },
}

DECLARED = {
    name: f"({', '.join(f'{each}:{kind}' for each, kind in columns.items())})" for name, columns in TABLES.items()
}
"""The same as Kusto's parser reads it."""
