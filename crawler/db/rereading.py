"""Articles read again from their captures: where their records stand, and what to change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crawler.db.article_rows import COPIED
from crawler.db.articles import store_rereadings
from crawler.db.models import Article, Capture, Page
from crawler.items import ArticleItem

# What a reader may find otherwise without the article reading otherwise.
_BOOKKEEPING = ("digest", "word_count", "extraction", "flags", "extractor_version")
COMPARED = tuple(name for name in COPIED if name not in _BOOKKEEPING)


@dataclass(frozen=True, slots=True)
class Source:
    """An article's current capture, and what is stored of it."""

    article_id: int
    article_url: str
    capture_id: int
    fetched_at: datetime
    file: str
    offset: int
    length: int
    stored: dict[str, Any]  # the columns of COPIED


def next_sources(
    connection: sa.Connection, site: str, since: datetime | None, after: int, limit: int
) -> list[Source]:
    """The site's next articles with a WARC record, by number; ``since``: captured from then on."""
    own, whole = sa.orm.aliased(Capture), sa.orm.aliased(Capture)
    rows = connection.execute(
        sa.select(
            Article.id.label("article_id"),
            Article.url.label("article_url"),
            own.id.label("capture_id"),
            own.fetched_at,
            whole.warc_file.label("file"),
            whole.warc_offset.label("offset"),
            whole.warc_length.label("length"),
            *(getattr(Article, name) for name in COPIED),
        )
        .join(own, own.id == Article.capture_id)
        # A revisit's text stands in the record that it refers to.
        .join(whole, whole.id == sa.func.coalesce(own.revisit_of_id, own.id))
        .join(Page, Page.id == own.page_id)
        .where(Page.site == site, Article.id > after, whole.warc_file.is_not(None))
        .where(sa.true() if since is None else own.fetched_at >= since)
        .order_by(Article.id)
        .limit(limit)
    )
    return [_source(row._asdict()) for row in rows]


def _source(row: dict[str, Any]) -> Source:
    stored = {name: row.pop(name) for name in COPIED}
    return Source(**row, stored=stored)


def reread(connection: sa.Connection, readings: Sequence[tuple[Source, ArticleItem]]) -> None:
    """Store what is read of the same captures now.

    A title, text, date or section that reads otherwise makes a revision, marked as the reader's;
    the rest follows. Nothing is said about when the site was seen.
    """
    items = []
    for source, item in readings:
        item.url = source.article_url
        items.append((item, source.capture_id))
    store_rereadings(connection, items)
