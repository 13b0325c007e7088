"""The ledger's side of storing: pages whose article is stored, in the article's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.models import Article, Page
from crawler.db.rows import as_json
from crawler.db.schedule import schedule
from crawler.items import ArticleItem
from crawler.rechecks import RecheckPolicy
from crawler.text.urls import address_shape, canonical_url


@dataclass(slots=True)
class Plan:
    """One item, what is to become of it, and the numbers that its rows get on the way."""

    item: ArticleItem
    outcome: str
    article_id: int | None  # None until a new article is inserted
    number: int  # of the revision that the item makes or repeats
    stored: sa.Row[Any] | None = None  # the article at the address, as it was before
    changed: list[str] | None = None  # fields; None where there was no article
    capture_id: int | None = None


def keep_addresses(connection: sa.Connection, items: Sequence[ArticleItem]) -> None:
    """Leave articles at the addresses at which they are stored, whatever their pages name now.

    Else a site that begins to print canonical links of another form would make a second article
    of each, and of the first no page would be looked at any more.
    """
    asked = [
        (canonical_url(item.provenance.url), item) for item in items if item.address is not None
    ]
    if not asked:
        return
    addresses = [url for url, _ in asked]
    stored = set(connection.scalars(sa.select(Article.url).where(Article.url.in_(addresses))))
    for url, item in asked:
        if url in stored:
            item.url, item.address = url, None


def settle_pages(
    connection: sa.Connection, site: str, plans: list[Plan], rechecks: RecheckPolicy
) -> None:
    """Mark the pages as archived, and say when to look again, or as further addresses.

    Where a page led to another address, by redirect, that address gets its own row. An article
    is looked at again at its own address only.
    """
    asked = [plan.item.provenance.page_id for plan in plans]
    found = connection.execute(_ASKED, {"pages": asked}).all()
    addresses: dict[int | None, str] = {page_id: url for page_id, url, _ in found}
    own: dict[int | None, int | None] = {page_id: article_id for page_id, _, article_id in found}
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
        if addresses[capture.page_id] != plan.item.url and (
            plan.item.address or plan.outcome != "duplicate"
        ):
            verb = "names as its own" if plan.item.address else "leads to"
            reason = f"{verb} {plan.item.url}"
        # An address that has begun to redirect can lead to the text of its own article.
        elif plan.outcome == "duplicate" and plan.article_id != own[capture.page_id]:
            reason = "same text, title and date as the article"
        rows.append(
            {
                "id": capture.page_id,
                "state": "duplicate" if reason else "archived",
                "reason": reason,
                "article_id": plan.article_id,
                "http_status": capture.http_status,
                "last_fetched_at": capture.fetched_at,
                "etag": capture.etag,
                "last_modified": capture.last_modified,
            }
        )
    connection.execute(_SETTLE, {"rows": as_json(rows)})
    schedule(connection, rechecks, [*addresses.values(), *(plan.item.url for plan in plans)])


_ASKED = (
    sa.select(Page.id, Page.url, Article.id)
    .outerjoin(Article, Article.url == Page.url)
    .where(Page.id == sa.func.any(sa.bindparam("pages")))
)
_SETTLE = sa.text(
    """
    UPDATE pages SET
        state = made.state, reason = made.reason, article_id = made.article_id,
        http_status = made.http_status, last_fetched_at = made.last_fetched_at,
        etag = made.etag, last_modified = made.last_modified,
        attempts = 0, next_fetch_at = NULL, claimed_by = NULL, claimed_until = NULL
    FROM json_populate_recordset(CAST(NULL AS pages), CAST(:rows AS json)) AS made
    WHERE pages.id = made.id
    """
)


def _insert_final_pages(
    connection: sa.Connection, site: str, plans: list[Plan], addresses: dict[int | None, str]
) -> None:
    rows = []
    for plan in plans:
        capture = plan.item.provenance
        shape, number = address_shape(plan.item.url)
        rows.append(
            {
                "site": site,
                "url": plan.item.url,
                "request_url": plan.item.address or capture.url,
                "state": "archived",
                "article_id": plan.article_id,
                "discovered_on": addresses[capture.page_id],
                "last_fetched_at": capture.fetched_at,
                "http_status": capture.http_status,
                # What the server gave for another address says nothing about this one.
                "etag": None if plan.item.address else capture.etag,
                "last_modified": None if plan.item.address else capture.last_modified,
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
