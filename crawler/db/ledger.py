"""The ledger in SQL: which addresses are known, which are due, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.models import Article, Page
from crawler.db.runs import release_dead_claims
from crawler.items import Discovery, PageOutcome
from crawler.text.urls import address_shape

OUTSIDE_RANGE = "outside since/until"
TURN_LOCK = 0x616C6B04
LEASE = timedelta(hours=1)  # against a worker that is cut off; a dead one is noticed at once
LONGEST_WAIT = timedelta(days=30)  # for the next try, whatever Retry-After says


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page to fetch, claimed for one crawl."""

    id: int
    url: str
    request_url: str


def take_turn(connection: sa.Connection) -> None:
    """Wait for the end of every other transaction that adds addresses or articles.

    Two that add the same addresses in different orders would wait for each other, and a writer
    of articles must not miss another's text that is not committed yet.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TURN_LOCK)))


def discover(connection: sa.Connection, site: str, discoveries: Sequence[Discovery]) -> int:
    """Give every new address its row and say how many there were; known ones keep theirs."""
    firsts: dict[str, Discovery] = {}
    for found in discoveries:
        firsts.setdefault(found.url, found)
    pending, excluded = [], []
    for found in firsts.values():
        shape, number = address_shape(found.url)
        row = {
            "site": site,
            "url": found.url,
            "request_url": found.request_url,
            "discovered_on": found.found_on,
            "published_hint": found.published_at,
            "address_shape": shape,
            "address_number": number,
        }
        if found.outside_range:
            excluded.append(
                row | {"state": "excluded", "reason": OUTSIDE_RANGE, "next_fetch_at": None}
            )
        else:
            pending.append(row)
    take_turn(connection)
    statement = insert(Page).on_conflict_do_nothing(index_elements=[Page.url]).returning(Page.id)
    return sum(
        len(connection.execute(statement, rows).all()) for rows in (pending, excluded) if rows
    )


def readmit(
    connection: sa.Connection,
    urls: Sequence[str],
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Make pages due again that an earlier backfill left out and this one's range takes in."""
    date = Page.published_hint
    connection.execute(
        sa.update(Page)
        .where(Page.url.in_(urls), Page.state == "excluded", Page.reason.startswith(OUTSIDE_RANGE))
        .where(sa.true() if since is None else sa.or_(date.is_(None), date >= since))
        .where(sa.true() if until is None else sa.or_(date.is_(None), date <= until))
        .values(state="pending", reason=None, next_fetch_at=sa.func.now())
    )


def discovered_before(connection: sa.Connection, urls: Sequence[str], moment: datetime) -> set[str]:
    """Those of the addresses that were known before the moment."""
    return set(
        connection.scalars(
            sa.select(Page.url).where(Page.url.in_(urls), Page.discovered_at <= moment)
        )
    )


def dates(connection: sa.Connection, urls: Sequence[str]) -> list[datetime | None]:
    """Publication dates of the addresses that are in the ledger, as far as they are known."""
    return list(
        connection.scalars(
            sa.select(sa.func.coalesce(Article.published_at, Page.published_hint))
            .select_from(Page)
            .outerjoin(Article, Article.id == Page.article_id)
            .where(Page.url.in_(urls))
        )
    )


def page_to_fetch(connection: sa.Connection, site: str, found: Discovery, run_id: int) -> DuePage:
    """Claim one address whatever its state, giving it a row where it has none."""
    discover(connection, site, [found])
    row = connection.execute(
        sa.update(Page)
        .where(Page.url == found.url)
        .values(claimed_by=run_id, claimed_until=sa.func.now() + LEASE)
        .returning(Page.id, Page.url)
    ).one()
    return DuePage(row.id, row.url, found.request_url)


def claim(connection: sa.Connection, site: str, run_id: int, limit: int) -> list[DuePage]:
    """Take due pages for one crawl, at most ``limit``; none are due where the list is empty.

    Half of them are the oldest, so that nothing starves, and half the newest, so that today's
    news does not wait behind the thousands that an interrupted backfill left.
    """
    claimed = _claim(connection, site, run_id, limit - limit // 2, Page.id.asc())
    if claimed:
        return claimed + _claim(connection, site, run_id, limit // 2, Page.id.desc())
    release_dead_claims(connection, run_id)
    return _claim(connection, site, run_id, limit, Page.id.asc())


def _claim(
    connection: sa.Connection,
    site: str,
    run_id: int,
    limit: int,
    order: sa.UnaryExpression[int],
) -> list[DuePage]:
    due = (
        sa.select(Page.id)
        .where(Page.site == site, Page.state == "pending", Page.next_fetch_at <= sa.func.now())
        .where(sa.or_(Page.claimed_by.is_(None), Page.claimed_until < sa.func.now()))
        .order_by(order)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).cte("due")
    rows = connection.execute(
        sa.update(Page)
        .where(Page.id == due.c.id)
        .values(claimed_by=run_id, claimed_until=sa.func.now() + LEASE)
        .returning(Page.id, Page.url, Page.request_url)
    )
    return sorted((DuePage(*row) for row in rows), key=lambda page: page.id)


def settle(
    connection: sa.Connection,
    outcomes: Sequence[PageOutcome],
    *,
    attempts_allowed: int,
    backoff: float,
) -> None:
    """Write what became of pages that gave no article.

    A failed try makes the page due again after ``backoff`` seconds, four times as long after
    each further one, not before the site's Retry-After, until the tries are used up. A page
    whose article is stored stays archived whatever happens to it, unless it is gone; then its
    article says since when.
    """
    tries = Page.attempts + 1
    failed = sa.bindparam("outcome") == "failed"
    tried_out = sa.and_(failed, tries >= attempts_allowed)
    wait = sa.func.least(
        sa.func.greatest(
            backoff * sa.func.power(4, tries - 1), sa.bindparam("wait", type_=sa.Float)
        ),
        LONGEST_WAIT.total_seconds(),
    )
    kept = sa.and_(Page.article_id.is_not(None), sa.bindparam("outcome") != "gone")
    again = sa.and_(failed, sa.not_(tried_out), Page.article_id.is_(None))
    state = sa.case((kept, Page.state), (again, "pending"), else_=sa.bindparam("outcome"))
    connection.execute(
        sa.update(Page)
        .where(Page.id == sa.bindparam("page"))
        .values(
            state=state,
            reason=sa.case((kept, Page.reason), else_=sa.bindparam("why")),
            http_status=sa.bindparam("status", type_=sa.Integer),
            attempts=sa.case((failed, tries), else_=0),
            last_fetched_at=sa.func.now(),
            next_fetch_at=sa.case(
                (again, sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, wait)),
                else_=None,
            ),
            published_hint=sa.func.coalesce(
                sa.bindparam("published", type_=sa.DateTime(timezone=True)), Page.published_hint
            ),
            claimed_by=None,
            claimed_until=None,
        ),
        [
            {
                "page": outcome.page_id,
                "outcome": outcome.state,
                "why": outcome.reason,
                "status": outcome.http_status,
                "wait": outcome.retry_after,
                "published": outcome.published_at,
            }
            for outcome in outcomes
        ],
    )
    _date_the_gone(connection, [outcome.page_id for outcome in outcomes if outcome.state == "gone"])


def _date_the_gone(connection: sa.Connection, page_ids: list[int | None]) -> None:
    """Write when articles were found to be gone; one that lost another address is still there."""
    if page_ids:
        connection.execute(
            sa.update(Article)
            .where(Page.id.in_(page_ids), Page.article_id == Article.id, Page.url == Article.url)
            .where(Article.gone_at.is_(None))
            .values(gone_at=sa.func.now())
        )


def kinds_by_shape(connection: sa.Connection, site: str) -> list[tuple[str, str, int]]:
    """What earlier crawls found at addresses of each shape: one address, the kind, how many.

    The kind is article, listing or other; the shapes are those with the most addresses.
    """
    kind = sa.case(
        (Page.state.in_(("archived", "duplicate")), "article"),
        (sa.and_(Page.state == "rejected", Page.reason == "listing"), "listing"),
        (Page.state == "rejected", "other"),
    )
    rows = connection.execute(
        sa.select(sa.func.min(Page.url), kind, sa.func.count())
        .where(Page.site == site, kind.is_not(None))
        .group_by(Page.address_shape, kind)
        .order_by(sa.func.count().desc())
        .limit(1_000)
    )
    return [(url, kind, count) for url, kind, count in rows]
