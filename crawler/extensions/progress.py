"""A progress line on the terminal, which does not tear the log; absent without a terminal."""

import logging
import sys
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from twisted.internet.task import LoopingCall

INTERVAL = 0.5  # seconds

COUNTERS = {
    "new": ("article/new",),
    "changed": ("article/changed",),
    "rejected": ("page/rejected", "page/gone", "page/excluded"),
    "failed": ("page/failed", "article/lost"),
}


class ProgressLine:
    """Pages queued, fetched, new, changed, rejected and failed, rate and time left."""

    def __init__(self, crawler: Crawler):
        if not sys.stderr.isatty() or not crawler.settings["ARCHIVE_DATABASE"]:
            raise NotConfigured
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.stats = crawler.stats
        self.console = Console(stderr=True)
        self.log_level = crawler.settings["LOG_LEVEL"]
        self.log_to_file = bool(crawler.settings["LOG_FILE"])
        self.bar = Progress(
            TextColumn("{task.fields[text]}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            auto_refresh=False,
        )
        self.task = self.bar.add_task("crawl", total=None, text="starting")
        self.updating = LoopingCall(self.update)
        self.other_handlers: list[logging.Handler] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        line = cls(crawler)
        crawler.signals.connect(line.spider_opened, signals.spider_opened)
        crawler.signals.connect(line.spider_closed, signals.spider_closed)
        return line

    def spider_opened(self) -> None:
        if not self.log_to_file:
            self._log_above_the_line()
        self.bar.start()
        self.updating.start(INTERVAL)

    def spider_closed(self) -> None:
        self.updating.stop()
        self.bar.stop()
        if self.other_handlers:
            logging.getLogger().handlers[:] = self.other_handlers

    def _log_above_the_line(self) -> None:
        from rich.logging import RichHandler

        root = logging.getLogger()
        self.other_handlers = root.handlers[:]
        handler = RichHandler(console=self.console, show_path=False)
        handler.setLevel(self.log_level)
        root.handlers[:] = [handler]

    def update(self) -> None:
        done = self._sum("downloader/response_count")
        queued = max(0, self._sum("page/discovered", "page/rechecked") - self._settled())
        counts = "  ".join(f"{self._sum(*names)} {word}" for word, names in COUNTERS.items())
        elapsed = self.bar.tasks[0].elapsed or 0
        rate = done / elapsed if elapsed else 0
        self.bar.update(
            self.task,
            total=done + queued,
            completed=done,
            text=f"{queued} queued  {done} fetched  {counts}  {rate:.1f}/s",
        )
        self.bar.refresh()

    def _settled(self) -> int:
        names: list[str] = [name for names in COUNTERS.values() for name in names]
        return self._sum(*names, "article/unchanged", "article/duplicate")

    def _sum(self, *names: str) -> int:
        values: list[Any] = [self.stats.get_value(name, 0) for name in names]
        return sum(values)
