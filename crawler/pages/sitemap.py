"""Sitemaps (sitemaps.org 0.9, Google's news extension): which addresses a site declares."""

import zlib
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from lxml import etree
from scrapy.utils.gz import gunzip

from crawler.pages.feed import FEED_ROOTS, read_feed
from crawler.pages.links import Link, absolute_url, read_time
from crawler.pages.xml import decode_xml, iter_elements, local_name, root_name, text_of
from crawler.text.arabic import fold_spaces

MAX_SIZE = 50 * 1024 * 1024  # bytes unpacked, as the protocol has it
MAX_LINKS = 200_000  # the protocol allows 50,000; this much still fits into memory
_GZIP = b"\x1f\x8b"


class NotASitemap(ValueError):
    """The body is no sitemap: an error page, a home page, a damaged archive."""


class SitemapTooLarge(ValueError):
    """A packed sitemap that unpacks to more than it may."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """``links`` are the child sitemaps of an "index" and the pages of a "urlset"."""

    kind: Literal["index", "urlset"]
    links: list[Link]


def read_sitemap(body: bytes, url: str, *, max_size: int = MAX_SIZE) -> Sitemap:
    """A sitemap in XML, as text or as a feed, gzipped or not, in document order.

    Broken XML is read as far as it goes. Raises NotASitemap and SitemapTooLarge.
    """
    body = _unpack(body, url, max_size)
    markup = decode_xml(body)
    root = root_name(markup)
    if root == "urlset":
        return Sitemap("urlset", _read_entries(markup, "url", url))
    if root == "sitemapindex":
        return Sitemap("index", _read_entries(markup, "sitemap", url))
    if root in FEED_ROOTS:
        return Sitemap("urlset", read_feed(body, url))
    links = _read_lines(markup) if root is None else []
    if not links:
        raise NotASitemap(f"{url} is no sitemap: it begins with {markup[:40]!r}")
    return Sitemap("urlset", links)


def _unpack(body: bytes, url: str, max_size: int) -> bytes:
    if not body.startswith(_GZIP):
        return body
    try:
        return gunzip(body, max_size=max_size)
    except (OSError, EOFError, zlib.error) as error:
        raise NotASitemap(f"{url} is a damaged gzip file: {error}") from error
    except ValueError as error:  # Scrapy's class for this has no public name
        raise SitemapTooLarge(f"{url} unpacks to more than {max_size:,} bytes") from error


def _read_entries(markup: str, name: str, url: str) -> list[Link]:
    links = (_read_entry(entry, url) for entry in iter_elements(markup, name))
    return list(islice((link for link in links if link), MAX_LINKS))


def _read_entry(entry: etree._Element, url: str) -> Link | None:
    # Only direct children and those of news:news: images and videos have a loc, a title and
    # a publication date of their own.
    fields: dict[str, str] = {}
    for child in entry:
        name = local_name(child)
        if name == "news":
            fields |= {f"news:{local_name(part)}": text_of(part) for part in child}
        else:
            fields.setdefault(name, text_of(child))
    address = absolute_url(fields.get("loc", ""), url)
    if address is None:
        return None
    return Link(
        address,
        fold_spaces(fields.get("news:title", "")),
        modified_at=read_time(fields.get("lastmod", "")),
        published_at=read_time(fields.get("news:publication_date", "")),
    )


def _read_lines(text: str) -> list[Link]:
    addresses = (line.strip() for line in text.splitlines())
    found = (Link(line) for line in addresses if line.startswith(("http://", "https://")))
    return list(islice(found, MAX_LINKS))
