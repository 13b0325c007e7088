"""RSS and Atom feeds, sitemap index, gzipped sitemaps, news sitemap."""

import gzip
import re
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime

from tests.site.articles import Article
from tests.site.dates import iso
from tests.site.exchange import Answer, Request, page
from tests.site.layouts import furniture
from tests.site.layouts.base import Layout, text
from tests.site.sections import SECTIONS

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
FEED_ITEMS = 25
SITEMAP_ADDRESSES = 1_000
NEWS_AGE = timedelta(hours=48)


class FeedsMixin(Layout):
    """The machine-readable side of a layout; ``route_feeds`` makes it answer."""

    def route_feeds(self) -> None:
        self.route(r"/feed/?", self.rss)
        self.route(r"/section/(?P<slug>\w+)/feed/?", self.section_rss)
        self.route(r"/atom\.xml", self.atom)
        self.route(r"/sitemap_index\.xml", self.sitemap_index)
        self.route(r"/sitemaps/articles-(?P<part>\d+)\.xml\.gz", self.sitemap_part)
        self.route(r"/sitemaps/pages\.xml", self.sitemap_pages)
        self.route(r"/sitemaps/news\.xml", self.sitemap_news)

    def sitemaps(self) -> Sequence[str]:
        return ("/sitemap_index.xml", "/sitemaps/news.xml")

    def rss(self, request: Request, match: re.Match[str]) -> Answer:
        return self._rss(request, furniture.SITE_NAME, self.newsroom.numbers())

    def section_rss(self, request: Request, match: re.Match[str]) -> Answer:
        for section in SECTIONS:
            if section.slug == match["slug"]:
                return self._rss(request, section.name, self.newsroom.in_section(section.id))
        return self.missing(request)

    def _rss(self, request: Request, title: str, numbers: list[int]) -> Answer:
        items = "".join(
            f"<item><title>{text(article.title)}</title><link>{url}</link>"
            f'<guid isPermaLink="true">{url}</guid>{_pub_date(article)}'
            f"<category>{article.section.name}</category>"
            f"<description>{text(article.blocks[0].text)}</description></item>\n"
            for url, article in self._newest(request, numbers)
        )
        return self._xml(
            f'<rss version="2.0"><channel><title>{title}</title><link>{request.base}/</link>'
            f"<description>{title}</description>\n{items}</channel></rss>",
            "application/rss+xml",
        )

    def atom(self, request: Request, match: re.Match[str]) -> Answer:
        entries = "".join(
            f'<entry><title>{text(article.title)}</title><link href="{url}"/><id>{url}</id>'
            f"<updated>{_changed(article)}</updated></entry>\n"
            for url, article in self._newest(request, self.newsroom.numbers())
        )
        updated = self.newsroom.now.isoformat()
        return self._xml(
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{furniture.SITE_NAME}</title>'
            f"<id>{request.base}/</id><updated>{updated}</updated>\n{entries}</feed>",
            "application/atom+xml",
        )

    def _newest(self, request: Request, numbers: list[int]) -> list[tuple[str, Article]]:
        articles = self.newsroom.all(numbers[:FEED_ITEMS])
        return [(request.base + self.address(article), article) for article in articles]

    def sitemap_index(self, request: Request, match: re.Match[str]) -> Answer:
        parts = -(-len(self.newsroom.numbers()) // SITEMAP_ADDRESSES)
        paths = [f"/sitemaps/articles-{n}.xml.gz" for n in range(1, parts + 1)]
        children = "".join(
            f"<sitemap><loc>{request.base}{path}</loc></sitemap>\n"
            for path in (*paths, "/sitemaps/pages.xml")
        )
        return self._xml(f'<sitemapindex xmlns="{SITEMAP}">\n{children}</sitemapindex>')

    def sitemap_part(self, request: Request, match: re.Match[str]) -> Answer:
        """Oldest articles first, so that only the last part grows."""
        end = int(match["part"]) * SITEMAP_ADDRESSES
        numbers = self.newsroom.numbers()[::-1][max(0, end - SITEMAP_ADDRESSES) : end]
        if not numbers:
            return self.missing(request)
        urls = "".join(
            f"<url><loc>{request.base}{self.address(article)}</loc>"
            f"<lastmod>{_lastmod(article)}</lastmod></url>\n"
            for article in self.newsroom.all(numbers)
        )
        markup = f'{XML}<urlset xmlns="{SITEMAP}">\n{urls}</urlset>'
        return page(gzip.compress(markup.encode(), mtime=0), kind="application/gzip")

    def sitemap_pages(self, request: Request, match: re.Match[str]) -> Answer:
        paths = ["/", *(f"/section/{section.slug}/" for section in SECTIONS)]
        paths += [f"/{name}/" for name in furniture.STATIC_PAGES]
        urls = "".join(f"<url><loc>{request.base}{path}</loc></url>\n" for path in paths)
        return self._xml(f'<urlset xmlns="{SITEMAP}">\n{urls}</urlset>')

    def sitemap_news(self, request: Request, match: re.Match[str]) -> Answer:
        since = self.newsroom.now - NEWS_AGE
        newest = self.newsroom.all(self.newsroom.numbers()[:SITEMAP_ADDRESSES])
        urls = "".join(
            f"<url><loc>{request.base}{self.address(article)}</loc><news:news><news:publication>"
            f"<news:name>{furniture.SITE_NAME}</news:name><news:language>ar</news:language>"
            f"</news:publication><news:publication_date>{iso(article)}</news:publication_date>"
            f"<news:title>{text(article.title)}</news:title></news:news></url>\n"
            for article in newest
            if article.published_at >= since
        )
        return self._xml(f'<urlset xmlns="{SITEMAP}" xmlns:news="{NEWS}">\n{urls}</urlset>')

    def _xml(self, markup: str, kind: str = "application/xml") -> Answer:
        return page((XML + markup).encode(), kind=f"{kind}; charset=utf-8")


def _pub_date(article: Article) -> str:
    """RFC 822 knows no days without a time: an article of which the day alone is known has none."""
    if article.precision == "day":
        return ""
    return f"<pubDate>{format_datetime(article.local_time)}</pubDate>"


def _lastmod(article: Article) -> str:
    return article.modified_at.isoformat() if article.modified_at else iso(article)


def _changed(article: Article) -> str:
    return (article.modified_at or article.local_time).isoformat()
