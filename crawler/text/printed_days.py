"""The days printed in a line: in numbers or with the month's name, Gregorian or Hijri.

Works on text folded by ``arabic.fold``. A day without a year, a year alone, numbers with the
month first and impossible days are no days; a year of two digits is read where the numbers, the
weekday beside them and the visit leave one reading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from hijridate import Hijri

from crawler.text.clocks import any_of
from crawler.text.month_names import GREGORIAN_MONTHS, HIJRI_MONTHS, WEEKDAYS

# The web is younger. What is printed for earlier years is a field that was never filled
# (1970-01-01, 0001-01-01, 1899-12-30) or a matter of history.
EARLIEST_YEAR = 1990
_HIJRI_YEARS = range(1400, 1501)

# A clock may be glued to the date: «20251:05 م» is 2025 and 1:05 م.
_END = r"(?!\d(?!\d?:\d))"
# Cheap looks, for what every date in numbers and every month before its day hold.
_SEPARATED = re.compile(r"\d\s*[-/.\\]\s*\d")
_DAY_AND_YEAR = re.compile(r"\d(?:st|nd|rd|th)?[\s,]+\d{4}")
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?:(?P<y>\d{4})\s*(?P<s>[-/.\\])\s*(?P<m>\d{1,2})\s*(?P=s)\s*(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})\s*(?P<s2>[-/.\\])\s*(?P<m2>\d{1,2})\s*(?P=s2)\s*(?P<y2>\d{4}))"
    rf"{_END}(?![/-]\d(?!\d?:\d))"
)
_SHORT = re.compile(
    r"(?<![\d/.:-])(?P<d>\d{1,2})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<y>\d{2})(?![\d/:]|[.-]\d)"
    r"(?P<clock>[\s|,-]{1,3}\d{1,2}:\d{2}(?!\d))?"
)
# The month may end in a number of its own: «25 كانون 2 2020».
_DAY_FIRST = re.compile(
    # Beginning with the digit itself: the search for one is many times as fast.
    r"(?P<d>\d(?<![\d/.-]\d)\d?)(?P<name>[^\d:]{2,45}"
    r"(?:(?:(?<=[^\W\d_])|(?<=[^\W\d_] ))[12][^\d:]{1,20})?)"
    rf"(?P<y>\d{{4}}){_END}"
)
_NAME_FIRST = re.compile(
    r"(?<![^\W\d_])(?P<name>[^\W\d_]++(?: [^\W\d_]++)?)[ .]*"
    rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s,]+(?P<y>\d{{4}}){_END}"
)
_ERA = re.compile(r"\s*(?:(?P<hijri>ه|هجريه?)|م|ميلاديه?)(?![^\W\d_])")
_WORD = re.compile(r"[^\W\d_]+|\d")
# What may stand between the day, the month and the year, or before a month that comes first.
_FILLERS = {"من", "شهر", "عام", "سنه", "لعام", "لسنه", "و", "de", "of", "del", "di", "er", "st"}
_FILLERS |= {"nd", "rd", "th", *WEEKDAYS}
_MONTH_WORDS = _FILLERS.union(*(name.split() for name in (*GREGORIAN_MONTHS, *HIJRI_MONTHS)))
_NAME = re.compile(r"[^\W\d_]{2}")
_WEEKDAY = re.compile(rf"(?<![^\W\d_])(?P<name>{any_of(WEEKDAYS)})[\s,:.-]*\Z")
_WEEKDAY_REACH = 20


@dataclass(frozen=True, slots=True)
class PrintedDay:
    """A day and its place in the line, the era (م, هـ) included."""

    start: int
    end: int
    day: date
    hijri: bool


def find_days(folded: str, latest: date) -> list[PrintedDay]:
    """The Gregorian days in their order; the Hijri ones where there is no other.

    None is after ``latest``.
    """
    days: list[PrintedDay] = []
    for day in sorted(_candidates(folded, latest), key=lambda day: day.start):
        if day.day <= latest and (not days or day.start >= days[-1].end):
            days.append(day)
    return [day for day in days if not day.hijri] or days


def find_weekday(folded: str, end: int) -> re.Match[str] | None:
    """The weekday, with its «name», that leads to what stands at ``end``."""
    return _WEEKDAY.search(folded, max(end - _WEEKDAY_REACH, 0), end)


def _candidates(folded: str, latest: date) -> Iterator[PrintedDay]:
    if _SEPARATED.search(folded):
        yield from _in_numbers(folded, latest)
    if not _NAME.search(folded):
        return
    for match in _DAY_FIRST.finditer(folded):
        yield from _named_day(match, match["name"], match.start())
    for match in _NAME_FIRST.finditer(folded) if _DAY_AND_YEAR.search(folded) else ():
        first, _, second = name = match["name"].partition(" ")
        if second and first not in _MONTH_WORDS:  # "by Adam on November 14, 2019"
            yield from _named_day(match, second, match.start() + len(first) + 1)
        else:
            yield from _named_day(match, "".join(name), match.start())


def _in_numbers(folded: str, latest: date) -> Iterator[PrintedDay]:
    for match in _NUMERIC.finditer(folded):
        year, month, day = (int(match[key] or match[f"{key}2"]) for key in "ymd")
        yield from _day(match, year, month, day)
    for match in _SHORT.finditer(folded):
        if short := _short_day(match, latest):
            yield PrintedDay(match.start(), match.end("y"), short, hijri=False)


def _named_day(match: re.Match[str], name: str, start: int) -> Iterator[PrintedDay]:
    year = int(match["y"])
    if month := _month(name, hijri=year in _HIJRI_YEARS):
        yield from _day(match, year, month, int(match["d"]), start)


def _short_day(match: re.Match[str], latest: date) -> date | None:
    """The day first, where no other order of the three numbers can be meant."""
    first, month, last = (int(match[key]) for key in "dmy")
    readings = {_date(last, month, first, latest)}
    weekday = find_weekday(match.string, match.start())
    if match["s"] != ".":
        readings |= {_date(first, month, last, latest), _date(last, first, month, latest)}
    elif not (weekday or match["clock"]):  # versions and chapters are numbered so
        return None
    if weekday:
        isoweekday = WEEKDAYS[weekday["name"]]
        readings = {day for day in readings if day and day.isoweekday() == isoweekday}
    found = readings - {None}
    day = found.pop() if len(found) == 1 else None
    return day if day and (day.day, day.month) == (first, month) else None


def _date(year: int, month: int, day: int, latest: date) -> date | None:
    """The day in a year of two digits."""
    for century in (2000, 1900):
        try:
            found = date(century + year, month, day)
        except ValueError:
            continue
        if found <= latest:
            return found if found.year >= EARLIEST_YEAR else None
    return None


@lru_cache(maxsize=128)  # a site prints the same few
def _month(printed: str, *, hijri: bool) -> int | None:
    """The month that every name in ``printed`` names, such as «مارس/ آذار»."""
    names = HIJRI_MONTHS if hijri else GREGORIAN_MONTHS
    words = _WORD.findall(printed)
    months: set[int | None] = set()
    while words:
        two = " ".join(words[:2])
        if two in names or words[0] in names or words[0] not in _FILLERS:
            months.add(names.get(two) or names.get(words[0]))
        words = words[2:] if two in names else words[1:]
    return months.pop() if len(months) == 1 else None


def _day(
    match: re.Match[str], year: int, month: int, day: int, start: int | None = None
) -> Iterator[PrintedDay]:
    """The day of a match; ``start`` is given where the month is named."""
    era = _ERA.match(match.string, match.end())
    marked = bool(era and era["hijri"])
    # 1399/7/19 without an era may as well be the solar calendar of Iran.
    hijri = year in _HIJRI_YEARS and (marked or start is not None)
    try:
        found = Hijri(year, month, day).to_gregorian() if hijri else date(year, month, day)
    except (ValueError, OverflowError):
        return
    if found.year >= EARLIEST_YEAR:
        begin = match.start() if start is None else start
        yield PrintedDay(begin, (era or match).end(), found, hijri)
