"""robots.txt, also where the server fails to give it: then nothing else is asked for."""

import asyncio
from typing import Any

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser

from crawler.errors import NotAsked


class RobotsMiddleware(RobotsTxtMiddleware):
    """Scrapy's, which reads the error page of a server as rules that allow everything.

    By RFC 9309, 2.3.1.4, nothing is allowed where robots.txt answers with 5xx. The crawl ends, and
    its pages stay as they were, due again. Where there is no connection at all, the home page
    tells.
    """

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        self.fault: str | None = None

    async def robot_parser(self, request: Request) -> RobotParser | None:
        parser = await super().robot_parser(request)
        if self.fault:
            raise NotAsked(self.fault)
        return parser

    def process_response(self, request: Request, response: Response) -> Response:
        """Look at robots.txt itself, whose retries are over here."""
        if request.meta.get("dont_obey_robotstxt") and response.status >= 500 and not self.fault:
            self.fault = f"robots.txt answers with HTTP {response.status}, so nothing may be asked"
            self.crawler.stats.set_value("robots/fault", self.fault)
            engine: Any = self.crawler.engine
            asyncio.ensure_future(engine.close_spider_async(reason=self.fault))  # noqa: RUF006
        return response
