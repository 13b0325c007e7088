"""Create the archive: ledger, captures, articles, revisions, links and crawls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "runs",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the crawl.",
        ),
        sa.Column(
            "spider", sa.Text(), nullable=False, comment="Name of the spider, which names the site."
        ),
        sa.Column(
            "mode", sa.Text(), nullable=False, comment="incremental, backfill, url or worker."
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the crawl began (UTC).",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ended (UTC); of a crawl that was killed, when that was noticed.",
        ),
        sa.Column(
            "outcome",
            sa.Text(),
            server_default="running",
            nullable=False,
            comment="running, finished, failed or interrupted.",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it ended, in words."),
        sa.Column(
            "stats",
            postgresql.JSONB(),
            nullable=True,
            comment="Scrapy's counters at the end of the crawl.",
        ),
        sa.Column(
            "covered",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether discovery ran to its end over the whole site, without since or until: what was discovered before is known, and later crawls stop where they meet it.",
        ),
        sa.Column(
            "unread_listings",
            postgresql.JSONB(),
            server_default="{}",
            nullable=False,
            comment="Addresses of listings, feeds and sitemaps that gave no answer, and which of these each is; the next crawl begins there.",
        ),
        sa.CheckConstraint(
            "(outcome = 'running') = (finished_at IS NULL)", name="ck_runs_finished_unless_running"
        ),
        sa.CheckConstraint(
            "outcome IN ('running', 'finished', 'failed', 'interrupted')",
            name="ck_runs_outcome_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        comment="One row per crawl, opened before its first request.",
    )
    op.create_table(
        "pages",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the page.",
        ),
        sa.Column(
            "site", sa.Text(), nullable=False, comment="Name of the spider whose site this is."
        ),
        sa.Column(
            "url", sa.Text(), nullable=False, comment="Canonical address: the identity of the page."
        ),
        sa.Column(
            "request_url",
            sa.Text(),
            nullable=False,
            comment="Address as the site printed it: what is fetched.",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default="pending",
            nullable=False,
            comment="pending, archived, duplicate (another address of an article), rejected (no article or not readable), gone (404, 410, soft 404), failed (tries used up) or excluded (robots.txt, outside the site, outside since/until).",
        ),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Why the page is in its state, in words."
        ),
        sa.Column(
            "discovered_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the address was first seen (UTC).",
        ),
        sa.Column(
            "discovered_on",
            sa.Text(),
            nullable=True,
            comment="Where it was first seen: address of a listing, feed, sitemap or article; 'gap between known numbers'; 'operator'.",
        ),
        sa.Column(
            "published_hint",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Publication date (UTC) that a feed or sitemap gave, or that a page outside since/until printed.",
        ),
        sa.Column(
            "attempts",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Failed tries since the last answer that settled the page.",
        ),
        sa.Column(
            "last_fetched_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was last asked for (UTC).",
        ),
        sa.Column(
            "http_status", sa.BigInteger(), nullable=True, comment="HTTP status of the last answer."
        ),
        sa.Column("etag", sa.Text(), nullable=True, comment="ETag of the last answer."),
        sa.Column(
            "last_modified",
            sa.Text(),
            nullable=True,
            comment="Last-Modified of the last answer, as sent.",
        ),
        sa.Column(
            "next_fetch_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
            comment="When it is due (UTC); null: not again.",
        ),
        sa.Column(
            "claimed_by", sa.BigInteger(), nullable=True, comment="Crawl that is fetching it now."
        ),
        sa.Column(
            "claimed_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When that claim lapses (UTC), so that a dead crawl holds nothing.",
        ),
        sa.Column(
            "address_shape",
            sa.Text(),
            nullable=False,
            comment="Form that addresses of its kind share, such as /post/{n}; derived from url.",
        ),
        sa.Column(
            "address_number",
            sa.BigInteger(),
            nullable=True,
            comment="The number in the address that enumerates; derived from url.",
        ),
        sa.Column("article_id", sa.BigInteger(), nullable=True, comment="Article found there."),
        sa.CheckConstraint(
            "state <> 'pending' OR next_fetch_at IS NOT NULL",
            name="ck_pages_pending_has_next_fetch",
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'archived', 'duplicate', 'rejected', 'gone', 'failed', 'excluded')",
            name="ck_pages_state_known",
        ),
        sa.CheckConstraint(
            "state NOT IN ('archived', 'duplicate') OR article_id IS NOT NULL",
            name="ck_pages_archived_has_article",
        ),
        sa.CheckConstraint(
            "state NOT IN ('rejected', 'gone', 'failed', 'excluded') OR reason IS NOT NULL",
            name="ck_pages_refusal_has_reason",
        ),
        sa.CheckConstraint("url <> '' AND request_url <> ''", name="ck_pages_address_given"),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_until IS NULL)", name="ck_pages_claim_whole"
        ),
        sa.CheckConstraint("attempts >= 0", name="ck_pages_attempts_counted"),
        sa.ForeignKeyConstraint(["claimed_by"], ["runs.id"], name="fk_pages_claimed_by_runs"),
        sa.PrimaryKeyConstraint("id", name="pk_pages"),
        sa.UniqueConstraint("url", name="uq_pages_url"),
        comment="The ledger: every article address ever discovered, and what became of it.",
    )
    op.create_index(
        "ix_pages_address_number",
        "pages",
        ["site", "address_shape", "address_number"],
        unique=False,
    )
    op.create_index("ix_pages_article_id", "pages", ["article_id"], unique=False)
    op.create_index(
        "ix_pages_pending",
        "pages",
        ["site", "id"],
        unique=False,
        postgresql_where="state = 'pending'",
    )
    op.create_table(
        "captures",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the capture.",
        ),
        sa.Column(
            "page_id", sa.BigInteger(), nullable=False, comment="Ledger row that was fetched."
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=False, comment="Crawl that fetched it."),
        sa.Column(
            "url", sa.Text(), nullable=False, comment="Address that answered, after redirects."
        ),
        sa.Column(
            "fetched_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the answer came (UTC).",
        ),
        sa.Column(
            "http_status", sa.BigInteger(), nullable=False, comment="HTTP status of the answer."
        ),
        sa.Column(
            "payload_digest",
            sa.Text(),
            nullable=False,
            comment="sha256: and the hex digest of the body as received, unpacked.",
        ),
        sa.Column(
            "warc_file",
            sa.Text(),
            nullable=True,
            comment="WARC file that holds the response; null: not kept.",
        ),
        sa.Column(
            "warc_offset", sa.BigInteger(), nullable=True, comment="First byte of the record in it."
        ),
        sa.Column(
            "warc_length",
            sa.BigInteger(),
            nullable=True,
            comment="Bytes of the record, compressed.",
        ),
        sa.CheckConstraint(
            "num_nulls(warc_file, warc_offset, warc_length) IN (0, 3)",
            name="ck_captures_warc_place_whole",
        ),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name="fk_captures_page_id_pages"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_captures_run_id_runs"),
        sa.PrimaryKeyConstraint("id", name="pk_captures"),
        comment="One row per response that gave an article: where a text comes from.",
    )
    op.create_index("ix_captures_page_id", "captures", ["page_id"], unique=False)
    op.create_index("ix_captures_run_id", "captures", ["run_id"], unique=False)
    op.create_table(
        "articles",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Number of the article.",
        ),
        sa.Column("url", sa.Text(), nullable=False, comment="Canonical address."),
        sa.Column("title", sa.Text(), nullable=False, comment="Headline."),
        sa.Column(
            "body",
            sa.Text(),
            nullable=False,
            comment="Plain text, paragraphs separated by one blank line, without title, date, dateline, captions, menus and related links.",
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Printed date and time (UTC); null where the page prints none that can be read. With precision day: the start of that day on the site's clock.",
        ),
        sa.Column("published_text", sa.Text(), nullable=True, comment="The date as printed."),
        sa.Column(
            "published_precision",
            sa.Text(),
            nullable=True,
            comment="minute or day: how exact published_at is.",
        ),
        sa.Column(
            "modified_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Last change (UTC) that the page itself states.",
        ),
        sa.Column("section", sa.Text(), nullable=True, comment="Section as printed."),
        sa.Column(
            "dateline", sa.Text(), nullable=True, comment="Place that opens the text: القدس."
        ),
        sa.Column("agency", sa.Text(), nullable=True, comment="Credited source: الكرمل, وكالات."),
        sa.Column("author", sa.Text(), nullable=True, comment="Author as printed."),
        sa.Column("image_url", sa.Text(), nullable=True, comment="Address of the lead picture."),
        sa.Column(
            "language", sa.Text(), nullable=True, comment="Language tag (BCP 47) of the page."
        ),
        sa.Column("word_count", sa.BigInteger(), nullable=False, comment="Words in the body."),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="sha256 (hex) of the folded title and body: equal for equal texts.",
        ),
        sa.Column(
            "extraction",
            postgresql.JSONB(),
            server_default="{}",
            nullable=False,
            comment="Field and the evidence on the page that gave it.",
        ),
        sa.Column(
            "flags",
            sa.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="Disagreements between pieces of evidence.",
        ),
        sa.Column(
            "extractor_version",
            sa.Text(),
            nullable=False,
            comment="Version of the reader of the text.",
        ),
        sa.Column(
            "revision",
            sa.BigInteger(),
            server_default="1",
            nullable=False,
            comment="Number of the current revision, from 1.",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was first fetched (UTC).",
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was last fetched (UTC).",
        ),
        sa.Column(
            "gone_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the site was found to have removed it (UTC); null: still there.",
        ),
        sa.Column(
            "duplicate_of_id",
            sa.BigInteger(),
            nullable=True,
            comment="The earlier article that this one repeats.",
        ),
        sa.Column(
            "capture_id",
            sa.BigInteger(),
            nullable=False,
            comment="Response that the current text is from.",
        ),
        sa.CheckConstraint("body ~ '\\S'", name="ck_articles_body_not_empty"),
        sa.CheckConstraint(
            "published_precision IN ('minute', 'day')", name="ck_articles_precision_known"
        ),
        sa.CheckConstraint("title ~ '\\S'", name="ck_articles_title_not_empty"),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_precision IS NULL)",
            name="ck_articles_date_has_precision",
        ),
        sa.CheckConstraint("duplicate_of_id <> id", name="ck_articles_not_its_own_duplicate"),
        sa.CheckConstraint("last_seen_at >= first_seen_at", name="ck_articles_seen_in_order"),
        sa.CheckConstraint("revision >= 1", name="ck_articles_revision_counted"),
        sa.CheckConstraint("word_count > 0", name="ck_articles_words_counted"),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["captures.id"], name="fk_articles_capture_id_captures"
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of_id"], ["articles.id"], name="fk_articles_duplicate_of_id_articles"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("url", name="uq_articles_url"),
        comment="One row per article, with its current text.",
    )
    op.create_index("ix_articles_capture_id", "articles", ["capture_id"], unique=False)
    op.create_index("ix_articles_digest", "articles", ["digest"], unique=False)
    op.create_index("ix_articles_duplicate_of_id", "articles", ["duplicate_of_id"], unique=False)
    op.create_index("ix_articles_published_at", "articles", ["published_at"], unique=False)
    op.create_table(
        "links",
        sa.Column(
            "article_id", sa.BigInteger(), nullable=False, comment="Article that shows the link."
        ),
        sa.Column(
            "position",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Place in the list, from 1.",
        ),
        sa.Column(
            "url",
            sa.Text(),
            nullable=False,
            comment="Canonical address linked to; joins pages.url.",
        ),
        sa.CheckConstraint("position >= 1", name="ck_links_position_counted"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_links_article_id_articles"
        ),
        sa.PrimaryKeyConstraint("article_id", "position", name="pk_links"),
        comment="Related links that the current text of an article shows.",
    )
    op.create_index("ix_links_url", "links", ["url"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="Article."),
        sa.Column(
            "number",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Number of the revision, from 1.",
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="Headline of this revision."),
        sa.Column("body", sa.Text(), nullable=False, comment="Text of this revision."),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Printed date (UTC) of this revision.",
        ),
        sa.Column("section", sa.Text(), nullable=True, comment="Section of this revision."),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="sha256 (hex) of its folded title and body.",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was first seen (UTC).",
        ),
        sa.Column(
            "capture_id", sa.BigInteger(), nullable=False, comment="Response that it was read from."
        ),
        sa.CheckConstraint("number >= 1", name="ck_revisions_number_counted"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_revisions_article_id_articles"
        ),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["captures.id"], name="fk_revisions_capture_id_captures"
        ),
        sa.PrimaryKeyConstraint("article_id", "number", name="pk_revisions"),
        comment="Every text that an article has had, the current one included.",
    )
    op.create_index("ix_revisions_capture_id", "revisions", ["capture_id"], unique=False)
    # Pages name their article, articles their capture, captures their page: the circle is closed
    # when all three are there.
    op.create_foreign_key(
        "fk_pages_article_id_articles", "pages", "articles", ["article_id"], ["id"]
    )


def downgrade():
    op.drop_constraint("fk_pages_article_id_articles", "pages")
    for table in ("revisions", "links", "articles", "captures", "pages", "runs"):
        op.drop_table(table)
