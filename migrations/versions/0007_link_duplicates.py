"""Link duplicates: signatures of texts, the pairs that they find, and the groups of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DUPLICATE = "The article whose story this one tells again: a reprint, an updated version. It is the earliest of its group by published_at (null last), then url, and is itself no duplicate; null: this article is the earliest. Stories: count(DISTINCT coalesce(duplicate_of_id, id)), or without other conditions the rows where this is null."
DUPLICATE_BEFORE = "The earlier article that this one repeats."
MODES = "incremental, backfill, url, worker, reextract, ingest or regroup."
MODES_BEFORE = "incremental, backfill, url, worker, reextract or ingest."


def upgrade():
    _make_signatures()
    _make_pairs()
    op.add_column(
        "articles",
        sa.Column(
            "duplicate_similarity",
            sa.Float(),
            comment="How much of both texts is shared with duplicate_of_id, from 0 to 1: Jaccard similarity of their word shingles; null where duplicate_of_id is.",
        ),
    )
    op.create_check_constraint(
        op.f("ck_articles_duplicate_has_similarity"),
        "articles",
        "(duplicate_of_id IS NULL) = (duplicate_similarity IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_articles_similarity_is_share"),
        "articles",
        "duplicate_similarity > 0 AND duplicate_similarity <= 1",
    )
    op.alter_column(
        "articles", "duplicate_of_id", comment=DUPLICATE, existing_comment=DUPLICATE_BEFORE
    )
    op.alter_column("runs", "mode", comment=MODES, existing_comment=MODES_BEFORE)


def _make_signatures():
    op.create_table(
        "signatures",
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="Article."),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            comment="Version of format and seed; those of two versions are not compared.",
        ),
        sa.Column(
            "signature",
            sa.LargeBinary(),
            nullable=False,
            comment="MinHash of the word shingles of the folded text; crawler/text/similarity.py.",
        ),
        sa.Column(
            "bands",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="Hashes of parts of the signature, and of the site: texts that resemble each other share one of these. Without those in common_bands.",
        ),
        sa.PrimaryKeyConstraint("article_id", name="pk_signatures"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_signatures_article_id_articles"
        ),
        comment="MinHash signatures of the current texts: by them reprints find each other.",
    )
    # With fastupdate a lookup reads a list of pending entries that grows to megabytes.
    op.create_index(
        "ix_signatures_bands",
        "signatures",
        ["bands"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "common_bands",
        sa.Column("band", sa.BigInteger(), nullable=False, comment="The band."),
        sa.Column(
            "articles",
            sa.BigInteger(),
            nullable=False,
            comment="Articles that shared it when it was found to be common.",
        ),
        sa.PrimaryKeyConstraint("band", name="pk_common_bands"),
        comment="Bands that so many articles share (a standing paragraph, a form) that they are no sign of a reprint any more.",
    )


def _make_pairs():
    op.create_table(
        "reprints",
        sa.Column(
            "article_id",
            sa.BigInteger(),
            nullable=False,
            comment="Article with the lower number.",
        ),
        sa.Column("other_id", sa.BigInteger(), nullable=False, comment="The other article."),
        sa.Column(
            "similarity",
            sa.Float(),
            nullable=False,
            comment="Jaccard similarity of their word shingles, to 1.",
        ),
        sa.PrimaryKeyConstraint("article_id", "other_id", name="pk_reprints"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_reprints_article_id_articles"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["articles.id"], name="fk_reprints_other_id_articles"
        ),
        sa.CheckConstraint("article_id < other_id", name=op.f("ck_reprints_pair_once")),
        sa.CheckConstraint(
            "similarity > 0 AND similarity <= 1", name=op.f("ck_reprints_similarity_is_share")
        ),
        comment="Every pair of articles that tell nearly the same text; articles.duplicate_of_id, which counts stories, follows from it.",
    )
    op.create_index("ix_reprints_other_id", "reprints", ["other_id"])
    op.create_table(
        "containments",
        sa.Column(
            "short_id",
            sa.BigInteger(),
            nullable=False,
            comment="The article that is contained.",
        ),
        sa.Column(
            "long_id", sa.BigInteger(), nullable=False, comment="The article that contains it."
        ),
        sa.Column(
            "share",
            sa.Float(),
            nullable=False,
            comment="Share of the short one's word shingles that the long one has, to 1.",
        ),
        sa.PrimaryKeyConstraint("short_id", "long_id", name="pk_containments"),
        sa.ForeignKeyConstraint(
            ["short_id"], ["articles.id"], name="fk_containments_short_id_articles"
        ),
        sa.ForeignKeyConstraint(
            ["long_id"], ["articles.id"], name="fk_containments_long_id_articles"
        ),
        sa.CheckConstraint("short_id <> long_id", name=op.f("ck_containments_two_articles")),
        sa.CheckConstraint("share > 0 AND share <= 1", name=op.f("ck_containments_share_is_share")),
        comment="Short articles whose text a longer one holds nearly whole: no duplicates, both are counted.",
    )
    op.create_index("ix_containments_long_id", "containments", ["long_id"])


def downgrade():
    op.alter_column("runs", "mode", comment=MODES_BEFORE, existing_comment=MODES)
    op.alter_column(
        "articles", "duplicate_of_id", comment=DUPLICATE_BEFORE, existing_comment=DUPLICATE
    )
    op.drop_constraint(op.f("ck_articles_similarity_is_share"), "articles")
    op.drop_constraint(op.f("ck_articles_duplicate_has_similarity"), "articles")
    op.drop_column("articles", "duplicate_similarity")
    # Before this change nothing wrote it.
    op.execute("UPDATE articles SET duplicate_of_id = NULL WHERE duplicate_of_id IS NOT NULL")
    for table in ("containments", "reprints", "common_bands", "signatures"):
        op.drop_table(table)
