"""Signatures of texts, and which texts repeat or hold others."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from crawler.db.models.base import Base


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
