"""The pace of a host, one for all who crawl it: moments are given out by the database's clock."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from crawler.db.models import Host

# No moment further ahead is given out. So a crawl that is killed wastes no more than this, and
# what one hears from the site (Retry-After) the others hear as soon.
AHEAD = 0.5  # seconds

_CLOCK: sa.Function[Any] = sa.func.clock_timestamp()
_TAKEN: sa.Function[Any] = sa.func.greatest(Host.next_request_at, Host.held_until)


@dataclass(frozen=True, slots=True)
class Moments:
    """``count`` moments, the first in ``wait`` seconds, the others ``apart`` seconds each.

    With a count of 0 there were none to be had: ask again in ``wait`` seconds.
    """

    wait: float
    count: int
    apart: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What the site asks for: to be left alone for ``held`` seconds, and a Crawl-delay."""

    held: float
    crawl_delay: float


def reserve(
    connection: sa.Connection, host: str, wanted: int, delay: float, lead: float
) -> Moments:
    """Take the next moments, at least ``delay`` seconds apart, the first not within ``lead``."""
    apart = sa.func.greatest(delay, Host.crawl_delay)
    begin = sa.func.greatest(_TAKEN, _CLOCK + _interval(lead))
    row = connection.execute(
        sa.update(Host)
        .where(Host.host == host, _CLOCK + _interval(AHEAD) >= _TAKEN)
        .values(next_request_at=begin + _interval(wanted * apart))
        .returning(_seconds(Host.next_request_at - _CLOCK), apart)
    ).first()
    if row:
        return Moments(row[0] - wanted * row[1], wanted, row[1])
    taken = connection.scalar(sa.select(_seconds(_TAKEN - _CLOCK)).where(Host.host == host))
    if taken is None:
        _write(connection, host)
        return Moments(0.0, 0, delay)
    return Moments(max(0.0, taken - AHEAD), 0, delay)


def asked_by(connection: sa.Connection, host: str) -> Asked:
    """What the site has asked for, whoever heard it."""
    held = sa.func.coalesce(_seconds(Host.held_until - _CLOCK), 0.0)
    row = connection.execute(sa.select(held, Host.crawl_delay).where(Host.host == host)).first()
    return Asked(max(0.0, row[0]), row[1]) if row else Asked(0.0, 0.0)


def hold(connection: sa.Connection, host: str, seconds: float) -> None:
    """Let nobody ask the host before so many seconds have passed (Retry-After)."""
    until = _CLOCK + _interval(seconds)
    _write(connection, host, held_until=sa.func.greatest(Host.held_until, until))


def set_crawl_delay(connection: sa.Connection, host: str, seconds: float) -> None:
    """Write what robots.txt asks for now; 0: nothing."""
    _write(connection, host, crawl_delay=seconds)


def _write(connection: sa.Connection, host: str, **values: Any) -> None:
    connection.execute(insert(Host).values(host=host).on_conflict_do_nothing())
    if values:
        connection.execute(sa.update(Host).where(Host.host == host).values(values))


def _interval(seconds: Any) -> sa.Function[Any]:
    return sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=sa.Interval())


def _seconds(interval: Any) -> sa.Function[Any]:
    return sa.func.date_part("epoch", interval, type_=sa.Double())
