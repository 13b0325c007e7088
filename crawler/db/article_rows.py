"""The rows of a batch as it was planned: articles, their revisions, and their links."""

import json
from typing import Any

import sqlalchemy as sa

from crawler.db.archived_pages import Plan
from crawler.db.models import Article, RelatedLink
from crawler.db.removals import record_returns
from crawler.db.revisions import insert_first_revisions, insert_revisions
from crawler.db.rows import insert, insertion

COPIED = (
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
_DATE = ("published_at", "published_text", "published_precision")


def _columns(plan: Plan) -> dict[str, Any]:
    columns = {name: getattr(plan.item, name) for name in COPIED}
    if plan.changed is not None and "published_at" not in plan.changed:
        columns |= dict.fromkeys(_DATE)  # the one that is known stays
    return columns | {"capture_id": plan.capture_id, "revision": plan.number}


def insert_articles(connection: sa.Connection, plans: list[Plan]) -> None:
    """Write new articles with their first revisions; their numbers go into the plans."""
    if not plans:
        return
    rows = [
        _columns(plan) | {"url": plan.item.url, "first_seen_at": seen_at, "last_seen_at": seen_at}
        for plan in plans
        if (seen_at := plan.item.provenance.fetched_at)
    ]
    numbers = insert(connection, _INSERT, rows)
    for plan, number in zip(plans, numbers, strict=True):
        plan.article_id = number
    insert_first_revisions(connection, numbers)


_INSERT = insertion(
    "articles", (*COPIED, "capture_id", "revision", "url", "first_seen_at", "last_seen_at")
)


def update_articles(connection: sa.Connection, plans: list[Plan]) -> None:
    """Give articles what their pages print now; what is no longer printed is kept."""
    rows = [
        {f"new_{name}": value for name, value in _columns(plan).items()}
        | {"article": plan.article_id}
        for plan in plans
    ]
    columns = Article.__table__.c
    new = {
        name: sa.bindparam(f"new_{name}", type_=columns[name].type)
        for name in (*COPIED, "capture_id", "revision")
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


def add_revisions(connection: sa.Connection, plans: list[Plan]) -> None:
    """Write the revisions that changed articles have come to."""
    insert_revisions(
        connection,
        [
            {
                "article_id": plan.article_id,
                "number": plan.number,
                "title": plan.item.title,
                "body": plan.item.body,
                "published_at": _standing(plan, "published_at"),
                "section": _standing(plan, "section"),
                "digest": plan.item.digest,
                "seen_at": plan.item.provenance.fetched_at,
                "capture_id": plan.capture_id,
                "changed": plan.changed,
                "origin": "reader" if _is_ours(plan) else "site",
            }
            for plan in plans
        ],
    )


def _standing(plan: Plan, name: str) -> Any:
    """What holds from this revision on: what the page prints now, or what it printed before."""
    if plan.stored is None or name in (plan.changed or ()):
        return getattr(plan.item, name)
    return getattr(plan.stored, name)


def _is_ours(plan: Plan) -> bool:
    """Whether the site sent the very same page as before: then the reader has changed."""
    return (
        plan.stored is not None
        and plan.stored.payload_digest == plan.item.provenance.payload_digest
    )


def touch_articles(connection: sa.Connection, plans: list[Plan]) -> None:
    """Write when articles were seen; those that were missing are there again."""
    if not plans:
        return
    seen = {plan.article_id: plan.item.provenance.fetched_at for plan in plans if plan.article_id}
    connection.execute(
        sa.update(Article)
        .where(Article.id == sa.bindparam("article"))
        .values(
            last_seen_at=sa.func.greatest(
                Article.last_seen_at, sa.bindparam("seen_at", type_=Article.last_seen_at.type)
            ),
        ),
        [{"article": article_id, "seen_at": seen_at} for article_id, seen_at in seen.items()],
    )
    record_returns(connection, seen)


def replace_links(connection: sa.Connection, plans: list[Plan]) -> None:
    """Give articles the related links that their pages show now."""
    known = [plan.article_id for plan in plans if plan.outcome != "new"]
    if known:
        connection.execute(sa.delete(RelatedLink).where(RelatedLink.article_id.in_(known)))
    if shown := {plan.article_id: plan.item.links for plan in plans if plan.item.links}:
        connection.execute(_INSERT_LINKS, {"shown": json.dumps(shown)})


_INSERT_LINKS = sa.text(
    """
    INSERT INTO links (article_id, position, url)
    SELECT CAST(shown.key AS bigint), link.position, link.url
    FROM json_each(:shown) AS shown,
        json_array_elements_text(shown.value) WITH ORDINALITY AS link (url, position)
    """
)
