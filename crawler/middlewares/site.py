"""The border of the crawl: requests stay on the site's own hosts, and off private networks."""

import socket
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
from aiohttp.abc import ResolveResult
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from crawler.plan import CrawlPlan
from crawler.text.site import Site, is_private_host


class SiteMiddleware:
    """Refuses what leads off the site: redirects and retries pass through here too."""

    def __init__(self, crawler: Crawler):
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        plan: CrawlPlan | None = getattr(self.crawler.spider, "plan", None)
        if plan and not plan.site.owns(request.url):  # `scrapy shell` and `fetch` have none
            self.crawler.stats.inc_value("request/outside_the_site")
            raise IgnoreRequest(f"leads outside the site: {request.url}")


def _is_private(home: str | None) -> bool:
    """Whether the site itself is on a private network, so that its names may lead there."""
    return bool(home and is_private_host(Site(home).host))


class PublicResolver(aiohttp.ThreadedResolver):
    """Leaves out loopback, private, link-local and metadata addresses.

    A site on such a network is named by its address in SITE_URL; then nothing is left out. Nor is
    it for the proxies of the environment, which often stand there.
    """

    def __init__(self, home: str | None):
        super().__init__()
        self.private_allowed = _is_private(home)
        self.proxies = {
            urlsplit(proxy if "://" in proxy else f"//{proxy}").hostname
            for scheme, proxy in getproxies().items()
            if scheme != "no"
        }

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; gaierror where it has none, or none that is public."""
        try:
            found = await super().resolve(host, port, family)
        except UnicodeError as error:  # a label that is empty or too long
            raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
        if self.private_allowed or host in self.proxies:
            return found
        public = [each for each in found if not is_private_host(each["host"])]
        if not public:
            at = ", ".join(each["host"] for each in found)
            reason = f"{host} is at {at or 'no address'}, which is not public"
            raise socket.gaierror(socket.EAI_NONAME, reason)
        return public


class PublicHostResolver(CachingThreadedResolver):
    """The same for Twisted's reactor, which Scrapy's own handler asks: refuses such names.

    A site on such a network is named by its address in SITE_URL; then nothing is refused.
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float):
        super().__init__(reactor, cache_size, timeout)
        self.private_allowed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        resolver = super().from_crawler(crawler, reactor)
        resolver.private_allowed = _is_private(crawler.settings["SITE_URL"])
        return resolver

    def getHostByName(self, name: str, timeout: Any = ()) -> Deferred[str]:
        lookup: Deferred[str] = super().getHostByName(name, timeout)
        return lookup if self.private_allowed else lookup.addCallback(self._refuse_private, name)

    def _refuse_private(self, address: str, name: str) -> str:
        if is_private_host(address):
            raise DNSLookupError(f"{name} is at {address}, which is no public address")
        return address
