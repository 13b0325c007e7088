"""Articles for other tools: which columns, which articles, read in one unchanging snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from crawler.db.models import Article, Capture, Page

# Raise it when a column goes, or changes its name, type or meaning; a further column does not.
SCHEMA_VERSION = 1
EXPORTED = (
    "id",
    "site",
    "url",
    "title",
    "body",
    "published_at",
    "published_text",
    "published_precision",
    "modified_at",
    "section",
    "dateline",
    "agency",
    "author",
    "image_url",
    "language",
    "word_count",
    "digest",
    "duplicate_of_id",
    "duplicate_similarity",
    "revision",
    "first_seen_at",
    "last_seen_at",
    "gone_at",
    "capture_id",
    "extractor_version",
    "extraction",
    "flags",
)
KINDS: dict[type[Any], str] = {
    sa.BigInteger: "number",
    sa.Double: "share",
    sa.Text: "text",
    sa.DateTime: "time",
    sa.ARRAY: "list",
    JSONB: "map",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of every export; ``kind`` is a value of KINDS, lists and maps being of texts."""

    name: str
    kind: str
    optional: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which articles; ``since`` and ``until`` are UTC, inclusive. None leaves a filter open."""

    since: datetime | None = None
    until: datetime | None = None
    section: str | None = None
    query: str | None = None


def _column(name: str) -> Column:
    column = (Page if name == "site" else Article).__table__.c[name]
    return Column(name, KINDS[type(column.type)], bool(column.nullable), column.comment or "")


COLUMNS = tuple(map(_column, EXPORTED))


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """The archive as it stands now, for reading: what a crawl commits meanwhile is not in it.

    Nobody waits for it. While it is open, autovacuum leaves in place what was replaced since.
    """
    with engine.connect() as connection:
        yield connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )


def has_words(connection: sa.Connection, query: str) -> bool:
    """Whether there is anything in a query to search for."""
    return connection.scalar(sa.select(sa.func.search_query(query).is_not(None))) is True


def count_articles(connection: sa.Connection, selection: Selection) -> int:
    counted = sa.select(sa.func.count()).select_from(Article).where(*_filters(selection))
    return int(connection.scalar(counted) or 0)


def article_rows(
    connection: sa.Connection, selection: Selection, size: int
) -> Iterator[Sequence[sa.Row[Any]]]:
    """The articles in batches, their values as in COLUMNS, by date, the undated at the end.

    A cursor on the server gives them as they are taken, so that none but a batch is in memory.
    """
    # Not a join, for which the server might read, and sort, everything before the first row.
    site = (
        sa.select(Page.site)
        .join(Capture, Capture.page_id == Page.id)
        .where(Capture.id == Article.capture_id)
        .scalar_subquery()
        .label("site")
    )
    values = [site if name == "site" else Article.__table__.c[name] for name in EXPORTED]
    statement = (
        sa.select(*values)
        .where(*_filters(selection))
        .order_by(Article.published_at, Article.id)
        .execution_options(yield_per=size)
    )
    with connection.execute(statement) as result:
        yield from result.partitions()


def _filters(selection: Selection) -> list[sa.ColumnElement[bool]]:
    filters = []
    if selection.since is not None:
        filters.append(Article.published_at >= selection.since)
    if selection.until is not None:
        filters.append(Article.published_at <= selection.until)
    if selection.section is not None:
        filters.append(Article.section == selection.section)
    if selection.query is not None:
        filters.append(Article.words.bool_op("@@")(sa.func.search_query(selection.query)))
    return filters
