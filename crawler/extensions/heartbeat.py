"""What a crawl holds in the database is renewed while it lives: its claims and its locks."""

import asyncio
import logging
from datetime import timedelta

import sqlalchemy as sa
from scrapy import signals
from scrapy.crawler import Crawler
from sqlalchemy.exc import SQLAlchemyError

from crawler.db.patience import DatabaseLost, Patience
from crawler.db.runs import CrawlRun

logger = logging.getLogger(__name__)

LONGEST = 30.0  # seconds between two beats


class Heartbeat:
    """Beats three times a lease. The crawl command makes it, which has opened the run."""

    def __init__(self, crawler: Crawler, run: CrawlRun, engine: sa.Engine):
        self.crawler = crawler
        self.run = run
        self.engine = engine
        self.lease = timedelta(seconds=crawler.settings.getfloat("CLAIM_LEASE"))
        self.beating: asyncio.Task[None] | None = None
        crawler.signals.connect(self.spider_opened, signals.spider_opened)
        crawler.signals.connect(self.spider_closed, signals.spider_closed)

    def spider_opened(self) -> None:
        self.beating = asyncio.ensure_future(self._beat())

    async def spider_closed(self) -> None:
        if self.beating:
            self.beating.cancel()

    async def _beat(self) -> None:
        patience = Patience.of(self.crawler)
        while True:
            await asyncio.sleep(min(self.lease.total_seconds() / 3, LONGEST))
            try:
                await patience.run(self.run.renew, self.engine, self.lease)
            except DatabaseLost:
                return  # it has closed the spider already
            except SQLAlchemyError:
                logger.exception("The claims could not be renewed; they will be tried again")
