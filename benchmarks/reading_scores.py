"""Scores what a reader makes of saved pages with ground truth.

A folder of saved pages holds pages.jsonl (file, url, language, title, body, date) and the gzipped
pages that it names. Body: F1 over white-space tokens after NFKC. Title: equal but for white space,
punctuation and case. Day: the same one, in UTC or on the page; minute: the same moment.
"""

import gzip
import json
import os
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from statistics import mean
from typing import TypeAlias
from zoneinfo import ZoneInfo

from crawler.pages.article import read_article
from crawler.pages.decoding import decode_html

HEBRON = ZoneInfo("Asia/Hebron")
_ARABIC = re.compile("[\u0621-\u064a]")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a page says; title and date (a day, or an ISO time) are None where nobody noted them."""

    title: str | None
    body: str
    date: str | None

    @property
    def arabic(self) -> bool:
        return len(_ARABIC.findall(self.body)) * 2 > len(self.body)


@dataclass(frozen=True, slots=True)
class Page:
    file: str
    url: str
    language: str | None  # two letters
    html: bytes
    text: str  # the same decoded, for readers that ask for text
    truth: Truth


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found; its time may be naive, and a day is that day's start."""

    title: str | None = None
    body: str | None = None
    published: datetime | None = None


Reader: TypeAlias = Callable[[Page], Reading]


@dataclass(frozen=True, slots=True)
class Score:
    """One page by one reader; title, day and minute are None where the truth has none."""

    file: str
    arabic: bool
    body: float
    title: bool | None
    day: bool | None
    minute: bool | None
    dated: bool  # whether the reader gave a date
    seconds: float  # CPU

    @property
    def wrong_date(self) -> bool:
        return self.dated and self.day is False


def default_folder() -> Path:
    return Path(os.environ.get("SAVED_NEWS_PAGES", "../shared/pages"))


def saved_pages(folder: Path) -> list[Page]:
    """The pages of a folder; FileNotFoundError where it has no pages.jsonl."""
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        return [_page(folder, **json.loads(line)) for line in lines]


def _page(
    folder: Path,
    *,
    file: str,
    url: str,
    body: str,
    language: str | None = None,
    title: str | None = None,
    date: str | None = None,
    **_: object,
) -> Page:
    html = gzip.decompress((folder / file).read_bytes())
    truth = Truth(title, body, date)
    if not language and truth.arabic:
        language = "ar"
    return Page(file, url, (language or "")[:2] or None, html, decode_html(html)[0], truth)


def ours(page: Page) -> Reading:
    item = read_article(page.html, page.url, fetched_at=datetime.now(UTC))
    return Reading(item.title, item.body, item.published_at) if item else Reading()


def score(page: Page, reader: Reader) -> Score:
    started = time.process_time()
    reading = reader(page)
    seconds = time.process_time() - started
    truth, found = page.truth, reading.published
    day = same_day(found, truth.date, printed_zones(page.text, found)) if truth.date else None
    minute = None
    if truth.date and "T" in truth.date:
        minute = found is not None and same_minute(found, truth.date)
    return Score(
        file=page.file,
        arabic=truth.arabic,
        body=token_f1(reading.body or "", truth.body),
        title=plain(reading.title) == plain(truth.title) if truth.title else None,
        day=day,
        minute=minute,
        dated=found is not None,
        seconds=seconds,
    )


def share(values: list[bool | None]) -> float | None:
    """How many of the known values are true, from 0 to 1; None where none is known."""
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def token_f1(text: str, truth: str) -> float:
    found, wanted = (Counter(unicodedata.normalize("NFKC", t).split()) for t in (text, truth))
    return 2 * (found & wanted).total() / max(1, found.total() + wanted.total())


def plain(text: str | None) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text or "")).lower()


_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?[+-]\d\d:?\d\d")


def printed_zones(html: str, found: datetime | None) -> set[tzinfo]:
    """The offsets with which a page stamps this very moment."""
    if found is None or found.tzinfo is None:
        return set()
    stamps = {datetime.fromisoformat(stamp) for stamp in _STAMP.findall(html)}
    return {stamp.tzinfo for stamp in stamps if stamp.tzinfo and stamp == found}


def same_day(found: datetime | None, truth: str, zones: Collection[tzinfo] = ()) -> bool:
    """The truth gives a day without telling its zone: any that is written on the page will do."""
    if found is None:
        return False
    stated = datetime.fromisoformat(truth)
    if found.tzinfo is None:
        return found.date() == stated.date()
    if stated.tzinfo is not None and abs(found - stated) < timedelta(days=1):
        return True
    known = (found.tzinfo, UTC, HEBRON, stated.tzinfo or UTC, *zones)
    return any(found.astimezone(zone).date() == stated.date() for zone in known)


def same_minute(found: datetime, truth: str) -> bool:
    """Times without a zone are taken for the other's, or for Hebron's where neither has one."""
    stated = datetime.fromisoformat(truth)
    zone = stated.tzinfo or found.tzinfo or HEBRON
    moments = (t if t.tzinfo else t.replace(tzinfo=zone) for t in (found, stated))
    first, second = (moment.astimezone(UTC).replace(second=0, microsecond=0) for moment in moments)
    return first == second
