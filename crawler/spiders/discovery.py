"""Discovery: the roads to a site's articles, each a callback that yields requests."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import scrapy
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.settings import BaseSettings
from scrapy.statscollectors import StatsCollector
from twisted.python.failure import Failure

from crawler.errors import NotAsked
from crawler.items import Discoveries, Discovery
from crawler.pages.address_kinds import AddressKinds, cuts_across_sections
from crawler.pages.document import Document
from crawler.pages.feed import NotAFeed, read_feed
from crawler.pages.links import Link
from crawler.pages.listing import ListingPage
from crawler.pages.pagination import may_be_further_page
from crawler.pages.rejection import OUTCOMES, rejection
from crawler.pages.sitemap import NotASitemap, SitemapTooLarge, read_sitemap
from crawler.plan import CrawlPlan
from crawler.text.urls import canonical_url, request_url

Found = Iterator[Request | Discoveries]

REMEMBERED = 50_000  # addresses
LISTINGS_REMEMBERED = 200
LASTMOD_MARGIN = timedelta(days=2)  # sitemaps are written by the hour, or by the day


def address_kinds(settings: BaseSettings) -> AddressKinds:
    """What addresses lead to, by the operator's patterns first; ValueError for a bad one."""
    names = ("SITE_ARTICLES", "SITE_LISTINGS", "SITE_IGNORED")
    return AddressKinds(*(settings.getlist(name) for name in names))


def request_of(failure: Failure) -> Request:
    """The request that failed: an attribute that Scrapy adds to Twisted's class."""
    request: Request = failure.request  # type: ignore[attr-defined]
    return request


class DiscoverySpider(scrapy.Spider):
    """Yields the addresses of articles as Discoveries, and requests for further listings.

    The ledger keeps the addresses, and asks for the pages that are due by ``article_request``.
    Subclasses read the articles.
    """

    parse_article: Callable[[Response], Any]
    article_failed: Callable[[Failure], Any]

    covered_at: datetime | None = None  # when the whole site was last covered; the ledger says it

    def __init__(self, plan: CrawlPlan, crawler: Crawler):
        super().__init__()
        self.plan = plan
        self.options = crawler.settings
        self.kinds = address_kinds(crawler.settings)
        self.unread: dict[str, str] = {}  # listings, feeds, sitemaps without an answer: their kind
        self.listings_read: list[tuple[str, set[str]]] = []  # and the articles that they named
        self._asked: set[str] = set()
        self._named: set[str] = set()
        self._done_with: set[str] = set()  # links of menus that need no second look
        self._asked_by_kind = {"listing": 0, "feed": 0, "sitemap": 0}
        self._sitemaps: list[str] = []

    @property
    def stats(self) -> StatsCollector:
        return self.crawler.stats

    # --- requests ---------------------------------------------------------------------------

    def article_request(
        self, url: str, headers: dict[str, bytes] | None = None, **meta: Any
    ) -> Request:
        return Request(
            url,
            headers=headers,
            callback=self.parse_article,
            errback=self.article_failed,
            meta=meta,
            # The ledger says what is asked twice; a redirect to a page seen before must still
            # be answered, or its page would never be settled.
            dont_filter=True,
        )

    def listing_request(self, kind: str, url: str, **meta: Any) -> Request:
        """A request for a listing, feed or sitemap."""
        callbacks = {
            "listing": self.parse_listing,
            "feed": self.parse_feed,
            "sitemap": self.parse_sitemap,
        }
        return Request(
            url,
            callback=callbacks[kind],
            errback=self.listing_failed,
            meta={"kind": kind, "depth": 0, "position": 1, **meta},
            dont_filter=True,
        )

    def _ask(self, kind: str, urls: Iterable[str], limit: int, **meta: Any) -> Iterator[Request]:
        """Requests for those listings that were not asked for yet, within the kind's budget."""
        for url in urls:
            address = canonical_url(url)
            if address in self._asked or not self.plan.site.owns(url):
                continue
            if self._asked_by_kind[kind] >= limit:
                self.stats.inc_value(f"{kind}/over_budget")
                continue
            self._asked.add(address)
            self._asked_by_kind[kind] += 1
            yield self.listing_request(kind, request_url(url), **meta)

    def _discoveries(self, links: Iterable[Link], found_on: str) -> Iterator[Discoveries]:
        """The addresses that were not named before, as far as this crawl remembers."""
        pages = []
        for link in links:
            address = canonical_url(link.url)
            if address in self._named or not self.plan.site.owns(link.url):
                continue
            self._named.add(address)
            pages.append(
                Discovery(
                    url=address,
                    request_url=request_url(link.url),
                    found_on=found_on,
                    published_at=link.published_at,
                    outside_range=self._is_outside_range(link),
                )
            )
        if len(self._named) > REMEMBERED:
            self._named.clear()  # the ledger knows them all; this only spares it questions
        if pages:
            yield Discoveries(pages)

    def _is_outside_range(self, link: Link) -> bool:
        """Whether since and until leave an article out by what its listing says of it."""
        if link.published_at:
            return self.plan.excludes(link.published_at)
        # What was last changed before the range was published before it.
        return bool(link.modified_at and self.plan.since and link.modified_at < self.plan.since)

    # --- roads --------------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Request]:
        if self.plan.url:
            url = request_url(self.plan.url)
            discovery = Discovery(canonical_url(url), url, found_on="operator")
            yield self.article_request(url, discovery=discovery)
        if self.plan.mode in ("incremental", "backfill"):
            self._asked.add(canonical_url(self.plan.site.home))
            yield self.listing_request("listing", self.plan.site.home, is_home=True)

    def robots_parsed(self, robotparser: ProtegoRobotParser) -> None:
        """Remember the sitemaps; they are asked for after the home page, which comes first."""
        self._sitemaps += list(robotparser.rp.sitemaps)

    def parse_listing(self, response: Response) -> Found:
        if not self._is_answer(response):
            return
        page = ListingPage(Document.of(response), self._done_with)
        if response.meta.get("is_home"):
            yield from self._roads_of_the_site()
        if not page.entries and self._is_in_the_way(response, page):
            self._remember(response, [])
            return
        self.stats.inc_value("listing/read")
        if self.options.getbool("DISCOVER_FEEDS"):
            yield from self._ask("feed", page.feeds, self.options.getint("LISTINGS_PER_CRAWL"))
            if response.meta.get("is_home") and not page.feeds:
                addresses = self.options.getlist("FEED_ADDRESSES")
                yield from self._ask("feed", map(self._on_site, addresses), 100, is_guess=True)
        if self.options.getbool("DISCOVER_LISTINGS"):
            yield from self.follow_listing(response, page)

    def follow_listing(self, response: Response, page: ListingPage) -> Found:
        """The articles of a listing, the listings that it names, and its next page."""
        links = [(link, True) for link in page.entries]
        if response.meta.get("position", 1) == 1:  # the menus of further pages are the same
            links += [(link, False) for link in page.navigation]
        kinds: dict[str, list[Link]] = {"article": [], "listing": [], "other": []}
        for link, headline in links:
            kinds[self.kinds.guess(link, headline=headline)].append(link)
        articles = kinds["article"]
        entries = set(page.entries)
        self._remember(response, [link for link in articles if link in entries])
        yield from self._discoveries(articles, response.url)
        depth = response.meta.get("depth", 0) + 1
        if depth <= self._depth_limit():
            yield from self._ask_listings([link.url for link in kinds["listing"]], depth)
        yield from self._next_page(response, page, articles)
        self._be_done_with(kinds["listing"] + kinds["other"])

    def _remember(self, response: Response, articles: list[Link]) -> None:
        """Keep what the first page of a section named, for the drift alarm."""
        meta = response.meta
        is_section = meta.get("kind") == "listing" and not meta.get("is_last")
        if is_section and meta["position"] == 1 and len(self.listings_read) < LISTINGS_REMEMBERED:
            named = {canonical_url(link.url) for link in articles}
            self.listings_read.append((response.url, named))

    def _be_done_with(self, links: list[Link]) -> None:
        """Pass over these links from now on, but for what may be asked for yet."""
        if len(self._done_with) < REMEMBERED:
            self._done_with.update(
                link.url
                for link in links
                if not may_be_further_page(link.url)
                and (canonical_url(link.url) in self._asked or not self.plan.site.owns(link.url))
            )

    def _ask_listings(self, addresses: list[str], depth: int) -> Iterator[Request]:
        """Sections now; tags and authors last, and only in a crawl that covers the site."""
        limit = self.options.getint("LISTINGS_PER_CRAWL")
        across = dict.fromkeys(filter(cuts_across_sections, addresses))
        sections = [url for url in addresses if url not in across]
        yield from self._ask("listing", sections, limit, depth=depth)
        if self.plan.mode == "backfill" or not self.covered_at:
            yield from self._ask("listing", across, limit, depth=depth, is_last=True)

    def _depth_limit(self) -> int:
        """A site that was covered shows its news one click from home."""
        if self.covered_at and self.plan.mode == "incremental":
            return 1
        return self.options.getint("LISTING_DEPTH")

    def _next_page(
        self, response: Response, page: ListingPage, articles: list[Link]
    ) -> Iterator[Request]:
        """The next page, unless this one has nothing that the one before had not.

        That is how a listing without an end shows: empty pages, or the last one for ever.
        Tickers and most-read boxes are on every page, so only what is fresh counts.
        """
        entries = frozenset(canonical_url(link.url) for link in articles)
        fresh = entries - response.meta.get("entries", frozenset())
        position = response.meta.get("position", 1) + 1
        if not page.next_page or not fresh or not self.plan.site.owns(page.next_page):
            return
        if position > self.options.getint("PAGES_PER_LISTING"):
            self.stats.inc_value("listing/over_budget")
            return
        yield self.listing_request(
            "listing",
            request_url(page.next_page),
            depth=response.meta.get("depth", 0),
            position=position,
            entries=entries,
            fresh=fresh,
            to_its_end=response.meta.get("to_its_end", False),
            is_last=response.meta.get("is_last", False),
        )

    def _roads_of_the_site(self) -> Iterator[Request]:
        if self.options.getbool("DISCOVER_SITEMAPS"):
            limit = self.options.getint("SITEMAPS_PER_CRAWL")
            yield from self._ask("sitemap", self._sitemaps, limit)
            if not self._sitemaps:
                addresses = map(self._on_site, self.options.getlist("SITEMAP_ADDRESSES"))
                yield from self._ask("sitemap", addresses, limit, is_guess=True)

    def _on_site(self, path: str) -> str:
        return urljoin(self.plan.site.home, path)

    def parse_sitemap(self, response: Response) -> Found:
        if not self._is_answer(response):
            return
        try:
            sitemap = read_sitemap(response.body, response.url)
        except (NotASitemap, SitemapTooLarge) as error:
            self._not_as_named(response, error)
            return
        self.stats.inc_value("listing/read")
        if sitemap.kind == "index":
            children = (link.url for link in sitemap.links if self._is_due(link))
            yield from self._ask("sitemap", children, self.options.getint("SITEMAPS_PER_CRAWL"))
        else:
            yield from self._discoveries(self._without_listings(sitemap.links), response.url)

    def _is_due(self, sitemap: Link) -> bool:
        """Whether a child sitemap can name what is wanted, by its lastmod where it has one."""
        oldest = self.plan.since
        if self.plan.mode == "incremental" and self.covered_at:
            oldest = self.covered_at - LASTMOD_MARGIN
        return not (oldest and sitemap.modified_at and sitemap.modified_at < oldest)

    def _without_listings(self, links: Iterable[Link]) -> Iterator[Link]:
        """Sitemaps name sections, tags and authors too. What was named before is passed over."""
        return (
            link
            for link in links
            if canonical_url(link.url) not in self._named
            and self.kinds.guess(link, headline=True) == "article"
        )

    def parse_feed(self, response: Response) -> Found:
        if not self._is_answer(response):
            return
        try:
            links = read_feed(response.body, response.url)
        except NotAFeed as error:
            self._not_as_named(response, error)
            return
        self.stats.inc_value("listing/read")
        yield from self._discoveries(links, response.url)

    # --- answers that are none ----------------------------------------------------------------

    def _is_answer(self, response: Response) -> bool:
        """Whether a listing can be read; one that failed is remembered for the next crawl."""
        if response.status < 300:
            return True
        if response.status not in (404, 410) and response.request:
            self._remember_unread(response.request, f"HTTP {response.status}")
        return False

    def _is_in_the_way(self, response: Response, page: ListingPage) -> bool:
        """Whether a challenge, a consent or an error page stands where a listing should."""
        reason = rejection(page)
        if OUTCOMES[reason] != "failed" or not response.request:
            return False
        self._remember_unread(response.request, reason)
        return True

    def listing_failed(self, failure: Failure) -> None:
        request = request_of(failure)
        if isinstance(failure.value, NotAsked):
            return
        if isinstance(failure.value, IgnoreRequest):  # robots.txt, or outside the site
            self.stats.inc_value("listing/excluded")
            if request.meta.get("is_home"):
                self.stats.set_value("home/refused", str(failure.value))
            return
        self._remember_unread(request, failure.getErrorMessage())

    def _remember_unread(self, request: Request, reason: str) -> None:
        self.stats.inc_value("listing/failed")
        self.unread[request.url] = request.meta["kind"]
        self.logger.warning("No answer from %s: %s", request.url, reason)

    def _not_as_named(self, response: Response, error: Exception) -> None:
        if not response.meta.get("is_guess"):
            self.logger.warning("Not as named: %s", error)
