"""The site that is archived: which addresses are its own, and which hosts are nobody's site."""

import re
import socket
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from w3lib.url import safe_url_string

from crawler.text.urls import LONGEST, bare_host, request_url

# Names that resolve inside one machine, one house or one cloud (RFC 6761, RFC 6762, RFC 8375).
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet")

_ORIGIN = re.compile("https?://[^/?#]*")


@dataclass(frozen=True, slots=True)
class Site:
    """A news site by its home page and the other hosts that serve it.

    ValueError, one sentence with the value and the remedy, where ``home`` is no home page.
    """

    home: str
    hosts: tuple[str, ...] = ()  # further host names; their www. and m. twins are included
    host: str = field(init=False)
    _names: frozenset[str] = field(init=False, repr=False)
    _port: int | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = _home_parts(self.home)
        names = frozenset(bare_host(_host(host)) for host in (parts.hostname or "", *self.hosts))
        object.__setattr__(self, "home", request_url(self.home.strip()))
        object.__setattr__(self, "host", parts.hostname)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_port", _own_port(parts))

    def owns(self, url: str) -> bool:
        """Whether the site serves ``url``: on a host of its own or its twin, on its port.

        What is longer than any address that can be kept is nobody's page.
        """
        address = request_url(url)
        origin = _ORIGIN.match(address)
        if origin is None or len(address) > LONGEST:
            return False
        name, port = _server(origin[0])
        return name in self._names and port == self._port


def is_private_host(host: str) -> bool:
    """Whether ``host``, a name or an address in any spelling, is not on the public internet.

    Loopback, private, link-local (cloud metadata), unspecified, multicast and reserved
    addresses, also inside IPv6 (mapped, 6to4, NAT64) and as one decimal, octal or hexadecimal
    number; names without a dot and names of private zones. Nothing is resolved: a public name
    may still point at a private address.
    """
    name = unicodedata.normalize("NFKC", host).replace("。", ".").strip("[]. ").lower()
    if (address := _address(name.partition("%")[0])) is not None:
        return any(map(_is_private, _embedded(address) or [address]))
    return "." not in name or name.endswith(_PRIVATE_SUFFIXES)


def _home_parts(home: str) -> SplitResult:
    def refusal(reason: str, remedy: str) -> ValueError:
        return ValueError(f"{shown!r} is no home page: {reason}; {remedy}.")

    shown = home = home.strip()
    try:
        parts = urlsplit(safe_url_string(home))
        port_is_wrong = parts.port == 0
    except ValueError as error:
        raise refusal(str(error), "write it as https://example.com/") from error
    if "@" in parts.netloc:
        shown = home.replace(urlsplit(home).netloc.rpartition("@")[0], "***")
        raise refusal("it holds a user name or password", "write the address without them")
    if "://" not in home:
        raise refusal(
            "it has no scheme", f"write it as https://{home.lstrip('/') or 'example.com'}"
        )
    if parts.scheme not in ("http", "https"):
        raise refusal(f"its scheme is {parts.scheme!r}", "only http and https sites are archived")
    if not parts.hostname or any(char.isspace() for char in home):
        raise refusal("it has no readable host", "write it as https://example.com/")
    if port_is_wrong:
        raise refusal("its port is 0", "give the port that the site answers on, or none")
    return parts


def _host(host: str) -> str:
    """A host name as addresses carry it: lower case, punycode, no final dot."""
    netloc = f"[{host}]" if host.count(":") > 1 else host  # IPv6
    return (urlsplit(safe_url_string(f"//{netloc}")).hostname or host).rstrip(".")


@lru_cache(maxsize=64)  # nearly all addresses of a page have the same
def _server(origin: str) -> tuple[str, int | None]:
    """The name that the twins of a site share, and the port; no name where there is none."""
    try:
        parts = urlsplit(origin)
        return bare_host((parts.hostname or "").rstrip(".")), _own_port(parts)
    except ValueError:
        return "", None


def _own_port(parts: SplitResult) -> int | None:
    """The port unless it is the scheme's own."""
    return None if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else parts.port


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        # Reads 2130706433, 0x7f.1 and 0177.0.0.1 as the system's resolver does.
        return IPv4Address(socket.inet_aton(name)) if name[:1].isdigit() else None
    except OSError:
        return None


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    return not address.is_global or address.is_multicast or address.is_reserved


def _embedded(address: IPv4Address | IPv6Address) -> Sequence[IPv4Address | IPv6Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return []
    teredo = address.teredo or ()
    # NAT64 (RFC 6052) has the address in its last four bytes.
    nat64 = IPv4Address(address.packed[12:]) if address.packed[:4] == b"\0\x64\xff\x9b" else None
    inner = (address.ipv4_mapped, address.sixtofour, nat64, *teredo)
    return [each for each in inner if each is not None]
