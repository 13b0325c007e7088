"""The time of day as it is printed beside a date, with its half of the day and its zone.

Works on text folded by ``arabic.fold``: lower case, ASCII digits, no tashkeel, dashes as "-".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from crawler.text.month_names import WEEKDAYS

# Which part of the day a word beside the clock names.
_HALVES = {
    "morning": "ص|صباحا|صباح|الصباح|فجرا|فجر|الفجر|قبل الظهر|am|a.m|a.m.",
    "noon": "ظ|ظهرا|ظهر|الظهر",
    "evening": "م|مساء|مساءا|المساء|بعد الظهر|عصرا|عصر|العصر|pm|p.m|p.m.",
    "night": "ليلا|الليل",
}
_HALF_OF = {word: half for half, words in _HALVES.items() for word in words.split("|")}

# RFC 822, section 5.1, and what European feeds write instead of an offset.
_ABBREVIATIONS = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3, "idt": 3,
}  # fmt: skip
# Each the name of several zones, or of two hours of one.
_AMBIGUOUS = ("ist", "ast", "bst", "et", "ct", "pt")
# «بتوقيت …»: the first word of the place. Those of the site's own country mean the site's zone.
_OWN_PLACES = {"القدس", "فلسطين", "غزه", "رام", "الضفه", "المحلي", "محلي", "الصيفي", "الشتوي"}
_PLACE_ZONES = {
    "غرينتش": "UTC", "جرينتش": "UTC", "غرينيتش": "UTC", "جرينيتش": "UTC", "العالمي": "UTC",
    "مكه": "Asia/Riyadh", "السعوديه": "Asia/Riyadh", "الرياض": "Asia/Riyadh",
    "القاهره": "Africa/Cairo", "مصر": "Africa/Cairo", "بيروت": "Asia/Beirut",
    "لبنان": "Asia/Beirut", "دمشق": "Asia/Damascus", "سوريا": "Asia/Damascus",
    "الاردن": "Asia/Amman", "بغداد": "Asia/Baghdad", "العراق": "Asia/Baghdad",
    "الامارات": "Asia/Dubai", "ابوظبي": "Asia/Dubai", "ابو": "Asia/Dubai", "دبي": "Asia/Dubai",
    "الدوحه": "Asia/Qatar", "قطر": "Asia/Qatar", "الكويت": "Asia/Kuwait",
    "تونس": "Africa/Tunis", "الجزائر": "Africa/Algiers", "موسكو": "Europe/Moscow",
    "لندن": "Europe/London", "باريس": "Europe/Paris", "واشنطن": "America/New_York",
}  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# Named beside a clock without «بتوقيت»; Mecca in brackets, since datelines name it too.
_ALONE = r"غرينتش|جرينتش|(?<=\()مكه"
_WORD_ENDS = r"(?![^\W\d_])"
# What may stand between a date and its clock. Anything else parts them.
_GAP_WORDS = [
    *("الساعه", "ساعه", "في", "عند", "علي", "تمام", "بتمام", "الوقت", "التوقيت", "يوم", "at", "à"),
    *WEEKDAYS,
]
GAP = rf"(?:[\s\[\](){{}}|,;.@·•*_~/\"'-]|:(?!\d)|t(?=\d)|(?:{any_of(_GAP_WORDS)}){_WORD_ENDS})*"
_HALF = rf"(?:{any_of(_HALF_OF)}){_WORD_ENDS}"
_ZONE = (
    r"[\s(,-]*(?:(?P<offset>(?:(?:gmt|utc)\s*[+-]\s*\d{1,2}(?::?\d{2})?|[+-]\d{2}:?\d{2})(?![\d/.-]))"
    rf"|(?P<zone>{any_of([*_ABBREVIATIONS, *_AMBIGUOUS])}){_WORD_ENDS}"
    r"|(?:ب?(?:ال)?توقيت\s+(?:مدينه\s+)?(?P<place>[^\W\d_]+)"
    rf"|(?P<alone>{_ALONE}){_WORD_ENDS})(?:\s+(?:المحتله|المكرمه))?)"
)
CLOCK = (
    r"(?:(?P<leading>صباحا|مساء)\s*:?\s*)?(?P<hour>\d{1,2})"
    r"(?:(?P<colon>\s*[:h]\s*|[.,])(?P<minute>\d{1,2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?(?!\d)"
    rf"(?:\s*(?P<half>{_HALF}))?(?:{_ZONE})?"
)


_OFFSET = re.compile(r"([+-])\s*(\d{1,2}):?(\d{2})?")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; ``zone`` only where one is printed that is not the site's own."""

    hour: int
    minute: int
    second: int = 0
    zone: tzinfo | None = None


def is_clock(clock: re.Match[str], gap: str) -> bool:
    """Whether a match of ``CLOCK`` is a clock at all, ``gap`` being what leads to it.

    A number alone, or one with a decimal point, needs «الساعة» or a half of the day beside it.
    """
    if (clock["colon"] or "").strip() in (":", "h"):
        return True
    if clock["colon"] and len(clock["minute"]) < 2:
        return False
    return bool(clock["half"] or clock["leading"] or "ساعه" in gap)


def read_clock(clock: re.Match[str]) -> Clock | None:
    """None where the printed time contradicts itself or names a zone that is not known."""
    half = _HALF_OF.get(clock["half"] or clock["leading"] or "")
    before = clock.string[max(clock.start("hour") - 2, 0) : clock.start("hour")]
    # « -3:47م»: a negative hour, which one family of sites prints where it mistakes the half of
    # the day. Without the half it is a dash between date and time.
    if half and before.lstrip() == "-":
        return None
    hour = _hour_of_day(int(clock["hour"]), half)
    minute, second = int(clock["minute"] or 0), int(clock["second"] or 0)
    if hour is None or minute > 59 or second > 60:
        return None
    try:
        return Clock(hour, minute, min(second, 59), _zone(clock))
    except LookupError:
        return None


def _hour_of_day(hour: int, half: str | None) -> int | None:
    """0 to 23; a 24-hour clock stands beside its half of the day as well («13:43 مساءً»)."""
    if hour > 23:
        return None
    match half:
        case "morning":
            return hour % 12 if hour <= 12 else None
        case "evening":
            return None if hour == 0 else hour % 12 + 12
        case "noon":
            return hour if 10 <= hour <= 15 else {1: 13, 2: 14, 3: 15}.get(hour)
        case "night":
            if hour < 6 or hour > 17:
                return hour
            return hour % 12 and hour + 12 if hour <= 12 else None
    return hour


def _zone(clock: re.Match[str]) -> tzinfo | None:
    """LookupError for the clock of a place that is not known."""
    if clock["offset"]:
        sign, hours, minutes = _OFFSET.findall(clock["offset"])[0]
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset > timedelta(hours=14):
            raise LookupError(f"no zone has the offset {clock['offset']!r}")
        return timezone(-offset if sign == "-" else offset)
    if clock["zone"]:
        return timezone(timedelta(hours=_ABBREVIATIONS[clock["zone"]]))
    place = clock["place"] or clock["alone"]
    return None if place is None or place in _OWN_PLACES else ZoneInfo(_PLACE_ZONES[place])
