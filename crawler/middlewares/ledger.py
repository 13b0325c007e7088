"""The ledger between spider and scheduler: each address gets its row, what is due is fetched."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, Self, TypeVar

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from crawler.db import claims, ledger
from crawler.db.gaps import fill_gaps
from crawler.db.patience import Patience
from crawler.db.runs import last_coverage
from crawler.db.session import crawl_engine
from crawler.items import Discoveries, Discovery

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)

LOOK_AGAIN = 0.3  # seconds, where nothing is due and something is under way
HELD_BACK_AT_ONCE = 16  # listings
BARREN_LISTINGS = 32  # of tags and authors, one after the other: the next would be barren too


def conditions(page: claims.DuePage) -> dict[str, bytes]:
    """Headers that ask for a page only if it has changed, as far as its site made that possible."""
    known = {"If-None-Match": page.etag, "If-Modified-Since": page.last_modified}
    return {name: value.encode("latin-1") for name, value in known.items() if value}


class LedgerMiddleware:
    """Writes down what the spider discovers, and feeds it with the pages that are due.

    Discoveries go no further than their rows. Pages are claimed from there a batch at a time,
    whenever the scheduler runs empty, so that neither memory nor a killed process holds what is
    still to be done.
    """

    def __init__(self, crawler: Crawler):
        self.crawler = crawler
        self.stats = crawler.stats
        self.engine = crawl_engine(crawler.settings)
        self.patience = Patience.of(crawler)
        self.run_id = crawler.settings.getint("RUN_ID")
        self.rechecks_left = crawler.settings.getint("RECHECKS_PER_CRAWL")
        self.lease = timedelta(seconds=crawler.settings.getfloat("CLAIM_LEASE"))
        self.gaps_filled = False
        self.held_back: list[Request] = []  # listings for when nothing else is to be done
        self.barren = 0  # of those, how many in a row named nothing new

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signals.spider_closed)
        return middleware

    def spider_closed(self) -> None:
        self.engine.dispose()

    # --- what is due --------------------------------------------------------------------------

    async def process_start(self, start: AsyncIterator[Request]) -> AsyncIterator[Request]:
        spider, mode = self.spider, self.spider.plan.mode
        spider.covered_at, unread = await self._ask(last_coverage, spider.name)
        for url, kind, count in await self._ask(ledger.kinds_by_shape, spider.name):
            spider.kinds.learn(url, kind, count)
        if mode == "url":
            async for request in start:
                yield await self._claimed(request)
            return
        # What earlier crawls left comes first.
        for page in await self._claim():
            yield self._page_request(page)
        async for request in start:
            yield request
        if mode != "worker":
            for url, kind in unread.items():
                yield spider.listing_request(kind, url, to_its_end=True)
        async for request in self._feed():
            yield request

    async def _claimed(self, request: Request) -> Request:
        """The request of a page that is fetched whatever the ledger says of it."""
        found = request.meta["discovery"]
        page = await self._ask(
            claims.page_to_fetch, self.spider.name, found, self.run_id, self.lease
        )
        return self._page_request(page)

    def _page_request(self, page: claims.DuePage) -> Request:
        request: Request = self.spider.article_request(
            page.request_url, conditions(page), page_id=page.id
        )
        return request

    async def _feed(self) -> AsyncIterator[Request]:
        """Due pages, until there are none and nothing is under way that could discover more."""
        while True:
            was_idle = self._is_idle()  # before asking: what was under way then is written now
            pages = await self._claim()
            if not pages and was_idle:
                pages = await self._claim_rechecks()
            for page in pages:
                yield self._page_request(page)
            if not pages and was_idle:
                listings = self._last_listings()
                if not listings and not await self._fill_gaps():
                    return
                for request in listings:
                    yield request
            if not pages:
                # Responses and commits are still under way: no signal tells of the last of them.
                await asyncio.sleep(LOOK_AGAIN)
            elif self._has_requests():
                await self.crawler.signals.wait_for(signals.scheduler_empty)

    def _last_listings(self) -> list[Request]:
        """The next of the listings that were held back, while they name what nothing else did.

        A site has tens of thousands of tags; a backfill reads them all the same.
        """
        are_barren = self.barren >= BARREN_LISTINGS and self.spider.plan.mode != "backfill"
        if are_barren and self.held_back:
            logger.info(
                "%d listings of tags and authors are left out: the last %d named nothing new. "
                "A backfill reads them all.",
                len(self.held_back),
                self.barren,
            )
            self.stats.inc_value("listing/left_out", len(self.held_back))
            self.held_back.clear()
        listings = self.held_back[:HELD_BACK_AT_ONCE]
        del self.held_back[:HELD_BACK_AT_ONCE]
        return listings

    async def _claim(self) -> list[claims.DuePage]:
        limit = self.crawler.settings.getint("BATCH_SIZE")
        return await self._ask(claims.claim, self.spider.name, self.run_id, limit, self.lease)

    async def _claim_rechecks(self) -> list[claims.DuePage]:
        """Archived pages that are due again: when the news is in, within the budget."""
        limit = min(self.rechecks_left, self.crawler.settings.getint("BATCH_SIZE"))
        if limit <= 0 or self.spider.plan.mode == "backfill" or not self._has_answers():
            return []
        pages = await self._ask(
            claims.claim_rechecks, self.spider.name, self.run_id, limit, self.lease
        )
        self.rechecks_left -= len(pages)
        self.stats.inc_value("page/rechecked", len(pages))
        return pages

    def _has_answers(self) -> bool:
        """Whether the site is up, as far as this crawl has asked; what is stored can wait."""
        asked, *answered = (
            self.stats.get_value(name, 0)
            for name in ("downloader/request_count", "page/answered", "listing/read")
        )
        return not asked or any(answered)

    def _is_idle(self) -> bool:
        engine: Any = self.crawler.engine
        return bool(
            not self._has_requests()
            and not engine.downloader.active
            and engine.scraper.slot.is_idle()
        )

    def _has_requests(self) -> bool:
        engine: Any = self.crawler.engine
        return bool(engine.scheduler.has_pending_requests())

    async def _fill_gaps(self) -> bool:
        """Whether a backfill, once it has nothing else to do, has found numbers to try."""
        plan, settings = self.spider.plan, self.crawler.settings
        if self.gaps_filled or plan.mode != "backfill" or not settings.getbool("DISCOVER_GAPS"):
            return False
        self.gaps_filled = True
        budget = settings.getint("GAPS_PER_CRAWL")
        added = await self._ask(fill_gaps, self.spider.name, budget, plan.since, plan.until)
        self.stats.inc_value("page/discovered", added)
        return bool(added)

    # --- what is discovered -------------------------------------------------------------------

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        next_pages, added = [], 0
        async for output in result:
            if isinstance(output, Discoveries):
                added += await self._discover(output.pages)
            elif not isinstance(output, Request):
                yield output
            elif "fresh" in output.meta:
                next_pages.append(output)  # the page's own addresses come first
            elif output.meta.get("is_last"):
                self.held_back.append(output)
            else:
                yield output
        if response.meta.get("is_last"):
            self.barren = 0 if added else self.barren + 1
        for request in next_pages:
            if await self._leads_on(response, request, added):
                yield request

    async def _discover(self, pages: list[Discovery]) -> int:
        """How many of the pages were new."""
        added: int = await self._ask(ledger.discover, self.spider.name, pages)
        self.stats.inc_value("page/discovered", added)
        plan = self.spider.plan
        if plan.mode == "backfill":
            wanted = [page.url for page in pages if not page.outside_range]
            await self._ask(ledger.readmit, wanted, plan.since, plan.until)
        return added

    async def _leads_on(self, response: Response, request: Request, added: int) -> bool:
        """Whether the next page of a listing can name something that is wanted.

        An incremental crawl stops where a whole page was known when the site was last covered.
        (Known since then is not enough: a crawl that was killed has discovered the first pages
        of a listing and never seen the others.) Behind a page that gave no answer the last time
        nothing was seen, so from there a listing is read to its end. Tags, which come when all
        else is done, lead on while they name what nothing else did. A backfill stops where all
        of the page before is older than since.
        """
        plan = self.spider.plan
        if request.meta["to_its_end"]:
            return True
        if plan.mode != "backfill" and self.spider.covered_at:
            fresh = request.meta["fresh"]
            known = await self._ask(ledger.discovered_before, fresh, self.spider.covered_at)
            return len(known) < len(fresh)
        if plan.mode != "backfill" and request.meta["is_last"]:
            return added > 0
        if plan.since and (before := response.meta.get("entries")):
            dates = await self._ask(ledger.dates, before)
            return not dates or any(date is None or date >= plan.since for date in dates)
        return True

    # --- the way to the database --------------------------------------------------------------

    @property
    def spider(self) -> Any:
        return self.crawler.spider

    async def _ask(self, question: Callable[..., Answer], *args: Any) -> Answer:
        """The answer of a function of the database, in a transaction of its own."""

        def in_transaction() -> Answer:
            with self.engine.begin() as connection:
                return question(connection, *args)

        return await self.patience.run(in_transaction)
