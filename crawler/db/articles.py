"""Articles in SQL: what a batch of items makes of the archive, in one transaction."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from crawler.db.archived_pages import Plan, settle_pages
from crawler.db.ledger import take_turn
from crawler.db.models import Article, Capture, RelatedLink, Revision
from crawler.items import ArticleItem

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
    plans = [Plan(item, *_outcome(item, stored)) for item in items]
    _insert_captures(connection, run_id, plans)
    _insert_articles(connection, [plan for plan in plans if plan.outcome == "new"])
    _revise(connection, [plan for plan in plans if plan.outcome == "changed"])
    _touch(connection, [plan for plan in plans if plan.outcome in ("changed", "unchanged")])
    _replace_links(connection, [plan for plan in plans if plan.outcome in ("new", "changed")])
    settle_pages(connection, site, plans)
    return [plan.outcome for plan in plans]


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


def _insert_captures(connection: sa.Connection, run_id: int, plans: list[Plan]) -> None:
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


def _columns(plan: Plan) -> dict[str, Any]:
    columns = {name: getattr(plan.item, name) for name in _COPIED}
    return columns | {"capture_id": plan.capture_id, "revision": plan.number}


def _insert_articles(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _revise(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _insert_revisions(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _touch(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _replace_links(connection: sa.Connection, plans: list[Plan]) -> None:
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
