"""Groups of the whole archive found again, in batches: how far a pass is, what it changes."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crawler.db.duplicates import link_again
from crawler.db.ledger import take_turn
from crawler.db.models import Article, CommonBand, Run
from crawler.text.similarity import VERSION

MODE = "regroup"
_VERSION, _REACHED = "regroup/version", "regroup/article"


def take_up(connection: sa.Connection, run_id: int) -> int:
    """Where this pass begins: after the article that a killed one had reached, or at 0.

    A pass that was made for another version of the signatures is not gone on with.
    """
    last = connection.execute(
        sa.select(Run.outcome, Run.stats)
        .where(Run.mode == MODE, Run.id < run_id)
        .order_by(Run.id.desc())
        .limit(1)
    ).first()
    stats = (last.stats or {}) if last and last.outcome != "finished" else {}
    reached = stats[_REACHED] if stats.get(_VERSION) == VERSION else 0
    if not reached:
        take_turn(connection)
        connection.execute(sa.delete(CommonBand))
    _write_progress(connection, run_id, reached)
    return int(reached)


def _write_progress(connection: sa.Connection, run_id: int, reached: int) -> None:
    stats = {_VERSION: VERSION, _REACHED: reached}
    connection.execute(sa.update(Run).where(Run.id == run_id).values(stats=stats))


def rehearse(connection: sa.Connection) -> None:
    """Let this connection find groups from nothing, in tables of its own that end with it.

    Temporary tables stand before those of the schema with the same name. That of the articles
    has no texts, which are read from the archive.
    """
    # Before the first table: the usual 8 MB are less than a lookup's share of the index.
    connection.execute(sa.text("SET temp_buffers = '256MB'"))
    for table in ("signatures", "common_bands", "reprints", "containments"):
        connection.execute(sa.text(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL)"))
    connection.execute(
        sa.text(
            "CREATE TEMPORARY TABLE articles AS SELECT id, url, published_at,"
            " CAST(NULL AS bigint) AS duplicate_of_id, CAST(NULL AS float) AS duplicate_similarity"
            " FROM public.articles"
        )
    )
    connection.execute(sa.text("CREATE UNIQUE INDEX ON pg_temp.articles (id)"))
    connection.execute(sa.text("ANALYZE pg_temp.articles"))


def remember_groups(connection: sa.Connection) -> None:
    """Keep what is a duplicate of what now, for `differences`."""
    connection.execute(
        sa.text(
            "CREATE TEMPORARY TABLE groups_before AS SELECT id, duplicate_of_id"
            " FROM public.articles WHERE duplicate_of_id IS NOT NULL"
        )
    )


def next_texts(connection: sa.Connection, after: int, limit: int) -> list[sa.Row[Any]]:
    """The next articles by number: id, digest, title, body."""
    rows = connection.execute(
        sa.text(
            "SELECT id, digest, title, body FROM public.articles WHERE id > :after"
            " ORDER BY id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return list(rows)


def find_again(
    connection: sa.Connection, signatures: Mapping[tuple[int, str], bytes], run_id: int | None
) -> None:
    """Link a batch again and note that the pass has come so far; without a run: a rehearsal.

    The signatures are by article and the digest of the text that they were made of: what was
    stored with another text in between was linked when it was stored.
    """
    numbers = sorted(article for article, _ in signatures)
    if run_id is None:
        link_again(connection, {article: made for (article, _), made in signatures.items()})
        return
    take_turn(connection)
    rows = connection.execute(
        sa.select(Article.id, Article.digest).where(Article.id == sa.func.any(numbers))
    )
    stand = {(row.id, row.digest) for row in rows}
    link_again(connection, {key[0]: made for key, made in signatures.items() if key in stand})
    _write_progress(connection, run_id, numbers[-1])


def differences(connection: sa.Connection, examples: int) -> dict[str, tuple[int, list[str]]]:
    """How many articles were linked, unlinked and moved to another story, with some addresses."""
    found = {}
    for name, condition in _CHANGES.items():
        changed = (
            "SELECT id FROM groups_before AS old FULL JOIN"
            " (SELECT id, duplicate_of_id FROM articles WHERE duplicate_of_id IS NOT NULL) AS new"
            f" USING (id) WHERE {condition}"
        )
        count = connection.scalar(sa.text(f"SELECT count(*) FROM ({changed}) AS changed")) or 0
        urls = connection.scalars(
            sa.text(
                f"SELECT url FROM ({changed} ORDER BY id LIMIT :examples) AS changed"
                " JOIN articles USING (id) ORDER BY id"
            ),
            {"examples": examples},
        )
        found[name] = (count, list(urls))
    return found


_CHANGES = {
    "linked": "old.duplicate_of_id IS NULL",
    "unlinked": "new.duplicate_of_id IS NULL",
    "moved": "old.duplicate_of_id <> new.duplicate_of_id",
}


def count_groups(connection: sa.Connection) -> sa.Row[Any]:
    """How many articles, stories, containments and common bands there are now."""
    return connection.execute(
        sa.text(
            "SELECT (SELECT count(*) FROM articles) AS articles,"
            " (SELECT count(*) FROM articles WHERE duplicate_of_id IS NULL) AS stories,"
            " (SELECT count(*) FROM containments) AS containments,"
            " (SELECT count(*) FROM common_bands) AS common"
        )
    ).one()
