"""What the tests of the database begin with: runs, pages of the ledger, items as they arrive."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from crawler.db.articles import store
from crawler.db.models import Page, Run
from crawler.items import ArticleItem, Capture, Discovery
from crawler.pipelines.fingerprint import FingerprintPipeline
from crawler.text.urls import address_shape

SITE = "alkarmel"
PAGE, OTHER = (f"https://alkarmel.example/post/{number}" for number in (1, 2))
FIRST_FETCH = datetime(2026, 1, 1, 12, tzinfo=UTC)
PRINTED = datetime(2020, 10, 10, 7, 51, tzinfo=UTC)


def address(number: int) -> str:
    return f"https://alkarmel.example/post/{number}"


def found(url: str, **fields: Any) -> Discovery:
    return Discovery(**{"url": url, "request_url": url, "found_on": "a listing"} | fields)


def add_run(connection: sa.Connection, **columns: Any) -> int:
    values = {"spider": SITE, "mode": "incremental"} | columns
    return connection.scalars(sa.insert(Run).values(values).returning(Run.id)).one()


def add_page(connection: sa.Connection, url: str, **columns: Any) -> int:
    shape, number = address_shape(url)
    values = {"site": SITE, "url": url, "request_url": url}
    values |= {"address_shape": shape, "address_number": number} | columns
    return connection.scalars(sa.insert(Page).values(values).returning(Page.id)).one()


def page(connection: sa.Connection, page_id: int) -> sa.Row[Any]:
    return connection.execute(sa.select(Page.__table__).where(Page.id == page_id)).one()


def pages(connection: sa.Connection) -> dict[str, str]:
    """The state of each address."""
    return {row.url: row.state for row in connection.execute(sa.select(Page.url, Page.state))}


def item(page_id: int | None, url: str, *, hours: float = 0, **fields: Any) -> ArticleItem:
    """An article as it comes to the store, fetched ``hours`` after the first fetch of all."""
    capture = Capture(
        url=url,
        fetched_at=FIRST_FETCH + timedelta(hours=hours),
        http_status=200,
        payload_digest=f"sha256:{hours}",
        page_id=page_id,
    )
    read: dict[str, Any] = {
        "url": url,
        "title": "اتفاق على هدنة",
        "body": "اتّفقت أذربيجان وأرمينيا على هدنة.",
        "published_at": PRINTED,
        "published_text": "10/10/2020 [ 10:51 ]",
        "published_precision": "minute",
        "section": "دولي",
        "extractor_version": "1",
    }
    article = ArticleItem(**read | fields, capture=capture)
    FingerprintPipeline().process_item(article)
    return article


def archive_article(connection: sa.Connection, run_id: int, number: int, **fields: Any) -> int:
    """An archived page of its own text; the number of its ledger row."""
    page_id = add_page(connection, address(number))
    article = item(page_id, address(number), title=f"خبر {number}", **fields)
    assert store(connection, SITE, run_id, [article]) == ["new"]
    return page_id


class History:
    """One archive, and what observations of addresses make of it."""

    def __init__(self, connection: sa.Connection):
        self.connection = connection
        self.run_id = add_run(connection)

    def see(self, url: str = PAGE, **fields: Any) -> str:
        return self.store(item(self.page_id(url), url, **fields))

    def store(self, seen: ArticleItem) -> str:
        return store(self.connection, SITE, self.run_id, [seen])[0]

    def page_id(self, url: str = PAGE) -> int:
        known = self.connection.execute(sa.text("SELECT id FROM pages WHERE url = :u"), {"u": url})
        return known.scalar() or add_page(self.connection, url)

    def rows(self, query: str, **values: Any) -> list[sa.Row[Any]]:
        return list(self.connection.execute(sa.text(query), values))

    @property
    def article(self) -> sa.Row[Any]:
        return self.rows("SELECT * FROM articles WHERE url = :url", url=PAGE)[0]

    @property
    def last_revision(self) -> sa.Row[Any]:
        return self.rows("SELECT * FROM revisions ORDER BY article_id, number")[-1]

    def as_of(self, hours: float, url: str = PAGE) -> list[sa.Row[Any]]:
        at = FIRST_FETCH + timedelta(hours=hours)
        return self.rows("SELECT * FROM article_as_of(:url, :at)", url=url, at=at)
