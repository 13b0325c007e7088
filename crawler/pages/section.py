"""The section that an article stands in."""

import re

from lxml import etree

from crawler.pages.blocks import Block
from crawler.pages.document import Document
from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata
from crawler.pages.title import letters

_HOME = {letters(word) for word in ("الرئيسية", "الصفحة الرئيسية", "رئيسية", "home", "homepage")}
_SECTION_HREF = re.compile(
    r"/(?:category|categories|cat|section|sections|topic|topics)/|"
    r"(?:section|category|cat|dept)(?:\.\w+)?\?|[?&](?:cat|category|section|catid|cat_id|sid)=",
    re.IGNORECASE,
)
# Looking at the attributes alone is many times as fast as asking each element for them.
_trails = etree.XPath("//@class[contains(., 'breadcrumb')]/..|//@id[contains(., 'breadcrumb')]/..")
_NAME_CHARS = 40
_BESIDE = 3  # blocks


def find_section(document: Document, metadata: Metadata, layout: Layout) -> Claim | None:
    """What the metadata state, the end of the breadcrumb, a section's link beside the title."""
    if stated := metadata.first("section"):
        return stated
    name = _breadcrumb(document, layout) or _beside_title(layout)
    return Claim(name, "shape") if name else None


def _breadcrumb(document: Document, layout: Layout) -> str | None:
    """The last link of the trail that is neither the home page nor the article."""
    for trail in _trails(document.root):
        names = [" ".join(anchor.text_content().split()) for anchor in trail.iter("a")]
        names = [name for name in names if _is_name(name, layout)]
        if names:
            return names[-1]
    return None


def _beside_title(layout: Layout) -> str | None:
    if layout.root is None:
        return None
    inside = set(layout.root.iter())
    above = range(layout.above - 1, max(-1, layout.above - 1 - _BESIDE), -1)
    for index in (*above, *range(layout.above, min(layout.first, len(layout.blocks)))):
        block = layout.blocks[index]
        if block.element in inside and (name := _linked_name(block, layout)):
            return name
    return None


def _linked_name(block: Block, layout: Layout) -> str | None:
    """The block's only link, where that leads to a section; two are a menu."""
    if len(block.anchors) != 1 or not _SECTION_HREF.search(block.anchors[0].get("href") or ""):
        return None
    name = " ".join(block.anchors[0].text_content().split())
    return name if _is_name(name, layout) else None


def _is_name(text: str, layout: Layout) -> bool:
    said = letters(text)
    return (
        bool(said)
        and len(text) <= _NAME_CHARS
        and said not in _HOME
        and said != letters(layout.title.text)
        and not said.isdigit()
    )
