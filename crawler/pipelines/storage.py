"""Storage: an item has passed when its transaction has committed, so item_scraped means stored."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self

import sqlalchemy as sa
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.db import articles, ledger
from crawler.db.captures import insert_captures
from crawler.db.group_commit import GroupCommit
from crawler.db.patience import DatabaseLost, Patience
from crawler.db.runs import is_running
from crawler.db.session import crawl_engine
from crawler.items import ArticleItem, PageOutcome
from crawler.rechecks import RecheckPolicy


class StoragePipeline:
    """Writes articles, and in the ledger what became of every page, in shared transactions.

    Pages whose item was dropped on the way, or whose reading failed, are settled with the
    reason: nothing that was fetched stays without a state.
    """

    def __init__(self, crawler: Crawler):
        self.crawler = crawler
        self.stats = crawler.stats
        self.site = crawler.spidercls.name
        self.run_id = crawler.settings.getint("RUN_ID")
        self.attempts_allowed = crawler.settings.getint("FETCH_ATTEMPTS")
        self.backoff = crawler.settings.getfloat("FETCH_BACKOFF")
        self.gone_after = timedelta(seconds=crawler.settings.getfloat("GONE_CONFIRMED_AFTER"))
        self.rechecks = RecheckPolicy.read(crawler.settings["RECHECKS"])
        self.engine = crawl_engine(crawler.settings)
        self.commits: GroupCommit[ArticleItem | PageOutcome, str] = GroupCommit(
            self._write, Patience.of(crawler), crawler.settings.getint("BATCH_SIZE")
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.item_dropped, signals.item_dropped)
        crawler.signals.connect(pipeline.item_error, signals.item_error)
        crawler.signals.connect(pipeline.spider_error, signals.spider_error)
        return pipeline

    async def process_item(self, item: ArticleItem | PageOutcome) -> ArticleItem:
        if isinstance(item, PageOutcome):
            await self._settle(item)
            raise DropItem(item.reason, log_level="DEBUG")
        outcome = await self.commits.add(item)
        self.stats.inc_value(f"article/{outcome}")
        return item

    async def close_spider(self) -> None:
        await self.commits.flush()
        self.engine.dispose()

    # --- pages whose item did not come through ------------------------------------------------

    async def item_dropped(self, item: Any, exception: DropItem) -> None:
        if isinstance(item, ArticleItem):
            await self._settle_item(item, "rejected", str(exception))

    async def item_error(self, item: Any, failure: Failure) -> None:
        # A page that the database was too far away to write stays as it was: due again.
        if isinstance(failure.value, DatabaseLost):
            return
        self.stats.inc_value("article/lost")
        if isinstance(item, ArticleItem):
            reason = " ".join(failure.getErrorMessage().split())
            await self._settle_item(item, "failed", f"could not be stored: {reason[:500]}")

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        if response is not None and (page_id := response.meta.get("page_id")):
            reason = f"could not be read: {type(failure.value).__name__}: {failure.value}"
            self.commits.add(PageOutcome(page_id, "failed", reason[:500], response.status))

    async def _settle_item(self, item: ArticleItem, state: str, reason: str) -> None:
        capture = item.provenance
        await self._settle(PageOutcome(capture.page_id, state, reason, capture.http_status))

    async def _settle(self, outcome: PageOutcome) -> None:
        if outcome.page_id is not None:
            state = await self.commits.add(outcome)
            self.stats.inc_value("article/unchanged" if state == "unchanged" else f"page/{state}")

    # --- in the writer's thread ---------------------------------------------------------------

    def _write(self, batch: list[ArticleItem | PageOutcome]) -> Sequence[str]:
        """Commit a batch; for each, what became of the article, or the state of the page."""
        items = [item for item in batch if isinstance(item, ArticleItem)]
        outcomes = [item for item in batch if isinstance(item, PageOutcome)]
        with self.engine.begin() as connection:
            self._check_ownership(connection)
            stored = iter(articles.store(connection, self.site, self.run_id, items, self.rechecks))
            kept = [outcome.capture for outcome in outcomes if outcome.capture]
            insert_captures(connection, self.run_id, [c for c in kept if c.page_id and c.warc_file])
            if outcomes:
                ledger.settle(
                    connection,
                    outcomes,
                    attempts_allowed=self.attempts_allowed,
                    backoff=self.backoff,
                    gone_after=self.gone_after,
                    rechecks=self.rechecks,
                )
        return [next(stored) if isinstance(item, ArticleItem) else item.state for item in batch]

    def _check_ownership(self, connection: sa.Connection) -> None:
        """A crawl that lost its locks with its connection must not write beside its successor."""
        if not is_running(connection, self.run_id):
            raise DatabaseLost("another crawl has taken over")
