"""What an address probably leads to, before it is fetched: learned shapes, then its form.

The order of the evidence, the strongest first:

1. the operator's patterns: somebody has looked;
2. what no page of the archive can be (media, accounts, searches, calendars, sorted variants);
3. what addresses of the same shape turned out to be;
4. an address that calls itself a section, a tag or a page of one;
5. the place and the words of the link: a headline, a number in the address, a menu's short word.

A wrong article or listing costs one request: the content of the fetched page has the last
word, and is learned. What is called other is never fetched, so that point 2 holds only what
is sure and leaves doubts to the budgets of the crawl.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from crawler.pages.links import Link
from crawler.text.url_escapes import unescaped
from crawler.text.urls import address_shape, canonical_url

Kind = Literal["article", "listing", "other"]
_KINDS: tuple[Kind, ...] = ("article", "listing", "other")

SHAPES_KEPT = 5_000  # a trap makes new shapes for ever; the one unused for longest is forgotten
_OTHERS_TO_GIVE_UP = 3

_FILE_ENDING = re.compile(
    r"(?:/(?:feed|rss|atom)/?|"
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|tiff?|css|m?js|json|xml|rss|atom|rdf|txt|ics|"
    r"pdf|docx?|xlsx?|pptx?|epub|zip|rar|gz|7z|apk|exe|mp[34]|m4[av]|m3u8|aac|ogg|wav|wm[av]|"
    r"flv|swf|avi|mov|webm|mkv|woff2?|ttf|eot))$",
    re.IGNORECASE,
)
# Whole segments of a path, whole parts of a script's name, or values of act=, page=, do=.
_NO_PAGE = re.compile(
    r"login|logout|log-?in|log-?out|sign-?(?:in|up|out)|register|account|profile|password|"
    r"wp-(?:admin|login|json|content|includes)|xmlrpc|cdn-cgi|admin|api|ajax|"
    r"search|بحث|البحث|share|print|printer|send|email|comments?|reply|rate|vote|polls?|"
    r"rss|feeds?|atom|embed|oembed|calendar|weather|banners?|ads?|cart|checkout|"
    r"contact(?:-?us)?|about(?:-?us)?|privacy(?:-policy)?|terms|advertise|subscribe|newsletter|"
    r"اتصل-بنا|من-نحن|سياسة-الخصوصية|تسجيل|الطقس|thumbs?|uploads?|download|redirect|out|go",
    re.IGNORECASE,
)
_SECTION = re.compile(
    r"categor(?:y|ies)|cat|sections?|departments?|tags?|topics|keywords?|authors?|writers?|"
    r"archives?|allnews|latest|lists?|listing|viewpage|playlists?|regions?|"
    r"قسم|أقسام|اقسام|تصنيف|تصنيفات|التصنيف|وسم|وسوم|كاتب|كتاب|الكاتب|أرشيف|ارشيف",
    re.IGNORECASE,
)
_ACROSS = re.compile(
    r"[/?&](?:tags?|keywords?|topics?|authors?|writers?|وسم|وسوم|كاتب|كتاب|الكاتب)(?:[/=]|$)",
    re.IGNORECASE,
)
# Parameters that show the same things in another order or dress.
_VARIANT = re.compile(
    r"sort\w*|order\w*|filter\w*|replytocom|share|print|printable|tmpl|view_?as|img_url|"
    r"published_on|redirect\w*|return\w*",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"s|q|search\w*|query|key|keywords?", re.IGNORECASE)
_ANY_DAY = re.compile(r"date|day|month|year|(?:from|to|start|end)_date", re.IGNORECASE)
_ACTION = re.compile(r"act|action|do|op|page|mod", re.IGNORECASE)
_PAGE_PARAMETER = re.compile(r"p|pg|paged?|page_?(?:no|num|number|index)|start|offset", re.I)
_DATE_ARCHIVE = re.compile(r"/(?:19|20)\d\d(?:/\d{1,2}){0,2}/?")
_PAGE_PATH = re.compile(r"/page/\d+/?$")
_ID_NUMBER = re.compile(r"(?<!\d)\d{2,}(?!\d)|=\d+(?:&|$)|/\d+(?:/|$)")
_LONG_SLUG = re.compile(r"[^/]*(?:[-_][^/_-]+){3}[^/]*/?$")
_HEADLINE_WORDS = 4


def cuts_across_sections(url: str) -> bool:
    """Whether an address calls itself a listing of a tag, a keyword or an author.

    What such a listing names stands in a section too; there are thousands of them.
    """
    return _ACROSS.search(unescaped(url)) is not None


class AddressKinds:
    """What the addresses of one site turned out to be, by shape, in bounded memory."""

    def __init__(
        self,
        article_patterns: Sequence[str] = (),
        listing_patterns: Sequence[str] = (),
        ignore_patterns: Sequence[str] = (),
    ):
        """Regular expressions, searched anywhere in the address; raises ValueError for bad ones.

        Where two patterns meet, ignored wins over article and article over listing.
        """
        self._patterns: list[tuple[Kind, re.Pattern[str]]] = []
        self._patterns += [("other", _compile(pattern)) for pattern in ignore_patterns]
        self._patterns += [("article", _compile(pattern)) for pattern in article_patterns]
        self._patterns += [("listing", _compile(pattern)) for pattern in listing_patterns]
        self._seen: OrderedDict[str, dict[Kind, int]] = OrderedDict()

    def learn(self, address: str, kind: Kind, count: int = 1) -> None:
        """Remember that ``count`` fetched pages were of this kind; ``address`` is canonical."""
        shape = address_shape(address)[0]
        seen = self._seen.setdefault(shape, dict.fromkeys(_KINDS, 0))
        seen[kind] += count
        self._seen.move_to_end(shape)
        if len(self._seen) > SHAPES_KEPT:
            self._seen.popitem(last=False)

    def guess(self, link: Link, *, headline: bool) -> Kind:
        """What ``link`` leads to; ``headline`` says that its place and words are a headline's."""
        if self._patterns:
            address = unescaped(link.url)
            for kind, pattern in self._patterns:
                if pattern.search(address) or pattern.search(link.url):
                    return kind
        form = _form(link.url)
        if form == "other":
            return "other"
        return self._learned(link.url) or _by_words(link, form, headline)

    def _learned(self, url: str) -> Kind | None:
        seen = self._seen.get(address_shape(canonical_url(url))[0])
        if seen is None:
            return None
        if seen["article"] and seen["article"] >= seen["listing"]:
            return "article"
        if seen["listing"] and not seen["article"]:
            return "listing"
        return "other" if seen["other"] >= _OTHERS_TO_GIVE_UP and not seen["article"] else None


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"The address pattern {pattern!r} is no regular expression ({error}): correct it "
            "in the site's settings."
        ) from error


_Form = Literal["other", "section", "numbered", "plain"]


@lru_cache(maxsize=3_000)  # menus stand on every page
def _form(url: str) -> _Form:
    """What the address alone says."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "other"
    path = unescaped(parts.path)
    if parts.scheme not in ("http", "https") or _FILE_ENDING.search(path):
        return "other"
    segments = [segment for segment in path.split("/") if segment]
    pairs = [_pair(unescaped(part)) for part in parts.query.split("&") if part]
    if _is_no_page(segments, pairs):
        return "other"
    if not (segments or pairs) or _is_section(path, segments, pairs):
        return "section"
    return "numbered" if _ID_NUMBER.search(f"{path}?{parts.query}") else "plain"


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _is_no_page(segments: list[str], pairs: list[tuple[str, str]]) -> bool:
    # The third segment may be an article's slug: /post/12/search.
    if any(_NO_PAGE.fullmatch(_stem(segment)) for segment in segments[:2]):
        return True
    numbered = any(value.isdecimal() and not _ANY_DAY.fullmatch(name) for name, value in pairs)
    return any(
        _VARIANT.fullmatch(name)
        # Drupal's q=node/12 is a path, and s=12 the number of a section.
        or (_QUESTION.fullmatch(name) and "/" not in value and not value.isdecimal())
        or (_ANY_DAY.fullmatch(name) and not numbered)
        or (_ACTION.fullmatch(name) and _NO_PAGE.fullmatch(value))
        for name, value in pairs
    )


def _is_section(path: str, segments: list[str], pairs: list[tuple[str, str]]) -> bool:
    if _DATE_ARCHIVE.fullmatch(path) or _PAGE_PATH.search(path):
        return True
    for position, segment in enumerate(segments):
        rest = segments[position + 1 :]
        # /category/politics/a-long-story is an article below its section's name.
        names_one = len(rest) < 2 or any(part.isdecimal() for part in rest)
        words = _stem(segment).split("_") if "." in segment else [segment]
        if names_one and any(map(_SECTION.fullmatch, words)):
            return True
    names = [name for name, _ in pairs if not _PAGE_PARAMETER.fullmatch(name)]
    if pairs and not names:
        # /?p=12 is WordPress's short address of an article.
        return bool(segments) or pairs[0][0] != "p"
    return len(names) == 1 and bool(_SECTION.fullmatch(re.sub(r"_?id$", "", names[0].lower())))


def _stem(segment: str) -> str:
    return segment.partition(".")[0]


def _by_words(link: Link, form: _Form, headline: bool) -> Kind:
    if form == "section":
        return "listing"
    if headline:
        return "article"
    words = link.text.split()
    if len(words) >= _HEADLINE_WORDS:
        return "article" if form == "numbered" else "listing"
    if words:
        return "listing"
    # No words at all: a bare address of a sitemap, a linked picture.
    path = unescaped(urlsplit(link.url).path)
    return "article" if form == "numbered" or _LONG_SLUG.search(path) else "listing"
