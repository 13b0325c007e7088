"""Whether a page is an article: the evidence for and against, as points that are added up."""

import re
from urllib.parse import unquote, urlsplit

from crawler.pages.blocks import Block
from crawler.pages.layout import Layout
from crawler.pages.published import Published
from crawler.pages.structured import ARTICLE_TYPES, LISTING_TYPES, Metadata
from crawler.text.arabic import fold

ENOUGH = 3

_LISTING_PATH = re.compile(
    r"/(?:category|categories|tags?|author|authors|search|archive|albums?|alboms|galler(?:y|ies)|"
    r"allnews|playlist)(?:[/.?]|$)|/page/\d+/?$",
    re.IGNORECASE,
)
_STATIC_PATH = re.compile(
    r"/(?:about|about-?us|contact|contact-?us|login|register|signin|privacy|terms|advertise|"
    r"subscribe|sitemap|rss|feed)(?:[/.?]|$)|^/(?:index\.\w+|default\.aspx|home)?/?$",
    re.IGNORECASE,
)
_ARTICLE_ADDRESS = re.compile(
    r"\d{3,}|[?&](?:id|sid|articleid|newsid)=|[^/]{25,}/?$", re.IGNORECASE
)
_MISSING = re.compile(
    "|".join(
        re.escape(fold(phrase))
        for phrase in (
            "الصفحة غير موجودة", "الصفحة المطلوبة غير موجودة", "الخبر غير موجود",
            "المقال غير موجود", "هذه الصفحة غير متوفرة", "لم يتم العثور على الصفحة",
            "الصفحة التي تبحث عنها", "الصفحة التي طلبتها", "خطأ 404", "error 404",
            "404 not found", "page not found", "checking your browser", "just a moment",
            "access denied", "domain is for sale", "enable javascript",
        )
    )
)  # fmt: skip


def evidence(
    url: str, metadata: Metadata, layout: Layout, published: Published | None, text: str
) -> dict[str, int]:
    """What speaks for (positive) and against (negative) the page being one article."""
    chars = len(text)
    address = urlsplit(url)
    path = unquote(address.path)
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
        "listing address": -3 * bool(_LISTING_PATH.search(path)),
        "static address": -3 * bool(_STATIC_PATH.search(path)),
        "many articles": -4 * (metadata.articles > 2),
        "listing type": -2 * bool(metadata.schema_types & LISTING_TYPES),
        "links among the text": -4 * _is_listing(layout.inside),
        "says it is missing": -6 * _says_missing(layout.title.text, text),
    }
    return {name: value for name, value in points.items() if value}


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


def _says_missing(title: str, text: str) -> bool:
    said = title if len(text) >= 600 else f"{title} {text[:300]}"
    return _MISSING.search(fold(said)) is not None
