"""The time of an archived page's next look, in SQL."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from crawler.db.models import Article, Page
from crawler.rechecks import SPREAD, RecheckPolicy

DAY = timedelta(days=1)


def schedule(connection: sa.Connection, policy: RecheckPolicy, urls: list[str]) -> None:
    """Write when those of the pages that are archived are to be looked at again."""
    if policy.stages:
        connection.execute(_schedule(policy), {"urls": urls})


@lru_cache(maxsize=1)  # a crawl has one policy
def _schedule(policy: RecheckPolicy) -> sa.Update:
    return (
        sa.update(Page)
        .where(Page.url == sa.func.any(sa.bindparam("urls")))
        .where(Page.state == "archived", Page.article_id == Article.id)
        .values(next_fetch_at=_next_look(policy, Page.last_fetched_at))
    )


def next_look(policy: RecheckPolicy, at: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """When to look again at a page that was looked at ``at``, for an update of it; or null."""
    if not policy.stages:
        return sa.cast(sa.null(), Page.next_fetch_at.type)
    look = sa.select(_next_look(policy, at)).where(Article.id == Page.article_id)
    return look.correlate(Page).scalar_subquery()


def _next_look(policy: RecheckPolicy, at: sa.SQLColumnExpression[Any]) -> sa.ColumnElement[Any]:
    """The time by the age of the article at that moment; null: not again.

    The age counts from the printed date, of which a day may be its last minute; where there is
    none, or one that lies ahead, from the first fetch (LEAST passes over nulls).
    """
    printed = sa.case(
        (Article.published_precision == "day", Article.published_at + DAY),
        else_=Article.published_at,
    )
    age = at - sa.func.least(Article.first_seen_at, printed)
    stages: list[tuple[Any, Any]] = [
        (sa.true() if limit is None else age < limit, interval.total_seconds())
        for limit, interval in policy.stages
    ]
    seconds = sa.case(*stages, else_=None) * (1 - SPREAD + 2 * SPREAD * sa.func.random())
    return at + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=sa.Interval())
