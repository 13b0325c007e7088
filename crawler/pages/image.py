"""The picture that illustrates an article."""

import re
from collections.abc import Iterator
from itertools import chain

from crawler.pages.blocks import Element
from crawler.pages.document import Document
from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata

# Pictures of the site: they stand on every page.
_DECORATION = re.compile(
    r"logo|icon|avatar|placeholder|default[^/]*$|no-?image|blank|spacer|pixel|sprite|banner|share|dot\.|"
    r"/ads?[/._-]|whatsapp|facebook|twitter|\.svg|^data:",
    re.IGNORECASE,
)
_SMALL = 120  # pixels


def find_image(
    document: Document, metadata: Metadata, layout: Layout, chosen: list[Element] | None
) -> Claim | None:
    """Its absolute address: the site's selector, the metadata, the first in the article."""
    if chosen:
        claims = [Claim(_source(chosen[0]), "selector")]
    else:
        claims = [c for c in metadata.image if not _DECORATION.search(c.value)]
        claims = claims or [Claim(src, "shape") for src in chain(_printed(layout), _above(layout))]
    for claim in claims:
        url = document.absolute_url(claim.value) if claim.value else None
        if url:
            return Claim(url, claim.source)
    return None


def _source(element: Element) -> str:
    return element.get("src") or element.get("content") or element.get("href") or ""


def _printed(layout: Layout) -> Iterator[str]:
    """Pictures between the title and the end of the text; those in links illustrate others."""
    if layout.root is None:
        return
    end = layout.blocks[layout.last].element
    for element in layout.root.iter("img", end.tag):
        if element is end:
            return
        yield from _illustration(element)


def _above(layout: Layout) -> Iterator[str]:
    """Pictures that stand directly above the article, with no word between."""
    before = () if layout.root is None else layout.root.itersiblings(preceding=True)
    for sibling in before:
        if any(text.strip() for text in sibling.itertext()):
            return
        for element in sibling.iter("img"):
            yield from _illustration(element)


def _illustration(element: Element) -> Iterator[str]:
    """The picture's address, where it is no decoration and leads nowhere."""
    src = element.get("data-src") or element.get("src")
    if not src or _DECORATION.search(src):
        return
    width = element.get("width") or ""
    small = width.isdecimal() and int(width) < _SMALL
    if not small and next(element.iterancestors("a"), None) is None:
        yield src
