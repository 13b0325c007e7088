"""The border of the crawl: requests stay on the site's own hosts, and off private networks."""

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from crawler.text.site import Site, is_private_host


class SiteMiddleware:
    """Refuses what leads off the site: redirects and retries pass through here too."""

    def __init__(self, crawler: Crawler):
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        spider: Any = self.crawler.spider
        if not spider.plan.site.owns(request.url):
            self.crawler.stats.inc_value("request/outside_the_site")
            raise IgnoreRequest(f"leads outside the site: {request.url}")


class PublicHostResolver(CachingThreadedResolver):
    """Refuses names that resolve to loopback, private, link-local or metadata addresses.

    A site on such a network is named by its address in SITE_URL; then nothing is refused.
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float):
        super().__init__(reactor, cache_size, timeout)
        self.private_allowed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        resolver = super().from_crawler(crawler, reactor)
        home = crawler.settings["SITE_URL"]
        resolver.private_allowed = bool(home) and is_private_host(Site(home).host)
        return resolver

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:
        lookup: Deferred[str] = super().getHostByName(name, timeout)
        return lookup if self.private_allowed else lookup.addCallback(self._refuse_private, name)

    def _refuse_private(self, address: str, name: str) -> str:
        if is_private_host(address):
            raise DNSLookupError(f"{name} is at {address}, which is no public address")
        return address
