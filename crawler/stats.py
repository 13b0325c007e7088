"""The counters of a crawl."""

from scrapy.statscollectors import MemoryStatsCollector


class Stats(MemoryStatsCollector):
    """Scrapy's, without its detour for callers of older days, who handed a spider over.

    The detour looks up each method by a second name and checks its arguments, twenty times a
    request: ten times what counting costs.
    """

    __getattribute__ = object.__getattribute__
