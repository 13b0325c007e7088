"""Captures in SQL: the responses that were kept, and where their records stand."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crawler.db.models import Capture
from crawler.db.rows import insert, insertion
from crawler.items import Capture as Captured


def known_payloads(
    connection: sa.Connection, wanted: Sequence[tuple[int | None, str]]
) -> dict[tuple[int | None, str], sa.Row[Any]]:
    """For pages and payload digests, the last capture that holds that payload whole."""
    rows: sa.CursorResult[Any] = connection.execute(
        sa.select(
            Capture.page_id, Capture.payload_digest, Capture.id, Capture.url, Capture.fetched_at
        )
        .where(sa.tuple_(Capture.page_id, Capture.payload_digest).in_(wanted))
        .where(Capture.warc_file.is_not(None), Capture.revisit_of_id.is_(None))
        .order_by(Capture.id)
    )
    return {(row.page_id, row.payload_digest): row for row in rows}


def are_stored(connection: sa.Connection, run_id: int, captures: Sequence[Captured]) -> bool:
    """Whether any of these, which one transaction of the run wrote or none, has its row."""
    wanted = [(capture.page_id, capture.fetched_at) for capture in captures]
    there = sa.exists().where(
        Capture.run_id == run_id, sa.tuple_(Capture.page_id, Capture.fetched_at).in_(wanted)
    )
    return bool(wanted) and bool(connection.scalar(sa.select(there)))


def insert_captures(
    connection: sa.Connection, run_id: int, captures: Sequence[Captured]
) -> list[int]:
    """One row a capture, unless it has one already; their numbers, in order."""
    new = [capture for capture in captures if capture.id is None]
    numbers = iter(_insert(connection, run_id, new))
    return [next(numbers) if capture.id is None else capture.id for capture in captures]


def _insert(connection: sa.Connection, run_id: int, captures: Sequence[Captured]) -> list[int]:
    if not captures:
        return []
    rows = [
        {"run_id": run_id} | {name: getattr(capture, name) for name in _COPIED}
        for capture in captures
    ]
    return insert(connection, _INSERT, rows)


_COPIED = (
    *("page_id", "url", "fetched_at", "http_status", "payload_digest"),
    *("warc_file", "warc_offset", "warc_length", "revisit_of_id"),
)
_INSERT = insertion("captures", ("run_id", *_COPIED))
