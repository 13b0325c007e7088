"""The site: a newsroom in one layout, its faults, and the truth about every article."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.site.articles import Article
from tests.site.exchange import Answer, Request, get
from tests.site.faults import Faults
from tests.site.layouts import LAYOUTS
from tests.site.layouts.base import image_path
from tests.site.newsroom import Newsroom
from tests.site.seed import read_seed_article


@dataclass(frozen=True)
class Truth:
    """What a perfect crawl knows of an article; fields are named as those of ``ArticleItem``.

    ``address`` is path and query in the site's own canonical form; ``body`` holds sub-headings
    and items of lists as paragraphs of their own; ``related`` are numbers of articles.
    """

    number: int
    address: str
    title: str
    body: str
    published_at: datetime  # UTC
    published_precision: str
    published_text: str
    section: str
    dateline: str | None
    agency: str | None
    author: str | None
    image: str | None  # path
    related: tuple[int, ...]
    modified_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        times = {
            name: value.isoformat()
            for name, value in vars(self).items()
            if isinstance(value, datetime)
        }
        return {**vars(self), **times}


class Site:
    """A replica of a news site; nothing is composed before it is asked for.

    ``layout`` is "table", "post" or "semantic"; ``articles`` how many there are, one more with
    ``seed_article``, a text file (see ``seed``); ``weight`` the bytes of a page, roughly;
    ``crawl_delay`` the seconds that robots.txt asks for; with ``every`` only each so many-th of
    the numbers is an article, and a day has fewer of them.
    """

    def __init__(
        self,
        layout: str = "post",
        articles: int = 60,
        seed_article: Path | str | None = None,
        weight: int = 15_000,
        crawl_delay: float | None = None,
        every: int = 1,
    ):
        if layout not in LAYOUTS:
            raise ValueError(f"No layout {layout!r}; there are {', '.join(LAYOUTS)}.")
        seed = read_seed_article(Path(seed_article)) if seed_article else None
        self.newsroom = Newsroom(articles, seed, every)
        self.layout = LAYOUTS[layout](self.newsroom, weight, crawl_delay)
        self.faults = Faults()
        self.seed_number = self.newsroom.seed_number
        self._told: list[Truth] = []
        self._told_version = -1

    @property
    def truth(self) -> list[Truth]:
        """Of every article published now, newest first."""
        with self.newsroom.lock:
            if self._told_version != self.newsroom.version:
                articles = self.newsroom.all(self.newsroom.numbers())
                self._told = [self._truth(article) for article in articles]
                self._told_version = self.newsroom.version
            return list(self._told)

    def publish(self, count: int) -> list[int]:
        """Adds new articles at the top; returns their numbers, oldest first."""
        return self.newsroom.publish(count)

    def reprint(self, number: int, *, title: str) -> int:
        """Publishes the text of an article once more, under another headline; its number."""
        return self.newsroom.reprint(number, title=title)

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """Rewrites an article; ``body`` is paragraphs separated by one blank line."""
        self.newsroom.edit(number, title=title, body=body)

    def remove(self, number: int) -> None:
        self.newsroom.remove(number)

    def restore(self, number: int) -> None:
        """Shows an article again that was removed."""
        self.newsroom.restore(number)

    def number_at(self, address: str) -> int | None:
        """The article that any spelling of an address means, published or not; else None."""
        return self.layout.number_at(get(address))

    def answer(self, request: Request) -> Answer:
        fault = self.faults.pick(request)
        return fault.answer(request, self.layout) if fault else self.layout.answer(request)

    def _truth(self, article: Article) -> Truth:
        return Truth(
            number=article.number,
            address=self.layout.address(article),
            title=article.title,
            body=article.body,
            published_at=article.published_at,
            published_precision=article.precision,
            published_text=self.layout.published_text(article),
            section=article.section.name,
            dateline=article.dateline,
            agency=article.agency,
            author=article.author,
            image=image_path(article),
            related=tuple(self.newsroom.related_to(article.number)),
            modified_at=article.modified_at,
        )
