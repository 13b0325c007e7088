"""Drift in SQL: what is stored of the articles that pages are compared with."""

from collections.abc import Sequence

import sqlalchemy as sa

from crawler.db.models import Article, Page
from crawler.drift_traits import Stored
from crawler.items import ArticleItem, PageOutcome


def stored_articles(connection: sa.Connection, items: Sequence[ArticleItem]) -> dict[str, Stored]:
    """By address, what is stored at the addresses of the items."""
    if not items:
        return {}
    rows = connection.execute(_STORED, {"urls": [item.url for item in items]})
    found = (row._asdict() for row in rows)
    return {row.pop("url"): Stored(**row) for row in found}


_STORED = sa.select(
    Article.url,
    Article.title,
    Article.word_count,
    Article.published_at,
    Article.language,
    Article.extraction,
    Article.extractor_version,
).where(Article.url == sa.func.any(sa.bindparam("urls")))


def addresses(
    connection: sa.Connection, outcomes: Sequence[PageOutcome]
) -> dict[int | None, tuple[str, bool]]:
    """By number, the addresses of pages, and whether each has its article."""
    if not outcomes:
        return {}
    rows = connection.execute(
        sa.select(Page.id, Page.url, Page.article_id.is_not(None)).where(
            Page.id.in_([outcome.page_id for outcome in outcomes])
        )
    )
    return {number: (url, has_article) for number, url, has_article in rows}
