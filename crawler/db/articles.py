"""Articles in SQL: what a batch of items makes of the archive, in one transaction."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from crawler.db.archived_pages import Plan, settle_pages
from crawler.db.article_rows import (
    add_revisions,
    insert_articles,
    replace_links,
    touch_articles,
    update_articles,
)
from crawler.db.captures import insert_captures
from crawler.db.edits import changes, dates_differ
from crawler.db.ledger import take_turn
from crawler.db.models import REVISED, Article, Capture, Page
from crawler.items import ArticleItem
from crawler.rechecks import NEVER, RecheckPolicy


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
    update_articles(connection, plans)
    if revised := [plan for plan in plans if plan.changed]:
        add_revisions(connection, revised)
    replace_links(connection, plans)
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
    insert_articles(connection, [plan for plan in plans if plan.outcome == "new"])
    if revised := [plan for plan in plans if plan.outcome == "changed"]:
        update_articles(connection, revised)
        add_revisions(connection, revised)
    touch_articles(connection, [plan for plan in plans if plan.outcome in ("changed", "unchanged")])
    replace_links(connection, [plan for plan in plans if plan.outcome in ("new", "changed")])
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


def _link_duplicates(connection: sa.Connection, plans: list[Plan]) -> None:
    """Find the reprints of what has a new text or a new date."""
    texts = {
        plan.article_id: (plan.item.title, plan.item.body)
        for plan in plans
        if plan.article_id and plan.item.title and plan.item.body and _may_have_reprints(plan)
    }
    if texts:
        # Imported with the first text: it takes longer than a crawl without any to start.
        from crawler.db.duplicates import link
        from crawler.text.similarity import signature

        signatures = {article: signature(*text) for article, text in texts.items()}
        changed = {plan.article_id for plan in plans if plan.article_id and plan.stored}
        link(connection, signatures, changed & signatures.keys())


def _may_have_reprints(plan: Plan) -> bool:
    return plan.outcome == "new" or (
        plan.stored is not None
        and (plan.stored.digest != plan.item.digest or "published_at" in (plan.changed or ()))
    )
