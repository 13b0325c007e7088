"""The figures of the report: each one a query on the analysts' views, kept beside its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

LONGEST = 20  # rows of a list of articles, and of a list of gaps
MOST_DAYS = 800  # that a line shows one by one; a longer history is shown by weeks

# One number each.
TOTALS = {
    "articles": "SELECT coalesce(sum(articles), 0) FROM analyst.agencies",
    "stories": "SELECT count(*) FROM analyst.stories",
    "reprints": "SELECT count(*) FROM analyst.reprints",
    "edits by the site": "SELECT count(*) FROM analyst.edits WHERE origin = 'site'",
    "articles missing now": "SELECT count(*) FROM analyst.removed_articles "
    "WHERE state <> 'returned'",
    "days with articles": "SELECT count(*) FROM analyst.coverage_by_day WHERE articles > 0",
    "days without": "SELECT count(*) FROM analyst.coverage_by_day WHERE articles = 0",
    "addresses known": "SELECT coalesce(sum(pages), 0) FROM analyst.ledger_states",
    "addresses waiting": "SELECT pages FROM analyst.ledger_states WHERE state = 'pending'",
    "crawls": "SELECT coalesce(sum(runs), 0) FROM analyst.crawl_health",
}

TABLES = {
    "days": "SELECT day, articles, reprints FROM analyst.coverage_by_day ORDER BY day",
    "weeks": "SELECT date_trunc('week', day)::date AS day, sum(articles) AS articles, "
    "sum(reprints) AS reprints FROM analyst.coverage_by_day GROUP BY 1 ORDER BY 1",
    "sections": "SELECT month, coalesce(section, '(none)') AS section, articles "
    "FROM analyst.sections_by_month ORDER BY month, articles DESC, section",
    "hours": "SELECT weekday, hour, articles FROM analyst.hours_of_publication "
    "ORDER BY weekday, hour",
    "freshness": "SELECT up_to, sum(articles) AS articles FROM analyst.freshness "
    "WHERE is_live AND published_precision = 'minute' GROUP BY up_to ORDER BY up_to NULLS LAST",
    "changes": "SELECT day, edits, removals, returns FROM analyst.changes_by_day ORDER BY day",
    "edits": "SELECT seen_at, title, words_added, words_removed, url, article_id, revision "
    "FROM analyst.edits WHERE origin = 'site' "
    f"ORDER BY seen_at DESC, article_id, revision DESC LIMIT {LONGEST}",
    "removed": "SELECT missed_at, title, state, reason, url FROM analyst.removed_articles "
    f"ORDER BY missed_at DESC, article_id LIMIT {LONGEST}",
    "reprints": "SELECT published_at, title, original_title, similarity, url, original_url "
    "FROM analyst.reprints ORDER BY published_at DESC NULLS LAST, article_id "
    f"LIMIT {LONGEST}",
    "states": "SELECT state, pages FROM analyst.ledger_states",
    "reasons": "SELECT state, reason, pages, due FROM analyst.ledger "
    f"ORDER BY pages DESC, state, reason LIMIT {LONGEST}",
    "gaps": "SELECT first_day, last_day, days FROM analyst.gaps "
    f"ORDER BY days DESC, first_day LIMIT {LONGEST}",
    "health": "SELECT day, finished, failed, interrupted, requests, new_articles, errors, "
    "answers_failed FROM analyst.crawl_health ORDER BY day",
    "places": "SELECT dateline AS place, articles FROM analyst.places "
    f"WHERE dateline IS NOT NULL ORDER BY articles DESC, dateline LIMIT {LONGEST}",
    "agencies": "SELECT agency, articles, reprints FROM analyst.agencies "
    f"WHERE agency IS NOT NULL ORDER BY articles DESC, agency LIMIT {LONGEST}",
}
DIFF = "SELECT field, op, words FROM revision_diff(:article_id, :revision)"


@dataclass(frozen=True, slots=True)
class Answer:
    """A query with what it gave."""

    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Edit:
    """The words of one edit, in order: field, op (=, - or +), words."""

    article_id: int
    revision: int
    parts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the report shows, all of one moment."""

    zone: str
    totals: Mapping[str, Answer]
    tables: Mapping[str, Answer]
    edits: tuple[Edit, ...]


def read_figures(connection: sa.Connection) -> Figures:
    """Every figure; ``connection`` is a snapshot, so that they agree with each other."""
    zone = connection.scalar(sa.text("SELECT analyst.site_zone()"))
    tables = {name: _answer(connection, sql) for name, sql in TABLES.items()}
    edits = tuple(
        Edit(row["article_id"], row["revision"], _diff(connection, row))
        for row in tables["edits"].dicts()
    )
    totals = {name: _answer(connection, sql) for name, sql in TOTALS.items()}
    return Figures(str(zone), totals, tables, edits)


def _answer(connection: sa.Connection, sql: str) -> Answer:
    result = connection.execute(sa.text(sql))
    return Answer(sql, tuple(result.keys()), tuple(tuple(row) for row in result))


def _diff(connection: sa.Connection, row: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    found = connection.execute(
        sa.text(DIFF), {"article_id": row["article_id"], "revision": row["revision"]}
    )
    return tuple((part.field, part.op, part.words) for part in found)
