"""A page as the sequence of text blocks that a reader sees: paragraphs, headings, list items."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from lxml import etree

from crawler.text.arabic import fold_spaces, letters

Element: TypeAlias = etree._Element

# Everything else begins a new block; unknown elements too (<story-text>), unless in a <p>.
INLINE_TAGS = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "em", "font",
    "i", "img", "ins", "kbd", "label", "mark", "nobr", "o:p", "q", "rb", "rp", "rt", "ruby",
    "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    "br",
}  # fmt: skip
HEADING_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
# Parts of the page's own, with attributes or without.
OWN_TAGS = {
    "aside", "audio", "button", "canvas", "datalist", "dialog", "figcaption", "figure", "footer",
    "legend", "map", "marquee", "menu", "meter", "nav", "optgroup", "option", "output", "progress",
    "select", "textarea", "video", "input",
}  # fmt: skip
# Blocks that are one paragraph; a text right inside any other block has no paragraph element.
PARAGRAPH_TAGS = HEADING_TAGS | {"p", "li", "blockquote", "pre", "dd", "dt"}
_NO_TEXT = {"script", "style", "noscript", "template", "svg", "iframe", "object", "title", "math"}
_HIDING = frozenset({"hidden", "style"})  # attributes
_LISTS = {"ul", "ol", "nav", "menu"}
_MENU_LINKS = 8
_MENU_WORD = 20  # characters; headlines are longer
_NESTED_LISTS = 8
_count_links = etree.XPath("count(.//a)")
# All the text in an element.
text_content = etree.XPath("string()", smart_strings=False)
_SENTENCE_END = re.compile(r"[.!?؟…।。:»”\"']\W*$")
_CJK = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass(slots=True)
class Block:
    """One run of text inside one block element; white space squeezed."""

    element: Element
    text: str
    link_chars: int = 0  # how many of the characters stand inside links
    furniture: Element | None = None  # the part of the page's own that it stands in
    breaks: int = 0  # how many <br> stand between it and the text before
    anchors: list[Element] = field(default_factory=list)
    menu: bool = False  # a whole list of short links; they are no blocks of their own
    heading: bool = field(init=False)
    link_share: float = field(init=False)
    prose: int = field(init=False)  # how much of it is running text, in characters
    _letters: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.heading = self.element.tag in HEADING_TAGS
        self.link_share = self.link_chars / len(self.text)
        is_label = self.heading or self.link_share > 0.5 or len(self.text) < 10
        self.prose = 0 if is_label else self._count_prose()

    def _count_prose(self) -> int:
        """0 for menus, headings, labels and link lists."""
        text = self.text
        # A Japanese or Chinese sentence needs half as many characters.
        weight = 2 if _CJK.search(text, 0, 30) else 1
        length = len(text) * weight
        if length >= 60 or (length >= 20 and _SENTENCE_END.search(text)):
            return length - self.link_chars * weight
        return 0

    @property
    def letters(self) -> str:
        """Of its text; see `arabic.letters`."""
        if self._letters is None:
            self._letters = letters(self.text)
        return self._letters

    @property
    def container(self) -> Element:
        """The element whose paragraphs this one stands among."""
        element = self.element
        if element.tag in PARAGRAPH_TAGS and element.getparent() is not None:
            element = element.getparent()
        return element


IsFurniture = Callable[[Element], bool]


def read_blocks(root: Element, is_furniture: IsFurniture) -> list[Block]:
    """The blocks of a page in reading order, in time linear in the size of the page."""
    body = root.find("body")
    if body is None:
        return []
    reader = _BlockReader(is_furniture)
    reader.read(body)
    reader.close()
    return reader.blocks


class _BlockReader:
    """Walks a tree once, with the place of every open element on a stack.

    A place is the block, the link and the furniture that a text right inside the element
    belongs to. One method and plain tuples: menus of hundreds of links stand on every page.
    """

    def __init__(self, is_furniture: IsFurniture):
        self.blocks: list[Block] = []
        self._is_furniture = is_furniture
        self._texts: list[str] = []
        self._anchors: list[Element] = []
        self._link_chars = self._breaks = 0
        self._block: Element | None = None
        self._furniture: Element | None = None

    def read(self, body: Element) -> None:
        places: list[_Place] = [(body, None, None)]
        walk = etree.iterwalk(body, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                places.pop()
                if (tail := element.tail) and element is not body:
                    self._add(tail, places[-1])
                continue
            place = block, anchor, furniture = places[-1]
            tag = element.tag
            # One look spares most elements several: the cells of a table have no attributes.
            attributes = element.keys()
            if tag == "br":
                self.close()
                self._breaks += 1
            elif tag in _NO_TEXT or (not _HIDING.isdisjoint(attributes) and _is_hidden(element)):
                walk.skip_subtree()
                places.append(place)
                continue
            elif tag in INLINE_TAGS:
                if tag == "a" and element.get("href"):
                    place = block, element, furniture
            elif tag in _LISTS and (words := _menu_words(element)):
                self.close()
                self._add_menu(element, words, element if furniture is None else furniture)
                walk.skip_subtree()
                places.append(place)
                continue
            else:
                if block.tag != "p" or "-" not in tag:
                    block = element
                is_suspect = furniture is None and (attributes or tag in OWN_TAGS)
                if is_suspect and self._is_furniture(element):
                    furniture = element
                place = block, anchor, furniture
            places.append(place)
            if text := element.text:
                self._add(text, place)

    def _add(self, text: str, place: "_Place") -> None:
        if text.isspace():
            if self._texts:
                self._texts.append(" ")
            return
        block, anchor, furniture = place
        if block is not self._block:
            if self._texts:
                self.close()
            self._block, self._furniture = block, furniture
        self._texts.append(text)
        if anchor is not None:
            self._link_chars += len(text.strip())
            if not self._anchors or self._anchors[-1] is not anchor:
                self._anchors.append(anchor)

    def _add_menu(self, element: Element, words: str, furniture: Element) -> None:
        menu = Block(element, words, len(words), furniture, self._breaks, menu=True)
        self.blocks.append(menu)
        self._breaks = 0

    def close(self) -> None:
        """End the block that is being read; white space alone makes none."""
        if not self._texts or self._block is None:
            return
        text = fold_spaces("".join(self._texts))
        links = min(self._link_chars, len(text))
        self.blocks.append(
            Block(self._block, text, links, self._furniture, self._breaks, self._anchors)
        )
        self._texts = []
        self._anchors = []
        self._link_chars = self._breaks = 0


_Place: TypeAlias = tuple[Element, Element | None, Element | None]


def _menu_words(element: Element) -> str:
    """The words of a list of many links that are too short for headlines; else nothing.

    Menus and boxes of tags hold most of the links of a news page, on every page the same.
    """
    links = _count_links(element)
    # The words of lists in lists without end would be read once for each list around them.
    if links < _MENU_LINKS or _is_deep(element):
        return ""
    words = fold_spaces(text_content(element))
    return words if len(words) < links * _MENU_WORD else ""


def _is_deep(element: Element) -> bool:
    return next(islice(element.iterancestors(*_LISTS), _NESTED_LISTS, None), None) is not None


def _is_hidden(element: Element) -> bool:
    style = element.get("style", "")
    return "hidden" in element.attrib or "display:none" in style.replace(" ", "").lower()


def common_ancestor(elements: Iterable[Element]) -> Element:
    """The smallest element that is, or holds, each of these, which stand in one tree."""
    paths = [[element, *element.iterancestors()] for element in elements]
    shared = set.intersection(*map(set, paths))
    return next(element for element in paths[0] if element in shared)
