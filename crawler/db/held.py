"""Held pages in SQL: which they are, where their captures stand, and their release."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from crawler.db.models import Article, Capture, Page
from crawler.items import Capture as Captured

HELD = "drift"  # pages.reason


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page that gave no article because of drift, or no new text of its article."""

    page_id: int
    url: str
    has_article: bool
    capture: Captured  # the last one
    file: str  # of the record that holds its payload
    offset: int
    length: int


def next_held(
    connection: sa.Connection, site: str, of_articles: bool, after: int, limit: int
) -> list[HeldPage]:
    """The next held pages by number, with what was last captured there.

    A page without an article says so by state and reason. That of an article stays archived:
    it was fetched after its article was last seen, and the capture is kept.
    """
    held = _held(site, of_articles).where(Page.id > after).order_by(Page.id).limit(limit)
    return [_page(row._asdict()) for row in connection.execute(held).all()]


def still_held(connection: sa.Connection, site: str, pages: Sequence[HeldPage]) -> set[int]:
    """The numbers of those of the pages that no worker has fetched or made due again since."""
    found = set[tuple[int, int | None]]()
    for of_articles in (True, False):
        held = _held(site, of_articles).where(Page.id.in_([page.page_id for page in pages]))
        found.update((row.page_id, row.id) for row in connection.execute(held))
    return {page.page_id for page in pages if (page.page_id, page.capture.id) in found}


def _held(site: str, of_articles: bool) -> sa.Select[*tuple[Any, ...]]:
    last, whole = sa.orm.aliased(Capture), sa.orm.aliased(Capture)
    later = sa.orm.aliased(Capture)
    # The one that ruled the page out is its last with a record.
    is_last = ~sa.exists().where(
        later.page_id == last.page_id, later.id > last.id, later.warc_file.is_not(None)
    )
    waits = sa.and_(Page.state == "rejected", Page.reason == HELD)
    stayed = sa.and_(
        Page.state == "archived",
        Page.last_fetched_at > Article.last_seen_at,
        last.fetched_at > Article.last_seen_at,
        last.http_status == 200,
    )
    return (
        sa.select(
            Page.id.label("page_id"),
            Page.url,
            Article.id.is_not(None).label("has_article"),
            last.id,
            last.url.label("answered"),
            last.fetched_at,
            last.http_status,
            last.payload_digest,
            whole.warc_file.label("file"),
            whole.warc_offset.label("offset"),
            whole.warc_length.label("length"),
        )
        .join(last, last.page_id == Page.id)
        .join(whole, whole.id == sa.func.coalesce(last.revisit_of_id, last.id))
        .outerjoin(Article, sa.and_(Article.id == Page.article_id, Article.url == Page.url))
        .where(Page.site == site, stayed if of_articles else waits)
        .where(whole.warc_file.is_not(None), is_last)
    )


def _page(row: dict[str, Any]) -> HeldPage:
    page = {name: row.pop(name) for name in ("url", "has_article", "file", "offset", "length")}
    capture = Captured(url=row.pop("answered"), **row)
    return HeldPage(page_id=row["page_id"], capture=capture, **page)


def ask_again(connection: sa.Connection, site: str) -> None:
    """Make the pages that are held due again: of those that are left no record can be read."""
    connection.execute(
        sa.update(Page)
        .where(Page.site == site, Page.state == "rejected", Page.reason == HELD)
        .values(state="pending", reason=None, next_fetch_at=sa.func.now())
    )
