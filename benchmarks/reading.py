"""How well and how fast article pages are read, over a folder of saved pages with ground truth.

    python benchmarks/reading.py [--pages FOLDER] [--worst N]

FOLDER holds pages.jsonl (file, set, url, language, title, body, date) and the gzipped pages that
it names; else $SHARED_PAGES, else ../shared/pages. Body: F1 over white-space tokens after NFKC.
Title: equal but for white space, punctuation and case. Date: the same day, in UTC or on the page.
"""

import argparse
import gzip
import json
import os
import re
import sys
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from crawler.items import ArticleItem
from crawler.pages.article import read_article

HEBRON = ZoneInfo("Asia/Hebron")
ARABIC = re.compile("[\u0621-\u064a]")


@dataclass(frozen=True, slots=True)
class Score:
    """One page; title and day are None where the ground truth has none."""

    file: str
    groups: tuple[str, ...]
    body: float
    title: bool | None
    day: bool | None
    found: bool
    milliseconds: float  # CPU


def saved_pages(folder: Path) -> list[dict[str, Any]]:
    """The lines of pages.jsonl; FileNotFoundError where the folder has none."""
    with (folder / "pages.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def score(page: dict[str, Any], folder: Path) -> Score:
    html = gzip.decompress((folder / page["file"]).read_bytes())
    started = time.process_time()
    item = read_article(html, page["url"], fetched_at=datetime.now(UTC))
    milliseconds = (time.process_time() - started) * 1000
    is_arabic = len(ARABIC.findall(page["body"])) * 2 > len(page["body"])
    groups = ("all", page["set"], *(["arabic"] if is_arabic else []))
    title = day = None
    if page["title"]:
        title = item is not None and plain(item.title) == plain(page["title"])
    if page["date"]:
        day = item is not None and same_day(item, page["date"])
    body = token_f1((item and item.body) or "", page["body"])
    return Score(page["file"], groups, body, title, day, item is not None, milliseconds)


def token_f1(text: str, truth: str) -> float:
    found, wanted = (Counter(unicodedata.normalize("NFKC", t).split()) for t in (text, truth))
    return 2 * (found & wanted).total() / max(1, found.total() + wanted.total())


def plain(text: str | None) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text or "")).lower()


def same_day(item: ArticleItem, truth: str) -> bool:
    """The truth gives a day without telling its zone: any that is written on the page will do."""
    if item.published_at is None:
        return False
    stated = datetime.fromisoformat(truth)
    if stated.tzinfo is not None and abs(item.published_at - stated) < timedelta(days=1):
        return True
    zones = (UTC, HEBRON, stated.tzinfo or UTC)
    return any(item.published_at.astimezone(zone).date() == stated.date() for zone in zones)


def table(scores: list[Score]) -> str:
    lines = [f"{'set':<14}{'pages':>6}{'read':>6}{'body F1':>9}{'title':>8}{'day':>8}{'ms':>7}"]
    for group in sorted({group for s in scores for group in s.groups}):
        rows = [s for s in scores if group in s.groups]
        shares = [
            f"{mean(known):.0%}" if (known := [v for v in values if v is not None]) else "-"
            for values in ([s.title for s in rows], [s.day for s in rows])
        ]
        lines.append(
            f"{group:<14}{len(rows):>6}{sum(s.found for s in rows):>6}"
            f"{mean(s.body for s in rows):>9.3f}{shares[0]:>8}{shares[1]:>8}"
            f"{mean(s.milliseconds for s in rows):>7.1f}"
        )
    return "\n".join(lines)


def default_folder() -> Path:
    return Path(os.environ.get("SHARED_PAGES", "../shared/pages"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Score the article reader over saved pages.")
    parser.add_argument("--pages", type=Path, default=default_folder())
    parser.add_argument("--worst", type=int, default=0, help="also list the N worst pages")
    options = parser.parse_args()
    scores = [score(page, options.pages) for page in saved_pages(options.pages)]
    print(table(scores))
    for worst in sorted(scores, key=lambda s: s.body)[: options.worst]:
        print(f"{worst.body:.3f} title {worst.title} day {worst.day}  {worst.file}")


if __name__ == "__main__":
    main()
