"""The picture that illustrates an article."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from crawler.pages.blocks import Element
from crawler.pages.document import Document
from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata

# Pictures of the site, which stand on every page: what their addresses hold in lower case.
_DECORATION = re.compile(
    r"logo|icon|avatar|placeholder|default[^/]*$|no-?image|blank|spacer|pixel|sprite|banner|share|dot\.|"
    r"/ads?[/._-]|whatsapp|facebook|twitter|\.svg"
)
_SMALL = 120  # pixels


def find_image(
    document: Document, metadata: Metadata, layout: Layout, chosen: list[Element] | None
) -> Claim | None:
    """Its absolute address: the site's selector, the metadata, the first in the article."""
    claims = [Claim(_source(chosen[0]), "selector")] if chosen else _claims(metadata, layout)
    for claim in claims:
        url = document.absolute_url(claim.value) if claim.value else None
        if url:
            return Claim(url, claim.source)
    return None


def _is_decoration(src: str) -> bool:
    lower = src.lower()
    return lower.startswith("data:") or _DECORATION.search(lower) is not None


def _claims(metadata: Metadata, layout: Layout) -> Iterable[Claim]:
    stated = [claim for claim in metadata.image if not _is_decoration(claim.value)]
    printed = chain(_printed(layout), _above(layout))
    return stated or (Claim(src, "shape") for src in printed)


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
    if not src or _is_decoration(src):
        return
    width = element.get("width") or ""
    small = width.isdecimal() and int(width) < _SMALL
    if not small and next(element.iterancestors("a"), None) is None:
        yield src
