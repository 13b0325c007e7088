"""Rows for SQL in one parameter, as JSON: the driver would take a microsecond or two a value."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, default=datetime.isoformat)


def insertion(table: str, columns: Sequence[str]) -> sa.TextClause:
    """A statement that inserts ``:rows``, see `insert`, into a table that numbers its rows."""
    names = ", ".join(columns)
    return sa.text(
        f"INSERT INTO {table} ({names})"
        f" SELECT {names} FROM json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json))"
        " WITH ORDINALITY ORDER BY ordinality RETURNING id"
    )


def insert(
    connection: sa.Connection, statement: sa.TextClause, rows: Sequence[dict[str, Any]]
) -> list[int]:
    """The numbers of the new rows, in order."""
    return sorted(connection.scalars(statement, {"rows": as_json(rows)}))
