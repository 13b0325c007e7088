"""RSS 0.9x, 1.0, 2.0 and Atom: which articles a feed names, and since when.

Read with lxml, which Scrapy brings along. feedparser 6 is well kept, but of all its fields
three are needed here, it takes six times the CPU (most of it for cleaning descriptions that
nobody reads) and expands what a document declares as entities.
"""

import html
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from crawler.pages.links import Link, absolute_url, read_time
from crawler.pages.xml import decode_xml, iter_elements, local_name, root_name, text_of
from crawler.text.arabic import fold_spaces

FEED_ROOTS = frozenset({"rss", "RDF", "feed", "channel"})
_PUBLISHED = ("pubDate", "published", "issued", "date")
_MODIFIED = ("updated", "modified")


class NotAFeed(ValueError):
    """The body is neither RSS nor Atom: an error page, a home page, JSON."""


def read_feed(body: bytes, url: str) -> list[Link]:
    """The articles that a feed names, in its order; raises NotAFeed."""
    markup = decode_xml(body)
    root = root_name(markup)
    if root not in FEED_ROOTS:
        kind = f"a document of <{root}>" if root else "text without markup"
        raise NotAFeed(f"{url} is {kind}, neither RSS nor Atom")
    links = (_read_entry(entry, url) for entry in iter_elements(markup, "item", "entry"))
    return [link for link in links if link]


def _read_entry(entry: etree._Element, url: str) -> Link | None:
    fields: dict[str, etree._Element] = {}
    for child in entry:
        fields.setdefault(local_name(child), child)
    address = next((a for h in _addresses(entry) if (a := absolute_url(h, url))), None)
    if address is None:
        return None
    # Titles are escaped once, twice or by CDATA; one more unescaping meets all of them.
    title = html.unescape(text_of(fields["title"])) if "title" in fields else ""
    return Link(
        address,
        fold_spaces(title),
        modified_at=_first_time(fields, _MODIFIED),
        published_at=_first_time(fields, _PUBLISHED),
    )


def _addresses(entry: etree._Element) -> Iterator[str]:
    """What the entry may be found at, the likeliest first."""
    links = [child for child in entry if local_name(child) == "link"]
    # FeedBurner and its heirs put a counting redirect where the address belongs.
    yield from (text_of(child) for child in entry if local_name(child) == "origLink")
    for link in links:
        # CDATA has no entities, and many feeds escape inside it all the same.
        yield text_of(link).replace("&amp;", "&")
    alternates = [link for link in links if link.get("rel", "alternate") == "alternate"]
    alternates.sort(key=lambda link: "html" not in link.get("type", "html"))
    yield from (link.get("href", "") for link in alternates)
    for guid in (child for child in entry if local_name(child) == "guid"):
        address = text_of(guid)
        if guid.get("isPermaLink") != "false" and address.startswith("http"):
            yield address


def _first_time(fields: dict[str, etree._Element], names: tuple[str, ...]) -> datetime | None:
    times = (read_time(text_of(fields[name])) for name in names if name in fields)
    return next((time for time in times if time), None)
