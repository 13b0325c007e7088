"""Why a page that gave no article is none, in one of a few fixed words that SQL can group by."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.pages.blocks import Element
from crawler.pages.body import text_blocks
from crawler.pages.listing import ListingPage
from crawler.pages.notices import notice_as_title, notice_in
from crawler.pages.structured import Metadata, read_metadata
from crawler.text.arabic import fold, fold_line
from crawler.text.url_escapes import unescaped

# Every reason, with the outcome of a fetch that met it: rejected for good; gone, as after a 404;
# failed, to be tried again, where the answer is not the page's own and may be another next time.
OUTCOMES = {
    "listing": "rejected",
    "tag listing": "rejected",
    "author listing": "rejected",
    "search": "rejected",
    "gallery": "rejected",
    "login": "rejected",
    "no article": "rejected",
    "home page": "gone",
    "missing page": "gone",
    "empty template": "gone",
    "challenge": "failed",
    "consent": "failed",
    "interstitial": "failed",
    "server error": "failed",
    "parked domain": "failed",
    "empty shell": "failed",
}

ENTRIES = 5  # headlines that make a page without an article of its own a listing
_SHELL_CHARS = 300  # of visible text, at most, on a page that a script is to fill
_PICTURES = 8

_HOME_PATH = re.compile(r"/(?:index\.\w+|default\.aspx|home)?/?", re.IGNORECASE)
_BY_ADDRESS = {
    "search": r"/(?:search|بحث|البحث)(?:[/.?]|$)|[?&](?:s|q|search\w*|query)=(?!\d+(?:&|$)|[^&]*/)",
    "tag listing": r"[/?&](?:tags?|topics?|keywords?|وسم|وسوم|الوسم)(?:[/=.]|$)",
    "author listing": r"[/?&](?:authors?|writers?|columnists?|كاتب|كتاب|الكاتب)(?:[/=.]|$)",
    "gallery": r"[/?&](?:albums?|alboms?|galler(?:y|ies)|photos|معرض-الصور|ألبوم\w*)(?:[/=.]|$)",
    "login": r"/(?:wp-)?(?:log-?in|sign-?in|sign-?up|register)(?:[/.?]|$)",
    "no article": r"/(?:about|contact|privacy|terms|advertise|من-نحن|اتصل-بنا)(?:-?us|-policy)?"
    r"(?:[/.?]|$)",
    "listing": r"[/?&](?:categor(?:y|ies)|cat|sections?|archives?|allnews|تصنيف|قسم)(?:[/=.]|$)|"
    r"/page/\d+/?$",
}
_BY_TITLE = {
    "search": "(?:نتائج|نتيجة) البحث(?: عن)?|البحث عن|بحث عن|search(?: results(?: for)?)?",
    "tag listing": "وسم|الوسم|الوسوم|أرشيف الوسم|أرشيف وسم|tag|tag archives?|posts tagged",
    "author listing": "مقالات الكاتب|أرشيف الكاتب|الكاتب|author(?: archives?)?|articles by",
    "gallery": "معرض الصور|ألبوم الصور|ألبومات الصور|صور|مكتبة الصور|photo gallery|galler(?:y|ies)",
}
_BY_TYPE = {
    "SearchResultsPage": "search",
    "ProfilePage": "author listing",
    "ImageGallery": "gallery",
    "MediaGallery": "gallery",
    "CollectionPage": "listing",
}


def _one_of(table: dict[str, str], around: str) -> re.Pattern[str]:
    groups = (f"(?P<{reason.replace(' ', '_')}>{words})" for reason, words in table.items())
    return re.compile(around % "|".join(groups), re.IGNORECASE)


_ADDRESS = _one_of(_BY_ADDRESS, "%s")
# «وسم: غزة», but not «صور جديدة للقمر»: an article may begin with any of these words.
_TITLE = _one_of(
    {reason: fold(words) for reason, words in _BY_TITLE.items()}, r"(?:%s)\s*(?:$|[:|#\"-])"
)
# Scripts and addresses that pages hold when they test the visitor, or when a domain is parked.
_MACHINERY = re.compile(
    r"(?P<challenge>_cf_chl_opt|__cf_chl_|cdn-cgi/challenge-platform/\w+/\w+/orchestrate|"
    r"_Incapsula_Resource|captcha-delivery\.com|px-captcha|awsWafCookieDomainList|slowAES|"
    r"/\.well-known/sgcaptcha|ddos-guard)|"
    r"(?P<parked_domain>sedoparking|parkingcrew|parklogic|bodis\.com|above\.com/|hugedomains|"
    r"window\.park\s*=)"
)  # fmt: skip
_REFRESH = re.compile(r"\s*\d*\s*[;,]\s*url\s*=", re.IGNORECASE)


def rejection(listing: ListingPage) -> str:
    """The reason, a key of `OUTCOMES`, by what the page says, links, and is called.

    Pure, in time linear in the size of the page, and never raises. ``listing`` is the page of
    which `read_document` made no article; of an article's page the answer means nothing.
    """
    return next(_reasons(_Page(listing)), "no article")


class _Page:
    """What speaks for one reason or another."""

    def __init__(self, listing: ListingPage):
        document = listing.document
        self.root: Element = document.root
        self.metadata: Metadata = read_metadata(document)
        blocks = text_blocks(document.root)
        self.chars = sum(len(block.text) for block in blocks)
        self.own = [block for block in blocks if block.furniture is None and not block.menu]
        self.prose = sum(block.prose for block in self.own)
        self.entries = len(listing.entries)
        try:
            address = urlsplit(document.url)
        except ValueError:
            address = urlsplit("")
        self.address = unescaped(address._replace(scheme="", netloc="", fragment="").geturl())

    @property
    def titles(self) -> list[str]:
        stated = " ".join((self.root.findtext(".//title") or "").split())
        claims = [claim.value for claim in self.metadata.title]
        return [stated, *claims, *(block.text for block in self.own if block.element.tag == "h1")]


def _reasons(page: _Page) -> Iterator[str]:
    """Every reason that holds, the surest first."""
    titles = page.titles
    yield from filter(None, map(notice_as_title, titles))
    # Boxes of news stand around what a site says of a missing page, not around a challenge.
    said = {notice_in(block.text): None for block in page.own if block.link_share <= 0.5}
    if "missing page" in said:
        yield "missing page"
    lists = page.entries >= ENTRIES
    if not lists:
        yield from filter(None, said)
        yield from _by_machinery(page.root)
    if _is_empty_template(page.root):
        yield "empty template"
    if _is_home(page, lists):
        yield "home page"
    yield from _group(_ADDRESS.search(page.address))
    for title in titles:
        yield from _group(_TITLE.match(fold_line(title[:200])))
    yield from (kind for name, kind in _BY_TYPE.items() if name in page.metadata.schema_types)
    if lists or page.metadata.articles > 2:
        yield "listing"
    yield from _of_little_text(page)


def _of_little_text(page: _Page) -> Iterator[str]:
    """The reasons of pages that list no articles either."""
    if any(field.get("type", "").lower() == "password" for field in page.root.iter("input")):
        yield "login"
    pictures = sum(next(link.iter("img"), None) is not None for link in page.root.iter("a"))
    if page.prose == 0 and pictures >= _PICTURES:
        yield "gallery"
    if page.chars <= _SHELL_CHARS:
        if any(map(_leads_on, page.root.iter("meta"))):
            yield "interstitial"
        if page.chars == 0 or next(page.root.iter("script"), None) is not None:
            yield "empty shell"


def _leads_on(tag: Element) -> bool:
    """Whether a meta tag sends the visitor to another page; many only load theirs again."""
    refreshes = tag.get("http-equiv", "").lower() == "refresh"
    return refreshes and _REFRESH.match(tag.get("content", "")) is not None


def _group(match: re.Match[str] | None) -> Iterator[str]:
    if match and match.lastgroup:
        yield match.lastgroup.replace("_", " ")


def _by_machinery(root: Element) -> Iterator[str]:
    for script in root.iter("script", "iframe", "frame"):
        yield from _group(_MACHINERY.search(f"{script.get('src') or ''} {script.text or ''}"))


def _is_home(page: _Page, lists: bool) -> bool:
    """Whether the page stands at the site's root, or says that it belongs there."""
    if _HOME_PATH.fullmatch(page.address or "/"):
        return True
    stated = [claim.value for claim in page.metadata.url]
    return lists and bool(stated) and all(map(_is_root, stated))


def _is_root(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.netloc) and parts.path in ("", "/") and not parts.query


def _is_empty_template(root: Element) -> bool:
    """Whether the page has the places of an article, a heading first, with nothing in them.

    That is what many systems answer for a number that they do not know.
    """
    empty = [h for h in root.iter("h1", "h2") if _is_empty(h)]
    box = empty[0].getparent() if len(empty) == 1 else None
    if box is None:
        return False
    return (len(box) > 1 and _is_empty(box)) or _states_no_title(root)


def _states_no_title(root: Element) -> bool:
    stated = {tag.get("property"): tag.get("content", "").strip() for tag in root.iter("meta")}
    return stated.get("og:type") == "article" and stated.get("og:title") == ""


def _is_empty(element: Element) -> bool:
    shown = ("img", "svg", "picture", "video", "iframe", "script", "input", "canvas", "object")
    if next(element.iter(*shown), None) is not None:
        return False
    return not any(text.strip() for text in element.itertext())
