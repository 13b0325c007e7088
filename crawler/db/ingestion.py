"""Captures made by others: newer ones are stored as a crawl's are, older ones behind the newer."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from crawler.db.archived_pages import keep_addresses
from crawler.db.articles import store
from crawler.db.captures import insert_captures
from crawler.db.ledger import discover, take_turn
from crawler.db.models import REVISED, Article, Capture, Page, Revision
from crawler.db.revisions import insert_revisions
from crawler.items import ArticleItem, Discovery
from crawler.rechecks import RecheckPolicy
from crawler.text.urls import canonical_url

_COLUMNS = ("number", *REVISED, "digest", "seen_at", "capture_id", "origin")


def known_captures(
    connection: sa.Connection, wanted: Sequence[tuple[str, datetime]]
) -> set[tuple[str, datetime]]:
    """Those of the canonical addresses and times of which the archive has the capture."""
    rows = connection.execute(
        sa.select(Page.url, Capture.fetched_at)
        .join(Capture, Capture.page_id == Page.id)
        .where(sa.tuple_(Page.url, Capture.fetched_at).in_(wanted))
    )
    return {(row.url, row.fetched_at) for row in rows}


def ingest(
    connection: sa.Connection,
    site: str,
    run_id: int,
    items: Sequence[ArticleItem],
    found_on: str,
    rechecks: RecheckPolicy,
) -> Counter[str]:
    """Store items whose captures stand in our files; what became of them, counted.

    new, changed, unchanged and duplicate as in a crawl; older: an earlier text of a stored
    article, which becomes an earlier revision.
    """
    take_turn(connection)
    keep_addresses(connection, items)
    _give_pages(connection, site, items, found_on)
    outcomes: Counter[str] = Counter()
    for item in sorted(items, key=lambda item: item.provenance.fetched_at):
        # What a print version says is no text of its article, be it older or newer.
        article = None if item.address else _newer_article(connection, item)
        if article is None:
            outcomes.update(store(connection, site, run_id, [item], rechecks))
        else:
            outcomes["older"] += 1
            _insert_behind(connection, run_id, item, article)
    return outcomes


def _give_pages(
    connection: sa.Connection, site: str, items: Sequence[ArticleItem], found_on: str
) -> None:
    """Give every item the number of its page in the ledger."""
    addresses = {canonical_url(item.provenance.url): item.provenance.url for item in items}
    pages = [Discovery(url, request_url, found_on) for url, request_url in addresses.items()]
    discover(connection, site, pages)
    rows = connection.execute(sa.select(Page.url, Page.id).where(Page.url.in_(list(addresses))))
    numbers = {row.url: row.id for row in rows}
    for item in items:
        item.provenance.page_id = numbers[canonical_url(item.provenance.url)]


def _newer_article(connection: sa.Connection, item: ArticleItem) -> int | None:
    """The article at the address, where its current text was captured after the item."""
    return connection.scalar(
        sa.select(Article.id)
        .join(Capture, Capture.id == Article.capture_id)
        .where(Article.url == item.url, Capture.fetched_at > item.provenance.fetched_at)
    )


def _insert_behind(
    connection: sa.Connection, run_id: int, item: ArticleItem, article_id: int
) -> None:
    """Put an older text among the revisions; a text that a neighbour has already makes none."""
    seen_at = item.provenance.fetched_at
    [capture_id] = insert_captures(connection, run_id, [item.provenance])
    rows = connection.execute(
        sa.select(*(getattr(Revision, name) for name in _COLUMNS))
        .where(Revision.article_id == article_id)
        .order_by(Revision.number)
    )
    history = [row._asdict() for row in rows]
    place = sum(row["seen_at"] <= seen_at for row in history)
    before = history[place - 1] if place else None
    after = history[place] if place < len(history) else None
    older = {name: getattr(item, name) for name in REVISED} | {
        "digest": item.digest,
        "seen_at": seen_at,
        "capture_id": capture_id,
        "origin": "site",
    }
    if after is not None and not _changed(older, after):
        after |= {"seen_at": seen_at}  # that text was there earlier than known
    elif before is None or _changed(before, older):
        history.insert(place, older)
    _rewrite(connection, article_id, history)
    connection.execute(
        sa.update(Article)
        .where(Article.id == article_id)
        .values(
            revision=len(history),
            first_seen_at=sa.func.least(Article.first_seen_at, seen_at),
        )
    )


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [name for name in REVISED if new[name] not in (None, old[name])]


def _rewrite(connection: sa.Connection, article_id: int, history: list[dict[str, Any]]) -> None:
    """Number the revisions anew, each with what it changes of the one before."""
    connection.execute(sa.delete(Revision).where(Revision.article_id == article_id))
    insert_revisions(
        connection,
        [
            row
            | {
                "article_id": article_id,
                "number": number,
                "changed": _changed(history[number - 2], row) if number > 1 else None,
            }
            for number, row in enumerate(history, 1)
        ],
    )
