"""Learn what pages look like."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MODES = "incremental, backfill, url, worker, reextract, ingest, regroup or release."
MODES_BEFORE = "incremental, backfill, url, worker, reextract, ingest or regroup."
REASONS_BEFORE = (
    "Why the page is in its state. Of a page without an article one of: listing, tag listing, "
    "author listing, gallery, search, login, no article, missing page, empty template, home page, "
    "challenge, consent, interstitial, server error, parked domain, empty shell."
)
REASONS = f"{REASONS_BEFORE} drift: held back, because it lacks what pages of the site always show."


def upgrade():
    op.create_table(
        "expectations",
        sa.Column(
            "site", sa.Text(), nullable=False, comment="Name of the spider whose site this is."
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="Pages it is about: new, old (of a backfill), again (rechecks) or listing.",
        ),
        sa.Column(
            "trait",
            sa.Text(),
            nullable=False,
            comment="What they show: a field, a field by its evidence, a length, an article at "
            "all.",
        ),
        sa.Column(
            "pages",
            sa.Double(),
            nullable=False,
            comment="Pages that were seen, the older ones counted less and less.",
        ),
        sa.Column("shown", sa.Double(), nullable=False, comment="Those of them that showed it."),
        sa.Column(
            "evidence",
            sa.Double(),
            nullable=False,
            comment="What speaks for its being broken now: 0 nothing, 9.2 (natural logarithm of "
            "10,000) enough for an alarm.",
        ),
        sa.Column(
            "alarm_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the alarm that stands began (UTC); null: there is none.",
        ),
        sa.Column(
            "extractor_version",
            sa.Text(),
            nullable=False,
            comment="Version of the reader that it is true of; another reader learns anew.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last learned (UTC).",
        ),
        sa.CheckConstraint(
            "shown >= 0 AND shown <= pages", name=op.f("ck_expectations_shown_counted")
        ),
        sa.CheckConstraint("evidence >= 0", name=op.f("ck_expectations_evidence_counted")),
        sa.PrimaryKeyConstraint("site", "kind", "trait", name=op.f("pk_expectations")),
        comment="What the pages of a site usually show, as the last crawls taught it: what the "
        "drift alarm goes by.",
    )
    op.alter_column("runs", "mode", comment=MODES, existing_comment=MODES_BEFORE)
    op.alter_column("pages", "reason", comment=REASONS, existing_comment=REASONS_BEFORE)


def downgrade():
    op.alter_column("pages", "reason", comment=REASONS_BEFORE, existing_comment=REASONS)
    op.alter_column("runs", "mode", comment=MODES_BEFORE, existing_comment=MODES)
    op.drop_table("expectations")
