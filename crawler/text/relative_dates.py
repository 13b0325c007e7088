"""Times that a page prints relative to the visit: «منذ ساعتين», «أمس 10:51», "2 hours ago".

Works on text folded by ``arabic.fold``.
"""

import re
from datetime import timedelta

from crawler.text.arabic import fold
from crawler.text.clocks import CLOCK, GAP, any_of
from crawler.text.month_names import WEEKDAYS

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# No weeks, months or years: «منذ أسبوع» is any day of seven.
_UNITS = {
    "لحظة": 0 * _SECOND, "لحظات": 0 * _SECOND,
    "ثانية": _SECOND, "ثانيتين": 2 * _SECOND, "ثواني": _SECOND, "ثوان": _SECOND,
    "دقيقة": _MINUTE, "دقيقتين": 2 * _MINUTE, "دقيقتان": 2 * _MINUTE, "دقائق": _MINUTE,
    "ساعة": _HOUR, "ساعتين": 2 * _HOUR, "ساعتان": 2 * _HOUR, "ساعات": _HOUR,
    "يوم": _DAY, "يومًا": _DAY, "يومين": 2 * _DAY, "يومان": 2 * _DAY, "أيام": _DAY,
    "seconds": _SECOND, "second": _SECOND, "minutes": _MINUTE, "minute": _MINUTE,
    "mins": _MINUTE, "min": _MINUTE, "hours": _HOUR, "hour": _HOUR, "days": _DAY, "day": _DAY,
}  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "ثلاث": 3, "ثلاثة": 3, "أربع": 4, "أربعة": 4,
    "خمس": 5, "خمسة": 5, "ست": 6, "ستة": 6, "سبع": 7, "سبعة": 7, "ثمان": 8, "ثماني": 8,
    "ثمانية": 8, "تسع": 9, "تسعة": 9, "عشر": 10, "عشرة": 10,
}  # fmt: skip
_DAYS_AGO = {
    "اليوم": 0, "today": 0, "أمس": 1, "الأمس": 1, "yesterday": 1, "أول أمس": 2, "أول من أمس": 2,
    "أمس الأول": 2,
}  # fmt: skip
_UNITS = {fold(name): unit for name, unit in _UNITS.items()}
_NUMBERS = {fold(name): number for name, number in _NUMBERS.items()}
_DAYS_AGO = {fold(name): days for name, days in _DAYS_AGO.items()}

_SPAN = rf"(?:(\d{{1,3}}|{any_of(_NUMBERS)})\s+|(\d{{1,3}}))?({any_of(_UNITS)})"
_SPANS = re.compile(_SPAN)
# Only where the line says little else: in a sentence «منذ يومين» dates an event.
_LABELS = "(?:تم |اخر )?(?:ال)?(?:نشر|نشرت|تحديث)|posted|updated|published"
_BEFORE = rf"(?:[^\d:|]{{0,30}}[:|-]\s*|(?:{_LABELS})\s+)?"
_AFTER = r"\s*(?:[|()\[\],.;·•-].{0,40})?"
_AGO = re.compile(
    rf"{_BEFORE}(?P<printed>(?:منذ|قبل)\s+{_SPAN}(?:\s+واحده?|\s+و\s*{_SPAN})?"
    rf"|{_SPAN}\s+(?:ago|مضت)){_AFTER}"
)
_DAY_AGO = re.compile(
    rf"{_BEFORE}(?P<printed>(?:يوم\s+)?(?P<days>{any_of(_DAYS_AGO)})"
    rf"(?:\s+(?P<weekday>{any_of(WEEKDAYS)}))?(?:{GAP}{CLOCK})?){_AFTER}"
)


def find_ago(folded: str) -> tuple[re.Match[str], timedelta] | None:
    """The line with its «printed» part, and how long before the visit that was."""
    if (line := _AGO.fullmatch(folded)) is None:
        return None
    ago = timedelta()
    for spelled, digits, unit in _SPANS.findall(line["printed"]):
        number = spelled or digits or "1"
        ago += (_NUMBERS.get(number) or int(number)) * _UNITS[unit]
    return line, ago


def find_day_ago(folded: str) -> tuple[re.Match[str], int] | None:
    """The line with its «printed» part, a «weekday» and ``CLOCK``, and the days since then."""
    if (line := _DAY_AGO.fullmatch(folded)) is None:
        return None
    return line, _DAYS_AGO[line["days"]]
