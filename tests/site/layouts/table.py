"""A site of the early 2010s: nested tables, ``?id=`` addresses, windows-1256, no metadata."""

import re
from collections.abc import Sequence

from tests.site.articles import Article
from tests.site.dates import slashes
from tests.site.exchange import Answer, Request, page, redirect
from tests.site.layouts import furniture
from tests.site.layouts.base import PRIVATE_PATH, Layout, text
from tests.site.layouts.table_parts import box, menus, poll, story_markup
from tests.site.newsroom import TAGS, Newsroom
from tests.site.sections import SECTIONS

DOCTYPE = '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">'
META = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1256">'
HEADER, META_TAG, NOWHERE = range(3)  # where a page tells its charset


class TableLayout(Layout):
    """Unknown articles lead home; pages past a listing's end repeat the last one.

    An article's charset is told by the header, by a meta tag alone, or nowhere: its number
    modulo three. Every other page tells it in the header.
    """

    name = "table"
    charset = "cp1256"
    page_size = 20

    def __init__(self, newsroom: Newsroom, weight: int, crawl_delay: float | None = None):
        super().__init__(newsroom, weight, crawl_delay)
        self.route("/|/index.php", self.home)
        self.route(r"/news\.php", self.news)
        self.route(r"/print\.php", self.print_version)
        self.route(r"/section\.php", self.section)
        self.route(r"/archive\.php", self.archive)
        self.route(r"/tag\.php", self.tag)
        self.route(r"/page\.php", self.static)

    def address(self, article: Article) -> str:
        return f"/news.php?id={article.number}"

    def number_at(self, request: Request) -> int | None:
        digits = request.query.get("id", "")
        asked = request.path in ("/news.php", "/print.php") and digits.isdecimal()
        return int(digits) if asked else None

    def published_text(self, article: Article) -> str:
        return article.printed or slashes(article)

    def page_number(self, request: Request, pages: int) -> int:
        return min(super().page_number(request, pages), pages)

    def missing(self, request: Request) -> Answer:
        return redirect("/")

    def _document(self, title: str, content: str, declared: int = HEADER) -> Answer:
        meta = META if declared == META_TAG else ""
        kind = "text/html; charset=windows-1256" if declared == HEADER else "text/html"
        head = f"{DOCTYPE}\n<html dir=rtl><head>{meta}<title>{text(title)}</title>"
        return page(*self.framed(head, content), kind=kind)

    def home(self, request: Request, match: re.Match[str]) -> Answer:
        newest = self.newsroom.all(self.newsroom.numbers()[: self.page_size])
        boxes = [box("آخر الأخبار", newest)]
        for section in SECTIONS:
            numbers = self.newsroom.in_section(section.id)[:5]
            boxes.append(box(section.name, self.newsroom.all(numbers)))
        boxes.append(f'<p><a href="{PRIVATE_PATH}">تقرير داخلي</a></p>')
        return self._document(furniture.SITE_NAME, "\n".join(boxes))

    def news(self, request: Request, match: re.Match[str]) -> Answer:
        article = self.newsroom.get(self.number_at(request) or 0)
        return self.article_page(request, article) if article else self.missing(request)

    def article_page(self, request: Request, article: Article) -> Answer:
        related = self.newsroom.all(self.newsroom.related_to(article.number))
        content = (
            f"{story_markup(article, self.published_text(article))}"
            f'<tr><td align=left><font size=1><a href="print.php?id={article.number}">نسخة للطباعة'
            f"</a> | عدد القراءات: {article.number % 4321}</font></td></tr></table>\n"
            f"{box('أخبار ذات صلة', related)}"
        )
        title = f"{furniture.SITE_NAME} :: {article.title}"
        return self._document(title, content, declared=article.number % 3)

    def print_version(self, request: Request, match: re.Match[str]) -> Answer:
        article = self.newsroom.get(self.number_at(request) or 0)
        if article is None:
            return self.missing(request)
        markup = (
            f"<html dir=rtl><head><title>{text(article.title)}</title></head>"
            f'<body onload="window.print()">{story_markup(article, self.published_text(article))}'
            "</table></body></html>"
        )
        return page(self.encode(markup), kind="text/html; charset=windows-1256")

    def section(self, request: Request, match: re.Match[str]) -> Answer:
        for section in SECTIONS:
            if request.query.get("cat") == str(section.id):
                return self.paged(request, section.name, self.newsroom.in_section(section.id))
        return self.missing(request)

    def archive(self, request: Request, match: re.Match[str]) -> Answer:
        return self.paged(request, "أرشيف الأخبار", self.newsroom.numbers())

    def tag(self, request: Request, match: re.Match[str]) -> Answer:
        digits = request.query.get("t", "")
        if not digits.isdecimal() or int(digits) >= len(TAGS):
            return self.missing(request)
        tag = TAGS[int(digits)]
        return self.paged(request, tag, self.newsroom.with_tag(tag))

    def static(self, request: Request, match: re.Match[str]) -> Answer:
        lines = furniture.STATIC_PAGES.get(request.query.get("name", ""))
        if lines is None:
            return self.missing(request)
        cells = "".join(f"<tr><td><font size=3>{text(line)}</font></td></tr>" for line in lines)
        return self._document(lines[0], f"<table>{cells}</table>")

    def listing(
        self, request: Request, heading: str, articles: Sequence[Article], pages: int
    ) -> Answer:
        number = self.page_number(request, pages)
        near = sorted({1, pages, *range(max(1, number - 3), min(pages, number + 3) + 1)})
        links = [f'<a href="{text(self.page_address(request, n))}">[{n}]</a>' for n in near]
        if number < pages:
            links.append(f'<a href="{text(self.page_address(request, number + 1))}">التالي</a>')
        extra = "&amp;cat=" + request.query["cat"] if request.query.get("cat") else ""
        content = f"{box(heading, articles, extra)}<p align=center>{' '.join(links)}</p>"
        return self._document(f"{furniture.SITE_NAME} :: {heading}", content)

    def frame(self) -> tuple[str, str]:
        top, bottom = menus(self.weight), poll()
        used = len(self.encode(top + bottom)) + furniture.CONTENT // 2
        style, script = furniture.dead_weight(self.weight - used)
        top = f"<style>{style}</style>\n<script>{script}</script></head>\n{top}"
        return top, bottom
