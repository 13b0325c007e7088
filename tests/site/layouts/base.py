"""What the three layouts have in common: routes, kept pages, robots.txt, paging, a page's frame."""

import base64
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from html import escape
from typing import ClassVar
from urllib.parse import quote, urlencode

from tests.site.articles import Article
from tests.site.composing import compose
from tests.site.exchange import Answer, Request, page
from tests.site.newsroom import Newsroom

View = Callable[[Request, re.Match[str]], Answer]
PRIVATE_PATH = "/private/report"
PRIVATE_NUMBER = 7  # outside every site's range: the truth never lists it
KEPT_PAGES = 4_096
# One grey pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


class Layout(ABC):
    """One way of building a news site around the same articles."""

    name: ClassVar[str]
    charset: ClassVar[str] = "utf-8"
    page_size: ClassVar[int]

    def __init__(self, newsroom: Newsroom, weight: int, crawl_delay: float | None = None):
        self.newsroom = newsroom
        self.weight = weight
        self.crawl_delay = crawl_delay
        self.routes: list[tuple[re.Pattern[str], View]] = []
        self._kept: dict[tuple[str, str], Answer] = {}
        self._kept_version = -1
        self._frame: tuple[tuple[bytes, ...], tuple[bytes, ...]] | None = None
        self.route("/robots.txt", self.robots)
        self.route(PRIVATE_PATH, self.private)
        self.route(r"/uploads/.+\.png", self.image)

    @abstractmethod
    def address(self, article: Article) -> str:
        """Path and query of the article in the form that the site calls its own."""

    @abstractmethod
    def number_at(self, request: Request) -> int | None:
        """The article number that this address means, published or not."""

    @abstractmethod
    def published_text(self, article: Article) -> str:
        """The date as the article's page prints it."""

    @abstractmethod
    def article_page(self, request: Request, article: Article) -> Answer: ...

    @abstractmethod
    def listing(
        self, request: Request, heading: str, articles: Sequence[Article], pages: int
    ) -> Answer:
        """The page of a listing that ``request`` asks for, one of ``pages``."""

    @abstractmethod
    def missing(self, request: Request) -> Answer:
        """What the site says where an article or a section is not there."""

    @abstractmethod
    def frame(self) -> tuple[str, str]:
        """What surrounds every page's own content: from the end of the head, to the end."""

    def route(self, pattern: str, view: View) -> None:
        self.routes.append((re.compile(pattern), view))

    def answer(self, request: Request) -> Answer:
        """The healthy answer; pages are built once and kept until the newsroom changes."""
        with self.newsroom.lock:
            if self._kept_version != self.newsroom.version:
                self._kept.clear()
                self._frame = None
                self._kept_version = self.newsroom.version
            key = (request.base, request.target)
            answer = self._kept.get(key)
            if answer is None:
                answer = self._kept[key] = self.build(request)
                if len(self._kept) > KEPT_PAGES:
                    del self._kept[next(iter(self._kept))]
            return self.finish(request, answer)

    def build(self, request: Request) -> Answer:
        for pattern, view in self.routes:
            match = pattern.fullmatch(request.path)
            if match:
                return view(request, match)
        return page("لا توجد صفحة بهذا العنوان".encode(), status=404)

    def finish(self, request: Request, answer: Answer) -> Answer:
        """What changes at every visit; by default nothing."""
        return answer

    def encode(self, markup: str) -> bytes:
        return markup.encode(self.charset, "xmlcharrefreplace")

    def framed(self, head: str, content: str) -> tuple[bytes, ...]:
        """The parts of a page; the frame, most of its weight, is shared by all pages."""
        if self._frame is None:
            top, bottom = self.frame()
            self._frame = self.pieces(self.encode(top)), self.pieces(self.encode(bottom))
        above, below = self._frame
        return self.encode(head), *above, self.encode(content), *below

    def pieces(self, frame: bytes) -> tuple[bytes, ...]:
        """Cut where ``finish`` fills something in; by default nowhere."""
        return (frame,)

    def paged(self, request: Request, heading: str, numbers: list[int]) -> Answer:
        """One page of the listing of these articles."""
        pages = max(1, -(-len(numbers) // self.page_size))
        start = (self.page_number(request, pages) - 1) * self.page_size
        articles = self.newsroom.all(numbers[start : start + self.page_size])
        return self.listing(request, heading, articles, pages)

    def page_number(self, request: Request, pages: int) -> int:
        digits = request.query.get("page", "1")
        return max(1, int(digits)) if digits.isdecimal() else 1

    def page_address(self, request: Request, number: int) -> str:
        query = urlencode({**request.query, "page": number})
        return f"{quote(request.path)}?{query}"

    def endless(self, request: Request, *, fresh: bool) -> Answer:
        """A listing whose every page links the next: with the same entries, or ever new ones."""
        number = self.page_number(request, 10**9)
        first = 40_000 - number * self.page_size if fresh else max(self.newsroom.numbers())
        articles = [compose(first - i) for i in range(self.page_size)]
        return self.listing(request, "الأرشيف", articles, number + 1)

    def robots(self, request: Request, match: re.Match[str]) -> Answer:
        lines = ["User-agent: *", "Disallow: /private/"]
        if self.crawl_delay is not None:
            lines.append(f"Crawl-delay: {self.crawl_delay:g}")
        lines += [f"Sitemap: {request.base}{path}" for path in self.sitemaps()]
        text = "\n".join(lines) + "\n"
        return page(text.encode(), kind="text/plain; charset=utf-8")

    def sitemaps(self) -> Sequence[str]:
        return ()

    def private(self, request: Request, match: re.Match[str]) -> Answer:
        return self.article_page(request, compose(PRIVATE_NUMBER))

    def image(self, request: Request, match: re.Match[str]) -> Answer:
        return page(PNG, kind="image/png")


def image_path(article: Article) -> str | None:
    """The picture's path, None for an article without one."""
    if not article.has_image:
        return None
    return f"/uploads/{article.local_time:%Y/%m}/{article.number}.png"


def text(plain: str) -> str:
    """Plain text as markup: element content, not an attribute's value."""
    return escape(plain, quote=False)


def shortened(title: str, length: int, ending: str) -> str:
    return title if len(title) <= length else title[:length] + ending


def printed_paragraphs(article: Article) -> list[tuple[str, str]]:
    """(kind, markup) of every block, the credits printed before the first."""
    first, *others = article.blocks
    pairs = [(first.kind, text(article.prefix + first.text))]
    return pairs + [(block.kind, text(block.text)) for block in others]
