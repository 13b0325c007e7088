"""Crawls: one at a time per site, each with its row and with locks that die with it."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from crawler.db.models import Page, Run
from crawler.db.patience import DatabaseLost
from crawler.errors import AnotherCrawlRunning

# Advisory locks of two numbers: the kind, and the site's hash or the run's number.
CRAWL_LOCK = 0x616C6B02
RUN_LOCK = 0x616C6B03

# The server frees a session's locks at any death of the crawl: a row that says «running»
# without its lock belongs to a crawl that was killed.
_IS_DEAD = sa.and_(
    Run.outcome == "running",
    sa.text(
        "NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted "
        f"AND classid = {RUN_LOCK} AND objid = runs.id::int AND objsubid = 2 AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database()))"
    ),
)


class CrawlRun:
    """An open crawl: its number, and the connection that holds its locks."""

    def __init__(self, connection: sa.Connection, run_id: int, is_first: bool, site: str | None):
        self.id = run_id
        self.is_first = is_first  # of the archive
        self._connection = connection
        self._site = site  # that no other crawl may crawl meanwhile; None for a worker
        self._ended = False
        self._in_use = Lock()  # the connection: by the thread that renews, or at the end

    @classmethod
    def open(
        cls, engine: sa.Engine, *, spider: str, mode: str, timezone: str | None = None
    ) -> Self:
        """Begin a crawl; AnotherCrawlRunning where one is under way (workers run side by side)."""
        connection = engine.connect()
        site = None if mode == "worker" else spider
        if site and not _lock_site(connection, site):
            connection.close()
            raise AnotherCrawlRunning(
                f"Another crawl of {spider} is running on this archive; nothing was done. "
                "It goes on by itself; start again when it has ended."
            )
        release_dead_claims(connection)
        is_first = not connection.scalar(sa.select(sa.exists().where(Run.id > 0)))
        run_id = connection.scalars(
            sa.insert(Run).values(spider=spider, mode=mode, timezone=timezone).returning(Run.id)
        ).one()
        _lock_run(connection, run_id)
        connection.commit()
        return cls(connection, run_id, is_first, site)

    def renew(self, engine: sa.Engine, lease: timedelta) -> None:
        """Claim for as long again what is claimed, and take back locks that were lost.

        They are lost with their connection, as when the server restarts. DatabaseLost where
        another crawl has taken over since.
        """
        with self._in_use:
            if self._ended:
                return
            if not self._has_locks():
                self._take_back_locks(engine)
        with engine.begin() as connection:
            if not is_running(connection, self.id):
                raise DatabaseLost("another crawl has taken over")
            # What is locked is being settled: to wait for it, holding others, could be a deadlock.
            claimed = sa.select(Page.id).where(Page.claimed_by == self.id)
            connection.execute(
                sa.update(Page)
                .where(Page.id.in_(claimed.with_for_update(skip_locked=True)))
                .values(claimed_until=sa.func.now() + lease)
            )

    def _has_locks(self) -> bool:
        """Whether the session that holds the locks is there, and they are held."""
        if self._connection.closed:
            return False
        try:
            dead = self._connection.scalar(sa.select(_IS_DEAD).where(Run.id == self.id))
            self._connection.rollback()
        except DBAPIError:
            return False
        return not dead

    def _take_back_locks(self, engine: sa.Engine) -> None:
        self._close()
        self._connection = engine.connect()
        # The site first: whoever has that meanwhile has marked this crawl as dead.
        if not self._site or _lock_site(self._connection, self._site):
            _lock_run(self._connection, self.id)
        self._connection.commit()

    def finish(
        self,
        engine: sa.Engine,
        *,
        outcome: str,
        reason: str,
        stats: dict[str, Any] | None = None,
        covered: bool = False,
        unread_listings: dict[str, str] | None = None,
    ) -> None:
        """Write how the crawl ended, give back what it had claimed, and let go of its locks."""
        with engine.begin() as connection:
            connection.execute(
                sa.update(Run)
                .where(Run.id == self.id, Run.outcome == "running")
                .values(
                    outcome=outcome,
                    reason=reason,
                    stats=stats,
                    covered=covered,
                    unread_listings=unread_listings or {},
                    finished_at=sa.func.now(),
                )
            )
            _release_claims(connection, [self.id])
        self.let_go()

    def let_go(self) -> None:
        """Close the connection that holds the locks, not only give it back to the pool."""
        with self._in_use:
            self._ended = True
            self._close()

    def _close(self) -> None:
        if not self._connection.closed:
            self._connection.invalidate()
            self._connection.close()


def _lock_site(connection: sa.Connection, site: str) -> bool:
    """Whether the site is this session's now."""
    lock = sa.func.pg_try_advisory_lock(CRAWL_LOCK, sa.func.hashtext(site))
    return bool(connection.scalar(sa.select(lock)))


def _lock_run(connection: sa.Connection, run_id: int) -> None:
    lock = sa.func.pg_try_advisory_lock(RUN_LOCK, sa.cast(run_id, sa.Integer))
    connection.execute(sa.select(lock))


def release_dead_claims(connection: sa.Connection, own_run: int | None = None) -> None:
    """Mark killed crawls as interrupted and give back the pages that they had claimed.

    The asking crawl is alive, also where it lost its lock with its connection.
    """
    dead = connection.scalars(
        sa.update(Run)
        .where(_IS_DEAD, Run.id.is_distinct_from(own_run))
        .values(outcome="interrupted", reason="killed", finished_at=sa.func.now())
        .returning(Run.id)
    ).all()
    if dead:
        _release_claims(connection, list(dead))


def _release_claims(connection: sa.Connection, run_ids: list[int]) -> None:
    connection.execute(
        sa.update(Page)
        .where(Page.claimed_by.in_(run_ids))
        .values(claimed_by=None, claimed_until=None)
    )


def is_running(connection: sa.Connection, run_id: int) -> bool:
    """Whether the crawl still owns its row.

    After the database went away another crawl may have taken over; the first one must then
    stop instead of writing beside it.
    """
    outcome = connection.scalar(sa.select(Run.outcome).where(Run.id == run_id))
    return outcome == "running"


def last_coverage(connection: sa.Connection, spider: str) -> tuple[datetime | None, dict[str, str]]:
    """When the whole site was last covered, and the listings that had then not been read."""
    row = connection.execute(
        sa.select(Run.finished_at, Run.unread_listings)
        .where(Run.spider == spider, Run.covered)
        .order_by(Run.id.desc())
        .limit(1)
    ).first()
    return (row.finished_at, row.unread_listings) if row else (None, {})
