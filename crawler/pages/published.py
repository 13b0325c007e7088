"""When an article appeared: what metadata state and what is printed beside the title."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata
from crawler.text.arabic import fold
from crawler.text.dates import find_dates, parse_date

_LINE_CHARS = 200  # a longer block is prose, and dates in prose are not the article's
_LINE_PIECES = 12  # pieces of text between tags
_BEFORE_TITLE = 3  # blocks; farther up, and above a menu, stand the header and its clock
_AFTER_TEXT = 4
_VISIT = timedelta(minutes=15)  # the header's clock runs with the visit
_FIRST_YEAR = 1990
_DIFFERENT = timedelta(days=2)
_SAME = timedelta(minutes=1)
_UPDATED = "تحديث"


@dataclass(slots=True)
class Published:
    at: datetime  # UTC
    precision: str  # "minute" or "day"
    source: str
    text: str | None = None  # as printed
    hijri: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """When a page was fetched, and the zone of the times that it prints."""

    at: datetime
    timezone: str


def find_published(
    metadata: Metadata, layout: Layout, visit: Visit
) -> tuple[Published | None, bool]:
    """The best evidence for the time of publication, and whether another speaks against it."""
    element = _time_element(layout, visit)
    stated = next(_stated(metadata.published, visit), None) or element
    printed = _printed(layout, visit)
    if stated is None or printed is None:
        return stated or printed, False
    differ = abs(stated.at - printed.at) >= _DIFFERENT
    # A day in the metadata and a clock beside the title: the page is more exact.
    if stated.precision == "day" and printed.precision == "minute" and not differ:
        return printed, False
    if not differ:
        # The element's own words; a line may hold the author's name and more.
        same = element is not None and abs(stated.at - element.at) < _SAME
        stated.text = element.text if element and same else printed.text
    return stated, differ


def find_modified(metadata: Metadata, visit: Visit) -> Published | None:
    return next(_stated(metadata.modified, visit), None)


def _stated(claims: list[Claim], visit: Visit) -> Iterator[Published]:
    for claim in claims:
        published = _iso(claim.value, visit) or read_line(claim.value, visit)
        if published is not None:
            published.source = claim.source
            published.text = None
            yield published


def _iso(text: str, visit: Visit) -> Published | None:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(visit.timezone))
    if at.year < _FIRST_YEAR:  # and the year 1 has no moment in other zones
        return None
    precision = "day" if len(text.strip()) <= 10 else "minute"
    return _possible(Published(at.astimezone(UTC), precision, "shape"), visit)


def read_line(text: str, visit: Visit, source: str = "shape") -> Published | None:
    """The one date in a short text, with the words that print it."""
    date = parse_date(text, now=visit.at, timezone=visit.timezone)
    if date is None:
        return None
    dates = find_dates(text, now=visit.at, timezone=visit.timezone)
    printed = next((words for words, found in dates if found == date), text)
    return _possible(Published(date.at, date.precision, source, printed, date.hijri), visit)


def _possible(published: Published, visit: Visit) -> Published | None:
    """Not the zero of somebody's clock (1970), and not the future."""
    tomorrow = visit.at + timedelta(days=1)
    return published if published.at.year >= _FIRST_YEAR and published.at <= tomorrow else None


def _time_element(layout: Layout, visit: Visit) -> Published | None:
    """``<time datetime>`` in the article, outside links to other articles."""
    for element in [] if layout.root is None else layout.root.iter("time"):
        stamp = element.get("datetime")
        if stamp and next(element.iterancestors("a", "aside", "li"), None) is None:
            published = _iso(stamp, visit) or read_line(stamp, visit)
            if published is not None:
                text = " ".join(element.text_content().split())
                return Published(published.at, published.precision, "shape", text or None)
    return None


def _printed(layout: Layout, visit: Visit) -> Published | None:
    """The date line nearest to the title: below it, then above it, then under the text."""
    inside = set() if layout.root is None else set(layout.root.iter())
    day: Published | None = None
    for index in _lines(layout):
        block = layout.blocks[index]
        if block.element not in inside or len(block.text) > _LINE_CHARS:
            continue
        published = _line(index, layout, visit)
        if published is None or (index < layout.above and _is_clock(published, visit)):
            continue
        if _UPDATED in fold(block.text.partition(published.text or "")[0]):
            continue
        if layout.first <= index <= layout.last and not _is_date_line(block.text, published):
            continue
        if published.precision == "minute":
            return published
        day = day or published
    return day


def _is_date_line(text: str, published: Published) -> bool:
    """Whether a block inside the text is a date line; sentences tell of other days."""
    printed = published.text or ""
    return len(printed) * 2 >= len(text) or (
        text.startswith(printed) and not text.endswith((".", "؟", "!", "»", '"', ":"))
    )


def _lines(layout: Layout) -> Iterator[int]:
    start = max(0, layout.first - 8) if layout.title_at is None else layout.title_at
    yield from range(start, min(layout.first + 1, len(layout.blocks)))
    for index in range(start - 1, max(-1, start - 1 - _BEFORE_TITLE), -1):
        if layout.blocks[index].menu:
            break
        yield index
    yield from range(layout.last + 1, min(len(layout.blocks), layout.last + 1 + _AFTER_TEXT))


def _line(index: int, layout: Layout, visit: Visit) -> Published | None:
    """The date in one block; clock and day may stand in two elements or two lines."""
    block = layout.blocks[index]
    published = read_line(block.text, visit)
    neighbours = layout.blocks[max(0, index - 1) : index + 2]
    line = " ".join(b.text for b in neighbours if b.element is block.element)
    pieces = islice(block.element.itertext(), _LINE_PIECES)
    spaced = " ".join(" ".join(pieces).split())
    for text in (spaced, line):
        if text != block.text and len(text) <= _LINE_CHARS:
            whole = read_line(text, visit)
            # Apart, the words of two elements are printed as the reader sees them.
            if whole and (published is None or whole.precision == "minute"):
                return whole
    return published


def _is_clock(published: Published, visit: Visit) -> bool:
    """Whether a date above the title is the time of the visit."""
    near = _VISIT if published.precision == "minute" else timedelta(days=1)
    return abs(visit.at - published.at) < near
