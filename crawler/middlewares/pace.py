"""The pace of the site: one for all crawls of the database, as slow as the site asks for."""

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser

from crawler.db.patience import Patience
from crawler.db.session import crawl_engine
from crawler.db.turns import Turns
from crawler.text.urls import bare_host

logger = logging.getLogger(__name__)

BUSY = (429, 503)


class PaceMiddleware:
    """Scrapy reads Crawl-delay and applies it nowhere, and retries at once what asks to wait.

    Its delays (DOWNLOAD_DELAY, AutoThrottle) hold for one process; here each request waits for
    its turn among all that crawl the host. Leaves the seconds of a Retry-After in
    ``retry_after`` of the request's meta, for the ledger.
    """

    def __init__(self, crawler: Crawler):
        self.crawler = crawler
        self.user_agent = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self.longest_wait = crawler.settings.getfloat("RETRY_AFTER_MAX")
        self.database = crawl_engine(crawler.settings)
        self.patience = Patience.of(crawler)
        self._turns: dict[str, Turns] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.robots_parsed, signals.robots_parsed)
        crawler.signals.connect(middleware.engine_stopped, signals.engine_stopped)
        return middleware

    def engine_stopped(self) -> None:
        self.database.dispose()

    def turns(self, url: str) -> Turns:
        """The turns at the host of an address; www. and its twin are one."""
        host = _host(url)
        if host not in self._turns:
            engine: Any = self.crawler.engine
            self._turns[host] = Turns(
                host, self.database, self.patience, lambda: not engine.running
            )
        return self._turns[host]

    async def wait(self, request: Request) -> None:
        """Return when the request's turn has come."""
        engine: Any = self.crawler.engine
        slot = engine.downloader.slots[request.meta["download_slot"]]
        await self.turns(request.url).come(slot.delay)

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Make Crawl-delay the shortest delay, for AutoThrottle too."""
        delay = robotparser.crawl_delay(self.user_agent) or 0.0
        self.turns(request.url).keep_crawl_delay(delay)
        if not delay:
            return
        logger.info("robots.txt asks for %s s between requests.", delay)
        if throttle := self.crawler.get_extension(AutoThrottle):
            throttle.mindelay = max(throttle.mindelay, delay)
            throttle.maxdelay = max(throttle.maxdelay, delay)

    def process_response(self, request: Request, response: Response) -> Response:
        wait = retry_after(response) if response.status in BUSY else None
        if wait is None:
            return response
        request.meta["retry_after"] = wait
        if wait <= self.longest_wait:
            logger.warning("The site asks to wait %.0f s (HTTP %d).", wait, response.status)
            self.turns(request.url).hold(wait)
        else:
            # Too long to sit it out: no quick retry either, the ledger tries again then.
            request.meta["dont_retry"] = True
        return response


def _host(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    return bare_host(parts.hostname or "") + port


def retry_after(response: Response) -> float | None:
    """Seconds of a Retry-After, given as such or as a date (RFC 9110, 10.2.3)."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if value.isdecimal():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
