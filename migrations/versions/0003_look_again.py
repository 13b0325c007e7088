"""Look at archived pages again: an index of what is due, and a time for what was archived before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        "ix_pages_recheck",
        "pages",
        ["site", "next_fetch_at"],
        postgresql_where=sa.text("state IN ('archived', 'gone')"),
    )
    # At random within the next month, or within as much time as the article is old: what came
    # today is due today, and an archive of years does not come due in one crawl.
    op.execute(
        """
        UPDATE pages
        SET next_fetch_at = now() + random() * LEAST(
            interval '30 days',
            now() - LEAST(articles.first_seen_at, articles.published_at, now() - interval '1 hour')
        )
        FROM articles
        WHERE articles.id = pages.article_id
            AND pages.state = 'archived' AND pages.next_fetch_at IS NULL
        """
    )


def downgrade():
    op.drop_index("ix_pages_recheck", table_name="pages")
    op.execute("UPDATE pages SET next_fetch_at = NULL WHERE state = 'archived'")
