"""scrapy reextract: reads the archived pages again with the reader of today, in all cores."""

import argparse
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from crawler.archive_command import ArchiveCommand
from crawler.db.rereading import COMPARED, Source, next_sources, reread
from crawler.db.runs import CrawlRun
from crawler.derivation import Reading, derive
from crawler.errors import DONE, ENDED_EARLY
from crawler.items import ArticleItem
from crawler.plan import read_day, read_zone
from crawler.sites import add_site_option, site_settings
from crawler.warc.reader import BadRecord, read_at
from crawler.warc.writer import Place

BATCH = 400  # articles read, and stored in one transaction
EXAMPLES = 3  # shown a field
SHOWN = 60  # characters of a value


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[--dry-run] [--since YYYY-MM-DD] [--site NAME]"

    def short_desc(self) -> str:
        return "Read the archived pages again and store what is read otherwise now"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--dry-run", action="store_true", help="show the changes, store none")
        parser.add_argument(
            "--since", metavar="DAY", help="only what was captured from this day on"
        )
        add_site_option(parser)

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        site: str = opts.site
        settings = site_settings(self.settings, site)
        zone = read_zone(settings["SITE_TIMEZONE"])
        since = read_day("--since", opts.since, zone)
        report = Report()
        with self.archive() as engine:
            # A crawl must not write the same articles meanwhile.
            run = None
            if not opts.dry_run:
                run = CrawlRun.open(engine, spider=site, mode="reextract", timezone=zone.key)
            for sources, readings in self._read_again(engine, site, Reading.of(settings), since):
                changed = report.add(sources, readings)
                if run:
                    with engine.begin() as connection:
                        reread(connection, changed)
            if run:
                run.finish(engine, outcome="finished", reason=report.summary())
        report.tell(opts.dry_run)
        self.exitcode = ENDED_EARLY if report.faults else DONE

    def _read_again(
        self, engine: sa.Engine, site: str, reading: Reading, since: datetime | None
    ) -> Iterator[tuple[list[Source], list[ArticleItem | str]]]:
        """Batch by batch: articles, and for each what is read now, or why nothing is."""
        read = partial(read_source, self.archive_dir / "warc", reading)
        after = 0
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            while True:
                with engine.connect() as connection:
                    sources = next_sources(connection, site, since, after, BATCH)
                if not sources:
                    return
                yield sources, list(pool.map(read, sources, chunksize=20))
                after = sources[-1].article_id


def read_source(directory: Path, reading: Reading, source: Source) -> ArticleItem | str:
    """The item that a capture gives now, or a sentence that says why it gives none."""
    try:
        place = Place(source.file, source.offset, source.length)
        archived = read_at(directory, place, reading.max_bytes)
    except BadRecord as error:
        return str(error)
    # A revisit was fetched later than the record that holds its payload.
    item = derive(replace(archived, fetched_at=source.fetched_at), reading)
    return item or "no article is found on its page any more"


class Report:
    """How many articles would read otherwise, field by field, with examples."""

    def __init__(self) -> None:
        self.read = 0
        self.changed = 0
        self.faults: list[str] = []
        self._fields: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = defaultdict(list)
        self._begun = time.monotonic()

    def add(
        self, sources: list[Source], readings: list[ArticleItem | str]
    ) -> list[tuple[Source, ArticleItem]]:
        """Count a batch; of it, what differs from what is stored."""
        changed = []
        for source, item in zip(sources, readings, strict=True):
            if isinstance(item, str):  # what is stored stays: it was read once
                self.faults.append(f"{source.article_url}: {item}")
                continue
            self.read += 1
            fields = [name for name in COMPARED if self._differs(name, source, item)]
            self.changed += bool(fields)
            for name in fields:
                self._fields[name] += 1
                if len(self._examples[name]) < EXAMPLES:
                    old, new = source.stored[name], getattr(item, name)
                    self._examples[name].append(f"{source.article_url}: {_change(old, new)}")
            if fields or item.extractor_version != source.stored["extractor_version"]:
                changed.append((source, item))
        return changed

    @staticmethod
    def _differs(name: str, source: Source, item: ArticleItem) -> bool:
        # What is not found any more is no reason to forget it.
        new = getattr(item, name)
        return new is not None and new != source.stored[name]

    def summary(self) -> str:
        fields = ", ".join(f"{name} {count}" for name, count in self._fields.most_common())
        return f"{self.read} articles read again, {self.changed} differ{fields and f': {fields}'}"

    def tell(self, dry_run: bool) -> None:
        for name, examples in self._examples.items():
            print(f"{name}:")
            for example in examples:
                print(f"  {example}")
        for fault in self.faults:
            print(fault)
        rate = self.read / max(time.monotonic() - self._begun, 0.001)
        kept = "nothing was stored (--dry-run)" if dry_run else "stored"
        faults = f"; {len(self.faults)} could not be read" if self.faults else ""
        print(f"reextract: {self.summary()}{faults}; {kept}; {rate:.0f} pages/s")


def _change(old: object, new: object) -> str:
    """Both values from where they begin to differ, shortened."""
    before, after = str(old), str(new)
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, same - SHOWN // 4)
    return f"{_short(before[start:])} → {_short(after[start:])}"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
