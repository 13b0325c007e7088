"""One HTML response, decoded and parsed once for every reader of it."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Self
from urllib.parse import urlsplit

from lxml import etree
from scrapy.http import Response

from crawler.pages.blocks import Element
from crawler.pages.decoding import utf8_markup
from crawler.pages.links import absolute_url
from crawler.text.urls import LONGEST

_PLAIN_ADDRESS = re.compile(r"https?://[\w.:-]+(?=[/?#]|$)", re.ASCII)
_PLAIN_NAME = re.compile(r"[\w-]+(?:\.\w+)?(?=[?#]|$)", re.ASCII)

# huge_tree: else all that stands behind 255 open tags would be lost, instead of behind 2,047.
# Not the parser of lxml.html: elements of a Python class take half as long again to walk through.
_PARSER = etree.HTMLParser(
    encoding="utf-8", remove_comments=True, huge_tree=True, collect_ids=False
)

# libxml2 compares each attribute of a tag with those before it: half a second for 200 KB of them,
# minutes for some megabytes.
_LARGE = 200_000  # bytes
_OVERLOADED_TAG = re.compile(
    rb"""(<[a-zA-Z][\w-]*+)(?>\s++[^\s<>"']++(?:"[^"<>]*+"|'[^'<>]*+')?+){2000,}+"""
)


class Document:
    """The tree of a page.

    ``html`` is the body as received (unpacked), ``headers`` the response's headers with
    lower-case or title-case names. Never raises for bad markup; ``root`` is an empty
    ``<html>`` where the bytes hold no markup at all.
    """

    def __init__(self, html: bytes, url: str, headers: Mapping[str, str] | None = None):
        self.html = html
        self.url = url
        self.headers = headers

    @classmethod
    def of(cls, response: Response) -> Self:
        """The document of a response; its bytes decide on the encoding, not Scrapy."""
        content_type = response.headers.get("Content-Type") or b""
        return cls(response.body, response.url, {"content-type": content_type.decode("latin-1")})

    @cached_property
    def root(self) -> Element:
        markup = utf8_markup(self.html, self.headers)
        if len(markup) > _LARGE:
            markup = _OVERLOADED_TAG.sub(rb"\1", markup)
        root = None if not markup or markup.isspace() else etree.fromstring(markup, _PARSER)
        # Nothing but comments is no document either.
        return etree.fromstring(b"<html></html>", _PARSER) if root is None else root

    @cached_property
    def stated(self) -> dict[str, list[Element]]:
        """Its elements that speak to machines, by tag: found in one walk."""
        found: dict[str, list[Element]] = {"link": [], "meta": [], "script": []}
        for element in self.root.iter(*found):
            found[element.tag].append(element)
        return found

    @cached_property
    def base_url(self) -> str:
        """What relative addresses are joined with: ``<base href>`` or the page's own address."""
        base = next(self.root.iter("base"), None)
        href = "" if base is None else base.get("href", "").strip()
        if _PLAIN_ADDRESS.match(href):
            return href.partition("#")[0]
        return absolute_url(href, self.url) or self.url

    def absolute_url(self, href: str) -> str | None:
        """The http(s) address that ``href`` means on this page; see `links.absolute_url`."""
        href = href.strip()
        if len(href) > LONGEST:
            return None
        # Nearly every link is one of these three, and joining takes ten times as long.
        if href[:1] == "/" and href[1:2] != "/" and "/." not in href:
            return self._places[0] + (href.partition("#")[0] if "#" in href else href)
        if _PLAIN_ADDRESS.match(href):
            return href.partition("#")[0]
        if _PLAIN_NAME.match(href):
            return self._places[1] + href.partition("#")[0]
        return absolute_url(href, self.base_url)

    @cached_property
    def _places(self) -> tuple[str, str]:
        """The site that addresses such as "/a" mean here, and the folder that "a" means."""
        base = urlsplit(self.base_url)
        origin = f"{base.scheme}://{base.netloc}"
        return origin, f"{origin}{base.path.rpartition('/')[0]}/"
