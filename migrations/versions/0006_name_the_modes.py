"""Name all the modes in which the archive is worked on."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ALL = "incremental, backfill, url, worker, reextract or ingest."
OF_CRAWLS = "incremental, backfill, url or worker."


def upgrade():
    op.alter_column("runs", "mode", comment=ALL, existing_comment=OF_CRAWLS)


def downgrade():
    op.alter_column("runs", "mode", comment=OF_CRAWLS, existing_comment=ALL)
