"""Revisions in SQL: every text that an article has had, and what each one changed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from crawler.db.models import Revision


def insert_first_revisions(connection: sa.Connection, article_ids: Sequence[int]) -> None:
    """Write what new articles are as their first revisions, without sending their texts again."""
    connection.execute(_FIRST, {"articles": article_ids})


_FIRST = sa.text(
    """
    INSERT INTO revisions (
        article_id, number, title, body, published_at, section, digest, seen_at, capture_id
    )
    SELECT id, revision, title, body, published_at, section, digest, first_seen_at, capture_id
    FROM articles WHERE id = ANY(CAST(:articles AS bigint[]))
    """
)


def insert_revisions(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write revisions, and of all but first ones how many words they add and remove.

    A row has the columns of the table but words_added and words_removed, which come from the
    same function that shows the words.
    """
    connection.execute(sa.insert(Revision), list(rows))
    if later := [row for row in rows if row["number"] > 1]:
        connection.execute(
            _COUNT_WORDS,
            {
                "articles": [row["article_id"] for row in later],
                "numbers": [row["number"] for row in later],
            },
        )


_COUNT_WORDS = sa.text(
    """
    UPDATE revisions SET words_added = counted.added, words_removed = counted.removed
    FROM (
        SELECT made.article_id, made.number,
               coalesce(sum(word_count) FILTER (WHERE op = '+'), 0) AS added,
               coalesce(sum(word_count) FILTER (WHERE op = '-'), 0) AS removed
        FROM unnest(CAST(:articles AS bigint[]), CAST(:numbers AS bigint[]))
            AS made (article_id, number),
            revision_diff(made.article_id, made.number)
        GROUP BY made.article_id, made.number
    ) AS counted
    WHERE revisions.article_id = counted.article_id AND revisions.number = counted.number
    """
)
