"""The ledger's side of storing: pages whose article is stored, in the article's transaction."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.models import Page
from crawler.items import ArticleItem
from crawler.text.urls import address_shape


@dataclass(slots=True)
class Plan:
    """One item, what is to become of it, and the numbers that its rows get on the way."""

    item: ArticleItem
    outcome: str
    article_id: int | None  # None until a new article is inserted
    number: int  # of the revision that the item makes or repeats
    capture_id: int | None = None


def settle_pages(connection: sa.Connection, site: str, plans: list[Plan]) -> None:
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
