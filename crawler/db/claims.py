"""Claims: which pages are due, and whose they are while they are fetched."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from crawler.db.ledger import discover
from crawler.db.models import LOOKED_AT_AGAIN, Page
from crawler.db.runs import release_dead_claims
from crawler.items import Discovery

# Against a worker that hangs or is cut off, where nobody says otherwise; a dead one is noticed
# at once, and a living one renews its claims (CrawlRun.renew).
LEASE = timedelta(minutes=15)
SHORTEST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page to fetch, claimed for one crawl; of a recheck, what to ask the site by."""

    id: int
    url: str
    request_url: str
    etag: str | None = None
    last_modified: str | None = None


def page_to_fetch(
    connection: sa.Connection, site: str, found: Discovery, run_id: int, lease: timedelta = LEASE
) -> DuePage:
    """Claim one address whatever its state, giving it a row where it has none."""
    discover(connection, site, [found])
    row = connection.execute(
        sa.update(Page)
        .where(Page.url == found.url)
        .values(claimed_by=run_id, claimed_until=sa.func.now() + lease)
        .returning(Page.id, Page.url)
    ).one()
    return DuePage(row.id, row.url, found.request_url)


def claim(
    connection: sa.Connection, site: str, run_id: int, limit: int, lease: timedelta = LEASE
) -> list[DuePage]:
    """Take pending pages that are due, at most ``limit``; none are where the list is empty.

    Half of them are the oldest, so that nothing starves, and half the newest, so that today's
    news does not wait behind the thousands that an interrupted backfill left.
    """
    pending = _due(site, ["pending"])
    oldest, newest = pending.order_by(Page.id.asc()), pending.order_by(Page.id.desc())
    claimed = _take(connection, run_id, lease, oldest.limit(limit - limit // 2))
    if claimed:
        return claimed + _take(connection, run_id, lease, newest.limit(limit // 2))
    release_dead_claims(connection, run_id)
    return _take(connection, run_id, lease, oldest.limit(limit))


def claim_rechecks(
    connection: sa.Connection, site: str, run_id: int, limit: int, lease: timedelta = LEASE
) -> list[DuePage]:
    """Take pages that are due for another look, at most ``limit``.

    The first are those that are late by most of their own wait; of equal waits, the longest due.
    So a budget that does not reach makes the hourly and the monthly looks late in proportion,
    and a million old articles do not stand before this morning's.
    """
    late = sa.func.now() - Page.next_fetch_at
    wait = sa.func.greatest(Page.next_fetch_at - Page.last_fetched_at, SHORTEST_WAIT)
    lateness = _seconds(late) / _seconds(wait)
    due = _due(site, LOOKED_AT_AGAIN).order_by(lateness.desc()).limit(limit)
    return _take(connection, run_id, lease, due, [Page.etag, Page.last_modified])


def _seconds(interval: sa.ColumnElement[Any]) -> sa.ColumnElement[float]:
    return sa.func.date_part("epoch", interval, type_=sa.Float())


def _due(site: str, states: Iterable[str]) -> sa.Select[int]:
    return (
        sa.select(Page.id)
        .where(Page.site == site, Page.state.in_(states), Page.next_fetch_at <= sa.func.now())
        .where(sa.or_(Page.claimed_by.is_(None), Page.claimed_until < sa.func.now()))
    )


def _take(
    connection: sa.Connection,
    run_id: int,
    lease: timedelta,
    due: sa.Select[int],
    more: Iterable[Any] = (),
) -> list[DuePage]:
    taken = due.with_for_update(skip_locked=True).cte("due")
    rows = connection.execute(
        sa.update(Page)
        .where(Page.id == taken.c.id)
        .values(claimed_by=run_id, claimed_until=sa.func.now() + lease)
        .returning(Page.id, Page.url, Page.request_url, *more)
    )
    return sorted((DuePage(*row) for row in rows), key=lambda page: page.id)
