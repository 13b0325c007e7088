"""Removals in SQL: articles that the site shows no more, and those that come back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.models import Article, Page, Removal
from crawler.items import PageOutcome

_OPEN = Removal.returned_at.is_(None)


def is_missing(outcome: PageOutcome) -> bool:
    """Whether the answer says that an article which stood there is there no more.

    Many a site shows a listing, with status 200, for what it has removed.
    """
    return outcome.state == "gone" or (
        outcome.state == "rejected" and outcome.reason.endswith("listing")
    )


def record_missing(
    connection: sa.Connection, outcomes: Sequence[PageOutcome], confirmed_after: timedelta
) -> dict[int | None, datetime | None]:
    """Write which articles were found missing: once, or for the second time and so gone.

    A second finding counts from ``confirmed_after`` the first on. Returned are the pages of these
    articles, with the time from which on another look would confirm it; None: it is confirmed.
    An article that lost another address than its own is still there.
    """
    reasons = {outcome.page_id: outcome.reason for outcome in outcomes if is_missing(outcome)}
    if not reasons:
        return {}
    found = connection.execute(
        sa.select(Page.id, Article.id)
        .join(Article, sa.and_(Article.id == Page.article_id, Article.url == Page.url))
        .where(Page.id.in_(reasons))
        .order_by(Article.id)
        # In the order of the store: articles, removals, pages.
        .with_for_update(of=Article, key_share=True)
    ).all()
    if not found:
        return {}
    articles = [article_id for _, article_id in found]
    _confirm(connection, articles, confirmed_after)
    connection.execute(
        insert(Removal)
        .values(
            [
                {"article_id": article, "missed_at": sa.func.now(), "reason": reasons[page]}
                for page, article in found
            ]
        )
        .on_conflict_do_nothing(index_elements=[Removal.article_id], index_where=_OPEN)
    )
    again = sa.case((Removal.gone_at.is_(None), Removal.missed_at + confirmed_after))
    confirm_at: dict[int, datetime | None] = dict(
        connection.execute(
            sa.select(Removal.article_id, again).where(Removal.article_id.in_(articles), _OPEN)
        ).all()
    )
    return {page: confirm_at[article] for page, article in found}


def _confirm(connection: sa.Connection, articles: list[int], confirmed_after: timedelta) -> None:
    gone = connection.scalars(
        sa.update(Removal)
        .where(Removal.article_id.in_(articles), _OPEN, Removal.gone_at.is_(None))
        .where(Removal.missed_at <= sa.func.now() - confirmed_after)
        .values(gone_at=sa.func.now())
        .returning(Removal.article_id)
    ).all()
    if gone:
        connection.execute(
            sa.update(Article).where(Article.id.in_(gone)).values(gone_at=sa.func.now())
        )


def record_returns(connection: sa.Connection, seen: Mapping[int, datetime]) -> None:
    """Write that articles which were missing are there again: their numbers, and when seen.

    What was seen before it was missed (an older capture, a slow worker) says nothing.
    """
    if not seen:
        return
    sightings = sa.values(
        sa.column("article_id", sa.BigInteger),
        sa.column("seen_at", sa.DateTime(timezone=True)),
        name="sightings",
    ).data(list(seen.items()))
    back = connection.scalars(
        sa.update(Removal)
        .where(Removal.article_id == sightings.c.article_id, _OPEN)
        .where(Removal.missed_at < sightings.c.seen_at)
        .values(returned_at=sightings.c.seen_at)
        .returning(Removal.article_id)
    ).all()
    if back:
        connection.execute(sa.update(Article).where(Article.id.in_(back)).values(gone_at=None))
