"""Name the reasons for which a page gives no article."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAMED = (
    "Why the page is in its state. Of a page without an article one of: listing, tag listing, "
    "author listing, gallery, search, login, no article, missing page, empty template, home page, "
    "challenge, consent, interstitial, server error, parked domain, empty shell."
)
IN_WORDS = "Why the page is in its state, in words."


def upgrade():
    op.alter_column("pages", "reason", comment=NAMED, existing_comment=IN_WORDS)


def downgrade():
    op.alter_column("pages", "reason", comment=IN_WORDS, existing_comment=NAMED)
