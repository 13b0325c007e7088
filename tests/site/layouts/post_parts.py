"""The pieces of the post layout: links in all their spellings, cards, the article, the menus."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from tests.site.articles import Article
from tests.site.layouts import furniture
from tests.site.layouts.base import image_path, printed_paragraphs, shortened, text
from tests.site.sections import SECTIONS, Section

BLOCKS = {"p": "<p>{}</p>", "h": "<h4>{}</h4>", "li": "<ul><li>{}</li></ul>"}
CARD_TITLE = 65
EXCERPT = 180


def slug(article: Article) -> str:
    """As the CMS makes it: the raw title, spaces and slashes as dashes, quotes and «؟» kept."""
    return article.slug_title.replace(" ", "-").replace("/", "-").replace("%", "::")


def category_path(section: Section) -> str:
    return f"/category/{section.id}/{quote(section.name.replace(' ', '-'))}"


def link(base: str, article: Article, spelling: int) -> str:
    """An href to the article, in one of the seven spellings that such a site mixes."""
    short, tail = f"/post/{article.number}", slug(article)
    spellings = (
        f"{short}/{quote(tail)}",
        f"{base}{short}",
        f"{short}/",
        f"{base}/{short}/{tail}",  # two slashes after the host
        f"{short}/{tail}?fbclid=IwAR{article.number:06x}",
        f"{base}{short}/{tail}",
        f"{short}/{quote(tail).lower()}",
    )
    return text(spellings[spelling % len(spellings)]).replace('"', "&quot;")


def cards(base: str, articles: Sequence[Article]) -> str:
    """Image and shortened title; such a site's listings print no dates."""
    items = "\n".join(
        f'<div class="col-md-4"><a href="{link(base, article, position + 3 * article.number)}">'
        f'<img src="/uploads/thumb-{article.number}.png" alt=""><h5>'
        f"{text(shortened(article.title, CARD_TITLE, '...'))}</h5></a></div>"
        for position, article in enumerate(articles)
    )
    return f'<div class="row posts">{items}</div>'


def pagination(number: int, pages: int, address: Callable[[int], str]) -> str:
    """Laravel's: « and » with rel, an ellipsis without a link, the current page without one."""
    near = {1, pages, *range(number - 2, number + 3)}
    items = []
    if number > 1:
        items.append(f'<li><a href="{text(address(number - 1))}" rel="prev">«</a></li>')
    previous = 0
    for n in sorted(n for n in near if 1 <= n <= pages):
        if n > previous + 1:
            items.append("<li><span>...</span></li>")
        label = f"<span>{n}</span>" if n == number else f'<a href="{text(address(n))}">{n}</a>'
        items.append(f"<li>{label}</li>")
        previous = n
    if number < pages:
        items.append(f'<li><a href="{text(address(number + 1))}" rel="next">»</a></li>')
    return f'<ul class="pagination">{"".join(items)}</ul>'


def article_markup(
    article: Article,
    *,
    base: str,
    printed: str,
    related: Sequence[Article],
    tags: Sequence[tuple[int, str]],
) -> str:
    """Title, date, title again, body; related links stand inside the body's container."""
    title = text(article.title)
    image = image_path(article)
    picture = f'<figure><img src="{image}"><figcaption>{title}</figcaption></figure>'
    keywords = "".join(f'<a href="/tags/{i}/{quote(tag)}">{tag}</a> ' for i, tag in tags)
    return (
        f'<div class="single-post"><a class="category" href="{category_path(article.section)}">'
        f'{article.section.name}</a><div class="page-heading">{title}</div>\n'
        f'<div class="single-post-date">{printed}</div>\n'
        f'<h2 class="single-post-title">{title}</h2>\n{picture if image else ""}'
        f'<div class="single-post-text">{_body(article)}\n<p>» اقرأ ايضاً</p>'
        f"<ul>{_related(base, related)}</ul></div>\n{_share(base, article)}"
        f'<div class="tags">كلمات مفتاحية : {keywords}</div>\n'
        f'<div class="related"><h3>مواضيع ذات صلة</h3>{cards(base, related)}</div></div>'
    )


def _body(article: Article) -> str:
    blocks = [BLOCKS[kind].format(markup) for kind, markup in printed_paragraphs(article)]
    if article.number % 4 == 2:
        # Rich-text editors of this family let advertisements be set into the text.
        blocks.insert(1, '<a href="https://ads.example/10"><img src="/img/ad.gif" alt=""></a>')
    return "\n".join(blocks)


def _related(base: str, related: Sequence[Article]) -> str:
    return "".join(
        f'<li><a href="{link(base, article, article.number)}">{text(article.title)}</a></li>'
        for article in related
    )


def _share(base: str, article: Article) -> str:
    short = f"{base}/post/{article.number}"
    return (
        f'<div class="share"><a href="https://www.facebook.com/sharer/sharer.php?u={short}">شارك'
        f'</a> <a href="https://twitter.com/share?url={short}">غرد</a> رابط مختصر: '
        f'<input readonly value="{short}"></div>\n'
    )


def menus(newest: Sequence[Article], weight: int, clock: str, readers: str) -> tuple[str, str]:
    """Header, ticker, slider; then the sidebar «الأكثر قراءة» and the footer."""
    sections = "".join(
        f'<li><a href="{category_path(section)}">{section.name}</a></li>' for section in SECTIONS
    )
    pages = "".join(
        f'<li><a href="/page/{name}">{lines[0]}</a></li>'
        for name, lines in furniture.STATIC_PAGES.items()
    )
    tags = "".join(
        f'<li><a href="/tags/{i}/{tag.replace(" ", "-")}">{tag}</a></li>'
        for i, tag in furniture.menu_tags(weight)
    )
    ticker = "".join(
        f'<a href="{link("", article, 2)}">{text(article.title)}</a> ' for article in newest[:10]
    )
    slider = "".join(
        f'<div class="item"><a href="{link("", article, 0)}"><h4>{text(article.title)}</h4></a>'
        "</div>"
        for article in newest[:5]
    )
    top = (
        f'<body><div class="clock">{clock}</div><nav><ul><li><a href="/">الرئيسية</a></li>'
        f'{sections}<li><a href="/allNews">كل الأخبار</a></li>{pages}<li><a href="#">RSS</a></li>'
        f'</ul></nav>\n<div class="ticker">عاجل: {ticker}</div>\n<div class="slider">{slider}'
        '</div>\n<div class="content">'
    )
    bottom = (
        f'</div>\n<aside><h3>الأكثر قراءة</h3>{_most_read(newest)}<ul class="cloud">{tags}</ul>'
        f"<span>عدد القراءات: {readers}</span></aside><footer>جميع الحقوق محفوظة</footer>"
        "</body></html>"
    )
    return top, bottom


def _most_read(newest: Sequence[Article]) -> str:
    return "".join(
        f'<div class="most"><a href="{link("", article, 6)}">{text(article.title)}</a>'
        f"<p>{text(shortened(article.body.replace(chr(10), ' '), EXCERPT, '...'))}</p></div>"
        for article in newest[10:15]
    )
