"""The days printed in a line: in numbers or with the month's name, Gregorian or Hijri.

Works on text folded by ``arabic.fold``. A day without a year, a year alone, numbers with the
month first and impossible days are no days.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from hijridate import Hijri

from crawler.text.month_names import GREGORIAN_MONTHS, HIJRI_MONTHS, WEEKDAYS

# The web is younger. What is printed for earlier years is a field that was never filled
# (1970-01-01, 0001-01-01, 1899-12-30) or a matter of history.
EARLIEST_YEAR = 1990
_HIJRI_YEARS = range(1400, 1501)

# A clock may be glued to the date: «20251:05 م» is 2025 and 1:05 م.
_END = r"(?!\d(?!\d?:\d))"
_NUMERIC = re.compile(
    r"(?<![\d/.-])(?:(?P<y>\d{4})\s*(?P<s>[-/.])\s*(?P<m>\d{1,2})\s*(?P=s)\s*(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2})\s*(?P<s2>[-/.])\s*(?P<m2>\d{1,2})\s*(?P=s2)\s*(?P<y2>\d{4}))"
    rf"{_END}(?![/-]\d(?!\d?:\d))"
)
# The month may end in a number of its own: «25 كانون 2 2020».
_DAY_FIRST = re.compile(
    r"(?<![\d/.-])(?P<d>\d{1,2})(?P<name>[^\d:]{2,45}"
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
_NAME = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class PrintedDay:
    """A day and its place in the line, the era (م, هـ) included."""

    start: int
    end: int
    day: date
    hijri: bool


def find_days(folded: str) -> list[PrintedDay]:
    """The Gregorian days in their order; the Hijri ones where there is no other."""
    days: list[PrintedDay] = []
    for day in sorted(_candidates(folded), key=lambda day: day.start):
        if not days or day.start >= days[-1].end:
            days.append(day)
    return [day for day in days if not day.hijri] or days


def _candidates(folded: str) -> Iterator[PrintedDay]:
    for match in _NUMERIC.finditer(folded):
        year, month, day = (int(match[key] or match[f"{key}2"]) for key in "ymd")
        yield from _day(match, year, month, day)
    if not _NAME.search(folded):
        return
    for pattern in (_DAY_FIRST, _NAME_FIRST):
        for match in pattern.finditer(folded):
            year = int(match["y"])
            names = HIJRI_MONTHS if year in _HIJRI_YEARS else GREGORIAN_MONTHS
            if number := _month(match["name"], names):
                yield from _day(match, year, number, int(match["d"]), named=True)


def _month(printed: str, names: dict[str, int]) -> int | None:
    """The month that every name in ``printed`` names, such as «مارس/ آذار»."""
    words = _WORD.findall(printed)
    months: set[int | None] = set()
    while words:
        two = " ".join(words[:2])
        if two in names or words[0] in names or words[0] not in _FILLERS:
            months.add(names.get(two) or names.get(words[0]))
        words = words[2:] if two in names else words[1:]
    return months.pop() if len(months) == 1 else None


def _day(
    match: re.Match[str], year: int, month: int, day: int, *, named: bool = False
) -> Iterator[PrintedDay]:
    era = _ERA.match(match.string, match.end())
    marked = bool(era and era["hijri"])
    # 1399/7/19 without an era may as well be the solar calendar of Iran.
    hijri = year in _HIJRI_YEARS and (marked or named)
    try:
        found = Hijri(year, month, day).to_gregorian() if hijri else date(year, month, day)
    except (ValueError, OverflowError):
        return
    if found.year >= EARLIEST_YEAR:
        yield PrintedDay(match.start(), (era or match).end(), found, hijri)
