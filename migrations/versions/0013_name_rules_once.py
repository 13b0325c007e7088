"""Name rules once: checks carried their table's name twice, which no model or convention has."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RULES = {
    "articles": (
        "body_not_empty",
        "date_has_precision",
        "not_its_own_duplicate",
        "precision_known",
        "revision_counted",
        "seen_in_order",
        "title_not_empty",
        "words_counted",
    ),
    "captures": ("warc_place_whole",),
    "links": ("position_counted",),
    "pages": (
        "address_given",
        "archived_has_article",
        "attempts_counted",
        "claim_whole",
        "pending_has_next_fetch",
        "refusal_has_reason",
        "state_known",
    ),
    "removals": ("gone_after_missed", "returned_after_missed"),
    "revisions": ("number_counted",),
    "runs": ("finished_unless_running", "outcome_known"),
}


ONCE, TWICE = "ck_{0}_{1}", "ck_{0}_ck_{0}_{1}"


def upgrade():
    _rename(TWICE, ONCE)


def downgrade():
    _rename(ONCE, TWICE)


def _rename(old, new):
    for table, rules in RULES.items():
        for rule in rules:
            names = f"{old.format(table, rule)} TO {new.format(table, rule)}"
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {names}")
