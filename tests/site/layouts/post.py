"""A site as Palestinian agencies run them: ``/post/123/any-slug``, no feed, no metadata."""

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from tests.site.articles import Article
from tests.site.composing import NEWEST_AT
from tests.site.dates import header_clock, slashes, spoken
from tests.site.exchange import Answer, Request, page
from tests.site.layouts import furniture
from tests.site.layouts.base import PRIVATE_PATH, Layout, text
from tests.site.layouts.post_parts import article_markup, cards, menus, pagination, slug
from tests.site.newsroom import TAGS, Newsroom
from tests.site.sections import SECTIONS

# Parts of a kept page that are filled in at every visit.
CLOCK, READERS = b"\0clock\0", b"\0readers\0"
FIRST_VISIT = NEWEST_AT + timedelta(minutes=3)  # 13:43 in Hebron
TITLE = "الكرمل - موقع الكرمل الإخباري"


class PostLayout(Layout):
    """Unknown articles and pages past the end answer 200; no two answers have the same bytes.

    The header's clock moves a minute at each request, and so do the readers' counts.
    """

    name = "post"
    page_size = 12

    def __init__(self, newsroom: Newsroom, weight: int, crawl_delay: float | None = None):
        super().__init__(newsroom, weight, crawl_delay)
        self.visits = 0
        self.route("/|/index.php", self.home)
        self.route(r"/+post/(?P<number>\d+)(/.*)?", self.post)
        self.route(r"/+category/(?P<id>\d+)(/.*)?", self.category)
        self.route(r"/+allNews/?", self.all_news)
        self.route(r"/+tags/(?P<id>\d+)(/.*)?", self.tag)
        self.route(r"/+page/(?P<name>\w+)", self.static)

    def address(self, article: Article) -> str:
        return f"/post/{article.number}"

    def number_at(self, request: Request) -> int | None:
        match = re.match(r"/+post/(\d+)(/|$)", request.path)
        return int(match[1]) if match else None

    def published_text(self, article: Article) -> str:
        return article.printed or (slashes if article.number % 2 else spoken)(article)

    def finish(self, request: Request, answer: Answer) -> Answer:
        if CLOCK not in answer.parts:
            return answer
        clock = header_clock(FIRST_VISIT + timedelta(minutes=self.visits)).encode()
        self.visits += 1
        live = {CLOCK: clock, READERS: str(500 + self.visits).encode()}
        cookie = ("Set-Cookie", f"laravel_session={self.visits:032x}; Path=/; HttpOnly")
        return answer.but(
            parts=tuple(live.get(part, part) for part in answer.parts),
            headers=(*answer.headers, cookie),
        )

    def _document(self, request: Request, content: str, about: str = "") -> Answer:
        head = (
            f"<!DOCTYPE html>\n<html><head><meta charset=utf-8><title>{TITLE}</title>"
            f'<meta property="og:type" content="website"><base href="{request.base}/">{about}'
        )
        return page(*self.framed(head, content), more=(("Cache-Control", "no-cache, private"),))

    def pieces(self, frame: bytes) -> tuple[bytes, ...]:
        return tuple(re.split(b"(%s|%s)" % (CLOCK, READERS), frame))

    def home(self, request: Request, match: re.Match[str]) -> Answer:
        newest = self.newsroom.all(self.newsroom.numbers()[:12])
        grids = [cards(request.base, newest)]
        for section in SECTIONS:
            articles = self.newsroom.all(self.newsroom.in_section(section.id)[:4])
            grids.append(f"<h3>{section.name}</h3>{cards(request.base, articles)}")
        grids.append(f'<a class="inside" href="{PRIVATE_PATH}">تقرير داخلي</a>')
        return self._document(request, "\n".join(grids))

    def post(self, request: Request, match: re.Match[str]) -> Answer:
        article = self.newsroom.get(int(match["number"]))
        return self.article_page(request, article) if article else self.missing(request)

    def article_page(self, request: Request, article: Article) -> Answer:
        address = f"{request.base}/post/{article.number}/{quote(slug(article))}"
        about = (
            f'<meta property="og:url" content="{address}">'
            f'<meta property="og:image" content="{request.base}/uploads/logo.png">'
        )
        content = article_markup(
            article,
            base=request.base,
            printed=self.published_text(article),
            related=self.newsroom.all(self.newsroom.related_to(article.number)),
            tags=[(TAGS.index(tag), tag) for tag in self.newsroom.tags_of(article.number)],
        )
        return self._document(request, content, about)

    def missing(self, request: Request) -> Answer:
        """The article's template with nothing in it, and status 200."""
        empty = (
            '<div class="single-post"><div class="single-post-date"></div>'
            '<h2 class="single-post-title"></h2><div class="single-post-text"></div></div>'
        )
        return self._document(request, empty)

    def category(self, request: Request, match: re.Match[str]) -> Answer:
        for section in SECTIONS:
            if section.id == int(match["id"]):
                return self.paged(request, section.name, self.newsroom.in_section(section.id))
        return self.paged(request, "", [])

    def all_news(self, request: Request, match: re.Match[str]) -> Answer:
        return self.paged(request, "كل الأخبار", self.newsroom.numbers())

    def tag(self, request: Request, match: re.Match[str]) -> Answer:
        index = int(match["id"])
        tag = TAGS[index] if index < len(TAGS) else ""
        return self.paged(request, tag, self.newsroom.with_tag(tag))

    def static(self, request: Request, match: re.Match[str]) -> Answer:
        lines = furniture.STATIC_PAGES.get(match["name"])
        if lines is None:
            return self.missing(request)
        paragraphs = "".join(f"<p>{text(line)}</p>" for line in lines[1:])
        return self._document(request, f"<h2>{lines[0]}</h2><div>{paragraphs}</div>")

    def listing(
        self, request: Request, heading: str, articles: Sequence[Article], pages: int
    ) -> Answer:
        number = self.page_number(request, pages)
        links = pagination(number, pages, partial(self.page_address, request))
        content = f"<h3>{text(heading)}</h3>{cards(request.base, articles)}{links}"
        return self._document(request, content)

    def frame(self) -> tuple[str, str]:
        newest = self.newsroom.all(self.newsroom.numbers()[:20])
        top, bottom = menus(newest, self.weight, CLOCK.decode(), READERS.decode())
        used = len(self.encode(top + bottom)) + furniture.CONTENT
        style, script = furniture.dead_weight(self.weight - used)
        return f"<style>{style}</style><script>{script}</script></head>\n{top}", bottom
