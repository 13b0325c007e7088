"""Duplicates in SQL: what stored texts are to each other, kept true in the storing transaction.

For any archive there is one right answer, whatever the order in which its texts arrived, were
changed or dated, and whoever wrote them (writers take turns, `ledger.take_turn`):

1. Two texts are compared if their signatures share a band that at most `COMMON` texts have
   (`duplicate_candidates`).
2. What they are to each other is said by `crawler.text.similarity.relation`, of the earlier and the
   later (`duplicate_groups.order`), and stands in `reprints` or `containments`.
3. Groups follow from `reprints` by the rule of `duplicate_groups.regroup`.

Articles of two sites are never compared. Two things remember the past. A band that was common
stays so, also where edits leave fewer texts that have it, until `scrapy regroup` counts anew. And
of addresses with the very same text whose dates do not tell them apart, the first to be stored has
the article; the others are duplicates in the ledger alone, and are counted with it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from crawler.db.duplicate_candidates import find_candidates, keep_signatures, signatures_of
from crawler.db.duplicate_groups import order, regroup
from crawler.db.models import Containment, Reprint, Signature
from crawler.text.similarity import VERSION, Relation, Text, likely, relation

PAIRS_AT_ONCE = 1_024  # a batch of texts from one template has thousands, in an archive of them


def link(
    connection: sa.Connection, signatures: Mapping[int, bytes], changed: Collection[int]
) -> None:
    """Find the duplicates of articles that are new, or whose text or date has changed.

    ``signatures`` are those of their stored texts, by article; one lookup serves all of them, and
    they find each other too. ``changed`` are those among them that were stored before. To be
    called in the transaction that writes the texts.
    """
    touched = set(signatures)
    if changed:  # nothing is known of new ones yet
        touched |= _forget(connection, changed)
    _link(connection, signatures, touched)


def link_again(connection: sa.Connection, signatures: Mapping[int, bytes]) -> None:
    """`link`, for texts that stand as they stood, in a pass over the whole archive.

    What a text is to one whose signature has another version stands until the pass comes to that.
    """
    touched = set(signatures) | _forget(connection, signatures, version=VERSION)
    _link(connection, signatures, touched)


def _link(connection: sa.Connection, signatures: Mapping[int, bytes], touched: set[int]) -> None:
    if not signatures:
        return
    keep_signatures(connection, signatures, _sites(connection, signatures))
    pairs, lost = find_candidates(connection, signatures)
    # One text with all its candidates in a row: `relation` remembers its words.
    in_turn = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    related: dict[tuple[int, int], Relation] = {}
    for start in range(0, len(in_turn), PAIRS_AT_ONCE):
        related |= _compare(connection, in_turn[start : start + PAIRS_AT_ONCE])
    _keep(connection, related)
    touched |= lost | {article for pair in related for article in pair}
    regroup(connection, touched)


def _sites(connection: sa.Connection, article_ids: Iterable[int]) -> dict[int, str]:
    # Of the schema by name: see `_texts`.
    rows = connection.execute(
        sa.text(
            "SELECT a.id, pages.site FROM public.articles a JOIN captures c ON c.id = a.capture_id"
            " JOIN pages ON pages.id = c.page_id WHERE a.id = ANY(CAST(:articles AS bigint[]))"
        ),
        {"articles": sorted(article_ids)},
    )
    return dict(rows.all())


def _forget(
    connection: sa.Connection, article_ids: Collection[int], version: int | None = None
) -> set[int]:
    """Drop what articles are to each other and to others; give the others.

    With a version only to those others whose signature has it.
    """
    ours = sorted(article_ids)
    others = set[int]()
    for one, other in (
        (Reprint.article_id, Reprint.other_id),
        (Reprint.other_id, Reprint.article_id),
        (Containment.short_id, Containment.long_id),
        (Containment.long_id, Containment.short_id),
    ):
        statement = sa.delete(one.class_).where(one == sa.func.any(ours))
        if version is not None:
            of_version = sa.exists().where(
                Signature.article_id == other, Signature.version == version
            )
            statement = statement.where(sa.or_(other == sa.func.any(ours), of_version))
        others.update(connection.scalars(statement.returning(other)))
    return others


def _compare(
    connection: sa.Connection, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Relation]:
    """What candidates are to each other by their texts: (earlier, later) and the relation."""
    candidates = {article for pair in pairs for article in pair}
    compared = likely(pairs, signatures_of(connection, candidates))
    texts = _texts(connection, {article for pair in compared for article in pair})
    related = {}
    for pair in compared:
        earlier, later = sorted(pair, key=lambda article: texts[article][0])
        if found := relation(texts[earlier][1], texts[later][1]):
            related[earlier, later] = found
    return related


def _texts(connection: sa.Connection, article_ids: Iterable[int]) -> dict[int, tuple[Any, Text]]:
    """Order and text of articles."""
    # Of the schema by name: a dry run has another table `articles` in front of it, without texts.
    rows = connection.execute(
        sa.text(
            "SELECT id, url, title, body, published_at FROM public.articles"
            " WHERE id = ANY(CAST(:articles AS bigint[]))"
        ),
        {"articles": sorted(article_ids)},
    )
    return {
        row.id: (
            order(row.published_at, row.url),
            Text(row.title, row.body, row.published_at),
        )
        for row in rows
    }


def _keep(connection: sa.Connection, related: Mapping[tuple[int, int], Relation]) -> None:
    reprints, containments = [], []
    for (earlier, later), found in related.items():
        if found.kind == "reprint":
            reprints.append(
                {
                    "article_id": min(earlier, later),
                    "other_id": max(earlier, later),
                    "similarity": found.similarity,
                }
            )
        else:
            short, long = (earlier, later) if found.kind == "contains" else (later, earlier)
            containments.append({"short_id": short, "long_id": long, "share": found.similarity})
    if reprints:
        connection.execute(sa.insert(Reprint), reprints)
    if containments:
        connection.execute(sa.insert(Containment), containments)
