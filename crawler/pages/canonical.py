"""The address by which a page wants to be known (rel=canonical, RFC 6596), if it can be believed.

Templates print many false ones: the home page on every page, one article on all, an address
without the number that names the article, another site from which a text was taken. A false one
believed would make one article of many, so that the link must share with the page's own address
what tells it from others.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from crawler.pages.document import Document
from crawler.pages.verdict import spells
from crawler.text.url_escapes import unescaped
from crawler.text.urls import LONGEST, address_shape, bare_host, canonical_url

HOME = "canonical-home-page"
ANOTHER_HOST = "canonical-another-host"
ANOTHER_ARTICLE = "canonical-another-article"
NOT_BELIEVED = frozenset({HOME, ANOTHER_HOST, ANOTHER_ARTICLE})

_NUMBER = re.compile(r"\d+")
_INDEX = re.compile(r"/(?:index\.\w+|default\.aspx|home)?", re.IGNORECASE)
_SLUG = re.compile(r"(?=.*[^\W\d_]{3}).{8,}")  # a name, and no script or section


@dataclass(frozen=True, slots=True)
class CanonicalLink:
    """The address as printed, made absolute; or the flag that says why it is not believed."""

    address: str | None = None
    flag: str | None = None


def canonical_link(document: Document, title: str) -> CanonicalLink | None:
    """What to make of the page's link to another address than its own; None without one."""
    printed = _printed(document)
    address = document.absolute_url(printed) if printed else None
    if address is None:
        return None
    own, other = canonical_url(document.url), canonical_url(address)
    if own == other or len(other) > LONGEST:
        return None
    try:
        ours, theirs = urlsplit(own), urlsplit(other)
    except ValueError:
        return None
    if bare_host(ours.netloc) != bare_host(theirs.netloc):
        return CanonicalLink(flag=ANOTHER_HOST)
    if _INDEX.fullmatch(theirs.path or "/") and not theirs.query:
        return CanonicalLink(flag=HOME)
    if _names_the_same(own, other, title):
        return CanonicalLink(address=address)
    return CanonicalLink(flag=ANOTHER_ARTICLE)


def _printed(document: Document) -> str:
    for link in document.stated["link"]:
        if "canonical" in link.get("rel", "").lower().split():
            return str(link.get("href", "")).strip()
    return ""


def _names_the_same(own: str, other: str, title: str) -> bool:
    """Whether two addresses share the number of an article, its slug, or a slug of its title."""
    own_parts, other_parts = _parts(own), _parts(other)
    _, own_number = address_shape(own)
    _, other_number = address_shape(other)
    own_numbers = {int(n) for part in own_parts for n in _NUMBER.findall(part)}
    if other_number is not None and other_number in own_numbers:
        return True
    if own_number is not None and other_number is not None:
        return False  # each is enumerated, and by another number
    slugs = set(filter(_SLUG.fullmatch, other_parts))
    if own_number is None and slugs & set(own_parts):
        return True
    return spells(unescaped(urlsplit(other).path), title)


def _parts(url: str) -> list[str]:
    """The segments of the path and the values of the query, without a file's ending."""
    parts = urlsplit(url)
    values = [pair.partition("=")[2] for pair in parts.query.split("&")]
    named = [unescaped(part) for part in (*parts.path.split("/"), *values) if part]
    return [re.sub(r"\.(?:html?|php|aspx?)$", "", part) for part in named]
