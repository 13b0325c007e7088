"""Articles with their current text, and the related links that they show."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, Computed, ForeignKey, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crawler.db.models.base import Base, one_of

PRECISIONS = ("minute", "day")


class Article(Base):
    """One article with its current text."""

    __tablename__ = "articles"
    __table_args__ = (
        CheckConstraint(r"title ~ '\S'", name="title_not_empty"),
        CheckConstraint(r"body ~ '\S'", name="body_not_empty"),
        CheckConstraint(one_of("published_precision", PRECISIONS), name="precision_known"),
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
