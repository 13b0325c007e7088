"""One look at an archive's health: the questions asked, each check answered."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from scrapy.settings import BaseSettings

from crawler import health
from crawler.arrivals import REACH, arrivals
from crawler.db import health as questions
from crawler.errors import OperatorError
from crawler.health import Check
from crawler.plan import read_zone
from crawler.warc.reader import BadRecord, read_at
from crawler.warc.usage import usage
from crawler.warc.writer import Place

ANSWERS = 20  # whose Date headers are compared with our clock


@dataclass(frozen=True, slots=True)
class Examination:
    """Where to look, and by which measures; ``now`` is the moment of all its answers."""

    archive_dir: Path
    zone: ZoneInfo
    limits: Mapping[str, float]
    max_age: timedelta
    least_free: int  # bytes that a crawl needs to start
    max_bytes: int  # of an unpacked body
    now: datetime

    @classmethod
    def of(cls, settings: BaseSettings, max_age: timedelta) -> Self:
        return cls(
            archive_dir=Path(settings["ARCHIVE_DIR"]),
            zone=read_zone(settings["ALKARMEL_TIMEZONE"]),
            limits=health.read_limits(settings.getdict("HEALTH_LIMITS")),
            max_age=max_age,
            least_free=settings.getint("ARCHIVE_MIN_FREE"),
            max_bytes=settings.getint("DOWNLOAD_MAXSIZE"),
            now=datetime.now(UTC),
        )

    def archive(self, connection: sa.Connection) -> Iterator[Check]:
        """What the database can tell; OperatorError where it holds no archive."""
        schema = questions.schema_revisions(connection)
        if schema is None:
            raise OperatorError("There is no archive in this database yet; crawl first.")
        yield health.schema(*schema)
        if schema.present != schema.wanted:
            return  # the tables are not those that the questions are about
        limits = self.limits
        crawls = questions.crawls_by_site(connection)
        if not crawls:
            yield health.no_crawl()
        for each in crawls:
            yield health.last_crawl(each, self.now, self.max_age)
            yield health.failed_crawls(each, limits["failed_crawls"])
            yield health.failed_pages(each, limits["failed_pages"])
            yield self._new_articles(connection, each)
            due = questions.oldest_recheck(connection, each.site)
            yield health.recheck_overdue(due, self.now, limits["recheck_overdue"], each.site)
        overdue = questions.overdue_pages(connection, health.PENDING_PATIENCE)
        yield health.pending_pages(overdue, limits["pending_pages"])
        yield health.held_pages(questions.held_pages(connection))
        yield health.database_size(questions.database_size(connection))
        yield health.clock_database(questions.clock_difference(connection), limits["clock"])
        yield health.clock_site(list(self._site_clock(connection)), limits["clock"])

    def _new_articles(self, connection: sa.Connection, crawls: questions.SiteCrawls) -> Check:
        """What came up to the last crawl: whether that is too old is another check's question."""
        found = None
        if end := crawls.began:
            moments = questions.arrival_times(connection, crawls.site, end - REACH, end)
            found = arrivals(moments, end, self.zone)
        return health.new_articles(found, crawls.site)

    def _site_clock(self, connection: sa.Connection) -> Iterator[float]:
        """Seconds that our clock was ahead of the site's, by each of the last answers."""
        directory = self.archive_dir / "warc"
        for fetched_at, file, offset, length in questions.last_answers(connection, ANSWERS):
            try:
                place = Place(file, offset, length)
                headers = read_at(directory, place, self.max_bytes).headers
                date = parsedate_to_datetime(headers["date"])
                age = int(headers.get("age", 0))
            except (BadRecord, OSError, KeyError, ValueError):
                continue  # it lies on another machine, or the site says nothing
            yield (fetched_at - date.astimezone(UTC)).total_seconds() - age

    def room(self) -> Iterator[Check]:
        """What the disk can tell."""
        warc = self.archive_dir / "warc"
        used = usage(warc)
        yield health.warc_size(used)
        place = next(each for each in (warc, *warc.parents) if each.exists())
        free = shutil.disk_usage(place).free
        yield health.free_space(free, used.growth, self.limits["free_days"], self.least_free)
