"""Reads an article page: structured data, the site's own selectors, the shape of the page."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache

from lxml.cssselect import CSSSelector

from crawler.items import ArticleItem
from crawler.pages.blocks import Block, Element, text_content
from crawler.pages.byline import find_author
from crawler.pages.canonical import CanonicalLink, canonical_link
from crawler.pages.date_lines import Visit, read_line
from crawler.pages.document import Document
from crawler.pages.image import find_image
from crawler.pages.layout import Layout, read_layout
from crawler.pages.paragraphs import body_text, without_date_line
from crawler.pages.published import find_modified, find_published
from crawler.pages.related import chosen_links, related_links
from crawler.pages.section import find_section
from crawler.pages.structured import Claim, Metadata, read_metadata
from crawler.pages.title import stated_titles
from crawler.pages.verdict import ENOUGH, evidence
from crawler.text.arabic import clean, fold, fold_line, words
from crawler.text.urls import canonical_url

EXTRACTOR_VERSION = "1"
# ISO 8859-6 has the letters of Arabic, and these bytes beside them.
_NO_LETTERS = bytes(byte for byte in range(256) if not 0xC1 <= byte <= 0xEA)


def read_article(
    html: bytes,
    url: str,
    *,
    fetched_at: datetime,
    headers: Mapping[str, str] | None = None,
    selectors: Mapping[str, str] | None = None,
    timezone: str = "Asia/Hebron",
) -> ArticleItem | None:
    """The article in a response's body (unpacked bytes), or None where the page is none.

    Pure, and never raises whatever the bytes are. ``url`` is the address that answered,
    ``fetched_at`` (aware) the moment that «منذ ساعتين» is counted from, ``timezone`` the zone of
    printed times. ``selectors`` are the site's own, CSS, any of: title, body, published,
    section, author, image, related. ``extraction`` tells for each field where it came from:
    "json-ld", "meta", "microdata", "title" (its element), "selector" or "shape".
    """
    document = Document(html, url, headers)
    return read_document(document, fetched_at=fetched_at, selectors=selectors, timezone=timezone)


def read_document(
    document: Document,
    *,
    fetched_at: datetime,
    selectors: Mapping[str, str] | None = None,
    timezone: str = "Asia/Hebron",
) -> ArticleItem | None:
    """`read_article` for a page that is decoded and parsed already; leaves it unchanged."""
    found = {name: _select(document, css) for name, css in (selectors or {}).items()}
    chosen = {name: elements for name, elements in found.items() if elements}
    metadata = read_metadata(document)
    layout = read_layout(document, metadata, chosen)
    if layout is None:
        return None
    visit = Visit(fetched_at, timezone)
    published, dates_differ = find_published(metadata, layout, visit)
    if "published" in chosen:
        line = words_of(chosen["published"][0])
        published = read_line(line, visit, "selector") or published
    body = without_date_line(layout.body, published.text if published else None)
    text = _text(body, metadata, chosen)
    if text is None:
        return None
    if sum(evidence(document.url, metadata, layout, published, text.value).values()) < ENOUGH:
        return None

    canonical = canonical_link(document, layout.title.text) or CanonicalLink()
    item = ArticleItem(
        url=canonical_url(canonical.address or document.url),
        address=canonical.address,
        extractor_version=EXTRACTOR_VERSION,
    )
    _fill(item, "title", Claim(layout.title.text, layout.title.source))
    _fill(item, "body", text)
    if published is not None:
        item.published_at = published.at
        item.published_text = published.text
        item.published_precision = published.precision
        item.extraction["published_at"] = published.source
    if modified := find_modified(metadata, visit):
        item.modified_at = modified.at
        item.extraction["modified_at"] = modified.source
    for name, claim in _details(document, metadata, layout, chosen):
        _fill(item, name, claim)
    _add_links(item, document, layout, chosen)
    item.language, item.extraction["language"] = _language(metadata, item.body or "")
    hijri = published is not None and published.hijri
    flags = {
        "dates-differ": dates_differ,
        "hijri-date": hijri,
        "titles-differ": _titles_differ(metadata, layout),
    }
    item.flags = [flag for flag, raised in flags.items() if raised]
    if canonical.flag:
        item.flags.append(canonical.flag)
    return item


@cache
def _selector(css: str) -> CSSSelector:
    return CSSSelector(css, translator="html")


def _select(document: Document, css: str) -> list[Element]:
    elements: list[Element] = _selector(css)(document.root)
    return elements


def words_of(element: Element) -> str:
    return " ".join(text_content(element).split())


def _text(body: list[Block], metadata: Metadata, chosen: dict[str, list[Element]]) -> Claim | None:
    if text := body_text(body):
        return Claim(text, "selector" if "body" in chosen else "shape")
    # A page that a script fills in says its text to machines alone.
    stated = metadata.first("body")
    lines = stated.value.splitlines() if stated else []
    text = "\n\n".join(" ".join(line.split()) for line in lines if line.strip())
    return Claim(text, stated.source) if stated and text else None


def _fill(item: ArticleItem, name: str, claim: Claim) -> None:
    if value := clean(claim.value):
        setattr(item, name, value)
        item.extraction[name] = claim.source


def _details(
    document: Document, metadata: Metadata, layout: Layout, chosen: dict[str, list[Element]]
) -> Iterator[tuple[str, Claim]]:
    """Section, author, agency and image, each from the best evidence that there is."""
    claims = {
        "section": find_section(document, metadata, layout),
        "author": find_author(metadata, layout),
        "agency": metadata.first("agency"),
        "image_url": find_image(document, metadata, layout, chosen.get("image")),
    }
    for name in ("section", "author"):
        if name in chosen:
            claims[name] = Claim(words_of(chosen[name][0]), "selector")
    yield from ((name, claim) for name, claim in claims.items() if claim)


def _add_links(
    item: ArticleItem, document: Document, layout: Layout, chosen: dict[str, list[Element]]
) -> None:
    if "related" in chosen:
        item.links, source = chosen_links(chosen["related"], document), "selector"
    else:
        item.links, source = related_links(layout.blocks, document), "shape"
    if item.links:
        item.extraction["links"] = source


def _language(metadata: Metadata, text: str) -> tuple[str | None, str]:
    """As stated; without a statement Arabic where most letters are."""
    if stated := metadata.first("language"):
        return stated.value[:2].lower(), stated.source
    arabic = len(text.encode("iso-8859-6", "ignore").translate(None, _NO_LETTERS))
    return ("ar" if arabic * 2 > len(text) else None), "shape"


def _titles_differ(metadata: Metadata, layout: Layout) -> bool:
    """Whether a claimed title, or every printed one, shares no word with the one that was taken."""
    # The first element that microdata call a headline may be a card of another article.
    claims = [claim.value for claim in stated_titles(metadata) if claim.source != "microdata"]
    said = set(words(fold_line(layout.title.text)))
    if any(said.isdisjoint(claim) for claim in map(words, map(fold_line, claims)) if claim):
        return True
    above = [] if layout.title.printed_at else layout.blocks[: layout.first]
    printed = [words(fold(block.text)) for block in above if block.element.tag == "h1"]
    return bool(printed) and all(map(said.isdisjoint, printed))
