"""Whether the site brings as many articles as it usually does on this weekday at this hour."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

WINDOWS = (6, 12, 24, 72, 168)  # hours
WEEKS = 8  # that are looked back
HISTORY = 4  # of them must lie within the archive
ENOUGH = 20  # articles of a window: of fewer, none at all may be chance
REACH = timedelta(weeks=WEEKS, hours=WINDOWS[-1], days=1)  # the day: clocks are put forward
MAD_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The articles of the last ``hours``, what is usual, and the least that is no alarm."""

    count: int
    hours: int
    usual: float
    least: float


def arrivals(moments: Sequence[datetime], end: datetime, zone: ZoneInfo) -> Arrivals | None:
    """Compare the window that ends at ``end`` with the same one of each of eight past weeks.

    ``moments`` are the times of articles in rising order. The same window is the one that ends
    on the same weekday at the same hour on the clocks of ``zone``, summer time or not. Usual is
    the median of the past weeks, so that no outage and no war week moves it. The spread is the
    median deviation from it, and not less than that of chance (the root of the count). The least
    that is no alarm lies four spreads below the usual, and not above a tenth of it: a feast that
    silences two thirds of the newsroom for three days is no fault. Of the windows the shortest
    is taken in which the least is at least one article and the usual at least twenty. None
    where no window is long enough, or where the archive reaches back less than four weeks.

    On sites played for 3.5 years with Ramadan, both feasts and a war week, asked every two
    hours, that gave no false alarm with 12 or 60 articles a day and one with 200; a site that
    fell silent was noticed after 68, 16 and 9 hours (median), never later than 170, 56 and 18.
    """
    if not moments:
        return None
    ends = [end, *(_weeks_before(end, weeks, zone) for weeks in range(1, WEEKS + 1))]
    for hours in WINDOWS:
        length = timedelta(hours=hours)
        count, *past = (
            bisect_left(moments, until) - bisect_left(moments, until - length)
            for until in ends
            if until == end or until - length >= moments[0]
        )
        if len(past) < HISTORY:
            return None
        usual = median(past)
        deviation = median(abs(each - usual) for each in past)
        spread = max(usual**0.5, MAD_TO_SIGMA * deviation)
        least = min(usual / 10, usual - 4 * spread)
        if usual >= ENOUGH and least >= 1:
            return Arrivals(count, hours, usual, least)
    return None


def _weeks_before(moment: datetime, weeks: int, zone: ZoneInfo) -> datetime:
    """The same weekday and hour on the clocks of the zone."""
    return moment.astimezone(zone) - timedelta(weeks=weeks)
