"""Point captures that repeat a payload at the capture that holds it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEPT = "One row per response that was kept: where texts and findings come from."
WITH_ARTICLE = "One row per response that gave an article: where a text comes from."
AS_RECEIVED = (
    "sha256: and the hex digest of the payload as received, its content coding left on: "
    "WARC-Payload-Digest of the record."
)
UNPACKED = "sha256: and the hex digest of the body as received, unpacked."


def upgrade():
    op.add_column(
        "captures",
        sa.Column(
            "revisit_of_id",
            sa.BigInteger(),
            nullable=True,
            comment="Earlier capture that holds the same payload, where this record is a revisit.",
        ),
    )
    op.create_foreign_key(
        op.f("fk_captures_revisit_of_id_captures"),
        "captures",
        "captures",
        ["revisit_of_id"],
        ["id"],
    )
    op.create_table_comment("captures", KEPT, existing_comment=WITH_ARTICLE)
    op.alter_column("captures", "payload_digest", comment=AS_RECEIVED, existing_comment=UNPACKED)


def downgrade():
    op.alter_column("captures", "payload_digest", comment=UNPACKED, existing_comment=AS_RECEIVED)
    op.create_table_comment("captures", WITH_ARTICLE, existing_comment=KEPT)
    op.drop_constraint(op.f("fk_captures_revisit_of_id_captures"), "captures", type_="foreignkey")
    op.drop_column("captures", "revisit_of_id")
