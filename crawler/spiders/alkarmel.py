"""The spider of Al-Karmel: how its article pages are read, and what becomes of the others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from crawler.errors import OperatorError
from crawler.items import ArticleItem, Capture, Discoveries, PageOutcome
from crawler.pages.article import read_document
from crawler.pages.document import Document
from crawler.pages.links import Link
from crawler.pages.listing import ListingPage
from crawler.pages.selectors import check_selectors
from crawler.plan import CrawlPlan
from crawler.spiders.discovery import DiscoverySpider, address_kinds, request_of
from crawler.text.urls import canonical_url

Output = Iterator[Request | Discoveries | ArticleItem | PageOutcome]

# How the refusals of robots.txt and of the site's border begin.
EXCLUSIONS = ("Forbidden by robots.txt", "leads outside the site")
ENTRIES_OF_A_LISTING = 5  # headlines that make a page without an article of its own a listing


class AlkarmelSpider(DiscoverySpider):
    name = "alkarmel"
    home_setting = "ALKARMEL_URL"
    handle_httpstatus_list = range(400, 600)  # the ledger records what the others would hide

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> Self:
        spider = cls(cls.read_plan(crawler.settings, arguments), crawler)
        spider._set_crawler(crawler)
        crawler.signals.connect(spider.robots_parsed, signals.robots_parsed)
        return spider

    @classmethod
    def read_plan(cls, settings: BaseSettings, arguments: dict[str, str]) -> CrawlPlan:
        """What the arguments ask for; OperatorError where they or the site's block are wrong."""
        try:
            address_kinds(settings)
            check_selectors(settings.getdict("SITE_SELECTORS"))
        except ValueError as error:
            raise OperatorError(f"{error} Correct it in the settings of the site.") from None
        return CrawlPlan.read(
            settings[cls.home_setting],
            arguments,
            hosts=settings.getlist("SITE_HOSTS"),
            timezone=settings["ALKARMEL_TIMEZONE"],
        )

    def parse_article(self, response: Response) -> Output:
        """The article of a page; or why there is none, and what the page offers instead."""
        if refusal := self._refusal(response):
            yield refusal
            return
        document = Document.of(response)
        item = read_document(
            document,
            fetched_at=datetime.now(UTC),
            selectors=self.options.getdict("SITE_SELECTORS"),
            timezone=self.options["ALKARMEL_TIMEZONE"],
        )
        if item is None:
            yield from self._no_article(response, document)
            return
        self.kinds.learn(item.url, "article")
        if self.plan.excludes(item.published_at):
            reason = f"outside since/until: published {item.published_at:%Y-%m-%d}"
            yield self._outcome(response, "excluded", reason, published_at=item.published_at)
            return
        item.capture = _capture(response)
        yield item
        if self.options.getbool("DISCOVER_LINKS") and self.plan.mode != "worker":
            links = [Link(url) for url in item.links]
            yield from self._discoveries(self._without_listings(links), response.url)

    def _refusal(self, response: Response) -> PageOutcome | None:
        """Why an answer cannot hold an article, before it is read."""
        if response.status in (404, 410):
            return self._outcome(response, "gone", f"HTTP {response.status}")
        if response.status >= 400:
            return self._outcome(
                response,
                "failed",
                f"HTTP {response.status}",
                retry_after=response.meta.get("retry_after"),
            )
        self.stats.inc_value("page/answered")
        if canonical_url(response.url) == canonical_url(self.plan.site.home):
            return self._outcome(response, "gone", "leads to the home page")
        kind = (response.headers.get("Content-Type") or b"").split(b";")[0].strip().lower()
        if kind and kind not in (b"text/html", b"application/xhtml+xml", b"text/plain"):
            return self._outcome(response, "rejected", f"no HTML but {kind.decode('latin-1')}")
        return None

    def _no_article(self, response: Response, document: Document) -> Output:
        page = ListingPage(document)
        if len(page.entries) < ENTRIES_OF_A_LISTING:
            self.kinds.learn(response.url, "other")
            yield self._outcome(response, "rejected", "no article on the page")
            return
        self.kinds.learn(response.url, "listing")
        yield self._outcome(response, "rejected", "listing")
        if self.plan.mode in ("incremental", "backfill"):
            yield from self.follow_listing(response, page)

    def article_failed(self, failure: Failure) -> Iterator[PageOutcome]:
        error = failure.value
        reason = str(error) or type(error).__name__
        if isinstance(error, IgnoreRequest) and reason.startswith(EXCLUSIONS):
            state = "excluded"
        elif isinstance(error, IgnoreRequest | DownloadCancelledError):
            state = "rejected"  # too large, too many redirects: it would be so again
        else:
            state = "failed"
        yield PageOutcome(request_of(failure).meta.get("page_id"), state, reason)

    def _outcome(self, response: Response, state: str, reason: str, **more: Any) -> PageOutcome:
        page_id = response.meta.get("page_id")
        return PageOutcome(page_id, state, reason, http_status=response.status, **more)


def _capture(response: Response) -> Capture:
    return Capture(
        url=response.url,
        fetched_at=datetime.now(UTC),
        http_status=response.status,
        payload_digest=f"sha256:{sha256(response.body).hexdigest()}",
        page_id=response.meta.get("page_id"),
        etag=_header(response, "ETag"),
        last_modified=_header(response, "Last-Modified"),
    )


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1").replace("\x00", "") if value else None
