"""Articles in SQL: what a batch of items makes of the archive, in one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.ledger import take_turn
from crawler.db.models import Article, Capture, Page, RelatedLink, Revision
from crawler.items import ArticleItem
from crawler.text.urls import address_shape

# What an edit can change without touching title or body; the rest is metadata that follows.
_REVISED = ("title", "body", "published_at", "section")
_COPIED = (
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
    "extraction",
    "flags",
    "extractor_version",
)


def store(
    connection: sa.Connection, site: str, run_id: int, items: Sequence[ArticleItem]
) -> list[str]:
    """Write the items and settle their pages; one outcome an item, in order.

    new, changed (a revision), unchanged, or duplicate (another address of a stored article).
    """
    take_turn(connection)
    outcomes: dict[int, str] = {}
    for wave in _waves(items):
        stored = _store_distinct(connection, site, run_id, wave)
        outcomes |= {id(item): outcome for item, outcome in zip(wave, stored, strict=True)}
    return [outcomes[id(item)] for item in items]


def _waves(items: Sequence[ArticleItem]) -> Iterator[list[ArticleItem]]:
    """Split a batch so that no wave holds an address or a text twice; each keeps its order."""
    waiting = list(items)
    while waiting:
        wave, later = list[ArticleItem](), list[ArticleItem]()
        seen = set[str | None]()
        for item in waiting:
            (later if {item.url, item.digest} & seen else wave).append(item)
            seen |= {item.url, item.digest}
        yield wave
        waiting = later


def _store_distinct(
    connection: sa.Connection, site: str, run_id: int, items: list[ArticleItem]
) -> list[str]:
    stored = _stored_articles(connection, items)
    plans = [_Plan(item, *_outcome(item, stored)) for item in items]
    _insert_captures(connection, run_id, plans)
    _insert_articles(connection, [plan for plan in plans if plan.outcome == "new"])
    _revise(connection, [plan for plan in plans if plan.outcome == "changed"])
    _touch(connection, [plan for plan in plans if plan.outcome in ("changed", "unchanged")])
    _replace_links(connection, [plan for plan in plans if plan.outcome in ("new", "changed")])
    _settle_pages(connection, site, plans)
    return [plan.outcome for plan in plans]


@dataclass(slots=True)
class _Plan:
    """One item, what is to become of it, and the numbers that its rows get on the way."""

    item: ArticleItem
    outcome: str
    article_id: int | None  # None until a new article is inserted
    number: int  # of the revision that the item makes or repeats
    capture_id: int | None = None


def _stored_articles(connection: sa.Connection, items: list[ArticleItem]) -> list[sa.Row[Any]]:
    """Articles at the address, or with the text, of any of the items."""
    return list(
        connection.execute(
            sa.select(
                Article.id,
                Article.url,
                Article.digest,
                Article.revision,
                Article.published_precision,
                *(getattr(Article, name) for name in _REVISED),
            ).where(
                sa.or_(
                    Article.url.in_([item.url for item in items]),
                    Article.digest.in_([item.digest for item in items]),
                )
            )
        )
    )


def _outcome(item: ArticleItem, stored: list[sa.Row[Any]]) -> tuple[str, int | None, int]:
    for article in stored:
        if article.url == item.url:
            if _differs(item, article):
                return "changed", article.id, article.revision + 1
            return "unchanged", article.id, article.revision
    for article in stored:
        if article.digest == item.digest and not _dates_differ(item, article):
            return "duplicate", article.id, article.revision
    return "new", None, 1


def _differs(item: ArticleItem, article: sa.Row[Any]) -> bool:
    """Whether the page says something else now; what it says no longer is no edit."""
    return any(
        getattr(item, name) is not None and getattr(item, name) != getattr(article, name)
        for name in _REVISED
    )


def _dates_differ(item: ArticleItem, article: sa.Row[Any]) -> bool:
    """Whether the dates say that equal texts are two stories; a missing date says nothing."""
    if item.published_at is None or article.published_at is None:
        return False
    if "day" in (item.published_precision, article.published_precision):
        return bool(abs(item.published_at - article.published_at) >= timedelta(days=1))
    return bool(item.published_at != article.published_at)


def _insert_captures(connection: sa.Connection, run_id: int, plans: list[_Plan]) -> None:
    rows = [
        {
            "page_id": capture.page_id,
            "run_id": run_id,
            "url": capture.url,
            "fetched_at": capture.fetched_at,
            "http_status": capture.http_status,
            "payload_digest": capture.payload_digest,
        }
        for capture in (plan.item.provenance for plan in plans)
    ]
    statement = sa.insert(Capture).returning(Capture.id, sort_by_parameter_order=True)
    for plan, number in zip(plans, connection.scalars(statement, rows), strict=True):
        plan.capture_id = number


def _columns(plan: _Plan) -> dict[str, Any]:
    columns = {name: getattr(plan.item, name) for name in _COPIED}
    return columns | {"capture_id": plan.capture_id, "revision": plan.number}


def _insert_articles(connection: sa.Connection, plans: list[_Plan]) -> None:
    if not plans:
        return
    rows = [
        _columns(plan) | {"url": plan.item.url, "first_seen_at": seen_at, "last_seen_at": seen_at}
        for plan in plans
        if (seen_at := plan.item.provenance.fetched_at)
    ]
    statement = sa.insert(Article).returning(Article.id, sort_by_parameter_order=True)
    for plan, number in zip(plans, connection.scalars(statement, rows), strict=True):
        plan.article_id = number
    _insert_revisions(connection, plans)


def _revise(connection: sa.Connection, plans: list[_Plan]) -> None:
    """Give articles their new text; a date or section that is no longer printed is kept."""
    if not plans:
        return
    rows = [
        {f"new_{name}": value for name, value in _columns(plan).items()}
        | {"article": plan.article_id}
        for plan in plans
    ]
    columns = Article.__table__.c
    new = {
        name: sa.bindparam(f"new_{name}", type_=columns[name].type)
        for name in (*_COPIED, "capture_id", "revision")
    }
    values: dict[str, sa.ColumnElement[Any]] = {
        name: sa.func.coalesce(value, columns[name]) for name, value in new.items()
    }
    # A date and its words belong together.
    values["published_text"] = sa.case(
        (new["published_at"].is_(None), columns.published_text), else_=new["published_text"]
    )
    connection.execute(
        sa.update(Article).where(Article.id == sa.bindparam("article")).values(values), rows
    )
    _insert_revisions(connection, plans)


def _insert_revisions(connection: sa.Connection, plans: list[_Plan]) -> None:
    connection.execute(
        sa.insert(Revision),
        [
            {
                "article_id": plan.article_id,
                "number": plan.number,
                "title": plan.item.title,
                "body": plan.item.body,
                "published_at": plan.item.published_at,
                "section": plan.item.section,
                "digest": plan.item.digest,
                "seen_at": plan.item.provenance.fetched_at,
                "capture_id": plan.capture_id,
            }
            for plan in plans
        ],
    )


def _touch(connection: sa.Connection, plans: list[_Plan]) -> None:
    if plans:
        connection.execute(
            sa.update(Article)
            .where(Article.id == sa.bindparam("article"))
            .values(
                last_seen_at=sa.func.greatest(
                    Article.last_seen_at, sa.bindparam("seen_at", type_=Article.last_seen_at.type)
                ),
                gone_at=None,
            ),
            [
                {"article": plan.article_id, "seen_at": plan.item.provenance.fetched_at}
                for plan in plans
            ],
        )


def _replace_links(connection: sa.Connection, plans: list[_Plan]) -> None:
    changed = [plan.article_id for plan in plans if plan.outcome == "changed"]
    if changed:
        connection.execute(sa.delete(RelatedLink).where(RelatedLink.article_id.in_(changed)))
    rows = [
        {"article_id": plan.article_id, "position": position, "url": url}
        for plan in plans
        for position, url in enumerate(plan.item.links, 1)
    ]
    if rows:
        connection.execute(sa.insert(RelatedLink), rows)


def _settle_pages(connection: sa.Connection, site: str, plans: list[_Plan]) -> None:
    """Mark the pages as archived, or as further addresses of an article.

    Where a page led to another address, by redirect, that address gets its own row.
    """
    addresses: dict[int | None, str] = dict(
        connection.execute(
            sa.select(Page.id, Page.url).where(
                Page.id.in_([plan.item.provenance.page_id for plan in plans])
            )
        ).all()
    )
    led_elsewhere = [
        plan
        for plan in plans
        if addresses[plan.item.provenance.page_id] != plan.item.url and plan.outcome != "duplicate"
    ]
    if led_elsewhere:
        _insert_final_pages(connection, site, led_elsewhere, addresses)
    rows = []
    for plan in plans:
        capture = plan.item.provenance
        reason = None
        if plan.outcome == "duplicate":
            reason = "same text, title and date as the article"
        elif plan in led_elsewhere:
            reason = f"leads to {plan.item.url}"
        rows.append(
            {
                "page": capture.page_id,
                "new_state": "duplicate" if reason else "archived",
                "why": reason,
                "article": plan.article_id,
                "status": capture.http_status,
                "fetched_at": capture.fetched_at,
                "new_etag": capture.etag,
                "modified": capture.last_modified,
            }
        )
    connection.execute(_SETTLE, rows)


_SETTLE = (
    sa.update(Page)
    .where(Page.id == sa.bindparam("page"))
    .values(
        state=sa.bindparam("new_state"),
        reason=sa.bindparam("why"),
        article_id=sa.bindparam("article"),
        http_status=sa.bindparam("status"),
        last_fetched_at=sa.bindparam("fetched_at"),
        etag=sa.bindparam("new_etag"),
        last_modified=sa.bindparam("modified"),
        attempts=0,
        next_fetch_at=None,
        claimed_by=None,
        claimed_until=None,
    )
)


def _insert_final_pages(
    connection: sa.Connection, site: str, plans: list[_Plan], addresses: dict[int | None, str]
) -> None:
    rows = []
    for plan in plans:
        capture = plan.item.provenance
        shape, number = address_shape(plan.item.url)
        rows.append(
            {
                "site": site,
                "url": plan.item.url,
                "request_url": capture.url,
                "state": "archived",
                "article_id": plan.article_id,
                "discovered_on": addresses[capture.page_id],
                "last_fetched_at": capture.fetched_at,
                "http_status": capture.http_status,
                "etag": capture.etag,
                "last_modified": capture.last_modified,
                "next_fetch_at": None,
                "address_shape": shape,
                "address_number": number,
            }
        )
    statement = insert(Page)
    settled = ("state", "article_id", "last_fetched_at", "http_status", "etag", "last_modified")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Page.url],
            set_={name: statement.excluded[name] for name in settled}
            | {"reason": None, "attempts": 0, "next_fetch_at": None}
            | {"claimed_by": None, "claimed_until": None},
        ),
        rows,
    )
