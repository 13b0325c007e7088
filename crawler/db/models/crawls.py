"""Crawls: what each did, what pages are expected to show, and the pace of each host."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, Identity, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crawler.db.models.base import Base, one_of

RUN_OUTCOMES = ("running", "finished", "failed", "interrupted")


class Run(Base):
    """One crawl."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(one_of("outcome", RUN_OUTCOMES), name="outcome_known"),
        CheckConstraint(
            "(outcome = 'running') = (finished_at IS NULL)", name="finished_unless_running"
        ),
        {"comment": "One row per crawl, opened before its first request."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, comment="Number of the crawl.")
    spider: Mapped[str] = mapped_column(comment="Name of the spider, which names the site.")
    mode: Mapped[str] = mapped_column(
        comment="incremental, backfill, url, worker, reextract, ingest, regroup or release."
    )
    started_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the crawl began (UTC)."
    )
    finished_at: Mapped[datetime | None] = mapped_column(
        comment="When it ended (UTC); of a crawl that was killed, when that was noticed."
    )
    outcome: Mapped[str] = mapped_column(
        server_default="running", comment="running, finished, failed or interrupted."
    )
    reason: Mapped[str | None] = mapped_column(comment="Why it ended, in words.")
    stats: Mapped[dict[str, object] | None] = mapped_column(
        JSONB, comment="Scrapy's counters at the end of the crawl."
    )
    covered: Mapped[bool] = mapped_column(
        server_default=false(),
        comment="Whether discovery ran to its end over the whole site, without since or until: "
        "what was discovered before is known, and later crawls stop where they meet it.",
    )
    unread_listings: Mapped[dict[str, str]] = mapped_column(
        JSONB,
        server_default="{}",
        comment="Addresses of listings, feeds and sitemaps that gave no answer, and which of "
        "these each is; the next crawl begins there.",
    )
    timezone: Mapped[str | None] = mapped_column(
        comment="Zone of the printed times, as this crawl read them: ALKARMEL_TIMEZONE; null for "
        "crawls that did not say."
    )


class Expectation(Base):
    """One trait of the pages of a site, as the last crawls taught it."""

    __tablename__ = "expectations"
    __table_args__ = (
        CheckConstraint("shown >= 0 AND shown <= pages", name="shown_counted"),
        CheckConstraint("evidence >= 0", name="evidence_counted"),
        {
            "comment": "What the pages of a site usually show, as the last crawls taught it: what "
            "the drift alarm goes by."
        },
    )

    site: Mapped[str] = mapped_column(
        primary_key=True, comment="Name of the spider whose site this is."
    )
    kind: Mapped[str] = mapped_column(
        primary_key=True,
        comment="Pages it is about: new, old (of a backfill), again (rechecks) or listing.",
    )
    trait: Mapped[str] = mapped_column(
        primary_key=True,
        comment="What they show: a field, a field by its evidence, a length, an article at all.",
    )
    pages: Mapped[float] = mapped_column(
        Double, comment="Pages that were seen, the older ones counted less and less."
    )
    shown: Mapped[float] = mapped_column(Double, comment="Those of them that showed it.")
    evidence: Mapped[float] = mapped_column(
        Double,
        comment="What speaks for its being broken now: 0 nothing, 9.2 (natural logarithm of "
        "10,000) enough for an alarm.",
    )
    alarm_since: Mapped[datetime | None] = mapped_column(
        comment="When the alarm that stands began (UTC); null: there is none."
    )
    extractor_version: Mapped[str] = mapped_column(
        comment="Version of the reader that it is true of; another reader learns anew."
    )
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was last learned (UTC)."
    )


class Host(Base):
    """One host that is crawled, and when it may be asked next."""

    __tablename__ = "hosts"
    __table_args__ = (
        CheckConstraint("crawl_delay >= 0", name="delay_forwards"),
        {
            "comment": "The pace at which each host is asked, held by all crawls of the database "
            "together: one row per host."
        },
    )

    host: Mapped[str] = mapped_column(
        primary_key=True, comment="Host without www., with its port where it is not the usual one."
    )
    next_request_at: Mapped[datetime] = mapped_column(
        server_default=func.now(),
        comment="First moment (UTC) that is not given to a request yet.",
    )
    held_until: Mapped[datetime | None] = mapped_column(
        comment="Until when (UTC) the site asked to be left alone, by its last Retry-After."
    )
    crawl_delay: Mapped[float] = mapped_column(
        Double, server_default="0", comment="Seconds between requests by robots.txt; 0: none said."
    )
