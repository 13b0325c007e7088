"""Hold one pace across machines: a row a host, and an index of what is being fetched."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "hosts",
        sa.Column(
            "host",
            sa.Text(),
            nullable=False,
            comment="Host without www., with its port where it is not the usual one.",
        ),
        sa.Column(
            "next_request_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="First moment (UTC) that is not given to a request yet.",
        ),
        sa.Column(
            "held_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when (UTC) the site asked to be left alone, by its last Retry-After.",
        ),
        sa.Column(
            "crawl_delay",
            sa.Double(),
            server_default="0",
            nullable=False,
            comment="Seconds between requests by robots.txt; 0: none said.",
        ),
        sa.CheckConstraint("crawl_delay >= 0", name=op.f("ck_hosts_delay_forwards")),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
        comment="The pace at which each host is asked, held by all crawls of the database together: one row per host.",
    )
    # Leases are renewed every few seconds, and a ledger can have millions of rows.
    op.create_index(
        "ix_pages_claimed_by",
        "pages",
        ["claimed_by"],
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )


def downgrade():
    op.drop_index("ix_pages_claimed_by", table_name="pages")
    op.drop_table("hosts")
