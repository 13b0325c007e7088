"""Show analysts views, in the clock of the site; each crawl says in which zone it reads times."""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIMEZONE = "Zone of the printed times, as this crawl read them: ALKARMEL_TIMEZONE; null for crawls that did not say."

# With RETURN, what a function names is bound when it is made, whatever the search path is later.
SITE_ZONE = """
CREATE FUNCTION analyst.site_zone() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    (SELECT timezone FROM public.runs WHERE timezone IS NOT NULL ORDER BY id DESC LIMIT 1),
    'Asia/Hebron'
)
"""
MARKED_DIFF = """
CREATE FUNCTION analyst.marked_diff(old_text text, new_text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT string_agg(
        CASE
            WHEN op = '-' THEN '[-' || words || '-]'
            WHEN op = '+' THEN '{+' || words || '+}'
            WHEN word_count <= 8 THEN words
            ELSE array_to_string((string_to_array(words, ' '))[1:3], ' ') || ' … '
                || array_to_string((string_to_array(words, ' '))[word_count - 2 : word_count], ' ')
        END,
        ' ' ORDER BY "position"
    )
    FROM public.word_diff(old_text, new_text)
)
"""
ARTICLE_AS_OF = """
CREATE FUNCTION analyst.article_as_of(url text, at timestamptz)
RETURNS TABLE (
    article_id bigint, url text, revision bigint, title text, body text,
    published_at timestamptz, section text, seen_at timestamptz, capture_id bigint,
    missing_since timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM public.article_as_of($1, $2);
END
"""
FUNCTIONS = {
    "site_zone()": (
        SITE_ZONE,
        "The zone of the site's clock, in which the views count days: that of the last crawl.",
    ),
    "marked_diff(text, text)": (
        MARKED_DIFF,
        "What became of the words of a text, in one line: [-removed-] {+added+}, and of a longer stretch that stayed its first and last three words.",
    ),
    "article_as_of(text, timestamptz)": (
        ARTICLE_AS_OF,
        "The article at an address as the archive knew it at a time: no row before it was first seen. missing_since says that it was gone from the site then.",
    ),
}


class View(NamedTuple):
    comment: str
    columns: dict[str, str]  # in the view's order
    query: str


# The zone is looked up once for a query and not for every row.
ZONE = "(SELECT analyst.site_zone())"


def local(moment):
    return f"({moment} AT TIME ZONE {ZONE})"


DAY = f"{local('published_at')}::date"
ARTICLES = "Articles."
WORDS = "Words in their texts."
SECTION = "Section as printed; null: none."
AGENCY = "Credited source; null: none."
DATELINE = "Place that opens the text; null: none."

VIEWS = {
    "stories": View(
        "One row per story: the earliest article of each group of duplicates, and every article without any.",
        {
            "id": "Number of the article.",
            "url": "Canonical address.",
            "title": "Headline.",
            "body": "Plain text, paragraphs separated by one blank line.",
            "day": "Day of publication on the site's clock.",
            "printed_at": "Time of publication on the site's clock; midnight where only the day is printed.",
            "published_at": "The same in UTC; an index serves it, where day and printed_at are computed.",
            "published_precision": "minute or day: how exact the time is.",
            "section": SECTION,
            "dateline": DATELINE,
            "agency": AGENCY,
            "author": "Author as printed; null: none.",
            "word_count": "Words in the body.",
            "revision": "Number of the current revision: 1 where nothing was edited.",
            "first_seen_at": "When it was first fetched (UTC).",
            "gone_at": "When it was found removed (UTC); null: still there.",
            "reprints": "Later articles that repeat it.",
            "last_reprint_at": "When the last of them was published (UTC).",
        },
        f"""
        SELECT id, url, title, body, {DAY} AS day, {local("published_at")} AS printed_at,
               published_at, published_precision, section, dateline, agency, author, word_count,
               revision, first_seen_at, gone_at,
               (SELECT count(*) FROM public.articles AS copy
                WHERE copy.duplicate_of_id = articles.id) AS reprints,
               (SELECT max(published_at) FROM public.articles AS copy
                WHERE copy.duplicate_of_id = articles.id) AS last_reprint_at
        FROM public.articles
        WHERE duplicate_of_id IS NULL
        """,
    ),
    "coverage_by_day": View(
        "Articles per day on the site's clock, from the first day to the last, days without any included. Articles without a date are not in it.",
        {
            "day": "Day.",
            "articles": "Articles published that day; 0: a gap.",
            "reprints": "Those of them that repeat an earlier one.",
            "words": WORDS,
        },
        f"""
        WITH counted AS (
            SELECT {DAY} AS day, count(*) AS articles, count(duplicate_of_id) AS reprints,
                   sum(word_count)::bigint AS words
            FROM public.articles WHERE published_at IS NOT NULL GROUP BY 1
        ), calendar AS (
            SELECT generate_series(min(day)::timestamp, max(day)::timestamp, '1 day')::date AS day
            FROM counted
        )
        SELECT day, coalesce(articles, 0) AS articles, coalesce(reprints, 0) AS reprints,
               coalesce(words, 0) AS words
        FROM calendar LEFT JOIN counted USING (day)
        """,
    ),
    "coverage_by_section": View(
        "Articles per day and section, from the first day of each section to its last, days without any included.",
        {
            "section": SECTION,
            "day": "Day on the site's clock.",
            "articles": "Articles published that day; 0: a gap.",
            "words": WORDS,
        },
        f"""
        WITH counted AS (
            SELECT coalesce(section, '') AS section, {DAY} AS day, count(*) AS articles,
                   sum(word_count)::bigint AS words
            FROM public.articles WHERE published_at IS NOT NULL GROUP BY 1, 2
        ), calendar AS (
            SELECT section,
                   generate_series(min(day)::timestamp, max(day)::timestamp, '1 day')::date AS day
            FROM counted GROUP BY section
        )
        SELECT nullif(section, '') AS section, day, coalesce(articles, 0) AS articles,
               coalesce(words, 0) AS words
        FROM calendar LEFT JOIN counted USING (section, day)
        """,
    ),
    "sections_by_month": View(
        "Articles per month and section.",
        {
            "month": "First day of the month on the site's clock.",
            "section": SECTION,
            "articles": ARTICLES,
            "words": WORDS,
            "share": "Their part of the month's articles, from 0 to 1.",
        },
        f"""
        SELECT date_trunc('month', {local("published_at")})::date AS month, section,
               count(*) AS articles, sum(word_count)::bigint AS words,
               round(count(*) / sum(count(*)) OVER (
                   PARTITION BY date_trunc('month', {local("published_at")})::date
               ), 4) AS share
        FROM public.articles WHERE published_at IS NOT NULL GROUP BY 1, 2
        """,
    ),
    "gaps": View(
        "Stretches of days without any article, between the first day and the last.",
        {
            "first_day": "First day without an article, on the site's clock.",
            "last_day": "Last day without one.",
            "days": "How many days.",
        },
        f"""
        SELECT day + 1 AS first_day, next_day - 1 AS last_day, next_day - day - 1 AS days
        FROM (
            SELECT day, lead(day) OVER (ORDER BY day) AS next_day
            FROM (
                SELECT {DAY} AS day FROM public.articles WHERE published_at IS NOT NULL GROUP BY 1
            ) AS covered
        ) AS paired
        WHERE next_day > day + 1
        """,
    ),
    "section_gaps": View(
        "Stretches of days without any article in a section, between its first day and its last.",
        {
            "section": SECTION,
            "first_day": "First day without an article, on the site's clock.",
            "last_day": "Last day without one.",
            "days": "How many days.",
        },
        f"""
        SELECT section, day + 1 AS first_day, next_day - 1 AS last_day,
               next_day - day - 1 AS days
        FROM (
            SELECT section, day, lead(day) OVER (PARTITION BY section ORDER BY day) AS next_day
            FROM (
                SELECT section, {DAY} AS day
                FROM public.articles WHERE published_at IS NOT NULL GROUP BY 1, 2
            ) AS covered
        ) AS paired
        WHERE next_day > day + 1
        """,
    ),
    "hours_of_publication": View(
        "Articles per weekday and hour of the site's clock, all 168 of them. Those whose page prints only the day are not in it.",
        {
            "weekday": "Day of the week, from 1, Monday, to 7, Sunday.",
            "hour": "Hour, from 0 to 23.",
            "articles": ARTICLES,
        },
        f"""
        SELECT weekday, hour, coalesce(articles, 0) AS articles
        FROM generate_series(1, 7) AS weekday
        CROSS JOIN generate_series(0, 23) AS hour
        LEFT JOIN (
            SELECT extract(isodow FROM {local("published_at")})::int AS weekday,
                   extract(hour FROM {local("published_at")})::int AS hour, count(*) AS articles
            FROM public.articles WHERE published_precision = 'minute' GROUP BY 1, 2
        ) AS counted USING (weekday, hour)
        """,
    ),
    "article_freshness": View(
        "How long after its publication each dated article was in the archive.",
        {
            "article_id": "Article.",
            "day": "Day of publication on the site's clock.",
            "published_at": "Printed time (UTC).",
            "published_precision": "minute or day; the delay of a day counts from its start and is up to a day too long.",
            "first_seen_at": "When it was first fetched (UTC).",
            "delay": "From publication to first fetch; never less than nothing.",
            "is_live": "Whether it appeared after the archive's first crawl had begun: what is older could only come late.",
        },
        f"""
        SELECT id AS article_id, {DAY} AS day, published_at, published_precision, first_seen_at,
               greatest(first_seen_at - published_at, interval '0') AS delay,
               published_at >= (SELECT min(started_at) FROM public.runs) AS is_live
        FROM public.articles WHERE published_at IS NOT NULL
        """,
    ),
    "freshness": View(
        "Articles by the time from their publication to the archive; those dated to the day, and those older than the archive's first crawl, apart.",
        {
            "is_live": "Whether they appeared after the archive's first crawl had begun.",
            "published_precision": "minute or day; the delay of a day counts from its start.",
            "up_to": "Longest delay of this row; null: longer than a month.",
            "articles": "Articles with this delay, and not the one of the row before.",
        },
        """
        SELECT is_live, published_precision, limits.up_to, count(*) AS articles
        FROM (
            SELECT is_live, published_precision, CASE
                WHEN delay <= interval '15 minutes' THEN 1 WHEN delay <= interval '1 hour' THEN 2
                WHEN delay <= interval '6 hours' THEN 3 WHEN delay <= interval '1 day' THEN 4
                WHEN delay <= interval '7 days' THEN 5 WHEN delay <= interval '30 days' THEN 6
                ELSE 7 END AS number
            FROM analyst.article_freshness
        ) AS delayed
        JOIN (VALUES
            (1, interval '15 minutes'), (2, interval '1 hour'), (3, interval '6 hours'),
            (4, interval '1 day'), (5, interval '7 days'), (6, interval '30 days'), (7, NULL)
        ) AS limits (number, up_to) USING (number)
        GROUP BY 1, 2, 3
        """,
    ),
    "freshness_by_day": View(
        "Time from publication to the archive, per day of publication, of the articles that appeared after the archive's first crawl had begun.",
        {
            "day": "Day of publication on the site's clock.",
            "published_precision": "minute or day; the delay of a day counts from its start.",
            "articles": ARTICLES,
            "median_delay": "Half of them came sooner.",
            "slow_delay": "Nine of ten came sooner.",
            "within_an_hour": "Articles that came within an hour.",
        },
        """
        SELECT day, published_precision, count(*) AS articles,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY delay) AS median_delay,
               percentile_cont(0.9) WITHIN GROUP (ORDER BY delay) AS slow_delay,
               count(*) FILTER (WHERE delay <= interval '1 hour') AS within_an_hour
        FROM analyst.article_freshness WHERE is_live GROUP BY 1, 2
        """,
    ),
    "edits": View(
        "One row per edit: every revision of an article after its first. The diffs are computed when they are asked for.",
        {
            "article_id": "Article.",
            "revision": "Number of the revision, from 2.",
            "url": "Address of the article.",
            "published_at": "Date (UTC) that this revision prints.",
            "seen_at": "When the edit was first seen (UTC).",
            "last_seen_before": "When the text before it was first seen (UTC): the edit was made between the two.",
            "changed": "What differs: title, body, published_at, section.",
            "words_added": "Words that are new.",
            "words_removed": "Words that are here no more.",
            "origin": "Whose change it is: site, or reader (the same response, read anew).",
            "old_title": "Headline before.",
            "title": "Headline after.",
            "title_diff": "The headline with [-removed-] and {+added+} words; null where it is the same.",
            "body_diff": "The text likewise, long stretches that stayed shortened; null where it is the same.",
            "section": "Section after.",
        },
        """
        SELECT this.article_id, this.number AS revision, articles.url, this.published_at,
               this.seen_at, that.seen_at AS last_seen_before, this.changed, this.words_added,
               this.words_removed, this.origin, that.title AS old_title, this.title,
               CASE WHEN 'title' = ANY (this.changed)
                    THEN analyst.marked_diff(that.title, this.title) END AS title_diff,
               CASE WHEN 'body' = ANY (this.changed)
                    THEN analyst.marked_diff(that.body, this.body) END AS body_diff,
               this.section
        FROM public.revisions AS this
        JOIN public.revisions AS that
            ON that.article_id = this.article_id AND that.number = this.number - 1
        JOIN public.articles ON articles.id = this.article_id
        WHERE this.number > 1
        """,
    ),
    "removed_articles": View(
        "One row per time that an article was missing from the site. Its text is kept.",
        {
            "article_id": "Article.",
            "url": "Its address.",
            "title": "Headline.",
            "section": SECTION,
            "published_at": "Printed date (UTC).",
            "first_seen_at": "When it was first fetched (UTC).",
            "missed_at": "When it was first found missing (UTC).",
            "gone_at": "When a second look confirmed it (UTC); null: none has.",
            "returned_at": "When it was found again (UTC); null: missing still.",
            "state": "missed (once so far), removed (confirmed) or returned.",
            "reason": "What the site answered when it was first found missing.",
        },
        """
        SELECT article_id, url, title, section, published_at, first_seen_at, missed_at,
               removals.gone_at, returned_at,
               CASE WHEN returned_at IS NOT NULL THEN 'returned'
                    WHEN removals.gone_at IS NULL THEN 'missed' ELSE 'removed' END AS state,
               reason
        FROM public.removals JOIN public.articles ON articles.id = article_id
        """,
    ),
    "reprints": View(
        "One row per article that repeats an earlier one, beside the earliest of its group.",
        {
            "article_id": "Article that repeats.",
            "url": "Its address.",
            "title": "Its headline.",
            "published_at": "Its printed time (UTC).",
            "section": SECTION,
            "agency": AGENCY,
            "original_id": "Earliest article of the group.",
            "original_url": "Its address.",
            "original_title": "Its headline.",
            "original_published_at": "Its printed time (UTC).",
            "original_agency": "Its credited source; null: none.",
            "delay": "From the original to this one.",
            "similarity": "How much of both texts is shared, from 0 to 1.",
        },
        """
        SELECT again.id AS article_id, again.url, again.title, again.published_at, again.section,
               again.agency, first.id AS original_id, first.url AS original_url,
               first.title AS original_title, first.published_at AS original_published_at,
               first.agency AS original_agency, again.published_at - first.published_at AS delay,
               again.duplicate_similarity AS similarity
        FROM public.articles AS again
        JOIN public.articles AS first ON first.id = again.duplicate_of_id
        """,
    ),
    "changes_by_day": View(
        "Edits and removals per day on the site's clock, as they were seen; days without any are not in it.",
        {
            "day": "Day.",
            "edits": "Edits that the site made.",
            "edited_articles": "Articles that they changed.",
            "removals": "Articles first found missing, those that were back later included.",
            "returns": "Articles that were back.",
        },
        f"""
        SELECT day, sum(edits)::bigint AS edits, sum(edited_articles)::bigint AS edited_articles,
               sum(removals)::bigint AS removals, sum(returns)::bigint AS returns
        FROM (
            SELECT {local("seen_at")}::date AS day, count(*) AS edits,
                   count(DISTINCT article_id) AS edited_articles, 0 AS removals, 0 AS returns
            FROM public.revisions WHERE number > 1 AND origin = 'site' GROUP BY 1
            UNION ALL
            SELECT {local("missed_at")}::date, 0, 0, count(*), 0
            FROM public.removals GROUP BY 1
            UNION ALL
            SELECT {local("returned_at")}::date, 0, 0, 0, count(*)
            FROM public.removals WHERE returned_at IS NOT NULL GROUP BY 1
        ) AS counted
        GROUP BY day
        """,
    ),
    "sources": View(
        "Articles by credited source and place.",
        {
            "agency": AGENCY,
            "dateline": DATELINE,
            "articles": ARTICLES,
            "reprints": "Those of them that repeat an earlier one.",
            "words": WORDS,
            "first_at": "When the first was published (UTC).",
            "last_at": "When the last was published (UTC).",
        },
        """
        SELECT agency, dateline, count(*) AS articles, count(duplicate_of_id) AS reprints,
               sum(word_count)::bigint AS words, min(published_at) AS first_at,
               max(published_at) AS last_at
        FROM public.articles GROUP BY 1, 2
        """,
    ),
    "agencies": View(
        "Articles by credited source.",
        {
            "agency": AGENCY,
            "articles": ARTICLES,
            "share": "Their part of all articles, from 0 to 1.",
            "reprints": "Those of them that repeat an earlier one.",
            "places": "Different places that their texts open with.",
            "words": WORDS,
        },
        """
        SELECT agency, sum(articles)::bigint AS articles,
               round(sum(articles) / sum(sum(articles)) OVER (), 4) AS share,
               sum(reprints)::bigint AS reprints, count(dateline) AS places,
               sum(words)::bigint AS words
        FROM analyst.sources GROUP BY agency
        """,
    ),
    "places": View(
        "Articles by the place that opens the text.",
        {
            "dateline": DATELINE,
            "articles": ARTICLES,
            "share": "Their part of all articles, from 0 to 1.",
            "agencies": "Different sources that are credited there.",
            "words": WORDS,
            "first_at": "When the first was published (UTC).",
            "last_at": "When the last was published (UTC).",
        },
        """
        SELECT dateline, sum(articles)::bigint AS articles,
               round(sum(articles) / sum(sum(articles)) OVER (), 4) AS share,
               count(agency) AS agencies, sum(words)::bigint AS words,
               min(first_at) AS first_at, max(last_at) AS last_at
        FROM analyst.sources GROUP BY dateline
        """,
    ),
    "run_history": View(
        "One row per crawl, with what it did: Scrapy's counters, null while it runs or where it was killed.",
        {
            "run_id": "Number of the crawl.",
            "spider": "Name of the spider.",
            "mode": "What kind of work it was.",
            "started_at": "When it began (UTC).",
            "finished_at": "When it ended (UTC).",
            "duration": "How long it took; of a killed one, until that was noticed.",
            "outcome": "running, finished, failed or interrupted.",
            "reason": "Why it ended, in words.",
            "requests": "Requests that it sent.",
            "received_bytes": "Bytes that it received.",
            "discovered_pages": "Addresses that were new to the ledger.",
            "new_articles": "Articles that were new.",
            "changed_articles": "Articles that had been edited.",
            "unchanged_articles": "Articles that were as before.",
            "rejected_pages": "Looks at pages that were no article or could not be read.",
            "gone_pages": "Looks at pages that were not there.",
            "failed_pages": "Pages that gave no answer in all their tries.",
            "errors": "Errors in its log.",
        },
        # Filled in below.
        "",
    ),
    "crawl_health": View(
        "Crawls and the answers that were kept, per day on the site's clock, from the day of the first crawl to that of the last.",
        {
            "day": "Day.",
            "runs": "Crawls that began; 0: nobody looked.",
            "finished": "Those that finished.",
            "failed": "Those that failed.",
            "interrupted": "Those that were interrupted or killed.",
            "requests": "Requests that they sent, listings and retries included.",
            "new_articles": "Articles that were new.",
            "changed_articles": "Articles that had been edited.",
            "errors": "Errors in their logs.",
            "answers": "Answers of pages of the ledger that were kept.",
            "answers_ok": "Those with a page: status 2xx.",
            "answers_unchanged": "Those that said that nothing has changed: status 304.",
            "answers_missing": "Those without the page: status 404 and 410.",
            "answers_refused": "Those with another status 4xx: 403, 429.",
            "answers_failed": "Those with a failure of the site: status 5xx.",
        },
        f"""
        WITH ran AS (
            SELECT {local("started_at")}::date AS day, count(*) AS runs,
                   count(*) FILTER (WHERE outcome = 'finished') AS finished,
                   count(*) FILTER (WHERE outcome = 'failed') AS failed,
                   count(*) FILTER (WHERE outcome = 'interrupted') AS interrupted,
                   coalesce(sum(requests), 0)::bigint AS requests,
                   coalesce(sum(new_articles), 0)::bigint AS new_articles,
                   coalesce(sum(changed_articles), 0)::bigint AS changed_articles,
                   coalesce(sum(errors), 0)::bigint AS errors
            FROM analyst.run_history
            WHERE mode IN ('incremental', 'backfill', 'url', 'worker') GROUP BY 1
        ), answered AS (
            SELECT {local("fetched_at")}::date AS day, count(*) AS answers,
                   count(*) FILTER (WHERE http_status BETWEEN 200 AND 299) AS ok,
                   count(*) FILTER (WHERE http_status = 304) AS unchanged,
                   count(*) FILTER (WHERE http_status IN (404, 410)) AS missing,
                   count(*) FILTER (WHERE http_status BETWEEN 400 AND 499
                       AND http_status NOT IN (404, 410)) AS refused,
                   count(*) FILTER (WHERE http_status >= 500) AS failed
            FROM public.captures GROUP BY 1
        ), calendar AS (
            SELECT generate_series(min(day)::timestamp, max(day)::timestamp, '1 day')::date AS day
            FROM ran
        )
        SELECT day, coalesce(runs, 0) AS runs, coalesce(finished, 0) AS finished,
               coalesce(ran.failed, 0) AS failed, coalesce(interrupted, 0) AS interrupted,
               coalesce(requests, 0) AS requests, coalesce(new_articles, 0) AS new_articles,
               coalesce(changed_articles, 0) AS changed_articles, coalesce(errors, 0) AS errors,
               coalesce(answers, 0) AS answers, coalesce(ok, 0) AS answers_ok,
               coalesce(unchanged, 0) AS answers_unchanged,
               coalesce(missing, 0) AS answers_missing, coalesce(refused, 0) AS answers_refused,
               coalesce(answered.failed, 0) AS answers_failed
        FROM calendar LEFT JOIN ran USING (day) LEFT JOIN answered USING (day)
        """,
    ),
    "ledger": View(
        "Addresses of articles by state and reason.",
        {
            "state": "State: pending, archived, duplicate, rejected, gone, failed or excluded.",
            "reason": "Why; null where the state says it all.",
            "pages": "Addresses.",
            "due": "Those that the next crawl may fetch now.",
            "first_discovered_at": "When the first of them was discovered (UTC).",
            "last_discovered_at": "When the last was discovered (UTC).",
        },
        """
        SELECT state, reason, count(*) AS pages,
               count(*) FILTER (WHERE next_fetch_at <= now()) AS due,
               min(discovered_at) AS first_discovered_at, max(discovered_at) AS last_discovered_at
        FROM public.pages GROUP BY state, reason
        """,
    ),
    "ledger_states": View(
        "Addresses of articles by state, all states of the ledger in their order: is the archive complete?",
        {
            "state": "State.",
            "pages": "Addresses in it.",
            "share": "Their part of all addresses, from 0 to 1.",
        },
        """
        SELECT state, coalesce(pages, 0) AS pages,
               round(coalesce(pages, 0) / nullif(sum(pages) OVER (), 0), 4) AS share
        FROM unnest(ARRAY['archived', 'duplicate', 'pending', 'rejected', 'gone', 'failed',
                          'excluded']) WITH ORDINALITY AS states (state, place)
        LEFT JOIN (
            SELECT state, count(*) AS pages FROM public.pages GROUP BY state
        ) AS counted USING (state)
        ORDER BY place
        """,
    ),
}
COUNTERS = {
    "requests": "downloader/request_count",
    "received_bytes": "downloader/response_bytes",
    "discovered_pages": "page/discovered",
    "new_articles": "article/new",
    "changed_articles": "article/changed",
    "unchanged_articles": "article/unchanged",
    "rejected_pages": "page/rejected",
    "gone_pages": "page/gone",
    "failed_pages": "page/failed",
    "errors": "log_count/ERROR",
}
VIEWS["run_history"] = VIEWS["run_history"]._replace(
    query="SELECT id AS run_id, spider, mode, started_at, finished_at,"
    " finished_at - started_at AS duration, outcome, reason,"
    + ",".join(
        f" CASE WHEN stats IS NOT NULL THEN coalesce((stats ->> '{key}')::bigint, 0) END AS {name}"
        for name, key in COUNTERS.items()
    )
    + " FROM public.runs"
)


def upgrade():
    op.add_column("runs", sa.Column("timezone", sa.Text(), nullable=True, comment=TIMEZONE))
    # The views that count days and delays read it and not the table, which is a hundred times as big.
    op.drop_index("ix_articles_published_at", "articles")
    op.create_index(
        "ix_articles_published_at",
        "articles",
        ["published_at"],
        postgresql_include=[
            "published_precision",
            "word_count",
            "duplicate_of_id",
            "first_seen_at",
        ],
    )
    op.execute("CREATE SCHEMA analyst")
    op.execute(
        "COMMENT ON SCHEMA analyst IS 'What analysts ask of the archive: views whose names and columns stay, in the clock of the site.'"
    )
    for name, (definition, comment) in FUNCTIONS.items():
        op.execute(definition)
        op.execute(f"COMMENT ON FUNCTION analyst.{name} IS {quoted(comment)}")
    for name, view in VIEWS.items():
        op.execute(f"CREATE VIEW analyst.{name} AS {view.query}")
        op.execute(f"COMMENT ON VIEW analyst.{name} IS {quoted(view.comment)}")
        for column, comment in view.columns.items():
            op.execute(f"COMMENT ON COLUMN analyst.{name}.{column} IS {quoted(comment)}")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def downgrade():
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW analyst.{name}")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION analyst.{name}")
    op.execute("DROP SCHEMA analyst")
    op.drop_index("ix_articles_published_at", "articles")
    op.create_index("ix_articles_published_at", "articles", ["published_at"])
    op.drop_column("runs", "timezone")
