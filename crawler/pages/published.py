"""When an article appeared: what metadata state and what is printed beside the title."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from crawler.pages.blocks import text_content
from crawler.pages.date_lines import (
    LINE_CHARS,
    Published,
    Visit,
    is_clock,
    printed_date,
    read_line,
)
from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata

_FIRST_YEAR = 1990
_DIFFERENT = timedelta(days=2)
_SAME = timedelta(minutes=1)


def find_published(
    metadata: Metadata, layout: Layout, visit: Visit
) -> tuple[Published | None, bool]:
    """The best evidence for the time of publication, and whether another speaks against it."""
    element = _time_element(layout, visit)
    stated = next(_stated(metadata.published, visit), None) or element
    if stated and element and abs(stated.at - element.at) < _SAME:
        stated.text = element.text  # «منذ ساعتين»; a line may hold the author's name and more
    printed = printed_date(layout, visit)
    if stated and printed is None:
        stated.text = stated.text or _same_day_above_title(stated, layout, visit)
    if stated is None or printed is None:
        return stated or printed, False
    differ = _days_apart(stated, printed)
    if differ and is_clock(stated, visit):
        return printed, True
    if differ and (modified := find_modified(metadata, visit)):
        # Only the last change is printed.
        return stated, _days_apart(modified, printed)
    # A day in the metadata and a clock beside the title: the page is more exact.
    if stated.precision == "day" and printed.precision == "minute" and not differ:
        return printed, False
    if not differ:
        stated.text = stated.text or printed.text
    return stated, differ


def _same_day_above_title(stated: Published, layout: Layout, visit: Visit) -> str | None:
    """The stated day as it is printed above the title, outside the article: blogs group by day."""
    line = layout.blocks[layout.title_at - 1].text if layout.title_at else ""
    above = read_line(line, visit) if len(line) <= LINE_CHARS else None
    zone = ZoneInfo(visit.timezone)
    same = above and above.at.astimezone(zone).date() == stated.at.astimezone(zone).date()
    return above.text if above and same else None


def _days_apart(one: Published, other: Published) -> bool:
    return abs(one.at - other.at) >= _DIFFERENT


def find_modified(metadata: Metadata, visit: Visit) -> Published | None:
    return next(_stated(metadata.modified, visit), None)


def _stated(claims: list[Claim], visit: Visit) -> Iterator[Published]:
    for claim in claims:
        published = _stamp(claim.value, visit)
        if published is not None:
            published.source = claim.source
            published.text = None
            yield published


def _stamp(text: str, visit: Visit) -> Published | None:
    if len(text) > LINE_CHARS:
        return None
    return _iso(text, visit) or read_line(text, visit)


def _iso(text: str, visit: Visit) -> Published | None:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(visit.timezone))
    # Not the zero of somebody's clock (1970); the years 1 and 9999 have no moment in other zones.
    if not _FIRST_YEAR <= at.year <= visit.at.year + 1:
        return None
    precision = "day" if len(text.strip()) <= 10 else "minute"
    published = Published(at.astimezone(UTC), precision, "shape")
    return published if published.at <= visit.at + timedelta(days=1) else None


def _time_element(layout: Layout, visit: Visit) -> Published | None:
    """``<time datetime>`` in the article, outside links to other articles."""
    for element in [] if layout.root is None else layout.root.iter("time"):
        stamp = element.get("datetime")
        if stamp and next(element.iterancestors("a", "aside", "li"), None) is None:
            published = _stamp(stamp, visit)
            if published is not None:
                text = " ".join(text_content(element).split())
                return Published(published.at, published.precision, "shape", text or None)
    return None
