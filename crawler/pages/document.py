"""One HTML response, decoded and parsed once for every reader of it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Self

import lxml.html
from lxml import etree
from scrapy.http import Response

from crawler.pages.decoding import decode_html
from crawler.pages.links import absolute_url


class Document:
    """The tree of a page.

    ``html`` is the body as received (unpacked), ``headers`` the response's headers with
    lower-case or title-case names. Never raises for bad markup; ``root`` is an empty
    ``<html>`` where the bytes hold no markup at all.
    """

    def __init__(self, html: bytes, url: str, headers: Mapping[str, str] | None = None):
        self.html = html
        self.url = url
        self.text, self.encoding = decode_html(html, headers)

    @classmethod
    def of(cls, response: Response) -> Self:
        """The document of a response; its bytes decide on the encoding, not Scrapy."""
        content_type = response.headers.get("Content-Type") or b""
        return cls(response.body, response.url, {"content-type": content_type.decode("latin-1")})

    @cached_property
    def root(self) -> lxml.html.HtmlElement:
        parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, huge_tree=False)
        markup = self.text.encode("utf-8", "replace")
        try:
            return lxml.html.document_fromstring(markup, parser=parser)
        except etree.ParserError:  # nothing but white space and comments
            return lxml.html.document_fromstring(b"<html></html>", parser=parser)

    @cached_property
    def base_url(self) -> str:
        """What relative addresses are joined with: ``<base href>`` or the page's own address."""
        href: str = self.root.xpath("string(//base/@href)").strip()
        return absolute_url(href, self.url) or self.url
