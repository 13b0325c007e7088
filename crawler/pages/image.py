"""The picture that illustrates an article."""

import re
from collections.abc import Iterator

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
        claims = claims or [Claim(src, "shape") for src in _printed(layout)]
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
        src = element.get("data-src") or element.get("src") or ""
        width = element.get("width") or ""
        small = width.isdecimal() and int(width) < _SMALL
        linked = next(element.iterancestors("a"), None) is not None
        if src and not small and not linked and not _DECORATION.search(src):
            yield src
