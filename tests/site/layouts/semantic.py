"""A site of today: HTML5, JSON-LD, OpenGraph, feeds, sitemaps, AMP, conditional requests."""

import re
from collections.abc import Sequence
from email.utils import format_datetime
from urllib.parse import quote

from tests.site.articles import Article
from tests.site.dates import levantine
from tests.site.exchange import Answer, Headers, Request, page, redirect
from tests.site.layouts import furniture
from tests.site.layouts.base import PRIVATE_PATH, Layout, text
from tests.site.layouts.feeds import FeedsMixin
from tests.site.layouts.semantic_parts import (
    about_article,
    amp_markup,
    article_markup,
    menus,
    pagination,
    teasers,
)
from tests.site.newsroom import TAGS, Newsroom
from tests.site.sections import SECTIONS

PAGE = r"(page/\d+/)?"
SLUGS = {section.slug: section for section in SECTIONS}


class SemanticLayout(FeedsMixin, Layout):
    """A wrong slug leads to the right one, unknown articles answer 404 and removed ones 410."""

    name = "semantic"
    page_size = 15

    def __init__(self, newsroom: Newsroom, weight: int, crawl_delay: float | None = None):
        super().__init__(newsroom, weight, crawl_delay)
        self.route("/", self.home)
        self.route(r"/\d{4}/\d\d/\d\d/[^/]*?(?P<number>\d+)/?(?P<amp>amp/?)?", self.story)
        self.route(rf"/section/(?P<slug>\w+)/{PAGE}", self.section)
        self.route(rf"/archive/{PAGE}", self.archive)
        self.route(rf"/tag/(?P<tag>[^/]+)/{PAGE}", self.tag)
        self.route(r"/(?P<name>about|contact|advertise)/", self.static)
        self.route(r"/(?P<name>login|search)", self.form)
        self.route_feeds()

    def address(self, article: Article) -> str:
        slug = re.sub(r"\W+", "-", article.slug_title)[:60].strip("-")
        return f"/{article.local_time:%Y/%m/%d}/{quote(slug)}-{article.number}/"

    def number_at(self, request: Request) -> int | None:
        match = re.fullmatch(r"/\d{4}/\d\d/\d\d/[^/]*?(\d+)/?(amp/?)?", request.path)
        return int(match[1]) if match else None

    def published_text(self, article: Article) -> str:
        return article.printed or levantine(article)

    def page_number(self, request: Request, pages: int) -> int:
        match = re.search(r"/page/(\d+)/$", request.path)
        return int(match[1]) if match else 1

    def page_address(self, request: Request, number: int) -> str:
        root = re.sub(r"page/\d+/$", "", request.path)
        return quote(root) + (f"page/{number}/" if number > 1 else "")

    def finish(self, request: Request, answer: Answer) -> Answer:
        """304 where the client holds this version already."""
        headers = dict(answer.headers)
        known = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
        if "ETag" in headers and headers["ETag" if known[0] else "Last-Modified"] in known:
            return answer.but(status=304, parts=())
        return answer

    def _document(
        self, request: Request, title: str, content: str, about: str = "", more: Headers = ()
    ) -> Answer:
        head = (
            '<!DOCTYPE html>\n<html lang="ar" dir="rtl"><head><meta charset="utf-8">'
            f"<title>{text(title)}</title>{about}"
            '<link rel="alternate" type="application/rss+xml" href="/feed">'
            '<link rel="alternate" type="application/atom+xml" href="/atom.xml">'
        )
        return page(*self.framed(head, content), more=more)

    def home(self, request: Request, match: re.Match[str]) -> Answer:
        newest = self.newsroom.all(self.newsroom.numbers()[: self.page_size])
        boxes = [self._teasers(newest[:5], "?utm_source=home&utm_medium=slider")]
        boxes.append(self._teasers(newest[5:]))
        for section in SECTIONS:
            numbers = self.newsroom.in_section(section.id)[:3]
            boxes += [f"<h2>{section.name}</h2>", self._teasers(self.newsroom.all(numbers))]
        boxes.append(f'<a href="{PRIVATE_PATH}">تقرير داخلي</a>')
        return self._document(request, furniture.SITE_NAME, "\n".join(boxes))

    def _teasers(self, articles: Sequence[Article], tracking: str = "") -> str:
        return teasers([(self.address(article) + tracking, article) for article in articles])

    def story(self, request: Request, match: re.Match[str]) -> Answer:
        number = int(match["number"])
        article = self.newsroom.get(number)
        if article is None:
            gone = self.newsroom.was_removed(number)
            return self.missing(request).but(status=410 if gone else 404)
        address = self.address(article) + ("amp" if match["amp"] else "")
        if quote(request.path) != address:
            return redirect(address, 301)
        return self._amp(request, article) if match["amp"] else self.article_page(request, article)

    def article_page(self, request: Request, article: Article) -> Answer:
        related = self.newsroom.all(self.newsroom.related_to(article.number))
        content = article_markup(
            article,
            printed=self.published_text(article),
            related=[(self.address(other) + "?utm_source=related", other) for other in related],
            tags=self.newsroom.tags_of(article.number),
        )
        about = about_article(article, request.base, self.address(article))
        changed = article.modified_at or article.published_at
        more = (
            ("ETag", f'W/"{article.number}-{changed:%Y%m%d%H%M}"'),
            ("Last-Modified", format_datetime(changed, usegmt=True)),
        )
        title = f"{article.title} - {furniture.SITE_NAME}"
        return self._document(request, title, content, about, more)

    def _amp(self, request: Request, article: Article) -> Answer:
        canonical = request.base + self.address(article)
        return page(self.encode(amp_markup(article, canonical, self.published_text(article))))

    def section(self, request: Request, match: re.Match[str]) -> Answer:
        section = SLUGS.get(match["slug"])
        if section is None:
            return self.missing(request)
        return self.paged(request, section.name, self.newsroom.in_section(section.id))

    def archive(self, request: Request, match: re.Match[str]) -> Answer:
        return self.paged(request, "الأرشيف", self.newsroom.numbers())

    def tag(self, request: Request, match: re.Match[str]) -> Answer:
        tag = match["tag"].replace("-", " ")
        if tag not in TAGS:
            return self.missing(request)
        return self.paged(request, tag, self.newsroom.with_tag(tag))

    def listing(
        self, request: Request, heading: str, articles: Sequence[Article], pages: int
    ) -> Answer:
        number = self.page_number(request, pages)
        if number > pages:
            return self.missing(request)
        neighbours = [
            self.page_address(request, n) if 1 <= n <= pages else None
            for n in (number - 1, number + 1)
        ]
        content = f"<h1>{text(heading)}</h1>{self._teasers(articles)}{pagination(*neighbours)}"
        return self._document(request, f"{heading} - {furniture.SITE_NAME}", content)

    def static(self, request: Request, match: re.Match[str]) -> Answer:
        title, *lines = furniture.STATIC_PAGES[match["name"]]
        paragraphs = "".join(f"<p>{text(line)}</p>" for line in lines)
        return self._document(request, title, f"<article><h1>{title}</h1>{paragraphs}</article>")

    def form(self, request: Request, match: re.Match[str]) -> Answer:
        title, name = ("بحث", "q") if match["name"] == "search" else ("تسجيل الدخول", "user")
        content = f'<h1>{title}</h1><form method="get"><input name="{name}"></form>'
        return self._document(request, title, content)

    def missing(self, request: Request) -> Answer:
        content = "<h1>الصفحة غير موجودة</h1>"
        return self._document(request, "404", content).but(status=404)

    def frame(self) -> tuple[str, str]:
        top, bottom = menus(self.weight)
        used = len(self.encode(top + bottom)) + furniture.CONTENT
        style, script = furniture.dead_weight(self.weight - used)
        return f"<style>{style}</style></head>\n{top}", f"{bottom}<script>{script}</script></html>"
