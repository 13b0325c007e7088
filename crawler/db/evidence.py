"""What the database says of the WARC files: which record stands where, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa

from crawler.db.models import Article, Capture, Page


@dataclass(frozen=True, slots=True)
class Expected:
    """One capture: its record, and the article whose current text comes from it, if any."""

    capture_id: int
    site: str
    offset: int
    length: int
    payload_digest: str
    is_revisit: bool
    article_url: str | None = None
    text_digest: str | None = None  # md5 of title and body, in hex
    extractor_version: str | None = None


def expected_by_file(connection: sa.Connection) -> Iterator[tuple[str, list[Expected]]]:
    """Each WARC file that captures name, with what is expected in it, in order of the bytes."""
    own = sa.orm.aliased(Capture)  # of the article: a revisit's text stands in another record
    texts = (
        sa.select(
            sa.func.coalesce(own.revisit_of_id, own.id).label("source"),
            Article.url,
            sa.func.md5(Article.title + "\n" + Article.body).label("text_digest"),
            Article.extractor_version,
        )
        .join(own, own.id == Article.capture_id)
        .subquery()
    )
    rows = connection.execution_options(yield_per=10_000).execute(
        sa.select(
            Capture.warc_file,
            Capture.id,
            Page.site,
            Capture.warc_offset,
            Capture.warc_length,
            Capture.payload_digest,
            Capture.revisit_of_id.is_not(None),
            texts.c.url,
            texts.c.text_digest,
            texts.c.extractor_version,
        )
        .join(Page, Page.id == Capture.page_id)
        .outerjoin(texts, texts.c.source == Capture.id)
        .where(Capture.warc_file.is_not(None))
        .order_by(Capture.warc_file, Capture.warc_offset)
    )
    for file, group in groupby(rows, key=lambda row: row.warc_file):
        yield file, [Expected(*row[1:]) for row in group]


def count_articles(connection: sa.Connection) -> tuple[int, int]:
    """How many articles there are, and how many of them have a response in a WARC file."""
    with_evidence = Capture.warc_file.is_not(None)
    row = connection.execute(
        sa.select(sa.func.count(), sa.func.count().filter(with_evidence))
        .select_from(Article)
        .join(Capture, Capture.id == Article.capture_id)
    ).one()
    return row[0], row[1]
