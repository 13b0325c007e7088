"""What a listing, a section or the home page offers: headlines, other links, the next page."""

import re
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from crawler.pages.blocks import Element
from crawler.pages.document import Document
from crawler.pages.links import Link
from crawler.pages.pagination import PageLink, Pagination, fold_label
from crawler.text.arabic import fold_spaces

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")

# A sieve that runs in C: of some thousand names it leaves _MENU_NAME a handful to look at.
_PERHAPS = "[contains(., 'enu') or contains(., 'oot') or contains(., 'av')]"
_PERHAPS_MENUS = etree.XPath(f"//@class{_PERHAPS}|//@id{_PERHAPS}")
_MENU_NAME = re.compile(
    r"menu|footer|navbar|navigation|(?<![a-z])(?:top|main|sub|side)?nav(?![a-z])", re.IGNORECASE
)
_NEVER_MENUS = frozenset({"html", "body", "main", "article", "form", "a"})
# Menus that hold this many headlines, and more than the rest of the page, are none: the page
# wears a menu's class name, or a menu that was never closed has swallowed it.
_LYING_MENUS = 10

_HEADLINE_WORDS = 4
_HEADLINE_LETTERS = 20
_READ_MORE = re.compile(
    "(?:اقرأ|إقرأ|اقرا|قراءة|لقراءة|شاهد)? ?(?:المزيد|التفاصيل)|للمزيد|تفاصيل|للتفاصيل|"
    "(?:أكمل|تابع|متابعة) القراءة|"
    "(?:read )?more|continue reading|(?:more )?details|full story"
)
# What differs between the addresses of one kind: numbers, slugs, anything encoded.
_VARYING = re.compile(r"[^/?&=]*[^A-Za-z_./?&=][^/?&=]*")
_MAJORITY = 3

# How well a text names the page behind its link, the best last.
_SILENT, _WORDS, _CAPTION, _HEADLINE = range(4)


@dataclass(slots=True)
class _Anchor:
    """One link as it stands on the page."""

    url: str
    text: str
    rank: int
    pictured: bool
    worded: bool
    in_menu: bool


@dataclass(slots=True)
class _Target:
    """What all links to one address say together."""

    text: str = ""
    rank: int = -1
    pictured: bool = False
    worded: bool = False

    def add(self, anchor: _Anchor, in_menu: bool) -> None:
        rank = min(anchor.rank, _WORDS) if in_menu else anchor.rank
        if rank > self.rank:
            self.text, self.rank = anchor.text, rank
        if not in_menu:
            self.pictured |= anchor.pictured
            self.worded |= anchor.worded

    @property
    def is_headline(self) -> bool:
        """By its own look; a picture beside it makes up for few words."""
        return self.rank >= _CAPTION or (self.pictured and self.worded)


class ListingPage:
    """The links of a page, each address once and under the best of its texts.

    ``known`` holds addresses that other pages have shown to be of no interest, such as those of
    the site's menus; links to them are passed over.
    """

    def __init__(self, document: Document, known: Set[str] = frozenset()):
        self.document = document
        self._known = known
        self._url = document.url.partition("#")[0]
        home = document.absolute_url("/") or ""
        self._homes = {home, home.removesuffix("/")}
        self._pagination = Pagination(self._url)

    @cached_property
    def entries(self) -> list[Link]:
        """Links that look like headlines, in page order.

        Those of tickers, sliders and most-read boxes are among them: they lead to articles
        too, and no markup tells them surely from the listing's own.
        """
        return self._split_links[0]

    @cached_property
    def navigation(self) -> list[Link]:
        """The other links (menus, sections, tags, footers), without this listing's own pages."""
        return self._split_links[1]

    @cached_property
    def next_page(self) -> str | None:
        """The address of the listing's next page, None on the last one."""
        heads = self._head_links("rel", "next")
        links = [PageLink(url, "", is_next=True) for url in heads]
        return self._pagination.next_page(links + self._sorted_links[0])

    @cached_property
    def feeds(self) -> list[str]:
        """The RSS and Atom feeds that the head names."""
        return list(dict.fromkeys(self._head_links("type", *_FEED_TYPES)))

    @cached_property
    def _split_links(self) -> tuple[list[Link], list[Link]]:
        """Headlines and others."""
        targets = self._targets()
        headlines = {url for url, target in targets.items() if target.is_headline}
        # «جولة المساء» among headlines of the same kind of address is one of them.
        short = {url for url, target in targets.items() if target.worded} - headlines
        headlines |= _shaped_like(headlines, short)
        links = [Link(url, target.text) for url, target in targets.items()]
        return (
            [link for link in links if link.url in headlines],
            [link for link in links if link.url not in headlines],
        )

    def _targets(self) -> dict[str, _Target]:
        anchors = self._sorted_links[1]
        headlines = [anchor.in_menu for anchor in anchors if anchor.rank == _HEADLINE]
        menus_lie = headlines.count(True) >= max(_LYING_MENUS, headlines.count(False))
        targets: dict[str, _Target] = {}
        for anchor in anchors:
            in_menu = anchor.url in self._homes or (anchor.in_menu and not menus_lie)
            targets.setdefault(anchor.url, _Target()).add(anchor, in_menu)
        return targets

    @cached_property
    def _sorted_links(self) -> tuple[list[PageLink], list[_Anchor]]:
        """The links to other pages of this listing, and all others, each in page order."""
        root = self.document.root
        menus = _menu_links(root)
        pages: list[PageLink] = []
        anchors: list[_Anchor] = []
        absolute_url = self.document.absolute_url
        for element in root.iter("a"):
            url = absolute_url(element.get("href", ""))
            if url is None or url == self._url or url in self._known:
                continue
            anchor = _read_anchor(element, url, element in menus)
            if anchor.rank < _HEADLINE:
                page = PageLink(url, anchor.text, "next" in element.get("rel", "").lower().split())
                if self._pagination.leads_on(page):
                    if not _is_disabled(element):
                        pages.append(page)
                    continue
            anchors.append(anchor)
        return pages, anchors

    def _head_links(self, attribute: str, *words: str) -> Iterator[str]:
        for link in self.document.root.iter("link"):
            said = link.get(attribute, "").lower().replace(";", " ").split()
            if not set(words).isdisjoint(said):
                url = self.document.absolute_url(link.get("href", ""))
                if url and url != self._url:
                    yield url


def _shaped_like(headlines: set[str], short: set[str]) -> set[str]:
    """The ``short`` addresses of a shape that most often stands under a headline here."""
    if not short:
        return set()
    votes = Counter(_VARYING.sub("#", url) for url in headlines)
    votes.subtract(_VARYING.sub("#", url) for url in short)
    return {url for url in short if votes[_VARYING.sub("#", url)] >= _MAJORITY}


def _menu_links(root: Element) -> set[Element]:
    links: set[Element] = set()
    for box in root.iter("nav", "footer"):
        if next(box.iterancestors("nav", "footer"), None) is None:
            links.update(box.iter("a"))
    for name in _PERHAPS_MENUS(root):
        box = name.getparent()
        if box.tag not in _NEVER_MENUS and _MENU_NAME.search(name):
            links.update(box.iter("a"))
    return links


def _read_anchor(element: Element, url: str, in_menu: bool) -> _Anchor:
    printed = fold_spaces(" ".join(element.itertext()) if len(element) else element.text or "")
    if _is_headline(printed):
        return _Anchor(url, printed, _HEADLINE, False, True, in_menu)
    image = next(element.iter("img"), None)
    worded = bool(printed) and not _READ_MORE.fullmatch(fold_label(printed))
    text = printed or _attribute_text(element, image)
    rank = _CAPTION if not printed and _is_headline(text) else _WORDS
    if not text or (printed and not worded):
        rank = _SILENT
    return _Anchor(url, text, rank, image is not None, worded, in_menu)


def _attribute_text(element: Element, image: Element | None) -> str:
    names = [element.get("title"), element.get("aria-label")]
    names += [] if image is None else [image.get("alt"), image.get("title")]
    return next((fold_spaces(name) for name in names if name and not name.isspace()), "")


def _is_headline(text: str) -> bool:
    words = text.count(" ") + 1
    return words >= _HEADLINE_WORDS or len(text) - words + 1 >= _HEADLINE_LETTERS


def _is_disabled(element: Element) -> bool:
    parent = element.getparent()
    return any(
        "disabled" in box.get("class", "").split() or box.get("aria-disabled") == "true"
        for box in (element, parent)
    )
