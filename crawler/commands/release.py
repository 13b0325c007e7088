"""scrapy release: reads the pages that drift held back again, and stores those that are mended."""

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from scrapy.settings import BaseSettings

from crawler.archive_command import ArchiveCommand
from crawler.db.archived_pages import keep_addresses
from crawler.db.articles import store
from crawler.db.drift import stored_articles
from crawler.db.expectations import load, revise
from crawler.db.held import HeldPage, ask_again, next_held, still_held
from crawler.db.ledger import settle, take_turn
from crawler.db.runs import CrawlRun
from crawler.derivation import Reading, derive
from crawler.drift import Expectations, Look, accepted, calmed, doubtful, missing
from crawler.drift_traits import ARTICLE, Stored, is_worse, traits_of, traits_of_recheck
from crawler.errors import DONE, ENDED_EARLY
from crawler.items import ArticleItem, PageOutcome
from crawler.pages.article import EXTRACTOR_VERSION
from crawler.pages.document import Document
from crawler.pages.listing import ListingPage
from crawler.pages.rejection import OUTCOMES, rejection
from crawler.plan import read_zone
from crawler.rechecks import RecheckPolicy
from crawler.sites import add_site_option, site_settings
from crawler.warc.reader import BadRecord, read_at
from crawler.warc.writer import Place

BATCH = 200  # pages read, and stored in one transaction
EXAMPLES = 3  # shown of each reason

Reread = ArticleItem | PageOutcome | str  # the article, why there is none, why it can't be read


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[--dry-run] [--accept] [--site NAME]"

    def short_desc(self) -> str:
        return "Read the pages that drift held back again and store those that are mended"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would be, store none")
        parser.add_argument(
            "--accept",
            action="store_true",
            help="the site is like that now: store what still looks odd, and learn anew",
        )
        add_site_option(parser)

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        site: str = opts.site
        settings = site_settings(self.settings, site)
        zone = read_zone(settings["SITE_TIMEZONE"]).key
        with self.archive() as engine:
            # A crawl must not hold pages meanwhile.
            run = None
            if not opts.dry_run:
                run = CrawlRun.open(engine, spider=site, mode="release", timezone=zone)
            release = Release(settings, engine, site, run.id if run else None, opts.accept)
            for pages, items in self._read_again(engine, site, Reading.of(settings)):
                release.add(pages, items)
            if run:
                release.end()
                run.finish(engine, outcome="finished", reason=release.summary())
        release.tell()
        self.exitcode = ENDED_EARLY if release.kept else DONE

    def _read_again(
        self, engine: sa.Engine, site: str, reading: Reading
    ) -> Iterator[tuple[list[HeldPage], list[Reread]]]:
        """Batch by batch: held pages, and for each what is read now, or why nothing is."""
        read = partial(read_held, self.archive_dir / "warc", reading)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            # Those of articles come first: what they lack beside the stored is told by them alone.
            for of_articles in (True, False):
                after = 0
                while pages := _next(engine, site, of_articles, after):
                    yield pages, list(pool.map(read, pages, chunksize=20))
                    after = pages[-1].page_id


def _next(engine: sa.Engine, site: str, of_articles: bool, after: int) -> list[HeldPage]:
    with engine.connect() as connection:
        return next_held(connection, site, of_articles, after, BATCH)


def read_held(directory: Path, reading: Reading, page: HeldPage) -> Reread:
    """What the last capture of a held page gives now."""
    try:
        archived = read_at(directory, Place(page.file, page.offset, page.length), reading.max_bytes)
    except BadRecord as error:
        return str(error)
    item = derive(replace(archived, fetched_at=page.capture.fetched_at), reading)
    if item is None:
        document = Document(archived.body, archived.url, archived.headers)
        reason = rejection(ListingPage(document))
        return PageOutcome(page.page_id, OUTCOMES[reason], reason, archived.status)
    item.capture = page.capture
    return item


class Release:
    """Stores what looks as it should; with ``accept`` whatever the pages hold."""

    def __init__(
        self,
        settings: BaseSettings,
        engine: sa.Engine,
        site: str,
        run_id: int | None,
        accept: bool,
    ):
        self._settings = settings
        self._site = site
        self._rechecks = RecheckPolicy.read(settings["RECHECKS"])
        self._engine = engine
        self._run_id = run_id
        self._accept = accept
        self._examples: dict[str, list[str]] = defaultdict(list)
        self._compared = 0  # articles beside what is stored of them
        self._still: Counter[str] = Counter()  # what they lack
        self._expected: Expectations | None = None
        self.kept = 0
        self.counts: Counter[str] = Counter()

    def add(self, pages: list[HeldPage], readings: list[Reread]) -> None:
        with self._engine.begin() as connection:
            if self._expected is None:
                self._expected = load(connection, self._site, EXTRACTOR_VERSION)
            take_turn(connection)  # of a page that a worker has fetched since, this is the past
            held = still_held(connection, self._site, pages)
            reread = [
                (page, reading)
                for page, reading in zip(pages, readings, strict=True)
                if page.page_id in held
            ]
            items = [item for _, item in reread if isinstance(item, ArticleItem)]
            keep_addresses(connection, items)
            stored = stored_articles(connection, items)
            released = [
                reading for page, reading in reread if not self._keeps(page, reading, stored)
            ]
            articles = [each for each in released if isinstance(each, ArticleItem)]
            others = [each for each in released if isinstance(each, PageOutcome)]
            if self._run_id is None:
                self.counts.update({"to be stored": len(articles), "without one": len(others)})
                return
            outcomes = store(connection, self._site, self._run_id, articles, self._rechecks)
            self.counts.update(outcomes)
            self._settle(connection, others)

    def _keeps(self, page: HeldPage, reading: Reread, stored: dict[str, Stored]) -> bool:
        """Whether a page stays as it is, and is told of unless that is no loss."""
        if isinstance(reading, PageOutcome):
            if page.has_article:
                return True
            lost = [ARTICLE]
        elif isinstance(reading, str):
            self._tell_of(page, reading)
            return True
        elif reading.address is not None and reading.url in stored:
            lost = []  # another address of an article: it replaces nothing
        else:
            lost = self._lost(reading, stored.get(reading.url))
        if not lost or self._accept:
            return False
        self._tell_of(page, f"still without {lost[0]}")
        return True

    def _lost(self, item: ArticleItem, known: Stored | None) -> list[str]:
        traits = traits_of_recheck(item, known) if known else traits_of(item)
        look = Look("again" if known else "new", item.url, traits)
        expected = self._expected or {}
        lost = missing(expected, look)
        if known is None:
            return lost + [
                trait
                for trait in doubtful(expected, look)
                if self._still[trait] * 2 >= self._compared
            ]
        self._compared += 1
        self._still.update(lost)
        return ["most of the stored text", *lost] if is_worse(item, known) else lost

    def _tell_of(self, page: HeldPage, reason: str) -> None:
        self.kept += 1
        if len(self._examples[reason]) < EXAMPLES:
            self._examples[reason].append(page.url)

    def _settle(self, connection: sa.Connection, outcomes: list[PageOutcome]) -> None:
        if outcomes:
            settle(
                connection,
                outcomes,
                attempts_allowed=self._settings.getint("FETCH_ATTEMPTS"),
                backoff=self._settings.getfloat("FETCH_BACKOFF"),
            )
            self.counts.update(outcome.state for outcome in outcomes)

    def end(self) -> None:
        """Forget the alarm, where nothing is left that would raise it again."""
        if self.kept and not self._accept:
            return
        with self._engine.begin() as connection:
            revise(connection, self._site, EXTRACTOR_VERSION, accepted if self._accept else calmed)
            if not self.kept:
                ask_again(connection, self._site)

    def summary(self) -> str:
        counts = ", ".join(f"{count} {what}" for what, count in (+self.counts).most_common())
        return f"{counts or 'nothing to release'}; {self.kept} held still"

    def tell(self) -> None:
        for reason, examples in self._examples.items():
            print(f"{reason}:")
            for url in examples:
                print(f"  {url}")
        kept = "; nothing was stored (--dry-run)" if self._run_id is None else ""
        print(f"release: {self.summary()}{kept}")
