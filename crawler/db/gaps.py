"""Backfill by number: the addresses between the smallest and the largest known one.

Half of the sites of this family have neither sitemap nor complete listings; their articles are
numbered, and who wants them all asks for the numbers that nothing links to.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from crawler.db.ledger import discover
from crawler.items import Discovery
from crawler.text.urls import address_shape, canonical_url, numbered_url

FOUND_ON = "gap between known numbers"
ENOUGH = 3  # archived addresses of one shape, before its numbers are believed to enumerate

_SHAPES = sa.text(
    """
    SELECT pages.address_shape AS shape, min(address_number) AS low, max(address_number) AS high
    FROM pages JOIN articles ON articles.id = pages.article_id
    WHERE site = :site AND state = 'archived' AND address_number IS NOT NULL
      AND (CAST(:since AS timestamptz) IS NULL OR published_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR published_at <= :until)
    GROUP BY pages.address_shape HAVING count(*) >= :enough
    ORDER BY count(*) DESC
    """
)
# From known number to known number along the index: the range may hold billions, of which no
# more are looked at than are wanted.
_MISSING = sa.text(
    """
    SELECT number
    FROM (SELECT address_number AS above,
                 lead(address_number) OVER (ORDER BY address_number DESC) AS below
          FROM pages
          WHERE site = :site AND address_shape = :shape
            AND address_number BETWEEN :low AND :high) AS known,
         generate_series(above - 1, greatest(below + 1, above - :budget), -1) AS number
    WHERE above - below > 1
    ORDER BY above DESC, number DESC LIMIT :budget
    """
)
_EXAMPLES = sa.text(
    """
    SELECT request_url FROM pages
    WHERE site = :site AND address_shape = :shape AND address_number BETWEEN :low AND :high
      AND state = 'archived'
    ORDER BY address_number DESC LIMIT 20
    """
)


def fill_gaps(
    connection: sa.Connection,
    site: str,
    budget: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Put the missing numbers into the ledger, newest first, and say how many.

    Numbers that answered with nothing have their rows and are not asked for again.
    """
    added = 0
    bounds = {"site": site, "since": since, "until": until, "enough": ENOUGH}
    for shape in connection.execute(_SHAPES, bounds).mappings().all():
        numbers = {
            "site": site,
            "shape": shape["shape"],
            "low": shape["low"],
            "high": shape["high"],
        }
        example = _example(connection.scalars(_EXAMPLES, numbers).all(), shape["shape"])
        if example is None:
            continue
        missing = connection.scalars(_MISSING, numbers | {"budget": budget - added}).all()
        added += discover(connection, site, _discoveries(example, missing))
        if added >= budget:
            break
    return added


def _example(addresses: Sequence[str], shape: str) -> str | None:
    """An address that was asked for and has the shape; one that redirected may have another."""
    return next((url for url in addresses if address_shape(canonical_url(url))[0] == shape), None)


def _discoveries(example: str, numbers: Sequence[int]) -> list[Discovery]:
    addresses = [numbered_url(example, number) for number in numbers]
    return [Discovery(canonical_url(address), address, FOUND_ON) for address in addresses]
