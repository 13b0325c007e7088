"""Expectations in SQL: what crawls have taught, judged and learned under one lock."""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.held import ask_again
from crawler.db.models import Expectation as Row
from crawler.drift import Expectation, Expectations, Judgement, Look, judge

LEARN_LOCK = 0x616C6B05
_LEARNED = ("pages", "shown", "evidence", "alarm_since")


def load(connection: sa.Connection, site: str, reader: str) -> Expectations:
    """What is expected of a site's pages, as this version of the reader reads them.

    The evidence that a version goes by is not expected of another.
    """
    rows = connection.execute(
        sa.select(Row.kind, Row.trait, *(getattr(Row, name) for name in _LEARNED))
        .where(Row.site == site)
        .where(sa.or_(Row.extractor_version == reader, ~Row.trait.contains(" by ")))
    )
    return {(kind, trait): Expectation(*learned) for kind, trait, *learned in rows}


def judge_block(
    connection: sa.Connection, site: str, reader: str, looks: Sequence[Look], now: datetime
) -> tuple[Expectations, Judgement]:
    """Judge a block of pages by all that was learned up to now, and learn from it.

    Workers of one site take turns, so that their evidence adds up. When an alarm has ended by
    itself, because the pages are again as they were, the pages held until then are asked for anew.
    """
    _take_turn(connection, site)
    expected = load(connection, site, reader)
    judgement = judge(expected, looks, now)
    _save(connection, site, reader, expected)
    if judgement.ended:
        ask_again(connection, site)
    return expected, judgement


def revise(
    connection: sa.Connection,
    site: str,
    reader: str,
    change: Callable[[Expectations], Expectations],
) -> None:
    """Replace what is expected of a site by what the change makes of it."""
    _take_turn(connection, site)
    changed = change(load(connection, site, reader))
    connection.execute(sa.delete(Row).where(Row.site == site))
    _save(connection, site, reader, changed)


def _take_turn(connection: sa.Connection, site: str) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LEARN_LOCK, sa.func.hashtext(site))))


def _save(connection: sa.Connection, site: str, reader: str, expected: Expectations) -> None:
    """Write the traits that were ever seen; nothing is left of another reader's evidence."""
    other = sa.and_(Row.extractor_version != reader, Row.trait.contains(" by "))
    connection.execute(sa.delete(Row).where(Row.site == site, other))
    rows = [
        {"site": site, "kind": kind, "trait": trait, "extractor_version": reader}
        | {name: getattr(learned, name) for name in _LEARNED}
        for (kind, trait), learned in expected.items()
        if learned.shown or learned.evidence
    ]
    if not rows:
        return
    statement = insert(Row)
    changed = {name: statement.excluded[name] for name in _LEARNED}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Row.site, Row.kind, Row.trait],
            set_=changed
            | {"extractor_version": statement.excluded.extractor_version}
            | {"updated_at": sa.func.now()},
        ),
        rows,
    )
