"""What articles were before, and when they were missing."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crawler.db.models.base import Base, one_of

REVISED = ("title", "body", "published_at", "section")  # the fields whose change is a revision
ORIGINS = ("site", "reader")


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
        CheckConstraint(one_of("origin", ORIGINS), name="origin_known"),
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
