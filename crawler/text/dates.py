"""The dates that a news page prints, in Arabic first: read surely or not at all.

Read are ISO 8601, RFC 822, numbers with the day first (10/10/2020 [ 10:51 ]), the month names
of every Arab country, also two for one month («تشرين الأول/أكتوبر»), Hijri days where no
Gregorian one stands, and times before the visit («منذ ساعتين»), each with the clock beside it.
The weekday printed beside a whole date is not compared with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.text.arabic import fold
from crawler.text.clocks import CLOCK, GAP, Clock, is_clock, read_clock
from crawler.text.month_names import WEEKDAYS
from crawler.text.printed_days import find_days, find_weekday
from crawler.text.relative_dates import find_ago, find_day_ago

# Cheap looks that most lines of a page do not survive; \d is a digit of any script. Patterns whose
# every branch begins with a sign of its own are found several times as fast as others.
_NUMBERS = re.compile(r"\d(?:\d{3}|[-/.]\d{1,2}[-/.]\d\d)")
_WORDS = re.compile(r"منذ|قبل|أمس|امس|اليوم|مضت|a[gG][oO]\b|A[gG][oO]\b|d[aA][yY]\b|D[aA][yY]\b")
UPDATED = re.compile("تحديث|تعديل|updated|modified|mise à jour")  # in folded text
_BRACKET = re.compile(r"\s*[\])]")
_CLOCK_AFTER = re.compile(rf"(?P<gap>{GAP}){CLOCK}")
_CLOCK_BEFORE = re.compile(rf"(?<!\d){CLOCK}{GAP}\Z")
# Characters in front of a date in which its clock may stand, with the zone and the weekday.
_REACH = 60
_LONGEST_RELATIVE = 80


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A printed date.

    ``at`` is in UTC; with the precision "day" it is the start of that day in the page's zone.
    ``hijri`` marks a day printed in the Hijri calendar alone, converted by the Umm al-Qura
    tables: where the month is sighted it may be one day off.
    """

    at: datetime
    precision: str  # "minute" or "day"
    hijri: bool = False


def parse_date(text: str, *, now: datetime, timezone: str = "Asia/Hebron") -> ParsedDate | None:
    """The date that ``text`` holds; None where it holds none, or several days.

    ``now`` (aware) is the time of the visit: relative times count back from it, and what lies
    more than a day after it is no date. ``timezone`` is the zone of what is printed without one;
    an hour that its clocks skip or repeat is read as the earlier rule has it (PEP 495). Where
    the hour contradicts itself («15:05 ص») the day is kept. A date behind «آخر تحديث» yields to
    those before it.
    """
    line = read_date(text, now=now, timezone=timezone)
    return line and line[1]


def read_date(
    text: str, *, now: datetime, timezone: str = "Asia/Hebron"
) -> tuple[str, ParsedDate] | None:
    """What ``parse_date`` says, behind the words that print it."""
    if not _may_hold_date(text):
        return None
    folded, zone = fold(text), _zone(timezone)
    found = _find(folded, now, zone)
    parsed = _the_one(found, folded, zone) if found else None
    if parsed is None:
        return None
    spread, origin = _folded(text)
    if spread != folded:
        found = _find(spread, now, zone)
    spans = (slice(origin[start], origin[end]) for start, end, each in found if each == parsed)
    span = next(spans, None)
    return (text[span].rstrip() if span else text), parsed


def _the_one(found: list["_Found"], folded: str, zone: ZoneInfo) -> ParsedDate | None:
    """The date of a line with these dates; None where it is none, or several days."""
    if len(found) > 1 and (updated := UPDATED.search(folded)):
        found = [each for each in found if each[0] < updated.start()] or found
    dates = list(dict.fromkeys(parsed for _, _, parsed in found))
    if len(dates) > 1 and len({_start_of_day(parsed, zone) for parsed in dates}) > 1:
        return None
    exact = [parsed for parsed in dates if parsed.precision == "minute"]
    if len(exact) > 1:
        return ParsedDate(_start_of_day(exact[0], zone), "day")
    return (exact or dates)[0]


def find_dates(
    text: str, *, now: datetime, timezone: str = "Asia/Hebron"
) -> list[tuple[str, ParsedDate]]:
    """Every date of a line by the rules of ``parse_date``, with its text as printed, in order."""
    if not _may_hold_date(text):
        return []
    folded, origin = _folded(text)
    return [
        (text[origin[start] : origin[end]].rstrip(), parsed)
        for start, end, parsed in _find(folded, now, _zone(timezone))
    ]


def _may_hold_date(text: str) -> bool:
    return _NUMBERS.search(text) is not None or _WORDS.search(text) is not None


_Found: TypeAlias = tuple[int, int, ParsedDate]  # start, end and value in folded text


def _find(folded: str, now: datetime, zone: ZoneInfo) -> list[_Found]:
    if now.tzinfo is None:
        raise ValueError(f"The time of the visit, {now}, has no time zone; give an aware datetime.")
    found = list(_absolute(folded, now, zone)) or list(_relative(folded, now, zone))
    return [each for each in found if each[2].at <= now + timedelta(days=1)]


def _absolute(folded: str, now: datetime, zone: ZoneInfo) -> Iterator[_Found]:
    # In the zones farthest east the day after the visit is a day later than in UTC.
    days = find_days(folded, (now + timedelta(days=2)).date())
    limits = [*(printed.start for printed in days[1:]), len(folded)]
    taken = 0
    for printed, limit in zip(days, limits, strict=False):
        after = _clock_after(folded, printed.end, limit)
        before = _clock_before(folded, taken, printed.start)
        # With a clock on either side nothing says which of them is the date's.
        clock = (after or before) if not (after and before) else None
        start, end = printed.start, printed.end
        if clock:
            start, end = min(start, clock.start()), max(end, clock.end())
        taken = end
        parsed = _parsed(printed.day, clock and read_clock(clock), zone, printed.hijri)
        yield *_widened(folded, start, end), parsed


def _widened(folded: str, start: int, end: int) -> tuple[int, int]:
    """The span with its weekday in front and the bracket that it opened."""
    if weekday := find_weekday(folded, start):
        start = weekday.start()
    bracket = _BRACKET.match(folded, end)
    if bracket and folded.count("[", start, end) + folded.count("(", start, end):
        end = bracket.end()
    return start, end


def _clock_after(folded: str, start: int, end: int) -> re.Match[str] | None:
    clock = _CLOCK_AFTER.match(folded, start, end)
    return clock if clock and is_clock(clock, clock["gap"]) else None


def _clock_before(folded: str, start: int, end: int) -> re.Match[str] | None:
    clock = _CLOCK_BEFORE.search(folded, max(start, end - _REACH), end)
    return clock if clock and is_clock(clock, folded[: clock.start()][-8:]) else None


def _relative(folded: str, now: datetime, zone: ZoneInfo) -> Iterator[_Found]:
    if len(folded) > _LONGEST_RELATIVE:
        return
    if ago := find_ago(folded):
        line, span = ago
        at = (now - span).astimezone(UTC)
        start, end = line.span("printed")
        if span < timedelta(days=1):
            yield start, end, ParsedDate(at, "minute")
        else:
            yield start, end, _parsed(at.astimezone(zone).date(), None, zone)
    elif day_ago := find_day_ago(folded):
        line, days = day_ago
        day = now.astimezone(zone).date() - timedelta(days=days)
        # «أمس الجمعة» on a Sunday comes from a copy of the page that is older than the visit.
        if line["weekday"] and WEEKDAYS[line["weekday"]] != day.isoweekday():
            return
        clock = read_clock(line) if line["hour"] and is_clock(line, "ساعه") else None
        start, end = line.span("printed")
        yield start, end, _parsed(day, clock, zone)


def _parsed(day: date, clock: Clock | None, zone: ZoneInfo, hijri: bool = False) -> ParsedDate:
    if clock is None:
        return ParsedDate(datetime.combine(day, time(), zone).astimezone(UTC), "day", hijri)
    printed = time(clock.hour, clock.minute, clock.second)
    at = datetime.combine(day, printed, clock.zone or zone).astimezone(UTC)
    return ParsedDate(at, "minute", hijri)


def _start_of_day(parsed: ParsedDate, zone: ZoneInfo) -> datetime:
    return datetime.combine(parsed.at.astimezone(zone).date(), time(), zone).astimezone(UTC)


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"{timezone!r} is no time zone known here; use a name such as Asia/Hebron, and "
            "install the package tzdata where the machine has no zone database."
        ) from error


def _folded(text: str) -> tuple[str, list[int]]:
    """``text`` folded one character at a time, and where each character (and the end) stood."""
    pieces = list(map(_folded_character, text))
    folded = "".join(pieces)
    if len(folded) == len(text) and "" not in pieces:
        return folded, list(range(len(text) + 1))
    origin = [index for index, piece in enumerate(pieces) for _ in piece]
    return folded, [*origin, len(text)]


@lru_cache(maxsize=4096)
def _folded_character(character: str) -> str:
    return " " if character.isspace() else fold(character)
