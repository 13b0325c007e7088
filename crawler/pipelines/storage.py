"""Storage: an item has passed when its transaction has committed, so item_scraped means stored."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import sqlalchemy as sa
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.db import articles, ledger
from crawler.db.archived_pages import keep_addresses
from crawler.db.captures import are_stored, insert_captures
from crawler.db.commit_once import CommitOnce
from crawler.db.group_commit import GroupCommit
from crawler.db.patience import DatabaseLost, Patience
from crawler.db.runs import is_running
from crawler.db.session import crawl_engine
from crawler.drift import Judgement, Look, sentence
from crawler.drift_watch import Fetched, Sight, Watch, held
from crawler.items import ArticleItem, PageOutcome
from crawler.rechecks import RecheckPolicy


class NotStoredYet(DropItem):
    """The page is held, or waits for the verdict on its block: its item says nothing more now."""


class StoragePipeline:
    """Writes articles, and in the ledger what became of every page, in shared transactions.

    Pages whose item was dropped on the way, or whose reading failed, are settled with the
    reason: nothing that was fetched stays without a state. Pages that lack what others show wait
    in memory, claimed and pending, until it is judged whether the site has drifted.
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
        self.patience = Patience.of(crawler)
        self.watch = Watch(self.site)
        batch_size = crawler.settings.getint("BATCH_SIZE")
        self.commits: GroupCommit[Fetched, tuple[str, Sight]] = GroupCommit(
            CommitOnce(self.engine, self._see_and_store, self._is_stored), self.patience, batch_size
        )
        self.judged: GroupCommit[Fetched, str] = GroupCommit(
            CommitOnce(self.engine, self._store_judged, self._is_stored),
            self.patience,
            batch_size,
            linger=0,
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
        outcome = await self._add(item)
        if outcome in ("waits", "held"):
            raise NotStoredYet(f"{outcome}: {item.url}", log_level="DEBUG")
        self.stats.inc_value(f"article/{outcome}")
        return item

    async def close_spider(self) -> None:
        await self.commits.flush()
        spider: Any = self.crawler.spider
        self.watch.count_listings(getattr(spider, "listings_read", []))
        with suppress(DatabaseLost):  # what waits is pending then, and due again
            await self._judge()
        if self.watch.drifts:
            self.stats.set_value("drift/alarm", sentence(list(self.watch.drifts.values())))
        self.engine.dispose()

    # --- drift --------------------------------------------------------------------------------

    async def _add(self, fetched: Fetched) -> str:
        """What became of a page: as `articles.store` says, its state, waits, or held."""
        if self.watch.kind is None:
            self.watch.kind = self._kind()
        outcome, sight = await self.commits.add(fetched)
        self.watch.count(fetched, sight)
        if outcome == "held":
            self.stats.inc_value("page/held")
        if self.watch.is_full:
            await self._judge()
        return outcome

    def _kind(self) -> str | None:
        """What the crawl's new pages are compared with; None: one page says nothing of others."""
        spider: Any = self.crawler.spider
        if spider.plan.mode == "url":
            return None
        return "new" if spider.covered_at and spider.plan.mode != "backfill" else "old"

    async def _judge(self) -> None:
        """Judge the block of pages so far, and store or hold those of them that waited for it."""
        looks, waiting = self.watch.take_block()
        if not looks:
            return
        self.watch.take_verdict(await self.patience.run(self._judge_block, looks))
        await asyncio.gather(*(self._release(fetched, look) for fetched, look in waiting))

    async def _release(self, fetched: Fetched, look: Look) -> None:
        is_held = self.watch.is_held(look)
        try:
            outcome = await self.judged.add(held(fetched) if is_held else fetched)
        except DatabaseLost:
            return
        except Exception as error:  # noqa: BLE001 - as Scrapy would: one item lost, told as such
            await self._lose(fetched, str(error))
            return
        if is_held:
            self.stats.inc_value("page/held")
        elif isinstance(fetched, ArticleItem):
            self.stats.inc_value(f"article/{outcome}")
        else:
            self.stats.inc_value(f"page/{outcome}")

    # --- pages whose item did not come through ------------------------------------------------

    async def item_dropped(self, item: Any, exception: DropItem) -> None:
        if isinstance(item, ArticleItem) and not isinstance(exception, NotStoredYet):
            await self._settle_item(item, "rejected", str(exception))

    async def item_error(self, item: Any, failure: Failure) -> None:
        # A page that the database was too far away to write stays as it was: due again.
        if isinstance(failure.value, DatabaseLost):
            return
        await self._lose(item, failure.getErrorMessage())

    async def _lose(self, item: Any, reason: str) -> None:
        self.stats.inc_value("article/lost")
        if isinstance(item, ArticleItem):
            reason = " ".join(reason.split())
            await self._settle_item(item, "failed", f"could not be stored: {reason[:500]}")

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        if response is not None and (page_id := response.meta.get("page_id")):
            reason = f"could not be read: {type(failure.value).__name__}: {failure.value}"
            self.commits.add(PageOutcome(page_id, "failed", reason[:500], response.status))

    async def _settle_item(self, item: ArticleItem, state: str, reason: str) -> None:
        capture = item.provenance
        await self._settle(
            PageOutcome(capture.page_id, state, reason, capture.http_status, capture=capture)
        )

    async def _settle(self, outcome: PageOutcome) -> None:
        if outcome.page_id is not None:
            state = await self._add(outcome)
            if state not in ("waits", "held"):
                name = "article/unchanged" if state == "unchanged" else f"page/{state}"
                self.stats.inc_value(name)

    # --- in the writer's thread ---------------------------------------------------------------

    def _see_and_store(
        self, connection: sa.Connection, batch: list[Fetched]
    ) -> list[tuple[str, Sight]]:
        """Store what need not wait of a batch; for each, what became of it, and how it looked."""
        self._check_ownership(connection)
        items = [each for each in batch if isinstance(each, ArticleItem)]
        keep_addresses(connection, items)
        sights = self.watch.see(connection, batch)
        seen = list(zip(batch, sights, strict=True))
        written = iter(
            self._store(
                connection,
                [
                    held(fetched) if sight.fate == "held" else fetched
                    for fetched, sight in seen
                    if sight.fate != "waits"
                ],
            )
        )
        return [
            (sight.fate if sight.fate == "waits" else _told(next(written), sight), sight)
            for sight in sights
        ]

    def _store_judged(self, connection: sa.Connection, batch: list[Fetched]) -> list[str]:
        self._check_ownership(connection)
        return self._store(connection, batch)

    def _judge_block(self, looks: list[Look]) -> Judgement:
        with self.engine.begin() as connection:
            self._check_ownership(connection)
            return self.watch.judge(connection, looks)

    def _store(self, connection: sa.Connection, batch: Sequence[Fetched]) -> list[str]:
        """For each, what became of the article, or the state of the page."""
        items = [item for item in batch if isinstance(item, ArticleItem)]
        outcomes = [item for item in batch if isinstance(item, PageOutcome)]
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

    def _is_stored(self, connection: sa.Connection, batch: list[Fetched]) -> bool:
        """Whether a batch is in the archive; of pages without captures none is taken to be.

        To settle those twice costs one of them one of its tries.
        """
        ledger.take_turn(connection)
        found = (each.capture for each in batch)
        return are_stored(connection, self.run_id, [capture for capture in found if capture])

    def _check_ownership(self, connection: sa.Connection) -> None:
        """A crawl that lost its locks with its connection must not write beside its successor."""
        if not is_running(connection, self.run_id):
            raise DatabaseLost("another crawl has taken over")


def _told(outcome: str, sight: Sight) -> str:
    return "held" if sight.fate == "held" else outcome
