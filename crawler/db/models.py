"""The tables of the archive, with the rules they keep and a comment for every reader."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

PAGE_STATES = ("pending", "archived", "duplicate", "rejected", "gone", "failed", "excluded")
LOOKED_AT_AGAIN = ("archived", "gone")  # by rechecks, when next_fetch_at says so
RUN_OUTCOMES = ("running", "finished", "failed", "interrupted")
PRECISIONS = ("minute", "day")
REVISED = ("title", "body", "published_at", "section")  # the fields whose change is a revision
ORIGINS = ("site", "reader")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: Text, int: BigInteger, datetime: DateTime(timezone=True)}


class Run(Base):
    """One crawl."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint(_one_of("outcome", RUN_OUTCOMES), name="outcome_known"),
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


class Page(Base):
    """The ledger: one row per article address that was ever discovered."""

    __tablename__ = "pages"
    __table_args__ = (
        CheckConstraint(_one_of("state", PAGE_STATES), name="state_known"),
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
            postgresql_where=_one_of("state", LOOKED_AT_AGAIN),
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


class Article(Base):
    """One article with its current text."""

    __tablename__ = "articles"
    __table_args__ = (
        CheckConstraint(r"title ~ '\S'", name="title_not_empty"),
        CheckConstraint(r"body ~ '\S'", name="body_not_empty"),
        CheckConstraint(_one_of("published_precision", PRECISIONS), name="precision_known"),
        CheckConstraint(
            "(published_at IS NULL) = (published_precision IS NULL)", name="date_has_precision"
        ),
        CheckConstraint("word_count > 0", name="words_counted"),
        CheckConstraint("revision >= 1", name="revision_counted"),
        CheckConstraint("last_seen_at >= first_seen_at", name="seen_in_order"),
        CheckConstraint("duplicate_of_id <> id", name="not_its_own_duplicate"),
        CheckConstraint(
            "(duplicate_of_id IS NULL) = (duplicate_similarity IS NULL)",
            name="duplicate_has_similarity",
        ),
        CheckConstraint(
            "duplicate_similarity > 0 AND duplicate_similarity <= 1", name="similarity_is_share"
        ),
        Index(
            "ix_articles_words",
            "words",
            text("search_keys(published_at, section)"),
            postgresql_using="gin",
        ),
        # The views that count days and delays read these columns here, not the texts' table.
        Index(
            "ix_articles_published_at",
            "published_at",
            postgresql_include=[
                "published_precision",
                "word_count",
                "duplicate_of_id",
                "first_seen_at",
            ],
        ),
        {"comment": "One row per article, with its current text."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True, comment="Number of the article.")
    url: Mapped[str] = mapped_column(unique=True, comment="Canonical address.")
    title: Mapped[str] = mapped_column(comment="Headline.")
    body: Mapped[str] = mapped_column(
        comment="Plain text, paragraphs separated by one blank line, without title, date, "
        "dateline, captions, menus and related links."
    )
    published_at: Mapped[datetime | None] = mapped_column(
        comment="Printed date and time (UTC); null where the page prints none that can be read. "
        "With precision day: the start of that day on the site's clock.",
    )
    published_text: Mapped[str | None] = mapped_column(comment="The date as printed.")
    published_precision: Mapped[str | None] = mapped_column(
        comment="minute or day: how exact published_at is."
    )
    modified_at: Mapped[datetime | None] = mapped_column(
        comment="Last change (UTC) that the page itself states."
    )
    section: Mapped[str | None] = mapped_column(comment="Section as printed.")
    dateline: Mapped[str | None] = mapped_column(comment="Place that opens the text: القدس.")
    agency: Mapped[str | None] = mapped_column(comment="Credited source: الكرمل, وكالات.")
    author: Mapped[str | None] = mapped_column(comment="Author as printed.")
    image_url: Mapped[str | None] = mapped_column(comment="Address of the lead picture.")
    language: Mapped[str | None] = mapped_column(comment="Language tag (BCP 47) of the page.")
    word_count: Mapped[int] = mapped_column(comment="Words in the body.")
    digest: Mapped[str] = mapped_column(
        index=True, comment="sha256 (hex) of the folded title and body: equal for equal texts."
    )
    extraction: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default="{}", comment="Field and the evidence on the page that gave it."
    )
    flags: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default="{}", comment="Disagreements between pieces of evidence."
    )
    extractor_version: Mapped[str] = mapped_column(comment="Version of the reader of the text.")
    revision: Mapped[int] = mapped_column(
        server_default="1", comment="Number of the current revision, from 1."
    )
    first_seen_at: Mapped[datetime] = mapped_column(comment="When it was first fetched (UTC).")
    last_seen_at: Mapped[datetime] = mapped_column(comment="When it was last fetched (UTC).")
    gone_at: Mapped[datetime | None] = mapped_column(
        comment="When a second look confirmed that the site had removed it (UTC); null: there, or "
        "missed once so far. removals tells of every time."
    )
    duplicate_of_id: Mapped[int | None] = mapped_column(
        ForeignKey("articles.id"),
        index=True,
        comment="The article whose story this one tells again: a reprint, an updated version. It "
        "is the earliest of its group by published_at (null last), then url, and is itself no "
        "duplicate; null: this article is the earliest. Stories: count(DISTINCT "
        "coalesce(duplicate_of_id, id)), or without other conditions the rows where this is null.",
    )
    duplicate_similarity: Mapped[float | None] = mapped_column(
        comment="How much of both texts is shared with duplicate_of_id, from 0 to 1: Jaccard "
        "similarity of their word shingles; null where duplicate_of_id is.",
    )
    capture_id: Mapped[int] = mapped_column(
        ForeignKey("captures.id"), index=True, comment="Response that the current text is from."
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("search_words(title, body)", persisted=True),
        comment="Stems of title and body, for search_articles() and @@ search_query(…); made from "
        "them by the database.",
    )


class Revision(Base):
    """One text that an article has had."""

    __tablename__ = "revisions"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_counted"),
        CheckConstraint("(number = 1) = (changed IS NULL)", name="change_unless_first"),
        CheckConstraint(
            f"changed <@ ARRAY[{', '.join(map(repr, REVISED))}]::text[]", name="change_known"
        ),
        CheckConstraint("words_added >= 0 AND words_removed >= 0", name="words_counted"),
        CheckConstraint(_one_of("origin", ORIGINS), name="origin_known"),
        {"comment": "Every text that an article has had, the current one included."},
    )

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, comment="Article."
    )
    number: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="Number of the revision, from 1."
    )
    title: Mapped[str] = mapped_column(comment="Headline of this revision.")
    body: Mapped[str] = mapped_column(comment="Text of this revision.")
    published_at: Mapped[datetime | None] = mapped_column(
        comment="Date (UTC) of this revision; where its page printed none, the one before."
    )
    section: Mapped[str | None] = mapped_column(
        comment="Section of this revision; where its page printed none, the one before."
    )
    digest: Mapped[str] = mapped_column(comment="sha256 (hex) of its folded title and body.")
    seen_at: Mapped[datetime] = mapped_column(comment="When it was first seen (UTC).")
    capture_id: Mapped[int] = mapped_column(
        ForeignKey("captures.id"), index=True, comment="Response that it was read from."
    )
    changed: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text),
        comment="What differs from the revision before: title, body, published_at, section; null "
        "for the first. White space, invisible characters and relative times are no change.",
    )
    words_added: Mapped[int | None] = mapped_column(
        comment="Words of title and body that the revision before had not; null for the first. "
        "revision_diff(article_id, number) shows them."
    )
    words_removed: Mapped[int | None] = mapped_column(
        comment="Words of the revision before that are here no more; null for the first."
    )
    origin: Mapped[str] = mapped_column(
        server_default="site",
        comment="Whose change it is: site, or reader (the same response, read anew).",
    )


class Removal(Base):
    """One time that an article was missing from the site."""

    __tablename__ = "removals"
    __table_args__ = (
        CheckConstraint("gone_at >= missed_at", name="gone_after_missed"),
        CheckConstraint("returned_at >= missed_at", name="returned_after_missed"),
        Index(
            "ix_removals_open", "article_id", unique=True, postgresql_where="returned_at IS NULL"
        ),
        {"comment": "Every time that an article was missing from the site; its text is kept."},
    )

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, comment="Article."
    )
    missed_at: Mapped[datetime] = mapped_column(
        primary_key=True, comment="When it was first found missing (UTC)."
    )
    gone_at: Mapped[datetime | None] = mapped_column(
        comment="When a second look, some hours later, confirmed it (UTC); null: none has."
    )
    returned_at: Mapped[datetime | None] = mapped_column(
        comment="When it was found on the site again (UTC); null: missing still."
    )
    reason: Mapped[str] = mapped_column(
        comment="What the site answered when first found missing: HTTP 404, leads to the home page."
    )


class Signature(Base):
    """What an article's text is found by among others that resemble it."""

    __tablename__ = "signatures"
    __table_args__ = (
        # With fastupdate a lookup reads a list of pending entries that grows to megabytes.
        Index(
            "ix_signatures_bands",
            "bands",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        {"comment": "MinHash signatures of the current texts: by them reprints find each other."},
    )

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, comment="Article."
    )
    version: Mapped[int] = mapped_column(
        comment="Version of format and seed; those of two versions are not compared."
    )
    signature: Mapped[bytes] = mapped_column(
        comment="MinHash of the word shingles of the folded text; crawler/text/similarity.py."
    )
    bands: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger),
        comment="Hashes of parts of the signature, and of the site: texts that resemble each other "
        "share one of these. Without those in common_bands.",
    )


class CommonBand(Base):
    """A band that says nothing, because too many texts have it."""

    __tablename__ = "common_bands"
    __table_args__ = (
        {
            "comment": "Bands that so many articles share (a standing paragraph, a form) that they "
            "are no sign of a reprint any more."
        },
    )

    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="The band.")
    articles: Mapped[int] = mapped_column(
        comment="Articles that shared it when it was found to be common."
    )


class Reprint(Base):
    """Two articles with nearly the same text."""

    __tablename__ = "reprints"
    __table_args__ = (
        CheckConstraint("article_id < other_id", name="pair_once"),
        CheckConstraint("similarity > 0 AND similarity <= 1", name="similarity_is_share"),
        {
            "comment": "Every pair of articles that tell nearly the same text; "
            "articles.duplicate_of_id, which counts stories, follows from it."
        },
    )

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, comment="Article with the lower number."
    )
    other_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, index=True, comment="The other article."
    )
    similarity: Mapped[float] = mapped_column(
        comment="Jaccard similarity of their word shingles, to 1."
    )


class Containment(Base):
    """A short article that a long one holds whole."""

    __tablename__ = "containments"
    __table_args__ = (
        CheckConstraint("short_id <> long_id", name="two_articles"),
        CheckConstraint("share > 0 AND share <= 1", name="share_is_share"),
        {
            "comment": "Short articles whose text a longer one holds nearly whole: no duplicates, "
            "both are counted."
        },
    )

    short_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, comment="The article that is contained."
    )
    long_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"),
        primary_key=True,
        index=True,
        comment="The article that contains it.",
    )
    share: Mapped[float] = mapped_column(
        comment="Share of the short one's word shingles that the long one has, to 1."
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


class RelatedLink(Base):
    """A related article that an article shows."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("position >= 1", name="position_counted"),
        {"comment": "Related links that the current text of an article shows."},
    )

    article_id: Mapped[int] = mapped_column(
        ForeignKey("articles.id"), primary_key=True, comment="Article that shows the link."
    )
    position: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="Place in the list, from 1."
    )
    url: Mapped[str] = mapped_column(
        index=True, comment="Canonical address linked to; joins pages.url."
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
