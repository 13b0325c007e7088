"""Addresses: which of them are one page, what is asked of the server, which are of one kind.

w3lib makes an address valid and writes host, escapes, dot segments and query in one way; what
follows from how news sites are built comes on top. An address that is not http(s), or that
cannot be read, is returned as it stands: it is the address of nothing but itself.
"""

import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

from crawler.text.url_escapes import composed, with_upper_escapes
from crawler.text.url_parameters import identity_pairs, is_tracking, key_value
from crawler.text.url_paths import identity_path
from crawler.text.url_shapes import renumbered, segment_shape, value_shape

# Characters. Scrapy leaves out what is longer than browsers once took, and an index of the database
# holds 2,704 bytes at most.
LONGEST = 2_083
# The same links stand on every page of a site; this many are remembered.
_REMEMBERED = 3_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TWIN_HOST = re.compile(r"^(?:(?:www\d?|m|mobile|amp)\.)+(?=[^.]+\.)")
# The last label of no name is a number, so that this tells names from IP addresses.
_NO_NAME = re.compile(r"(?:^|\.)(?:\d+|0x[\da-f]*|localhost)$|:")
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sessionid)=[^/?#;]*", re.IGNORECASE)
# What w3lib changes in nothing but its escapes and the order of its query, which most addresses
# of a page are.
_PLAIN_ADDRESS = re.compile(
    r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}))?)"
    r"((?:/(?!\.)"
    r"(?:[\w.~:!()*,=|\"،؛؟«»-]++|(?:%[89A-Fa-f][0-9A-Fa-f])++|%2[02]|%3[Aa]|%7[Cc])*+)*+)"
    r"(?:\?([A-Za-z0-9_-]+=[A-Za-z0-9_.-]*(?:&[A-Za-z0-9_-]+=[A-Za-z0-9_.-]*)*))?"
)
_PLAIN_SIGNS = "/.~:!()*,=|%-"
_WEB_ADDRESS = re.compile(r"(https?)://([^/?#]+)(/[^?#]*)(?:\?([^#]*))?")


@lru_cache(maxsize=_REMEMBERED)
def canonical_url(url: str) -> str:
    """The identity of an address; idempotent.

    One for http and https, for www., m., mobile. and amp. hosts (an address with a port of its
    own, an IP address and localhost keep both), for raw and escaped Arabic, for any order of the
    query, and without tracking, session, print and AMP parts, the section beside an article's id,
    fragment, credentials, trailing and doubled slashes. The slug of a numbered page goes:
    ``/post/123`` and ``/post/123/slug`` are one. Escapes that are not UTF-8 (windows-1256) stay
    as they are.
    """
    if (parts := _split(url)) is None:
        return url
    pairs = identity_pairs(_pairs(parts.query)) if parts.query else []
    # w3lib sorts what is printed, where raw and escaped letters do not sort alike.
    query = "&".join(sorted(composed(pair.removesuffix("=")) for pair in pairs))
    path = identity_path(parts.path, has_query=bool(query))
    origin = _identity_origin(parts.scheme, parts.netloc)
    return f"{origin}{composed(path)}{query and '?' + query}"


@lru_cache(maxsize=_REMEMBERED)
def request_url(url: str) -> str:
    """The address to ask the server for: as printed, but valid and without what is not sent.

    Without fragment, tracking, sessions and dot segments; scheme, host, slug and the order of
    the query stay.
    """
    if (parts := _split(url)) is None:
        return url
    query = "&".join(_pairs(_printed_query(url))) if parts.query else ""
    return urlunsplit(parts._replace(query=query))


def _printed_query(url: str) -> str:
    """Its valid query in its own order, which `_split` does not keep."""
    if plain := _PLAIN_ADDRESS.fullmatch(url):
        return plain[4] or ""
    return urlsplit(safe_url_string(_without_sessions(url))).query


@lru_cache(maxsize=64)  # what is asked for is asked for right after its identity
def _split(url: str) -> SplitResult | None:
    """The parts of an http(s) address after w3lib, or None."""
    if plain := _PLAIN_ADDRESS.fullmatch(url):
        # «عاجل| …», «فلان: …»
        path = with_upper_escapes(plain[3]).replace("%7C", "|").replace("%3A", ":")
        path = quote(path, safe=_PLAIN_SIGNS) if '"' in path or not path.isascii() else path
        query = "&".join(sorted(plain[4].split("&"), key=key_value)) if plain[4] else ""
        return SplitResult(plain[1], plain[2], path or "/", query, "")
    try:
        match = _WEB_ADDRESS.fullmatch(canonicalize_url(_without_sessions(url)))
    except ValueError:
        return None
    if match is None or _identity_origin(match[1], match[2]) is None:
        return None
    return SplitResult(match[1], match[2], match[3], match[4] or "", "")


def _without_sessions(url: str) -> str:
    """Also repairs "&" that was escaped twice on its way into the page."""
    return _PATH_SESSION.sub("", url.replace("&amp;", "&")) if ";" in url else url


def _pairs(query: str) -> list[str]:
    pairs = ((pair, *key_value(pair)) for pair in query.split("&"))
    return [pair for pair, key, value in pairs if key and not is_tracking(key, value)]


@lru_cache(maxsize=64)
def _identity_origin(scheme: str, netloc: str) -> str | None:
    """Scheme, host and port as they stand in a canonical address; None without a host."""
    parts = SplitResult(scheme, netloc, "", "", "")
    host = (parts.hostname or "").rstrip(".")
    if not host or parts.port == 0:
        return None
    shown = f"[{host}]" if ":" in host else host
    if parts.port not in (None, _DEFAULT_PORTS[scheme]):
        return f"{scheme}://{shown}:{parts.port}"
    return f"{scheme}://{shown}" if _NO_NAME.search(host) else f"https://{bare_host(host)}"


def bare_host(host: str) -> str:
    """A host without www. and its kin: the name that the twins of a site share."""
    return _TWIN_HOST.sub("", host, count=1)


@lru_cache(maxsize=_REMEMBERED)
def address_shape(address: str) -> tuple[str, int | None]:
    """What addresses of one kind share, and the number that enumerates them if it is the only one.

    Path and query of ``address``, a canonical one, with {n} for numbers and {s} for what is named
    freely: ``/post/{n}``, ``/news.php?id={n}``, ``/{n}/{n}/{n}/{s}-{n}``, ``/section/{s}``.
    """
    if plain := _WEB_ADDRESS.fullmatch(address):
        path, query = plain[3], plain[4] or ""
    else:
        _, _, path, query, _ = urlsplit(address)
    segments = [segment_shape(name, index == 0) for index, name in enumerate(_segments(path))]
    pairs = [value_shape(*key_value(pair)) for pair in query.split("&") if pair]
    shape = "/" + "/".join(shape for shape, _ in segments)
    if pairs:
        shape += "?" + "&".join(shape for shape, _ in pairs)
    numbers = [number for _, number in segments + pairs if number]
    return shape, int(numbers[0]) if len(numbers) == 1 else None


def numbered_url(url: str, number: int) -> str:
    """``url`` with another enumerating number, to be asked for: scheme and host stay.

    A slug behind the number is dropped, one before it (``/news/slug-123``) stays. ValueError
    where not exactly one number enumerates.
    """
    address = canonical_url(url)
    _, old = address_shape(address)
    if old is None:
        raise ValueError(f"{url} has not exactly one number that enumerates.")
    printed, known = urlsplit(request_url(url)), urlsplit(address)
    segments = [
        renumbered(name, segment_shape(name, index == 0)[1], number)
        for index, name in enumerate(_segments(known.path))
    ]
    pairs = [
        renumbered(pair, value_shape(*key_value(pair))[1], number)
        for pair in identity_pairs(_pairs(printed.query))
    ]
    path, query = "/" + "/".join(segments), "&".join(pairs)
    return urlunsplit(printed._replace(path=path, query=query))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
