"""The spider of any news site: how article pages are read, and what becomes of the others."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from crawler.errors import EvidenceLost, NotAsked, OperatorError
from crawler.items import ArticleItem, Discoveries, PageOutcome
from crawler.pages.article import read_document
from crawler.pages.canonical import NOT_BELIEVED
from crawler.pages.document import Document
from crawler.pages.links import Link
from crawler.pages.listing import ListingPage
from crawler.pages.rejection import ENTRIES, OUTCOMES, rejection
from crawler.pages.selectors import check_selectors
from crawler.plan import CrawlPlan
from crawler.rechecks import RecheckPolicy
from crawler.spiders.discovery import DiscoverySpider, address_kinds, request_of
from crawler.text.urls import canonical_url

Output = Iterator[Request | Discoveries | ArticleItem | PageOutcome]

# How the refusals of robots.txt and of the site's border begin.
EXCLUSIONS = ("Forbidden by robots.txt", "leads outside the site")


class NewsSpider(DiscoverySpider):
    """Of any site; a subclass has its name and, in `custom_settings`, the site's block."""

    # The ledger records what the others would hide.
    handle_httpstatus_list = (304, *range(400, 600))

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
            RecheckPolicy.read(settings["RECHECKS"])
        except ValueError as error:
            raise OperatorError(f"{error} Correct it in crawler/settings.py.") from None
        return CrawlPlan.read(
            settings["SITE_URL"],
            arguments,
            hosts=settings.getlist("SITE_HOSTS"),
            timezone=settings["SITE_TIMEZONE"],
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
            timezone=self.options["SITE_TIMEZONE"],
        )
        if item is None:
            yield from self._no_article(response, document)
            return
        for flag in NOT_BELIEVED.intersection(item.flags):
            self.stats.inc_value(f"canonical/not_believed/{flag.removeprefix('canonical-')}")
        self.kinds.learn(item.url, "article")
        if self.plan.excludes(item.published_at):
            reason = f"outside since/until: published {item.published_at:%Y-%m-%d}"
            yield self._outcome(response, "excluded", reason, published_at=item.published_at)
            return
        item.capture = response.meta.get("capture")
        yield item
        if self.options.getbool("DISCOVER_LINKS") and self.plan.mode != "worker":
            links = [Link(url) for url in item.links]
            yield from self._discoveries(self._without_listings(links), response.url)

    def _refusal(self, response: Response) -> PageOutcome | None:
        """Why an answer cannot hold an article, before it is read."""
        if response.status in (404, 410):
            # Where no listing is read, such an answer shows that the site is there.
            if self.plan.mode in ("url", "worker"):
                self.stats.inc_value("page/answered")
            return self._outcome(response, "gone", f"HTTP {response.status}")
        if response.status == 304 and _is_conditional(response.request):
            self.stats.inc_value("page/answered")
            return self._outcome(response, "unchanged", "HTTP 304")
        if response.status >= 300:
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
        """What becomes of a page without an article, and the articles that it names."""
        page = ListingPage(document)
        reason = rejection(page)
        state = OUTCOMES[reason]
        self.stats.inc_value(f"no_article/{reason.replace(' ', '_')}")
        yield self._outcome(response, state, reason)
        if state != "rejected":
            return  # an answer in the page's place says nothing about its address
        is_listing = reason.endswith("listing")
        self.kinds.learn(canonical_url(response.url), "listing" if is_listing else "other")
        if self.plan.mode in ("incremental", "backfill") and (
            is_listing or len(page.entries) >= ENTRIES
        ):
            yield from self.follow_listing(response, page)

    def article_failed(self, failure: Failure) -> Iterator[PageOutcome]:
        error = failure.value
        if isinstance(error, EvidenceLost | NotAsked):
            return  # The page stays as it was: due again.
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
        return PageOutcome(
            page_id,
            state,
            reason,
            http_status=response.status,
            capture=response.meta.get("capture"),
            **more,
        )


def _is_conditional(request: Request | None) -> bool:
    asked_by = ("If-None-Match", "If-Modified-Since")
    return request is not None and any(name in request.headers for name in asked_by)
