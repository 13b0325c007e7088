"""robots.txt, also where a server fails to give it: then nothing else is asked of it."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import DownloadFailedError, IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import ProtegoRobotParser, RobotParser
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.python import to_unicode

from crawler.errors import NotAsked
from crawler.text.url_escapes import with_letters


class Parser(ProtegoRobotParser):
    """Protego, spared the escapes of letters: it takes each apart, and puts it together again."""

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        return bool(super().allowed(with_letters(to_unicode(url)), user_agent))


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's, which takes a server's error, or none of its answers, for leave to ask all.

    By RFC 9309, 2.3.1.4, nothing is allowed on a host whose robots.txt answers with 5xx or not at
    all. Where that is the site's home the crawl ends, and its pages stay as they were, due again;
    a page on a further host fails.
    """

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        self.faults: dict[str, str] = {}  # by host and port

    async def robot_parser(self, request: Request) -> RobotParser | None:
        parser = await super().robot_parser(request)
        place = urlparse_cached(request).netloc
        if fault := self.faults.get(place):
            raise NotAsked(fault) if place == self._home() else DownloadFailedError(fault)
        return parser

    def process_response(self, request: Request, response: Response) -> Response:
        """Look at robots.txt itself, whose retries are over here."""
        if response.status >= 500:
            self._note(request, f"robots.txt answers with HTTP {response.status}")
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if not isinstance(exception, IgnoreRequest):
            self._note(request, f"no answer to robots.txt ({exception})")

    def _note(self, request: Request, fault: str) -> None:
        if not request.meta.get("dont_obey_robotstxt"):  # which is in no other request
            return
        place = urlsplit(request.meta.get("redirect_urls", [request.url])[0]).netloc
        self.faults[place] = f"{place}: {fault}, so nothing else may be asked"
        if place == self._home():
            self.crawler.stats.set_value("robots/fault", self.faults[place])
            engine: Any = self.crawler.engine
            asyncio.ensure_future(engine.close_spider_async(reason=self.faults[place]))  # noqa: RUF006

    def _home(self) -> str | None:
        plan = getattr(self.crawler.spider, "plan", None)  # `scrapy shell` has none
        return plan and urlsplit(plan.site.home).netloc
