"""The ledger, and the responses that were kept."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from crawler.db.models.base import Base, one_of

PAGE_STATES = ("pending", "archived", "duplicate", "rejected", "gone", "failed", "excluded")
LOOKED_AT_AGAIN = ("archived", "gone")  # by rechecks, when next_fetch_at says so


class Page(Base):
    """The ledger: one row per article address that was ever discovered."""

    __tablename__ = "pages"
    __table_args__ = (
        CheckConstraint(one_of("state", PAGE_STATES), name="state_known"),
        CheckConstraint(
            "state <> 'pending' OR next_fetch_at IS NOT NULL", name="pending_has_next_fetch"
        ),
        CheckConstraint(
            "state NOT IN ('archived', 'duplicate') OR article_id IS NOT NULL",
            name="archived_has_article",
        ),
        CheckConstraint(
            "state NOT IN ('rejected', 'gone', 'failed', 'excluded') OR reason IS NOT NULL",
            name="refusal_has_reason",
        ),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        CheckConstraint("url <> '' AND request_url <> ''", name="address_given"),
        CheckConstraint("(claimed_by IS NULL) = (claimed_until IS NULL)", name="claim_whole"),
        # A claim takes the oldest and the newest due pages: both ends of this index.
        Index("ix_pages_pending", "site", "id", postgresql_where="state = 'pending'"),
        Index(
            "ix_pages_recheck",
            "site",
            "next_fetch_at",
            postgresql_where=one_of("state", LOOKED_AT_AGAIN),
        ),
        Index("ix_pages_address_number", "site", "address_shape", "address_number"),
        Index("ix_pages_claimed_by", "claimed_by", postgresql_where="claimed_by IS NOT NULL"),
        {"comment": "The ledger: every article address ever discovered, and what became of it."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, comment="Number of the page.")
    site: Mapped[str] = mapped_column(comment="Name of the spider whose site this is.")
    url: Mapped[str] = mapped_column(
        unique=True, comment="Canonical address: the identity of the page."
    )
    request_url: Mapped[str] = mapped_column(
        comment="Address as the site printed it: what is fetched."
    )
    state: Mapped[str] = mapped_column(
        server_default="pending",
        comment="pending, archived, duplicate (another address of an article), rejected (no "
        "article or not readable), gone (404, 410, soft 404), failed (tries used up) or "
        "excluded (robots.txt, outside the site, outside since/until).",
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why the page is in its state. Of a page without an article one of: listing, tag "
        "listing, author listing, gallery, search, login, no article, missing page, empty "
        "template, home page, challenge, consent, interstitial, server error, parked domain, "
        "empty shell. drift: held back, because it lacks what pages of the site always show."
    )
    discovered_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the address was first seen (UTC)."
    )
    discovered_on: Mapped[str | None] = mapped_column(
        comment="Where it was first seen: address of a listing, feed, sitemap or article; "
        "'gap between known numbers'; 'operator'."
    )
    published_hint: Mapped[datetime | None] = mapped_column(
        comment="Publication date (UTC) that a feed or sitemap gave, or that a page outside "
        "since/until printed."
    )
    attempts: Mapped[int] = mapped_column(
        server_default="0", comment="Failed tries since the last answer that settled the page."
    )
    last_fetched_at: Mapped[datetime | None] = mapped_column(
        comment="When it was last asked for (UTC)."
    )
    http_status: Mapped[int | None] = mapped_column(comment="HTTP status of the last answer.")
    etag: Mapped[str | None] = mapped_column(comment="ETag of the last answer.")
    last_modified: Mapped[str | None] = mapped_column(
        comment="Last-Modified of the last answer, as sent."
    )
    next_fetch_at: Mapped[datetime | None] = mapped_column(
        server_default=func.now(), comment="When it is due (UTC); null: not again."
    )
    claimed_by: Mapped[int | None] = mapped_column(
        ForeignKey("runs.id"), comment="Crawl that is fetching it now."
    )
    claimed_until: Mapped[datetime | None] = mapped_column(
        comment="When that claim lapses (UTC), so that a dead crawl holds nothing."
    )
    address_shape: Mapped[str] = mapped_column(
        comment="Form that addresses of its kind share, such as /post/{n}; derived from url."
    )
    address_number: Mapped[int | None] = mapped_column(
        comment="The number in the address that enumerates; derived from url."
    )
    article_id: Mapped[int | None] = mapped_column(
        ForeignKey("articles.id", use_alter=True), index=True, comment="Article found there."
    )


class Capture(Base):
    """One raw response that was kept."""

    __tablename__ = "captures"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(warc_file, warc_offset, warc_length) IN (0, 3)", name="warc_place_whole"
        ),
        {"comment": "One row per response that was kept: where texts and findings come from."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, comment="Number of the capture.")
    page_id: Mapped[int] = mapped_column(
        ForeignKey("pages.id"), index=True, comment="Ledger row that was fetched."
    )
    run_id: Mapped[int] = mapped_column(
        ForeignKey("runs.id"), index=True, comment="Crawl that fetched it."
    )
    url: Mapped[str] = mapped_column(comment="Address that answered, after redirects.")
    fetched_at: Mapped[datetime] = mapped_column(comment="When the answer came (UTC).")
    http_status: Mapped[int] = mapped_column(comment="HTTP status of the answer.")
    payload_digest: Mapped[str] = mapped_column(
        comment="sha256: and the hex digest of the payload as received, its content coding left "
        "on: WARC-Payload-Digest of the record."
    )
    warc_file: Mapped[str | None] = mapped_column(
        comment="WARC file that holds the response; null: not kept."
    )
    warc_offset: Mapped[int | None] = mapped_column(comment="First byte of the record in it.")
    warc_length: Mapped[int | None] = mapped_column(comment="Bytes of the record, compressed.")
    revisit_of_id: Mapped[int | None] = mapped_column(
        ForeignKey("captures.id"),
        comment="Earlier capture that holds the same payload, where this record is a revisit.",
    )
