"""The ledger in SQL: which addresses are known, and what became of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from crawler.db.models import Article, Page
from crawler.db.removals import record_missing, record_returns
from crawler.db.schedule import next_look
from crawler.items import Discovery, PageOutcome
from crawler.rechecks import NEVER, RecheckPolicy
from crawler.text.urls import address_shape

OUTSIDE_RANGE = "outside since/until"
TURN_LOCK = 0x616C6B04
LONGEST_WAIT = timedelta(days=30)  # for the next try, whatever Retry-After says


def take_turn(connection: sa.Connection) -> None:
    """Wait for the end of every other transaction that adds addresses or articles.

    Two that add the same addresses in different orders would wait for each other, and a writer
    of articles must not miss another's text that is not committed yet.
    """
    connection.execute(_TAKE_TURN)


_TAKE_TURN = sa.select(sa.func.pg_advisory_xact_lock(TURN_LOCK))


def discover(connection: sa.Connection, site: str, discoveries: Sequence[Discovery]) -> int:
    """Give every new address its row and say how many there were; known ones keep theirs."""
    firsts: dict[str, Discovery] = {}
    for found in discoveries:
        firsts.setdefault(found.url, found)
    shapes = [address_shape(url) for url in firsts]
    take_turn(connection)
    inserted = connection.execute(
        _DISCOVER,
        {
            "site": site,
            "outside_range": OUTSIDE_RANGE,
            "urls": list(firsts),
            "request_urls": [found.request_url for found in firsts.values()],
            "found_on": [found.found_on for found in firsts.values()],
            "hints": [found.published_at for found in firsts.values()],
            "shapes": [shape for shape, _ in shapes],
            "numbers": [number for _, number in shapes],
            "are_outside": [found.outside_range for found in firsts.values()],
        },
    )
    return inserted.rowcount


_DISCOVER = sa.text(
    """
    INSERT INTO pages (
        site, url, request_url, discovered_on, published_hint, address_shape, address_number,
        state, reason, next_fetch_at
    )
    SELECT
        :site, url, request_url, discovered_on, published_hint, address_shape, address_number,
        CASE WHEN is_outside THEN 'excluded' ELSE 'pending' END,
        CASE WHEN is_outside THEN :outside_range END,
        CASE WHEN is_outside THEN NULL ELSE now() END
    FROM unnest(
        CAST(:urls AS text[]), CAST(:request_urls AS text[]), CAST(:found_on AS text[]),
        CAST(:hints AS timestamptz[]), CAST(:shapes AS text[]), CAST(:numbers AS bigint[]),
        CAST(:are_outside AS boolean[])
    ) AS found (
        url, request_url, discovered_on, published_hint, address_shape, address_number, is_outside
    )
    ON CONFLICT (url) DO NOTHING
    """
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


def settle(
    connection: sa.Connection,
    outcomes: Sequence[PageOutcome],
    *,
    attempts_allowed: int,
    backoff: float,
    gone_after: timedelta = timedelta(0),
    rechecks: RecheckPolicy = NEVER,
) -> None:
    """Write what became of pages that gave no article.

    A failed try makes the page due again after ``backoff`` seconds, four times as long after
    each further one, not before the site's Retry-After, until the tries are used up. A page
    whose article is stored stays archived whatever happens to it, until it is found missing a
    second time, ``gone_after`` or more later. It is tried without end, and after any other answer
    it is due when the policy says. Only an answer of «unchanged» leaves what conditional requests
    ask by: the look after anything else sees the whole page.
    """
    missing = record_missing(connection, outcomes, gone_after)
    tries = Page.attempts + 1
    failed = sa.bindparam("outcome") == "failed"
    wait = sa.func.least(
        sa.func.greatest(
            backoff * sa.func.power(4, tries - 1), sa.bindparam("wait", type_=sa.Float)
        ),
        LONGEST_WAIT.total_seconds(),
    )
    kept = sa.and_(Page.article_id.is_not(None), sa.bindparam("outcome") != "gone")
    was_missed = sa.bindparam("was_missed", type_=sa.Boolean)
    confirm_at = sa.bindparam("confirm_at", type_=Page.next_fetch_at.type)
    looked_at = sa.or_(sa.and_(kept, Page.state != "duplicate"), was_missed)
    waiting = sa.and_(Page.article_id.is_(None), tries < attempts_allowed)
    again = sa.and_(failed, sa.or_(looked_at, waiting))
    state = sa.case((kept, Page.state), (again, "pending"), else_=sa.bindparam("outcome"))
    unchanged = sa.bindparam("outcome") == "unchanged"
    connection.execute(
        sa.update(Page)
        .where(Page.id == sa.bindparam("page"))
        .values(
            state=state,
            reason=sa.case((kept, Page.reason), else_=sa.bindparam("why")),
            http_status=sa.bindparam("status", type_=sa.Integer),
            attempts=sa.case((failed, tries), else_=0),
            last_fetched_at=sa.func.now(),
            etag=sa.case((unchanged, Page.etag), else_=None),
            last_modified=sa.case((unchanged, Page.last_modified), else_=None),
            next_fetch_at=sa.case(
                (confirm_at.is_not(None), confirm_at),
                (again, sa.func.now() + sa.func.make_interval(0, 0, 0, 0, 0, 0, wait)),
                (looked_at, next_look(rechecks, sa.func.now())),
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
                "outcome": _state(outcome, missing),
                "was_missed": outcome.page_id in missing,
                "confirm_at": missing.get(outcome.page_id),
                "why": outcome.reason,
                "status": outcome.http_status,
                "wait": outcome.retry_after,
                "published": outcome.published_at,
            }
            for outcome in outcomes
        ],
    )
    _touch_the_unchanged(
        connection, [outcome.page_id for outcome in outcomes if outcome.state == "unchanged"]
    )


def _state(outcome: PageOutcome, missing: Mapping[int | None, datetime | None]) -> str:
    """The outcome; at an article's own address gone only where a second look has confirmed it."""
    if outcome.page_id not in missing:
        return outcome.state
    return "gone" if missing[outcome.page_id] is None else "missed"


def _touch_the_unchanged(connection: sa.Connection, page_ids: list[int | None]) -> None:
    if not page_ids:
        return
    seen: dict[int, datetime] = dict(
        connection.execute(
            sa.update(Article)
            .where(Page.id.in_(page_ids), Page.article_id == Article.id)
            .values(last_seen_at=sa.func.greatest(Article.last_seen_at, sa.func.now()))
            .returning(Article.id, sa.func.now())
        ).all()
    )
    record_returns(connection, seen)


def kinds_by_shape(connection: sa.Connection, site: str) -> list[tuple[str, str, int]]:
    """What earlier crawls found at addresses of each shape: one address, the kind, how many.

    The kind is article, listing or other; the shapes are those with the most addresses.
    """
    kind = sa.case(
        (Page.state.in_(("archived", "duplicate")), "article"),
        (sa.and_(Page.state == "rejected", Page.reason.endswith("listing")), "listing"),
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
