"""Signatures in SQL: which stored texts may resemble a text, by the bands that they share."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from itertools import accumulate

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.models import CommonBand, Containment, Reprint, Signature
from crawler.text.similarity import VERSION, bands

COMMON = 50  # texts; what more of them share is no sign of a reprint


def site_bands(signature: bytes, site: str) -> list[int]:
    """The bands as the index holds them: texts of two sites have none in common."""
    salt = int.from_bytes(blake2b(site.encode(), digest_size=8).digest(), "big", signed=True)
    return [band ^ salt for band in bands(signature)]


def keep_signatures(
    connection: sa.Connection, signatures: Mapping[int, bytes], sites: Mapping[int, str]
) -> None:
    """Write the signatures of articles, their bands without the common ones."""
    connection.execute(
        _KEEP,
        {
            "version": VERSION,
            "articles": list(signatures),
            "signatures": list(signatures.values()),
            # As PostgreSQL writes an array: the driver would take a microsecond a number.
            "bands": [
                f"{{{','.join(map(str, site_bands(made, sites[article])))}}}"
                for article, made in signatures.items()
            ],
        },
    )


_KEEP = sa.text(
    """
    INSERT INTO signatures (article_id, version, signature, bands)
    SELECT article_id, :version, signature, ARRAY(
        SELECT band FROM unnest(CAST(bands AS bigint[])) WITH ORDINALITY AS own (band, place)
        WHERE NOT EXISTS (SELECT FROM common_bands WHERE common_bands.band = own.band)
        ORDER BY place
    )
    FROM unnest(
        CAST(:articles AS bigint[]), CAST(:signatures AS bytea[]), CAST(:bands AS text[])
    ) AS made (article_id, signature, bands)
    ON CONFLICT (article_id) DO UPDATE
    SET version = excluded.version, signature = excluded.signature, bands = excluded.bands
    """
)


def find_candidates(
    connection: sa.Connection, article_ids: Collection[int]
) -> tuple[set[tuple[int, int]], set[int]]:
    """Pairs, lower number first, of these articles and others that share a band.

    Also the articles that lost a reprint because a band was found to be common. A band is common
    from the moment on in which more than COMMON texts have it: which bands are so depends on the
    texts of the archive and not on the order in which they came, and no lookup reads more than
    COMMON texts a band.
    """
    connection.execute(_BY_INDEX)
    neighbours, lost = _neighbours(connection, article_ids), set[int]()
    # Whoever has a band that has just become common shares it with so many.
    crowded = [article for article, others in neighbours.items() if len(others) >= COMMON]
    if crowded and (common := _common_bands(connection, crowded)):
        lost = _retire(connection, common)
        neighbours = _neighbours(connection, article_ids)
    pairs = {
        (one, other) if one < other else (other, one)
        for one, others in neighbours.items()
        for other in others
    }
    return pairs, lost


def signatures_of(connection: sa.Connection, article_ids: Collection[int]) -> dict[int, bytes]:
    """Of one article or more, which all have one."""
    rows = connection.execute(_SIGNATURES, {"articles": sorted(article_ids)})
    articles, lengths, joined = rows.one()
    starts = accumulate(lengths, initial=0)
    return {
        article: bytes(joined[start : start + length])
        for article, start, length in zip(articles, starts, lengths, strict=False)
    }


def _neighbours(connection: sa.Connection, article_ids: Collection[int]) -> dict[int, list[int]]:
    """The others that each of these articles shares a band with, where there are any."""
    rows = connection.execute(_NEIGHBOURS, {"articles": sorted(article_ids)})
    return dict(rows.all())


def _common_bands(connection: sa.Connection, article_ids: Collection[int]) -> dict[int, int]:
    """Bands of articles that the index has and that are common, and how many texts have them."""
    values = {"articles": sorted(article_ids), "version": VERSION, "common": COMMON}
    return {row.band: row.articles for row in connection.execute(_COMMON_BANDS, values)}


# The planner takes comparing two lists of bands for cheap, and one row in a hundred for alike. In a
# small table it would compare all rows, for a large one compile the query and start workers, each
# of which takes longer than the lookup. Until the end of the transaction.
_BY_INDEX = sa.text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true),"
    " set_config('max_parallel_workers_per_gather', '0', true)"
)
_NEIGHBOURS = sa.text(
    """
    SELECT mine.article_id, array_agg(other.article_id)
    FROM signatures AS mine
    JOIN signatures AS other ON other.bands && mine.bands
    WHERE mine.article_id = ANY(CAST(:articles AS bigint[]))
        AND other.version = mine.version AND other.article_id <> mine.article_id
    GROUP BY mine.article_id
    """
)
# All in one row: a text of which whole pages are stock has a thousand neighbours.
_SIGNATURES = sa.text(
    "SELECT array_agg(article_id), array_agg(octet_length(signature)), string_agg(signature, '')"
    " FROM signatures WHERE article_id = ANY(CAST(:articles AS bigint[]))"
)
_COMMON_BANDS = sa.text(
    """
    SELECT mine.band, count(*) AS articles
    FROM (
        SELECT DISTINCT unnest(bands) AS band FROM signatures
        WHERE article_id = ANY(CAST(:articles AS bigint[]))
    ) AS mine
    JOIN signatures AS holders ON holders.bands @> ARRAY[mine.band]
    WHERE holders.version = :version
    GROUP BY mine.band
    HAVING count(*) > :common
    """
)


def _retire(connection: sa.Connection, common: Mapping[int, int]) -> set[int]:
    """Take common bands out of the index, and what was found by them alone out of the archive."""
    connection.execute(
        insert(CommonBand).on_conflict_do_nothing(),
        [{"band": band, "articles": count} for band, count in common.items()],
    )
    holders = connection.scalars(_WITHOUT_BANDS, {"common": sorted(common)}).all()
    lost = set[int]()
    for one, other in (
        (Reprint.article_id, Reprint.other_id),
        (Containment.short_id, Containment.long_id),
    ):
        first, second = sa.orm.aliased(Signature), sa.orm.aliased(Signature)
        rows = connection.execute(
            sa.delete(one.class_)
            .where(one == sa.func.any(list(holders)))
            .where(first.article_id == one, second.article_id == other)
            .where(first.version == second.version, ~first.bands.bool_op("&&")(second.bands))
            .returning(one, other)
        )
        lost.update(article for row in rows for article in row)
    return lost


_WITHOUT_BANDS = sa.text(
    """
    UPDATE signatures
    SET bands = ARRAY(
        SELECT band FROM unnest(bands) AS band WHERE band <> ALL(CAST(:common AS bigint[]))
    )
    WHERE bands && CAST(:common AS bigint[])
    RETURNING article_id
    """
)
