"""The pieces of the table layout: the article, boxes of headlines, menus and ticker, the poll."""

from collections.abc import Sequence

from tests.site.articles import Article
from tests.site.layouts import furniture
from tests.site.layouts.base import image_path, printed_paragraphs, shortened, text
from tests.site.sections import SECTIONS

BLOCKS = {"p": "{}<br><br>", "h": "<b>{}</b><br><br>", "li": "<li>{}</li>"}


def story_markup(article: Article, printed: str) -> str:
    """The table of an article, left open for what the page puts under it."""
    image = image_path(article)
    title = text(article.title)
    picture = (
        f"<tr><td align=center><img src={image} width=400><br><font size=1>{title}</font></td></tr>"
        if image
        else ""
    )
    lines = "\n".join(BLOCKS[kind].format(markup) for kind, markup in printed_paragraphs(article))
    return (
        f'<table width=560 cellpadding=4><tr><td><a href="/section.php?cat={article.section.id}">'
        f"{article.section.name}</a></td></tr>\n<tr><td class=newstitle><b>"
        f"<font size=5>{title}</font></b></td></tr>\n"
        f"<tr><td class=newsdate><font size=2 color=gray>{printed}</font></td></tr>\n"
        f"{picture}<tr><td class=newsbody><font size=4 face=Arial>{lines}</font></td></tr>\n"
    )


def box(heading: str, articles: Sequence[Article], extra: str = "") -> str:
    rows = "\n".join(
        f'<tr><td><img src=/img/dot.gif> <a href="news.php?id={article.number}{extra}">'
        f"{text(shortened(article.title, 70, '..'))}</a></td>"
        f"<td><font size=1>{article.local_time:%d/%m/%Y}</font></td></tr>"
        for article in articles
    )
    return f"<table width=560><tr><td colspan=2 bgcolor=navy>{heading}</td></tr>\n{rows}</table>\n"


def menus(weight: int) -> str:
    sections = "".join(
        f'<td><a href="/section.php?cat={section.id}">{section.name}</a></td>'
        for section in SECTIONS
    )
    pages = "".join(
        f'<td><a href="/page.php?name={name}">{lines[0]}</a></td>'
        for name, lines in furniture.STATIC_PAGES.items()
    )
    tags = "".join(
        f'<tr><td><a href="/tag.php?t={index}">{tag}</a></td></tr>'
        for index, tag in furniture.menu_tags(weight)
    )
    ticker = " *** ".join(map(text, furniture.foreign_headlines()))
    return (
        "<body topmargin=0><table width=980 align=center><tr><td colspan=3><table><tr>"
        f'<td><a href="/">الرئيسية</a></td>{sections}<td><a href="/archive.php">الأرشيف</a></td>'
        f"{pages}</tr></table></td></tr>\n<tr><td colspan=3><marquee direction=right>{ticker}"
        f"</marquee></td></tr>\n<tr><td width=180 valign=top><table>{tags}</table></td>"
        "<td valign=top>\n"
    )


def poll() -> str:
    return (
        "</td><td width=200 valign=top><form action=/poll.php method=post><table><tr><td>استطلاع "
        "الرأي</td></tr><tr><td>هل تتابع الأخبار عبر الهاتف؟</td></tr><tr><td><input type=radio "
        "name=v value=1> نعم <input type=radio name=v value=2> لا</td></tr><tr><td>ينتهي الاستطلاع:"
        " 04/11/2020</td></tr></table></form><p>عدد الزوار: 1234567</p></td></tr>\n"
        "<tr><td colspan=3 align=center>جميع الحقوق محفوظة 2010 - 2020</td></tr></table>"
        "</body></html>"
    )
