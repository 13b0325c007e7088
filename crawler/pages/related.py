"""Other articles that an article's page names as related."""

from collections.abc import Iterable

from crawler.pages.blocks import Block, Element, common_ancestor, text_content
from crawler.pages.document import Document
from crawler.pages.furniture import may_open_related_links, opens_related_links
from crawler.text.urls import canonical_url

MAX_LINKS = 30


def related_links(blocks: list[Block], document: Document) -> list[str]:
    """Absolute addresses on the same site as printed, in page order, each article once.

    They stand behind a heading such as «اقرأ أيضا» or «مواضيع ذات صلة», until text or another
    heading follows.
    """
    anchors: list[Element] = []
    opener: Block | None = None
    box: Element | None = None  # holds the heading and the first link, and so the others
    for block in blocks:
        if _opens(block):
            opener, box = block, None
        elif opener is None:
            continue
        elif block.link_share < 0.5 and not _belongs_to_card(block):
            opener = None
        if opener is not None and any(map(_leads_away, block.anchors)):
            box = common_ancestor([opener.element, block.element]) if box is None else box
            if box in (block.element, *block.element.iterancestors()):
                anchors += block.anchors
            else:
                opener = None
    return _addresses(anchors, document)


def _opens(block: Block) -> bool:
    """Whether other articles follow; their heading may touch a link: «اقرأ أيضا<a>…»."""
    if not may_open_related_links(block.text):
        return False
    if opens_related_links(block.text):
        return True
    if not block.anchors:
        return False
    linked = " ".join(text_content(block.anchors[0]).split())
    return opens_related_links(block.text.partition(linked)[0] or linked)


def _leads_away(anchor: Element) -> bool:
    return not (anchor.get("href") or "#").startswith("#")


def chosen_links(elements: list[Element], document: Document) -> list[str]:
    """The addresses of the links in, or at, the elements that the site's selector found."""
    anchors = [anchor for element in elements for anchor in element.iter("a")]
    return _addresses(anchors, document)


def _addresses(anchors: Iterable[Element], document: Document) -> list[str]:
    links: dict[str, str] = {}  # one address for all its spellings, the first as printed
    host = _host(document.url)
    for anchor in anchors:
        url = document.absolute_url(anchor.get("href") or "")
        if url and _host(url) == host:
            links.setdefault(canonical_url(url), url)
    links.pop(canonical_url(document.url), None)
    return list(links.values())[:MAX_LINKS]


def _belongs_to_card(block: Block) -> bool:
    """A date or a counter below a related title, not the next heading."""
    short = len(block.text) < 40 and not block.heading
    return short and any(map(str.isdigit, block.text))


def _host(url: str) -> str:
    parts = url.split("/", 3)
    return parts[2].removeprefix("www.").lower() if len(parts) > 2 else ""
