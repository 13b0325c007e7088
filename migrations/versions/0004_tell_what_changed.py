"""Tell what each revision changed and who changed it, and every time an article was missing."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GONE = "When a second look confirmed that the site had removed it (UTC); null: there, or missed once so far. removals tells of every time."
GONE_BEFORE = "When the site was found to have removed it (UTC); null: still there."
# Revisions keep what an edited page prints no longer; those from before have null there.
KEPT = {
    "published_at": (
        "Printed date (UTC) of this revision.",
        "Date (UTC) of this revision; where its page printed none, the one before.",
    ),
    "section": (
        "Section of this revision.",
        "Section of this revision; where its page printed none, the one before.",
    ),
}

# The shortest edit by E. W. Myers (1986): n edits take n*n/2 steps at most, few edits few steps.
COMMON_RUNS = """
CREATE FUNCTION common_runs(old_items int[], new_items int[], budget int)
RETURNS TABLE (old_start int, new_start int, length int)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n int := cardinality(old_items);
    m int := cardinality(new_items);
    head int := 0;  -- items that both begin with
    tail int := 0;  -- and end with
    old_tail int;
    new_tail int;
    reach int[];  -- by diagonal k = x - y: how many old items the edits so far lead past
    trace int[] := '{}';  -- the reach after 0, 1, 2 edits, one after another
    starts int[] := '{}';  -- where in the trace each begins
    edits int := 0;
    low int;
    high int;
    k int;
    x int;
    y int;
    left_x int;
    up_x int;
    runs int[] := '{}';  -- x, y and length of each, the last one first
BEGIN
    WHILE head < least(n, m) AND old_items[head + 1] = new_items[head + 1] LOOP
        head := head + 1;
    END LOOP;
    WHILE tail < least(n, m) - head AND old_items[n - tail] = new_items[m - tail] LOOP
        tail := tail + 1;
    END LOOP;
    old_tail := n - tail;
    new_tail := m - tail;
    old_items := old_items[head + 1 : old_tail];
    new_items := new_items[head + 1 : new_tail];
    n := old_tail - head;
    m := new_tail - head;
    IF n > 0 AND m > 0 THEN
        reach := array_fill(-1, ARRAY[n + m + 3], ARRAY[-m - 1]);
        reach[1] := 0;
        <<search>>
        LOOP
            -- Diagonals beyond the corners have nothing new to offer.
            low := -edits + 2 * greatest(0, edits - m);
            high := edits - 2 * greatest(0, edits - n);
            starts := starts || cardinality(trace);
            k := low;
            WHILE k <= high LOOP
                x := greatest(reach[k - 1] + 1, reach[k + 1]);
                y := x - k;
                WHILE x < n AND y < m AND old_items[x + 1] = new_items[y + 1] LOOP
                    x := x + 1;
                    y := y + 1;
                END LOOP;
                reach[k] := x;
                trace[starts[edits + 1] + (k - low) / 2 + 1] := x;
                EXIT search WHEN x >= n AND y >= m;
                k := k + 2;
            END LOOP;
            IF cardinality(trace) >= budget THEN
                SELECT diagonal, reach[diagonal] INTO k, x
                FROM generate_series(low, high, 2) AS diagonal
                WHERE reach[diagonal] <= n AND reach[diagonal] - diagonal <= m
                ORDER BY 2 * reach[diagonal] - diagonal DESC
                LIMIT 1;
                EXIT search;
            END IF;
            edits := edits + 1;
        END LOOP;
        WHILE edits > 0 LOOP
            edits := edits - 1;
            low := -edits + 2 * greatest(0, edits - m);
            high := edits - 2 * greatest(0, edits - n);
            left_x := -1;
            up_x := -1;
            IF k - 1 >= low THEN
                left_x := trace[starts[edits + 1] + (k - 1 - low) / 2 + 1];
            END IF;
            IF k + 1 <= high THEN
                up_x := trace[starts[edits + 1] + (k + 1 - low) / 2 + 1];
            END IF;
            y := greatest(left_x + 1, up_x);
            IF x > y THEN
                runs := runs || ARRAY[head + y, head + y - k, x - y];
            END IF;
            IF up_x > left_x THEN
                k := k + 1;
                x := up_x;
            ELSE
                k := k - 1;
                x := left_x;
            END IF;
        END LOOP;
        head := head + x;
    END IF;
    IF head > 0 THEN
        runs := runs || ARRAY[0, 0, head];
    END IF;
    FOR i IN REVERSE cardinality(runs) / 3 - 1 .. 0 LOOP
        RETURN QUERY SELECT runs[3 * i + 1], runs[3 * i + 2], runs[3 * i + 3];
    END LOOP;
    IF tail > 0 THEN
        RETURN QUERY SELECT old_tail, new_tail, tail;
    END IF;
END
$$
"""

WORD_DIFF = r"""
CREATE FUNCTION word_diff(old_text text, new_text text)
RETURNS TABLE ("position" bigint, op text, word_count bigint, words text)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
#variable_conflict use_column
DECLARE
    old_words text[] := array_remove(string_to_array(translate(old_text, E'\n', ' '), ' '), '');
    new_words text[] := array_remove(string_to_array(translate(new_text, E'\n', ' '), ' '), '');
    old_numbers int[];  -- of the words: equal for equal words
    new_numbers int[];
    old_paragraphs int[];
    new_paragraphs int[];
    old_ends int[];  -- words before the end of each paragraph
    new_ends int[];
    old_at int := 0;
    new_at int := 0;
    runs int[] := '{}';  -- place in the old words, in the new ones, and length
    part record;
    run record;
BEGIN
    SELECT coalesce(array_agg(number ORDER BY place) FILTER (WHERE is_old), '{}'),
           coalesce(array_agg(number ORDER BY place) FILTER (WHERE NOT is_old), '{}')
    INTO old_numbers, new_numbers
    FROM (
        SELECT is_old, place, dense_rank() OVER (
            -- What joins letters or keeps them apart is not seen.
            ORDER BY translate(word, chr(8204) || chr(8205) || chr(65039), '') COLLATE "C"
        )::int AS number
        FROM (
            SELECT true, * FROM unnest(old_words) WITH ORDINALITY
            UNION ALL SELECT false, * FROM unnest(new_words) WITH ORDINALITY
        ) AS both_texts (is_old, word, place)
    ) AS numbered;
    SELECT coalesce(array_agg(number ORDER BY place) FILTER (WHERE is_old), '{}'),
           coalesce(array_agg(number ORDER BY place) FILTER (WHERE NOT is_old), '{}'),
           array_agg(ends ORDER BY place) FILTER (WHERE is_old),
           array_agg(ends ORDER BY place) FILTER (WHERE NOT is_old)
    INTO old_paragraphs, new_paragraphs, old_ends, new_ends
    FROM (
        SELECT is_old, place, ends, dense_rank() OVER (
            ORDER BY CASE WHEN is_old THEN old_numbers[ends - length + 1 : ends]
                     ELSE new_numbers[ends - length + 1 : ends] END
        )::int AS number
        FROM (
            SELECT is_old, place, length,
                   sum(length) OVER (PARTITION BY is_old ORDER BY place)::int AS ends
            FROM (
                SELECT true, * FROM unnest(array_remove(regexp_split_to_array(old_text, E'\n{2,}'), ''))
                    WITH ORDINALITY
                UNION ALL
                SELECT false, * FROM unnest(array_remove(regexp_split_to_array(new_text, E'\n{2,}'), ''))
                    WITH ORDINALITY
            ) AS both_texts (is_old, paragraph, place), LATERAL (
                SELECT cardinality(array_remove(
                    string_to_array(translate(paragraph, E'\n', ' '), ' '), ''
                )) AS length
            ) AS counted
        ) AS measured
    ) AS numbered;
    -- Paragraphs that stayed hold the words in place; between them the words are compared.
    FOR part IN
        SELECT coalesce(old_ends[old_start], 0) AS old_start,
               coalesce(new_ends[new_start], 0) AS new_start,
               old_ends[old_start + length] AS old_end,
               new_ends[new_start + length] AS new_end
        FROM common_runs(old_paragraphs, new_paragraphs, 40000)
        UNION ALL SELECT cardinality(old_words), cardinality(new_words),
                         cardinality(old_words), cardinality(new_words)
        ORDER BY 1, 2
    LOOP
        FOR run IN
            SELECT old_start, new_start, length FROM common_runs(
                old_numbers[old_at + 1 : part.old_start],
                new_numbers[new_at + 1 : part.new_start],
                40000
            )
        LOOP
            runs := runs || ARRAY[old_at + run.old_start, new_at + run.new_start, run.length];
        END LOOP;
        old_at := part.old_end;
        new_at := part.new_end;
        runs := runs || ARRAY[part.old_start, part.new_start, part.old_end - part.old_start];
    END LOOP;
    RETURN QUERY
    WITH run AS (
        SELECT i, runs[i] AS old_start, runs[i + 1] AS new_start, runs[i + 2] AS length
        FROM generate_series(1, cardinality(runs), 3) AS i
        WHERE runs[i + 2] > 0 OR i + 3 > cardinality(runs)  -- the last one is the end
    ), step AS (
        SELECT *,
               lag(old_start + length, 1, 0) OVER (ORDER BY i) AS old_at,
               lag(new_start + length, 1, 0) OVER (ORDER BY i) AS new_at
        FROM run
    ), island AS (
        SELECT min(old_start) AS old_start, min(new_start) AS new_start, sum(length) AS length
        FROM (
            SELECT *, count(*) FILTER (WHERE old_start > old_at OR new_start > new_at)
                OVER (ORDER BY i) AS number
            FROM step
        ) AS numbered GROUP BY number
    ), stretch AS (
        SELECT *,
               lag(old_start + length, 1, 0::bigint) OVER (ORDER BY old_start, new_start) AS old_at,
               lag(new_start + length, 1, 0::bigint) OVER (ORDER BY old_start, new_start) AS new_at
        FROM island
    )
    SELECT row_number() OVER (ORDER BY old_start, new_start, rank), piece.op,
           cardinality(piece.words)::bigint, array_to_string(piece.words, ' ')
    FROM stretch, LATERAL (VALUES
        (1, '-', old_words[old_at + 1 : old_start]),
        (2, '+', new_words[new_at + 1 : new_start]),
        (3, '=', new_words[new_start + 1 : new_start + length])
    ) AS piece (rank, op, words)
    WHERE cardinality(piece.words) > 0
    ORDER BY 1;
END
$$
"""

REVISION_DIFF = """
CREATE FUNCTION revision_diff(article_id bigint, number bigint, since bigint DEFAULT NULL)
RETURNS TABLE (field text, "position" bigint, op text, word_count bigint, words text)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT part.field, diff.*
    FROM revisions AS this
    JOIN revisions AS that ON that.article_id = this.article_id
        AND that.number = coalesce(revision_diff.since, revision_diff.number - 1),
    LATERAL (VALUES
        (1, 'title', that.title, this.title), (2, 'body', that.body, this.body)
    ) AS part (rank, field, old_text, new_text),
    LATERAL word_diff(part.old_text, part.new_text) AS diff
    WHERE this.article_id = revision_diff.article_id AND this.number = revision_diff.number
    ORDER BY part.rank, diff."position"
$$
"""

ARTICLE_AS_OF = """
CREATE FUNCTION article_as_of(url text, at timestamptz)
RETURNS TABLE (
    article_id bigint, url text, revision bigint, title text, body text,
    published_at timestamptz, section text, seen_at timestamptz, capture_id bigint,
    missing_since timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT articles.id, articles.url, revisions.number, revisions.title, revisions.body,
           revisions.published_at, revisions.section, revisions.seen_at, revisions.capture_id,
           (SELECT max(missed_at) FROM removals
            WHERE removals.article_id = articles.id AND gone_at IS NOT NULL
                AND missed_at <= $2 AND (returned_at IS NULL OR returned_at > $2))
    FROM pages
    JOIN articles ON articles.id = pages.article_id
    JOIN revisions ON revisions.article_id = articles.id
    WHERE pages.url = $1 AND revisions.seen_at <= $2
    ORDER BY revisions.seen_at DESC, revisions.number DESC
    LIMIT 1
$$
"""

FUNCTIONS = {
    "common_runs(int[], int[], int)": (
        COMMON_RUNS,
        "What two sequences have in common, in order: where it begins in the old one and in the new one, counted from 0, and how much of it there is. Sequences that differ in more than the budget allows are compared as far as it reaches.",
    ),
    "word_diff(text, text)": (
        WORD_DIFF,
        "What became of the words of a text: op is = (kept), - (removed) or + (added). Paragraphs that stayed are compared whole; white space and invisible characters are not seen.",
    ),
    "revision_diff(bigint, bigint, bigint)": (
        REVISION_DIFF,
        "What a revision of an article changed in title and body, word by word, against the revision before it or the one given as since. The first has nothing to compare.",
    ),
    "article_as_of(text, timestamptz)": (
        ARTICLE_AS_OF,
        "The article at an address as the archive knew it at a time: no row before it was first seen. missing_since says that it was gone from the site then.",
    ),
}

# What a reader sees of a text: without white space and what joins letters or keeps them apart.
SEEN = "translate({}, E' \\n' || chr(8204) || chr(8205) || chr(65039), '')"
LAST = "(SELECT {0} FROM revisions WHERE article_id = this.article_id AND number < this.number AND {0} IS NOT NULL ORDER BY number DESC LIMIT 1)"
CHANGES = f"""
UPDATE revisions AS this
SET changed = array_remove(ARRAY[
        CASE WHEN {SEEN.format("this.title")} <> {SEEN.format("that.title")} THEN 'title' END,
        CASE WHEN {SEEN.format("this.body")} <> {SEEN.format("that.body")} THEN 'body' END,
        CASE WHEN this.published_at IS NOT NULL AND this.published_at IS DISTINCT FROM {LAST.format("published_at")} THEN 'published_at' END,
        CASE WHEN this.section IS NOT NULL AND this.section IS DISTINCT FROM {LAST.format("section")} THEN 'section' END
    ], NULL),
    words_added = (SELECT coalesce(sum(word_count) FILTER (WHERE op = '+'), 0) FROM revision_diff(this.article_id, this.number)),
    words_removed = (SELECT coalesce(sum(word_count) FILTER (WHERE op = '-'), 0) FROM revision_diff(this.article_id, this.number))
FROM revisions AS that
WHERE that.article_id = this.article_id AND that.number = this.number - 1
"""
# The time of the first look at an article that went before is not known any more.
REMOVALS = """
INSERT INTO removals (article_id, missed_at, gone_at, reason)
SELECT articles.id, articles.gone_at, articles.gone_at, coalesce(pages.reason, 'gone')
FROM articles LEFT JOIN pages ON pages.url = articles.url
WHERE articles.gone_at IS NOT NULL
"""
CHECKS = {
    "change_unless_first": "(number = 1) = (changed IS NULL)",
    "change_known": "changed <@ ARRAY['title', 'body', 'published_at', 'section']::text[]",
    "words_counted": "words_added >= 0 AND words_removed >= 0",
    "origin_known": "origin IN ('site', 'reader')",
}


def upgrade():
    for name, (definition, comment) in FUNCTIONS.items():
        if name.startswith("article_as_of"):
            _create_removals()
        op.execute(definition)
        op.execute(f"COMMENT ON FUNCTION {name} IS '{comment}'")
    op.execute(REMOVALS)
    op.alter_column("articles", "gone_at", comment=GONE, existing_comment=GONE_BEFORE)
    _extend_revisions()


def _create_removals():
    op.create_table(
        "removals",
        sa.Column("article_id", sa.BigInteger(), nullable=False, comment="Article."),
        sa.Column(
            "missed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was first found missing (UTC).",
        ),
        sa.Column(
            "gone_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When a second look, some hours later, confirmed it (UTC); null: none has.",
        ),
        sa.Column(
            "returned_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was found on the site again (UTC); null: missing still.",
        ),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=False,
            comment="What the site answered when first found missing: HTTP 404, leads to the home page.",
        ),
        sa.CheckConstraint("gone_at >= missed_at", name="ck_removals_gone_after_missed"),
        sa.CheckConstraint("returned_at >= missed_at", name="ck_removals_returned_after_missed"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name="fk_removals_article_id_articles"
        ),
        sa.PrimaryKeyConstraint("article_id", "missed_at", name="pk_removals"),
        comment="Every time that an article was missing from the site; its text is kept.",
    )
    op.create_index(
        "ix_removals_open",
        "removals",
        ["article_id"],
        unique=True,
        postgresql_where=sa.text("returned_at IS NULL"),
    )


def _extend_revisions():
    op.add_column(
        "revisions",
        sa.Column(
            "changed",
            sa.ARRAY(sa.Text()),
            nullable=True,
            comment="What differs from the revision before: title, body, published_at, section; null for the first. White space, invisible characters and relative times are no change.",
        ),
    )
    op.add_column(
        "revisions",
        sa.Column(
            "words_added",
            sa.BigInteger(),
            nullable=True,
            comment="Words of title and body that the revision before had not; null for the first. revision_diff(article_id, number) shows them.",
        ),
    )
    op.add_column(
        "revisions",
        sa.Column(
            "words_removed",
            sa.BigInteger(),
            nullable=True,
            comment="Words of the revision before that are here no more; null for the first.",
        ),
    )
    op.add_column(
        "revisions",
        sa.Column(
            "origin",
            sa.Text(),
            server_default="site",
            nullable=False,
            comment="Whose change it is: site, or reader (the same response, read anew).",
        ),
    )
    for column, (before, after) in KEPT.items():
        op.alter_column("revisions", column, comment=after, existing_comment=before)
    op.execute(CHANGES)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_revisions_{name}"), "revisions", condition)


def downgrade():
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
    op.drop_table("removals")
    op.alter_column("articles", "gone_at", comment=GONE_BEFORE, existing_comment=GONE)
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_revisions_{name}"), "revisions")
    for column, (before, after) in KEPT.items():
        op.alter_column("revisions", column, comment=before, existing_comment=after)
    for column in ("origin", "words_removed", "words_added", "changed"):
        op.drop_column("revisions", column)
