"""scrapy ingest: articles of the site out of WARC files that others made."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from crawler.archive_command import ArchiveCommand
from crawler.db.ingestion import ingest, known_captures
from crawler.db.runs import CrawlRun
from crawler.db.schema import upgrade
from crawler.db.session import archive_database, connect
from crawler.derivation import Reading, derive
from crawler.errors import DONE, ENDED_EARLY, OperatorError
from crawler.items import ArticleItem, Capture
from crawler.plan import CrawlPlan
from crawler.rechecks import RecheckPolicy
from crawler.sites import add_site_option, site_settings, spider_of
from crawler.text.site import Site
from crawler.text.urls import canonical_url
from crawler.warc.foreign import read_foreign
from crawler.warc.reader import BadRecord, read_member
from crawler.warc.records import Exchange, members
from crawler.warc.writer import Place, WarcWriter

BATCH = 64  # pages in one transaction


class Command(ArchiveCommand):
    takes_arguments = True

    def syntax(self) -> str:
        return "[--site NAME] FILE…"

    def short_desc(self) -> str:
        return "Archive the site's articles from WARC files made by others"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add_site_option(parser)

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        if not args:
            raise UsageError("name one WARC file or more", print_help=False)
        paths = [Path(name) for name in args]
        site: str = opts.site
        settings = site_settings(self.settings, site)
        plan: CrawlPlan = spider_of(self.settings, site).read_plan(settings, {})
        for path in paths:
            if not path.is_file():
                raise OperatorError(f"{path} is no file; name WARC or WARC.gz files.")
            if not os.access(path, os.R_OK):
                raise OperatorError(f"{path} may not be read; make it readable.")
        with archive_database(self.settings["DATABASE_URL"], self.archive_dir) as url:
            engine = connect(url)
            upgrade(engine)
            zone = settings["SITE_TIMEZONE"]
            run = CrawlRun.open(engine, spider=site, mode="ingest", timezone=zone)
            ingestion = Ingestion(site, settings, engine, run.id, self.archive_dir / "warc")
            try:
                faults = [fault for path in paths if (fault := ingestion.add(path, plan.site))]
            finally:
                ingestion.close()
            run.finish(engine, outcome="finished", reason=ingestion.summary())
            engine.dispose()
        for fault in faults:
            print(fault, file=sys.stderr)
        print(f"ingest: {ingestion.summary()}")
        self.exitcode = ENDED_EARLY if faults else DONE


class Ingestion:
    """Copies answers into our own files, reads them there, and stores their articles."""

    def __init__(
        self, site: str, settings: BaseSettings, engine: sa.Engine, run_id: int, directory: Path
    ):
        self._site = site
        self._engine = engine
        self._run_id = run_id
        self._directory = directory
        self._reading = Reading.of(settings)
        self._rechecks = RecheckPolicy.read(settings["RECHECKS"])
        info = {"isPartOf": f"{site} run {run_id}", "format": "WARC File Format 1.1"}
        self._writer = WarcWriter(directory, site, info, settings.getint("WARC_MAX_BYTES"))
        self.counts: Counter[str] = Counter()

    def add(self, path: Path, site: Site) -> str | None:
        """Take a file's articles; a sentence where it breaks off, and what came before is kept."""
        batch: list[Exchange] = []
        fault = None
        try:
            for exchange in self._answers(path, site):
                batch.append(exchange)
                if len(batch) == BATCH:
                    self._store(batch, path.name)
                    batch = []
        except BadRecord as error:
            fault = str(error)
        if batch:
            self._store(batch, path.name)
        return fault

    def _answers(self, path: Path, site: Site) -> Iterator[Exchange]:
        for exchange in read_foreign(path, self._reading.max_bytes):
            if site.owns(exchange.url):
                yield exchange
            else:
                self.counts["of other sites"] += 1

    def _store(self, batch: list[Exchange], name: str) -> None:
        read = [(exchange, self._item(exchange)) for exchange in batch]
        articles = [(exchange, item) for exchange, item in read if item is not None]
        self.counts["no article"] += len(batch) - len(articles)
        found = self._not_known(articles)
        self.counts["known"] += len(articles) - len(found)
        if not found:
            return
        places = self._write([exchange for exchange, _ in found])
        for (exchange, item), place in zip(found, places, strict=True):
            item.capture = _capture(exchange, place)
        items = [item for _, item in found]
        with self._engine.begin() as connection:
            self.counts += ingest(
                connection, self._site, self._run_id, items, f"ingest of {name}", self._rechecks
            )

    def _item(self, exchange: Exchange) -> ArticleItem | None:
        """As `reextract` would read it from our own file."""
        response = next(members(exchange))
        return derive(read_member(response, exchange.url, self._reading.max_bytes), self._reading)

    def _not_known(
        self, articles: list[tuple[Exchange, ArticleItem]]
    ) -> list[tuple[Exchange, ArticleItem]]:
        """Without the captures that the archive has, and each once."""
        by_key = {
            (canonical_url(exchange.url), exchange.fetched_at): (exchange, item)
            for exchange, item in articles
        }
        with self._engine.connect() as connection:
            known = known_captures(connection, list(by_key))
        return [article for key, article in by_key.items() if key not in known]

    def _write(self, exchanges: list[Exchange]) -> list[Place]:
        try:
            return self._writer.write(exchanges)
        except OSError as error:
            raise OperatorError(
                f"The WARC files in {self._writer.directory} cannot be written ({error.strerror}); "
                "mend that and run the same command again: what is stored is not taken twice."
            ) from None

    def close(self) -> None:
        self._writer.close()

    def summary(self) -> str:
        return (
            ", ".join(f"{count} {what}" for what, count in (+self.counts).most_common())
            or "nothing"
        )


def _capture(exchange: Exchange, place: Place) -> Capture:
    return Capture(
        url=exchange.url,
        fetched_at=exchange.fetched_at,
        http_status=exchange.status,
        payload_digest=exchange.digest,
        warc_file=place.file,
        warc_offset=place.offset,
        warc_length=place.length,
    )
