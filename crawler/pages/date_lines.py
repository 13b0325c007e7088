"""Date lines: the dates printed beside an article, told from the others on its page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from crawler.pages.blocks import Block
from crawler.pages.layout import Layout
from crawler.text.arabic import fold
from crawler.text.dates import UPDATED, read_date

LINE_CHARS = 200  # a longer block is prose, and dates in prose are not the article's
_LINE_PIECES = 12  # pieces of text between tags
_BEFORE_TITLE = 3  # blocks; farther up, and above a menu, stand the header and its clock
_AFTER_TEXT = 4
_LABEL_CHARS = 30
_VISIT = timedelta(minutes=15)  # the header's clock runs with the visit
_PUBLISHED = re.compile("نشر|اضيف|posted|publi")
_SENTENCE_ENDS = (".", "؟", "!", "»", '"', ":")
_LABEL_ENDS = (":", "|", "-", "–", "•", "·")


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


def read_line(text: str, visit: Visit, source: str = "shape") -> Published | None:
    """The one date in a short text, with the words that print it."""
    line = read_date(text, now=visit.at, timezone=visit.timezone)
    if line is None:
        return None
    printed, date = line
    return Published(date.at, date.precision, source, printed, date.hijri)


def printed_date(layout: Layout, visit: Visit) -> Published | None:
    """The date line nearest to the title: below it, then above it, then under the text."""
    day: Published | None = None
    for index in _lines(layout):
        block = layout.blocks[index]
        if len(block.text) > LINE_CHARS or _is_caption(block) or not layout.holds(block):
            continue
        published = _line(index, layout, visit)
        if published is None or not _is_date_line(index, published, layout, visit):
            continue
        if published.precision == "minute":
            return published
        day = day or published
    return day


def _is_caption(block: Block) -> bool:
    parts = (block.element, block.furniture)
    return any(part is not None and part.tag in ("figure", "figcaption") for part in parts)


def _is_date_line(index: int, published: Published, layout: Layout, visit: Visit) -> bool:
    """Whether a date is the article's: not the visit's, a change's or that of another event."""
    block = layout.blocks[index]
    text, printed = block.text, published.text or ""
    before = text.partition(printed)[0].rstrip()
    # «آخر تحديث» may stand in an element of its own.
    above = layout.blocks[index - 1].text if index else ""
    label = before or (above if len(above) <= _LABEL_CHARS else "")
    if UPDATED.search(fold(label)):
        return False
    if index < layout.above and is_clock(published, visit) and not _PUBLISHED.search(fold(text)):
        return False
    if len(printed) * 2 >= len(text):
        return True
    # Sentences tell of other days, and seldom by the clock.
    exact = published.precision == "minute"
    if index == layout.first:
        begins = text.startswith(printed) and not text.endswith(_SENTENCE_ENDS)
        return begins or (exact and block.prose == 0)
    return exact or block.prose == 0 or not before or before.endswith(_LABEL_ENDS)


def _lines(layout: Layout) -> Iterator[int]:
    start = max(0, layout.first - 8) if layout.title_at is None else layout.title_at
    yield from range(start, min(layout.first + 1, len(layout.blocks)))
    for index in range(start - 1, max(-1, start - 1 - _BEFORE_TITLE), -1):
        if layout.blocks[index].menu:
            break
        yield index
    for index, block in enumerate(layout.blocks[layout.last + 1 :][:_AFTER_TEXT], layout.last + 1):
        if block.heading or block.link_share > 0.8:  # the next article
            break
        yield index


def _line(index: int, layout: Layout, visit: Visit) -> Published | None:
    """The date in one block; clock and day may stand in two elements or two lines."""
    block = layout.blocks[index]
    if not len(block.element):  # all of its text is this block
        return read_line(block.text, visit)
    neighbours = layout.blocks[max(0, index - 1) : index + 2]
    line = " ".join(b.text for b in neighbours if b.element is block.element)
    pieces = islice(block.element.itertext(), _LINE_PIECES)
    spaced = " ".join(" ".join(pieces).split())
    published = read_line(block.text, visit)
    for text in (spaced, line):
        if text != block.text and len(text) <= LINE_CHARS:
            whole = read_line(text, visit)
            # Apart, the words of two elements are printed as the reader sees them.
            if whole and (published is None or whole.precision == "minute"):
                return whole
    return published


def is_clock(published: Published, visit: Visit) -> bool:
    """Whether a date is the time of the visit, which headers print and some templates state."""
    near = _VISIT if published.precision == "minute" else timedelta(days=1)
    return abs(visit.at - published.at) < near
