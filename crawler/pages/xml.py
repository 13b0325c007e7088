"""XML written by strangers: sitemaps and feeds as they really come, read in little memory."""

import re
from collections.abc import Iterator
from io import BytesIO

from lxml import etree

from crawler.pages.decoding import decode_html

_HEAD = 4096  # characters in which the root element has to begin
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_START_TAG = re.compile(r"<(?:[\w.-]+:)?([A-Za-z][\w.-]*)")
# After one stray ampersand libxml2's recovery loses the good ones behind it as well, so that
# "?id=1&page=2" would become another address. Entities that a document declares itself are
# made plain text by the same rule: nothing is left to expand.
_STRAY_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)


def decode_xml(body: bytes) -> str:
    """The text from its first tag on: PHP warnings, blank lines and marks before it are cut."""
    text = decode_html(body)[0]
    start = text.find("<?xml", 0, _HEAD)
    return text[start:] if start > 0 else text.lstrip("\ufeff \t\r\n")


def root_name(markup: str) -> str | None:
    """The local name of the first element, None where the text holds no markup."""
    if not markup.startswith("<"):
        return None
    tag = _START_TAG.search(_COMMENT.sub("", markup[:_HEAD]))
    return tag[1] if tag else None


def iter_elements(markup: str, *names: str) -> Iterator[etree._Element]:
    """The elements with these local names, in document order; each is emptied after use.

    Markup errors are passed over. What follows the last finished element is not read: in a
    document that was cut, the address there may be cut too.
    """
    finished = _escape_stray_ampersands(_without_torn_end(markup, names))
    events = etree.iterparse(
        BytesIO(finished.encode("utf-8", "ignore")),
        tag=[f"{{*}}{name}" for name in names],
        encoding="utf-8",  # whatever the declaration says: the text is decoded already
        recover=True,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    for _, element in events:
        yield element
        element.clear()
        # Where an entry was never closed, the next stands inside it, behind its fields.
        while (previous := element.getprevious()) is not None and previous.tag == element.tag:
            element.getparent().remove(previous)


def _without_torn_end(markup: str, names: tuple[str, ...]) -> str:
    # Names with a prefix are rare: their document is read to its very end.
    tags = [f"</{name}>" for name in names]
    last = max(tags, key=markup.rfind)
    end = markup.rfind(last) + len(last)
    return markup[:end] if last in markup else markup


def _escape_stray_ampersands(markup: str) -> str:
    if not _STRAY_AMPERSAND.search(markup):
        return markup
    pieces = _CDATA.split(markup)
    pieces[::2] = [_STRAY_AMPERSAND.sub("&amp;", piece) for piece in pieces[::2]]
    return "".join(pieces)


def local_name(element: etree._Element) -> str:
    """The name without namespace, nor prefix where that was never declared."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def text_of(element: etree._Element) -> str:
    return "".join(element.itertext()).strip()
