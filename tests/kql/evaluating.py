"""KQL over rows in memory: duckdb-kql turns it into SQL, DuckDB runs that."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import duckdb_kql

from tests.kql.schema import TABLES

_TYPES = {"datetime": "TIMESTAMP", "string": "VARCHAR", "real": "DOUBLE", "int": "INTEGER", "dynamic": "JSON"}

type Record = dict[str, Any]


class Workspace:
    """A Log Analytics workspace with nothing but our tables; ``now()`` is this machine's."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection = duckdb_kql.connect()
        for table, columns in TABLES.items():
            declared = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in columns.items())
            self._connection.execute(f"CREATE TABLE {table} ({declared})")

    def add(self, table: str, records: Iterable[Mapping[str, Any]]) -> None:
        """Put rows into a table; columns that a row does not name are empty, and an age stands for a time."""
        columns = TABLES[table]
        rows = [[_value(record.get(name)) for name in columns] for record in records]
        if rows:
            places = ", ".join("?" for _ in columns)
            self._connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 (our own names)

    def ask(self, query: str) -> list[Record]:
        """The rows that a query gives."""
        result = duckdb_kql.query(self._connection, query)
        return [dict(zip(result.columns, row, strict=True)) for row in result.fetchall()]


def _value(given: object) -> object:
    if isinstance(given, dict | list):
        return json.dumps(given)
    if isinstance(given, timedelta):
        return datetime.now(UTC).replace(tzinfo=None) - given
    if isinstance(given, datetime) and given.tzinfo is not None:
        raise ValueError("times of rows are UTC without saying so")
    return given
