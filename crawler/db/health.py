"""What the health check asks the archive; each question is cheap with a million pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from crawler.db.models import LOOKED_AT_AGAIN, Article, Capture, Page, Run
from crawler.db.schema import known_revisions, present_revision

DISCOVERING = ("incremental", "backfill")  # modes that look for what is new
CRAWLING = (*DISCOVERING, "worker")
RECENT_RUNS = 2_000
RECENT_CAPTURES = 1_000
DAY = timedelta(days=1)
HELD = "drift"
# Counters of a crawl that add up to the pages that it settled.
SETTLED = (
    *("article/new", "article/changed", "article/unchanged", "article/duplicate"),
    *("page/rejected", "page/gone", "page/excluded", "page/failed"),
)


class SchemaRevisions(NamedTuple):
    """Revision of the database, of this program, and whether this program knows the first."""

    present: str
    wanted: str
    is_known: bool


def schema_revisions(connection: sa.Connection) -> SchemaRevisions | None:
    """None where the database holds no archive."""
    present, known = present_revision(connection), known_revisions()
    return SchemaRevisions(present, known[-1], present in known) if present else None


@dataclass(frozen=True, slots=True)
class SiteCrawls:
    """What the last crawls of one site came to; ``ended``, ``settled`` and so on of one day."""

    site: str
    began: datetime | None  # the last successful crawl that looked for new articles
    finished: datetime | None
    running_since: datetime | None
    ended: int
    ended_badly: int
    settled: int
    failed: int


def crawls_by_site(connection: sa.Connection) -> list[SiteCrawls]:
    """One entry for each site that was crawled lately."""
    run = sa.select(Run).order_by(Run.id.desc()).limit(RECENT_RUNS).subquery().c
    good = sa.and_(run.outcome == "finished", run.mode.in_(DISCOVERING))
    today = sa.and_(run.finished_at > sa.func.now() - DAY, run.mode.in_(CRAWLING))

    def counted(names: Sequence[str]) -> sa.ColumnElement[int]:
        counters = (sa.func.coalesce(run.stats[name].as_integer(), 0) for name in names)
        total: Any = sum(counters, start=sa.literal(0))
        return sa.func.coalesce(sa.func.sum(total).filter(today), 0)

    rows = connection.execute(
        sa.select(
            run.spider,
            sa.func.max(run.started_at).filter(good),
            sa.func.max(run.finished_at).filter(good),
            sa.func.min(run.started_at).filter(run.outcome == "running"),
            sa.func.count().filter(today),
            sa.func.count().filter(today, run.outcome != "finished"),
            counted(SETTLED),
            counted(["page/failed"]),
        )
        .where(run.mode.in_((*CRAWLING, "url")))
        .group_by(run.spider)
        .order_by(run.spider)
    )
    return [SiteCrawls(*row) for row in rows]


def overdue_pages(connection: sa.Connection, patience: timedelta) -> int:
    """How many pending pages have been due for longer than that, and nobody is fetching them.

    While a crawl runs, what it discovered itself may wait its turn: a backfill takes weeks.
    """
    begun = sa.func.coalesce(sa.func.min(Run.started_at), sa.func.now())
    newest = sa.select(sa.func.max(Run.id)).scalar_subquery()
    since = sa.select(begun - patience).where(
        Run.outcome == "running", Run.id > newest - RECENT_RUNS
    )
    return connection.scalars(
        sa.select(sa.func.count())
        .select_from(Page)
        .where(Page.state == "pending", Page.next_fetch_at < since.scalar_subquery())
        .where(sa.or_(Page.claimed_until.is_(None), Page.claimed_until < sa.func.now()))
    ).one()


def oldest_recheck(connection: sa.Connection, site: str) -> datetime | None:
    """Since when the page that has waited longest for another look is due, or will be."""
    return connection.scalar(
        sa.select(sa.func.min(Page.next_fetch_at)).where(
            Page.site == site, Page.state.in_(LOOKED_AT_AGAIN)
        )
    )


def held_pages(connection: sa.Connection) -> int:
    """How many pages wait for a reader that understands the site's new layout."""
    return connection.scalars(
        sa.select(sa.func.count())
        .select_from(Page)
        .where(Page.state == "rejected", Page.reason == HELD)
    ).one()


def arrival_times(
    connection: sa.Connection, site: str, since: datetime, until: datetime
) -> list[datetime]:
    """When the articles of a time came, in rising order.

    The printed minute; where a day alone is printed, the first fetch, if it was not long after.
    """
    to_the_minute = Article.published_precision == "minute"
    at = sa.case((to_the_minute, Article.published_at), else_=Article.first_seen_at)
    return list(
        connection.scalars(
            sa.select(at)
            .join(Page, Page.url == Article.url)
            .where(Page.site == site, Article.published_at.between(since - 2 * DAY, until))
            .where(sa.or_(to_the_minute, Article.first_seen_at < Article.published_at + 2 * DAY))
            .where(at.between(since, until))
            .order_by(at)
        )
    )


def database_size(connection: sa.Connection) -> int:
    """Bytes, indexes included."""
    size = sa.func.pg_database_size(sa.func.current_database(), type_=sa.BigInteger())
    return connection.scalars(sa.select(size)).one()


def clock_difference(connection: sa.Connection) -> float:
    """Seconds that this machine's clock is ahead of the database's, to half a round trip."""
    asked = datetime.now(UTC)
    theirs: datetime = connection.scalars(sa.select(sa.func.clock_timestamp())).one()
    answered = datetime.now(UTC)
    return (asked + (answered - asked) / 2 - theirs).total_seconds()


def last_answers(connection: sa.Connection, limit: int) -> list[tuple[datetime, str, int, int]]:
    """When answers of the last day came, and where their records stand; the latest first."""
    newest = sa.select(sa.func.max(Capture.id)).scalar_subquery()
    rows = connection.execute(
        sa.select(Capture.fetched_at, Capture.warc_file, Capture.warc_offset, Capture.warc_length)
        .where(Capture.id > newest - RECENT_CAPTURES, Capture.warc_file.is_not(None))
        .where(Capture.fetched_at > sa.func.now() - DAY)
        .order_by(Capture.id.desc())
        .limit(limit)
    )
    return [(at, str(file), offset or 0, length or 0) for at, file, offset, length in rows]
