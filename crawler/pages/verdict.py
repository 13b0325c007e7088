"""Whether a page is an article: the evidence for and against, as points that are added up."""

import re
from urllib.parse import urlsplit

from crawler.pages.blocks import Block
from crawler.pages.date_lines import Published
from crawler.pages.layout import Layout
from crawler.pages.notices import notice_as_title, notice_in
from crawler.pages.structured import ARTICLE_TYPES, LISTING_TYPES, Metadata
from crawler.text.arabic import fold, fold_line
from crawler.text.url_escapes import unescaped

ENOUGH = 3
_DECISIVE = 20
_NOTICE_CHARS = 600  # a longer text is more than a notice
_ADVISED_ON = ("missing page", "challenge", "server error")  # notices that more text may follow

# Both in lower case: a search that ignores case takes several times as long.
_LISTING_PATH = re.compile(
    r"/(?:category|categories|tags?|author|authors|search|archive|albums?|alboms|galler(?:y(?!/\d)|ies)|"
    r"allnews|playlist)(?:[/.?]|$)|/page/\d+/?$"
)
_STATIC_PATH = re.compile(
    r"/(?:about|about-?us|contact|contact-?us|login|register|signin|privacy(?:-policy)?|terms|"
    r"advertise|subscribe|sitemap|rss|feed|من-نحن|اتصل-بنا|سياسة-الخصوصية[^/]*)(?:[/.?]|$)|"
    r"^/(?:index\.\w+|default\.aspx|home)?/?$"
)
_ARTICLE_ADDRESS = re.compile(
    r"\d{3,}|[?&](?:id|sid|articleid|newsid)=|[^/]{25,}/?$", re.IGNORECASE
)
_ID = re.compile(r"(?:^|&)\w*id=\d")  # index.php?page=details&id=58077
_SLUG_WORD = re.compile(r"[^\W\d_]{3,}")
_SLUG_WORDS = 5  # of the title, in an address; sections and the site's own pages have fewer


def evidence(
    url: str, metadata: Metadata, layout: Layout, published: Published | None, text: str
) -> dict[str, int]:
    """What speaks for (positive) and against (negative) the page being one article."""
    chars = len(text)
    address = urlsplit(url)
    path = unescaped(address.path)
    lower = path.lower()
    named = bool(_ARTICLE_ADDRESS.search(path + ("?" + address.query if address.query else "")))
    points = {
        "json-ld article": 4 * bool(metadata.schema_types & ARTICLE_TYPES),
        "og:type article": 1 * metadata.is_typed,
        "date": 2 if published else -2,
        "date in metadata": 1 * bool(published and published.source in ("json-ld", "meta")),
        "title confirmed": 1 * layout.title.confirmed,
        "author": 1 * bool(metadata.author),
        "long text": (chars >= 400) + (chars >= 1200),
        "address": 1 * named,
        "title in the address": 2 * spells(path, layout.title.text),
        "listing address": -3 * bool(_LISTING_PATH.search(lower)),
        "static address": -3 * bool(_STATIC_PATH.search(lower) and not _ID.search(address.query)),
        "many articles": -4 * (metadata.articles > 2),
        "many headlines": -_DECISIVE * (metadata.articles > 2 and _headlines(layout) > 2),
        "listing type": -2 * bool(metadata.schema_types & LISTING_TYPES),
        "links among the text": -4 * _is_listing(layout.inside),
        "a notice": -_notice_points(layout.title.text, text),
    }
    return {name: value for name, value in points.items() if value}


def _headlines(layout: Layout) -> int:
    """How many titles of the first rank the page prints."""
    return sum(block.element.tag == "h1" for block in layout.blocks)


def _is_listing(inside: list[Block]) -> bool:
    """Whether the text is excerpts below links to the articles that they come from."""
    excerpts = prose = 0
    after_link = False
    for block in inside:
        if block.prose:
            prose += 1
            excerpts += after_link
            after_link = False
        elif block.link_share > 0.8 and len(block.text) >= 15:
            after_link = True
    return excerpts >= 3 and excerpts * 2 >= prose


def spells(path: str, title: str) -> bool:
    """Whether the last part of an address that has words is made of the title's."""
    parts = (_SLUG_WORD.findall(part) for part in reversed(path.split("/")))
    slug = next((words for words in parts if len(words) >= _SLUG_WORDS), [])
    if not slug:
        return False
    common = set(_SLUG_WORD.findall(fold_line(title))).intersection(
        _SLUG_WORD.findall(fold(" ".join(slug)))
    )
    return len(common) >= _SLUG_WORDS


def _notice_points(title: str, text: str) -> int:
    """How much the page says that its article is not here, or not to be read by just anybody."""
    entitled = notice_as_title(title) is not None
    if len(text) >= _NOTICE_CHARS:
        return 3 * entitled
    paragraphs = text.split("\n\n")
    told = sum(len(paragraph) for paragraph in paragraphs if notice_in(paragraph))
    if entitled or told * 2 >= len(text):
        return _DECISIVE
    return 3 * (notice_in(paragraphs[0]) in _ADVISED_ON)
