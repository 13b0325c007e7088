"""scrapy crawl: opens the archive, crawls, and ends with an honest exit code and one line."""

import argparse
import gc
import logging
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError
from scrapy.settings import Settings
from sqlalchemy.exc import DBAPIError

from crawler.alarm import send
from crawler.db.runs import CrawlRun
from crawler.db.schema import upgrade
from crawler.db.session import archive_database, connect
from crawler.errors import ALREADY_RUNNING, DONE, ENDED_EARLY, OperatorError
from crawler.extensions.heartbeat import Heartbeat
from crawler.logs import begin_log
from crawler.plan import CrawlPlan
from crawler.sites import site_settings, spider_of
from crawler.text.site import is_private_host
from crawler.verdict import judge, summary
from crawler.warc.recovery import recover


class Command(ScrapyCrawl):
    settings: Settings  # set by scrapy.cmdline
    requires_crawler_process = False  # made when all is checked: it writes the head of the log

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("name one spider: scrapy crawl alkarmel", print_help=False)
        try:
            with ExitStack() as stack:
                line = self._crawl(stack, args[0], opts.spargs)
        except OperatorError as error:
            print(error, file=sys.stderr)
            self.exitcode, line = error.exit_code, str(error)
        except Exception as error:
            self._alarm(args[0], f"{type(error).__name__}: {error}")
            raise
        else:
            print(line, flush=True)
        if self.exitcode not in (DONE, ALREADY_RUNNING):
            self._alarm(args[0], line)

    def _alarm(self, name: str, line: str) -> None:
        title = f"The crawl of {name} ended with {self.exitcode or ENDED_EARLY}"
        send(self.settings["ALARMS_TO"], title, f"{line}\nArchive: {self.settings['ARCHIVE_DIR']}")

    def _crawl(self, stack: ExitStack, name: str, arguments: dict[str, str]) -> str:
        plan = self._plan(name, arguments)
        archive_dir = Path(self.settings["ARCHIVE_DIR"])
        check_archive_dir(archive_dir, self.settings.getint("ARCHIVE_MIN_FREE"))
        url = stack.enter_context(archive_database(self.settings["DATABASE_URL"], archive_dir))
        engine = connect(url)
        stack.callback(engine.dispose)
        upgrade(engine)
        _close_warc_files(archive_dir / "warc")
        log = begin_log(self.settings, archive_dir, plan.mode)
        zone = site_settings(self.settings, name)["SITE_TIMEZONE"]
        run = CrawlRun.open(engine, spider=name, mode=plan.mode, timezone=zone)
        stack.callback(run.let_go)
        self._greet(archive_dir, plan, run)
        if log:
            print(f"Log: {log}", file=sys.stderr)
        self.settings.set("ARCHIVE_DATABASE", url, priority="cmdline")
        self.settings.set("RUN_ID", run.id, priority="cmdline")
        self.crawler_process = AsyncCrawlerProcess(self.settings)
        # Scrapy tells of each response and item, in records that no handler would show.
        logging.getLogger("scrapy").setLevel(self.settings["LOG_LEVEL"])
        crawler = self._create_crawler(name)
        self.heartbeat = Heartbeat(crawler, run, engine)  # kept: signals hold no references
        gc.freeze()  # what is loaded by now stays
        self.crawler_process.crawl(crawler, **arguments)
        self.crawler_process.start()
        began = not self.crawler_process.bootstrap_failed
        spider: Any = crawler.spider
        stats = _plain(crawler.stats.get_stats()) if began else {}
        verdict = judge(stats)
        try:
            run.finish(
                engine,
                outcome=verdict.outcome,
                reason=verdict.reason,
                stats=stats,
                covered=self._has_covered(stats, plan),
                unread_listings=spider.unread if began else {},
            )
        except DBAPIError as error:  # the next crawl will see that this one is dead
            print(f"The end of the crawl could not be written: {error.orig}", file=sys.stderr)
        self.exitcode = verdict.exit_code
        return summary(name, verdict, stats)

    def _plan(self, name: str, arguments: dict[str, str]) -> CrawlPlan:
        spider = spider_of(self.settings, name)
        plan: CrawlPlan = spider.read_plan(site_settings(self.settings, name), arguments)
        return plan

    def _greet(self, archive_dir: Path, plan: CrawlPlan, run: CrawlRun) -> None:
        database = "DATABASE_URL" if self.settings["DATABASE_URL"] else "embedded PostgreSQL"
        print(f"Archive: {archive_dir} ({database}); site: {plan.site.home}", file=sys.stderr)
        is_public = not is_private_host(plan.site.host)
        if run.is_first and is_public and not self.settings["CRAWLER_CONTACT"]:
            print(
                "CRAWLER_CONTACT is not set: give an address or URL by which the site's "
                "people can reach you.",
                file=sys.stderr,
            )

    def _has_covered(self, stats: dict[str, Any], plan: CrawlPlan) -> bool:
        """Whether discovery went all its roads to their ends: later crawls may stop early."""
        roads = ("DISCOVER_LISTINGS", "DISCOVER_FEEDS", "DISCOVER_SITEMAPS")
        return (
            plan.mode in ("incremental", "backfill")
            and not (plan.since or plan.until)
            and stats.get("finish_reason") == "finished"
            and stats.get("listing/read", 0) > 0
            and all(self.settings.getbool(road) for road in roads)
        )


def _close_warc_files(directory: Path) -> None:
    """Say what killed crawls have left open, and whether a record was torn."""
    for recovered in recover(directory):
        torn = f"; {recovered.torn} bytes of a torn record were cut off" if recovered.torn else ""
        print(f"Closed {recovered.path}, which a killed crawl had left{torn}.", file=sys.stderr)


def check_archive_dir(path: Path, least_free: int) -> None:
    """Make the directory; OperatorError where it cannot be written or has too little room."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as probe:
            probe.write(bytes(4096))
            probe.flush()
    except OSError as error:
        raise OperatorError(
            f"ARCHIVE_DIR={path} cannot be written ({error.strerror}); "
            "make it writable, or set ARCHIVE_DIR to another directory."
        ) from None
    free = shutil.disk_usage(path).free
    if free < least_free:
        raise OperatorError(
            f"ARCHIVE_DIR={path} has {free // 2**20} MB free, and a crawl needs "
            f"{least_free // 2**20} MB; make room, or set ARCHIVE_DIR to another disk."
        )


def _plain(stats: dict[str, Any]) -> dict[str, Any]:
    """Counters as JSON has them; times as text."""
    return {
        name: value if isinstance(value, int | float | str) else str(value)
        for name, value in sorted(stats.items())
    }
