"""The pace that the site asks for: Crawl-delay of robots.txt, and Retry-After."""

import logging
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self

from scrapy import signals
from scrapy.core.downloader import Slot
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser

logger = logging.getLogger(__name__)

BUSY = (429, 503)
SHORTEST_DELAY = 0.001  # seconds: Scrapy looks at the time of the last request only beside a delay


class PaceMiddleware:
    """Scrapy reads Crawl-delay and applies it nowhere, and retries at once what asks to wait.

    Leaves the seconds of a Retry-After in ``retry_after`` of the request's meta, for the ledger.
    """

    def __init__(self, crawler: Crawler):
        self.crawler = crawler
        self.user_agent = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self.longest_wait = crawler.settings.getfloat("RETRY_AFTER_MAX")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.robots_parsed, signals.robots_parsed)
        return middleware

    def robots_parsed(self, robotparser: RobotParser) -> None:
        """Make Crawl-delay the shortest delay, for AutoThrottle too, and without jitter."""
        delay = robotparser.crawl_delay(self.user_agent)
        if not delay:
            return
        logger.info("robots.txt asks for %s s between requests.", delay)
        if throttle := self.crawler.get_extension(AutoThrottle):
            throttle.mindelay = max(throttle.mindelay, delay)
            throttle.maxdelay = max(throttle.maxdelay, delay)
        for slot in self.crawler.engine.downloader.slots.values():
            if slot.delay * (1 - slot.jitter) < delay:
                slot.delay, slot.jitter = max(slot.delay, delay), 0.0

    def process_response(self, request: Request, response: Response) -> Response:
        wait = retry_after(response) if response.status in BUSY else None
        if wait is None:
            return response
        request.meta["retry_after"] = wait
        if wait <= self.longest_wait:
            logger.warning("The site asks to wait %.0f s (HTTP %d).", wait, response.status)
            self._hold(self.crawler.engine.downloader.slots[request.meta["download_slot"]], wait)
        else:
            # Too long to sit it out: no quick retry either, the ledger tries again then.
            request.meta["dont_retry"] = True
        return response

    @staticmethod
    def _hold(slot: Slot, wait: float) -> None:
        """Hold back all that is queued for the host, as if the last request were yet to come."""
        slot.delay = max(slot.delay, SHORTEST_DELAY)
        slot.lastseen = max(slot.lastseen, time.monotonic() + wait)


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
