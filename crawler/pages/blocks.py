"""A page as the sequence of text blocks that a reader sees: paragraphs, headings, list items."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree
from lxml.html import HtmlElement

Element: TypeAlias = HtmlElement

# Everything else begins a new block; unknown elements too (<story-text>).
INLINE_TAGS = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "em", "font",
    "i", "img", "ins", "kbd", "label", "mark", "nobr", "o:p", "q", "rb", "rp", "rt", "ruby",
    "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    "br",
}  # fmt: skip
HEADING_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
# Blocks that are one paragraph; a text right inside any other block has no paragraph element.
PARAGRAPH_TAGS = HEADING_TAGS | {"p", "li", "blockquote", "pre", "dd", "dt"}
_NO_TEXT = {"script", "style", "noscript", "template", "svg", "iframe", "object", "title", "math"}

_texts_and_breaks = etree.XPath("//body/descendant::node()[self::text() or self::br]")


@dataclass(slots=True)
class Block:
    """One run of text inside one block element; white space squeezed."""

    element: Element
    text: str
    link_chars: int = 0  # how many of the characters stand inside links
    furniture: Element | None = None  # the part of the page's own that it stands in
    breaks: int = 0  # how many <br> stand between it and the text before
    anchors: list[Element] = field(default_factory=list)

    @property
    def link_share(self) -> float:
        return self.link_chars / len(self.text)

    @property
    def heading(self) -> bool:
        return self.element.tag in HEADING_TAGS

    @property
    def container(self) -> Element:
        """The element whose paragraphs this one stands among."""
        element = self.element
        if element.tag in PARAGRAPH_TAGS and element.getparent() is not None:
            element = element.getparent()
        return element


@dataclass(slots=True)
class _Place:
    """Where the text right inside an element belongs."""

    block: Element
    anchor: Element | None
    furniture: Element | None
    hidden: bool


IsFurniture = Callable[[Element], bool]


def read_blocks(root: Element, is_furniture: IsFurniture) -> list[Block]:
    """The blocks of a page in reading order, in time linear in the size of the page."""
    places: dict[Element, _Place] = {}
    blocks: list[Block] = []
    texts: list[str] = []
    anchors: list[Element] = []
    link_chars = breaks = 0
    current: _Place | None = None

    def close() -> None:
        nonlocal link_chars, breaks
        text = " ".join("".join(texts).split())
        if text and current is not None:
            link_chars = min(link_chars, len(text))
            blocks.append(
                Block(current.block, text, link_chars, current.furniture, breaks, anchors[:])
            )
            breaks = 0
        texts.clear()
        anchors.clear()
        link_chars = 0

    for node in _texts_and_breaks(root):
        if getattr(node, "tag", None) == "br":
            close()
            breaks += 1
            continue
        if node.isspace():
            texts.append(" ")
            continue
        parent = node.getparent()
        if node.is_tail:
            parent = parent.getparent()
        place = places.get(parent) or _place(parent, places, is_furniture)
        if place.hidden:
            continue
        if current is None or place.block is not current.block:
            close()
            current = place
        texts.append(node)
        if place.anchor is not None:
            link_chars += len(node.strip())
            if place.anchor not in anchors[-1:]:
                anchors.append(place.anchor)
    close()
    return blocks


def _place(element: Element, places: dict[Element, _Place], is_furniture: IsFurniture) -> _Place:
    """The place of an element and of all its ancestors that have none yet."""
    path = [element]
    for ancestor in element.iterancestors():
        if ancestor in places:
            break
        path.append(ancestor)
    above = places.get(path[-1].getparent())
    for child in reversed(path):
        above = places[child] = _child_place(child, above, is_furniture)
    assert above is not None
    return above


def _child_place(element: Element, above: _Place | None, is_furniture: IsFurniture) -> _Place:
    if above is None:
        return _Place(element, None, None, False)
    tag = element.tag
    inline = tag in INLINE_TAGS
    furniture = above.furniture
    if furniture is None and is_furniture(element):
        furniture = element
    return _Place(
        above.block if inline else element,
        element if tag == "a" and element.get("href") else above.anchor,
        furniture,
        above.hidden or tag in _NO_TEXT or _is_hidden(element),
    )


def _is_hidden(element: Element) -> bool:
    style = element.get("style")
    return element.get("hidden") is not None or (
        style is not None and "display:none" in style.replace(" ", "").lower()
    )


def common_ancestor(elements: Iterable[Element]) -> Element:
    """The smallest element that is, or holds, each of these; ValueError for none at all."""
    paths = [[*reversed([*element.iterancestors()]), element] for element in elements]
    steps = [step[0] for step in zip(*paths, strict=False) if len(set(step)) == 1]
    if not steps:
        raise ValueError("no elements of one tree")
    return steps[-1]
