"""The section that an article stands in."""

import re
from itertools import islice

from lxml import etree

from crawler.pages.blocks import Block, text_content
from crawler.pages.document import Document
from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata
from crawler.text.arabic import letters

_HOME = {letters(word) for word in ("الرئيسية", "الصفحة الرئيسية", "رئيسية", "home", "homepage")}
_SECTION_HREF = re.compile(
    r"/(?:category|categories|cat|section|sections|topic|topics)/|"
    r"(?:section|category|cat|dept)(?:\.\w+)?\?|=(?:section|category|cat|dept)&|[?&](?:cat|category|section|catid|cat_id|sid)=",
    re.IGNORECASE,
)
# Looking at the attributes alone is many times as fast as asking each element for them.
_trail_names = etree.XPath(
    "descendant-or-self::*/@class[contains(., 'breadcrumb')]"
    "|descendant-or-self::*/@id[contains(., 'breadcrumb')]"
)
_LABEL = re.compile(r"(?:القسم|التصنيف)\s*(?P<colon>:?)\s*(?P<name>[^\d|:]{2,30}?)\s*(?:\||$)")
_DIGIT = re.compile(r"\d")
_LINE_CHARS = 200
_TRAIL_LINKS = 8
_NAME_CHARS = 40
_BESIDE = 3  # blocks


def find_section(document: Document, metadata: Metadata, layout: Layout) -> Claim | None:
    """What the metadata state, the end of the breadcrumb, a section's link beside the title."""
    if stated := metadata.first("section"):
        return stated
    name = _breadcrumb(document, layout) or _beside_title(layout) or _labelled(layout)
    return Claim(name, "shape") if name else None


def _breadcrumb(document: Document, layout: Layout) -> str | None:
    """The last link of the trail that is neither the home page nor the article."""
    for trail in _trail_names(document.root):
        anchors = list(islice(trail.getparent().iter("a"), _TRAIL_LINKS + 1))
        if len(anchors) > _TRAIL_LINKS:  # a whole article that is named so for its script
            continue
        names = [" ".join(text_content(anchor).split()) for anchor in anchors]
        names = [name for name in names if _is_name(name, layout)]
        if names:
            return names[-1]
    return None


def _beside_title(layout: Layout) -> str | None:
    if layout.root is None:
        return None
    above = range(layout.above - 1, max(-1, layout.above - 1 - _BESIDE), -1)
    end = len(layout.blocks)
    below = range(layout.last + 1, min(layout.last + 1 + _BESIDE, end))
    for index in (*above, *range(layout.above, min(layout.first, end)), *below):
        block = layout.blocks[index]
        # A trail («الرئيسية » محليات») may stand outside of the article.
        near = len(block.anchors) == 2 or (len(block.anchors) == 1 and layout.holds(block))
        if near and (name := _linked_name(block, layout)):
            return name
    return None


def _labelled(layout: Layout) -> str | None:
    """«القسم: محليات», among the date and the counters between title and text."""
    for block in layout.blocks[layout.above : layout.first]:
        match = _LABEL.search(block.text) if len(block.text) <= _LINE_CHARS else None
        # «القسم الثاني من الحوار» is a sub-heading.
        if match and (match["colon"] or _DIGIT.search(block.text, 0, match.start())):
            return match["name"] if _is_name(match["name"], layout) else None
    return None


def _linked_name(block: Block, layout: Layout) -> str | None:
    """The block's only link but that to the home page, where it leads to a section."""
    links = [(a, " ".join(text_content(a).split())) for a in block.anchors]
    links = [(anchor, name) for anchor, name in links if letters(name) not in _HOME]
    if len(links) != 1:
        return None
    anchor, name = links[0]
    leads = _SECTION_HREF.search(anchor.get("href") or "") or "category" in anchor.get("rel", "")
    return name if leads and _is_name(name, layout) else None


def _is_name(text: str, layout: Layout) -> bool:
    said = letters(text)
    return (
        bool(said)
        and len(text) <= _NAME_CHARS
        and said not in _HOME
        and said != letters(layout.title.text)
        and not said.isdigit()
    )
