"""False alarms and missed changes: python -m benchmarks.drift [--seeds 5] [--only year|changes].

First a site lives through years of normal variation, crawled every hour, and `crawler.drift`
judges every crawl as it would a real one: a small Friday, a Ramadan with other hours, a war week
with four urgent items of one sentence in five, photo stories in clusters, a section that is opened
with thirty articles at once. Printed are the alarms, of which there should be none. How a site
varies is assumed here, not measured.

Then ten changes of the layout are made to a real replica between two real crawls (two have taught
what is normal; six articles are new and forty due for another look, as in an hour of a site of 60
articles a day). Printed are the crawls until it is told, the exit code and the first sign.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.session import connect, database_url
from crawler.drift import BLOCK, Drift, Expectations, Look, judge
from crawler.drift_traits import ARTICLE, ENTRIES, Stored, traits_of, traits_of_recheck
from crawler.items import ArticleItem, Capture
from tests.site.redesigns import REDESIGNS
from tests.site.replica import Site
from tests.site.server import serve

PROJECT = Path(__file__).resolve().parent.parent
START = datetime(2026, 1, 1, tzinfo=UTC)
ARTICLES_A_DAY = 60
RECHECKS_A_CRAWL = 50
RAMADAN = range(48, 78)  # days of the year, as in 2026
WAR = range(150, 157)
NEW_SECTION = 200
HOURS = [1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 8, 8, 8, 7, 6, 5, 5, 5, 5, 5, 4, 3, 2]
HOURS_IN_RAMADAN = [6, 5, 3, 1, 1, 1, 2, 3, 5, 7, 8, 8, 8, 8, 7, 5, 3, 1, 2, 5, 8, 9, 8, 7]
TEXT = "قال مسؤولون إن العمل مستمر"


@dataclass(frozen=True)
class Habit:
    """How often articles of a kind have what not every article has; words in the middle."""

    words: int
    date: float = 0.997
    image: float = 0.95
    author: float = 0.4
    dateline: float = 0.7
    links: float = 0.9
    is_article: float = 0.99


NEWS = Habit(180)
URGENT = Habit(14, image=0.1, author=0.02, dateline=0.2, links=0.2)
PHOTOS = Habit(35, date=0.95, author=0.5, dateline=0.1, is_article=0.8)
OPINION = Habit(650, author=1.0, dateline=0.0)
SECTION = Habit(300, author=0.1, dateline=0.05, links=0.5)


class Year:
    """A site's year, hour by hour, as the looks of its crawls."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.number = 0

    def crawls(self) -> Iterator[tuple[datetime, list[Look]]]:
        backlog = [self._page("old", START, self._habit(0)) for _ in range(3_000)]
        yield START, backlog + self._listings()
        for day in range(365):
            for hour in range(24):
                now = START + timedelta(days=day, hours=hour)
                yield now, [*self._new(now, day), *self._rechecks(day), *self._listings()]

    def _new(self, now: datetime, day: int) -> Iterator[Look]:
        hours = HOURS_IN_RAMADAN if day in RAMADAN else HOURS
        expected = ARTICLES_A_DAY * hours[now.hour] / sum(hours)
        if now.weekday() == 4:
            expected *= 0.3
        if day in WAR:
            expected *= 3
        count = sum(self.random.random() < expected / 40 for _ in range(40))
        habits = [self._habit(day) for _ in range(count)]
        if self.random.random() < 0.02:
            habits += [PHOTOS] * self.random.randint(2, 5)
        if day == NEW_SECTION and now.hour == 9:
            habits += [SECTION] * 30
        return (self._page("new", now, habit) for habit in habits)

    def _habit(self, day: int) -> Habit:
        if day in WAR and self.random.random() < 0.8:
            return URGENT
        kinds = [NEWS, URGENT, PHOTOS, OPINION, SECTION]
        shares = [70, 15, 4, 6, 12 if day >= NEW_SECTION else 0]
        return self.random.choices(kinds, shares)[0]

    def _page(self, kind: str, now: datetime, habit: Habit) -> Look:
        self.number += 1
        url = f"https://alkarmel.example/post/{self.number}"
        if self.random.random() > habit.is_article:
            return Look(kind, url, {ARTICLE: False})
        return Look(kind, url, traits_of(self._item(url, now, habit)))

    def _item(self, url: str, now: datetime, habit: Habit) -> ArticleItem:
        has = {name: self.random.random() < getattr(habit, name) for name in
               ("date", "image", "author", "dateline", "links")}  # fmt: skip
        item = ArticleItem(url, title=TEXT, body=TEXT, section="أخبار", language="ar")
        item.extraction = dict.fromkeys(("title", "body", "section", "language"), "shape")
        item.word_count = max(4, int(habit.words * self.random.lognormvariate(0, 0.6)))
        item.capture = Capture(url, now, 200, "")
        if has["date"]:
            item.published_at = now - timedelta(minutes=self.random.randint(1, 90))
            item.extraction["published_at"] = "json-ld" if self.random.random() < 0.97 else "shape"
        if has["image"]:
            item.image_url, item.extraction["image_url"] = url, "meta"
        if has["author"]:
            item.author, item.extraction["author"] = TEXT, "shape"
        if has["dateline"]:
            item.dateline, item.extraction["dateline"] = "غزة", "dateline"
        if has["links"]:
            item.links, item.extraction["links"] = [url], "shape"
        return item

    def _rechecks(self, day: int) -> Iterator[Look]:
        edits = 0.15 if day in WAR else 0.03
        for _ in range(RECHECKS_A_CRAWL):
            url = f"https://alkarmel.example/post/{self.random.randint(1, self.number)}"
            if self.random.random() < 0.003:
                yield Look("again", url, {ARTICLE: False})
                continue
            item = self._item(url, START, NEWS)
            words, date = item.word_count or 0, item.published_at
            stored = Stored(TEXT, words, date, "ar", dict(item.extraction), "1")
            item.extractor_version = "1"
            if self.random.random() < edits:
                item.title = f"{TEXT} محدث"
            if self.random.random() < edits:
                item.word_count = int(words * self.random.uniform(0.4, 3))
            if date and self.random.random() < 0.01:
                item.published_at = date + timedelta(days=3)
            yield Look("again", url, traits_of_recheck(item, stored))

    def _listings(self) -> list[Look]:
        return [
            Look("listing", f"https://alkarmel.example/section/{number}",
                 {ENTRIES: self.random.random() < 0.98})
            for number in range(10)
        ]  # fmt: skip


def live(seed: int, days: int = 365) -> tuple[int, int, list[tuple[datetime, Drift]]]:
    """Crawls and pages of a year, and the alarms of it."""
    expected: Expectations = {}
    crawls = pages = 0
    alarms: list[tuple[datetime, Drift]] = []
    for now, looks in Year(seed).crawls():
        if now >= START + timedelta(days=days):
            break
        crawls += 1
        pages += len(looks)
        for first in range(0, len(looks), BLOCK):
            judgement = judge(expected, looks[first : first + BLOCK], now)
            alarms += [(now, drift) for drift in judgement.drifts]
    return crawls, pages, alarms


# --- planted changes ---------------------------------------------------------------------------

RECHECK = """
UPDATE pages SET next_fetch_at = now() WHERE id IN
(SELECT id FROM pages WHERE state = 'archived' ORDER BY id LIMIT 40)
"""


@dataclass(frozen=True)
class Caught:
    crawls: int | None  # until it was told; None: never
    exit_code: int
    sign: str
    addresses: int
    held: int


def change(name: str, crawls: int = 3) -> Caught:
    """Make one change to a replica that two crawls have learned."""
    layout, where, fault = REDESIGNS[name]
    with (
        tempfile.TemporaryDirectory() as directory,
        serve(Site(layout, articles=60)) as server,
        EmbeddedPostgres(Path(directory)) as postgres,
    ):
        engine = connect(database_url(postgres.url))
        for new in (0, 6):
            server.site.newsroom.publish(new)
            _crawl(server.url, directory)
        server.site.faults.add(where, fault)
        code, number = 0, 0
        while not code and number < crawls:
            number += 1
            server.site.newsroom.publish(6)
            with engine.begin() as connection:
                connection.execute(sa.text(RECHECK))
            code, line = _crawl(server.url, directory)
        with engine.connect() as connection:
            held = connection.scalar(sa.text("SELECT count(*) FROM pages WHERE reason = 'drift'"))
        engine.dispose()
    sign = line.partition(": ")[2].partition("; 0 new")[0].removeprefix("drift: ")
    first = sign.partition(": http")[0].partition(";")[0]
    return Caught(number if code else None, code, first, sign.count("http"), held or 0)


def _crawl(url: str, directory: str) -> tuple[int, str]:
    environment = os.environ | {"ALKARMEL_URL": url, "ARCHIVE_DIR": directory}
    environment.pop("DATABASE_URL", None)
    fast = ("-L", "ERROR", "-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False")
    process = subprocess.run(
        [sys.executable, "-m", "scrapy", "crawl", "alkarmel", *fast],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return process.returncode, process.stdout.strip().splitlines()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=("year", "changes"))
    options = parser.parse_args()
    console = Console(width=150)
    if options.only != "changes":
        table = Table("seed", "crawls", "pages", "alarms", title="Years without a change")
        for seed in range(options.seeds):
            crawls, pages, alarms = live(seed)
            table.add_row(str(seed), f"{crawls:,}", f"{pages:,}", str(len(alarms)))
            for now, drift in alarms:
                console.print(f"{now:%Y-%m-%d %H:%M} {drift}")
        console.print(table)
    if options.only != "year":
        columns = ("change", "crawls", "exit", "first sign", "addresses", "pages held")
        table = Table(*columns, title="Changes of the layout")
        for name in REDESIGNS:
            caught = change(name)
            told = str(caught.crawls or "never")
            table.add_row(name, told, str(caught.exit_code), caught.sign,
                          str(caught.addresses), str(caught.held))  # fmt: skip
        console.print(table)


if __name__ == "__main__":
    main()
