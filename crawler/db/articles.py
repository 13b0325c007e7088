"""Articles in SQL: what a batch of items makes of the archive, in one transaction."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crawler.db.archived_pages import Plan, settle_pages
from crawler.db.captures import insert_captures
from crawler.db.edits import changes, dates_differ
from crawler.db.ledger import take_turn
from crawler.db.models import REVISED, Article, Capture, Page, RelatedLink
from crawler.db.removals import record_returns
from crawler.db.revisions import insert_first_revisions, insert_revisions
from crawler.db.rows import insert, insertion
from crawler.items import ArticleItem
from crawler.rechecks import NEVER, RecheckPolicy

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


def store(
    connection: sa.Connection,
    site: str,
    run_id: int,
    items: Sequence[ArticleItem],
    rechecks: RecheckPolicy = NEVER,
) -> list[str]:
    """Write the items and settle their pages; one outcome an item, in order.

    new, changed (a revision), unchanged, or duplicate (another address of a stored article).
    """
    take_turn(connection)
    outcomes: dict[int, str] = {}
    plans: list[Plan] = []
    for wave in _waves(items):
        stored = _store_distinct(connection, site, run_id, wave, rechecks)
        outcomes |= {id(plan.item): plan.outcome for plan in stored}
        plans += stored
    _link_duplicates(connection, plans)
    return [outcomes[id(item)] for item in items]


def store_rereadings(
    connection: sa.Connection, readings: Sequence[tuple[ArticleItem, int]]
) -> None:
    """Write what a reader makes of stored articles' own captures: items and capture numbers.

    Whatever of title, text, date and section reads otherwise makes a revision, which is the
    reader's and not the site's. When the site was seen stays. An article whose text a worker has
    taken from another capture meanwhile keeps that.
    """
    if not readings:
        return
    take_turn(connection)
    stored = {row.url: row for row in _stored_articles(connection, [item for item, _ in readings])}
    plans = []
    for item, capture_id in readings:
        article = stored[item.url]
        if article.capture_id != capture_id:
            continue
        changed = [
            name for name in REVISED if getattr(item, name) not in (None, getattr(article, name))
        ]
        number = article.revision + bool(changed)
        outcome = "changed" if changed else "unchanged"
        plans.append(Plan(item, outcome, article.id, number, article, changed, capture_id))
    if not plans:
        return
    _update(connection, plans)
    if revised := [plan for plan in plans if plan.changed]:
        _insert_revisions(connection, revised)
    _replace_links(connection, plans)
    _link_duplicates(connection, plans)


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
    connection: sa.Connection,
    site: str,
    run_id: int,
    items: list[ArticleItem],
    rechecks: RecheckPolicy,
) -> list[Plan]:
    stored = _stored_articles(connection, items, site)
    plans = [_plan(item, stored) for item in items]
    captures = insert_captures(connection, run_id, [plan.item.provenance for plan in plans])
    for plan, number in zip(plans, captures, strict=True):
        plan.capture_id = number
    _insert_articles(connection, [plan for plan in plans if plan.outcome == "new"])
    _revise(connection, [plan for plan in plans if plan.outcome == "changed"])
    _touch(connection, [plan for plan in plans if plan.outcome in ("changed", "unchanged")])
    _replace_links(connection, [plan for plan in plans if plan.outcome in ("new", "changed")])
    settle_pages(connection, site, plans, rechecks)
    return plans


def _stored_articles(
    connection: sa.Connection, items: list[ArticleItem], site: str | None = None
) -> list[sa.Row[Any]]:
    """Articles at the address of any of the items; of the site, those with the same text too.

    What two sites print alike is an article of each.
    """
    texts = [item.digest for item in items]
    urls = [item.url for item in items]
    wanted = {"urls": urls, "texts": texts, "site": site}
    return list(connection.execute(_STORED, wanted).all())


_STORED = (
    sa.select(
        Article.id,
        Article.url,
        Article.digest,
        Article.revision,
        Article.published_precision,
        Article.capture_id,
        Capture.payload_digest,
        *(getattr(Article, name) for name in REVISED),
    )
    .join(Capture, Capture.id == Article.capture_id)
    .join(Page, Page.id == Capture.page_id)
    .where(
        sa.or_(
            Article.url == sa.func.any(sa.bindparam("urls")),
            sa.and_(
                Article.digest == sa.func.any(sa.bindparam("texts")),
                Page.site == sa.bindparam("site"),
            ),
        )
    )
    .order_by(Article.id)  # of several with one text, the first
)


def _plan(item: ArticleItem, stored: list[sa.Row[Any]]) -> Plan:
    for article in stored:
        if article.url == item.url:
            # Print and AMP versions say less, or otherwise; the article's own address tells.
            if item.address is not None:
                return Plan(item, "duplicate", article.id, article.revision)
            if changed := changes(item, article):
                return Plan(item, "changed", article.id, article.revision + 1, article, changed)
            return Plan(item, "unchanged", article.id, article.revision, article, [])
    for article in stored:
        if article.digest == item.digest and not dates_differ(item, article):
            return Plan(item, "duplicate", article.id, article.revision)
    return Plan(item, "new", None, 1)


def _columns(plan: Plan) -> dict[str, Any]:
    columns = {name: getattr(plan.item, name) for name in COPIED}
    if plan.changed is not None and "published_at" not in plan.changed:
        columns |= dict.fromkeys(_DATE)  # the one that is known stays
    return columns | {"capture_id": plan.capture_id, "revision": plan.number}


def _insert_articles(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _revise(connection: sa.Connection, plans: list[Plan]) -> None:
    """Give articles their new text, which makes a revision."""
    if plans:
        _update(connection, plans)
        _insert_revisions(connection, plans)


def _update(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _insert_revisions(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _link_duplicates(connection: sa.Connection, plans: list[Plan]) -> None:
    """Find the reprints of what has a new text or a new date."""
    signatures = {
        plan.article_id: plan.item.signature
        for plan in plans
        if plan.article_id and plan.item.signature and _may_have_reprints(plan)
    }
    if signatures:
        # Imported with the first text: it takes longer than a crawl without any to start.
        from crawler.db.duplicates import link

        changed = {plan.article_id for plan in plans if plan.article_id and plan.stored}
        link(connection, signatures, changed & signatures.keys())


def _may_have_reprints(plan: Plan) -> bool:
    return plan.outcome == "new" or (
        plan.stored is not None
        and (plan.stored.digest != plan.item.digest or "published_at" in (plan.changed or ()))
    )


def _touch(connection: sa.Connection, plans: list[Plan]) -> None:
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


def _replace_links(connection: sa.Connection, plans: list[Plan]) -> None:
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
