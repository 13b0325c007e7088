"""What is asked of a site and what it answers."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """One request as received; ``target`` is the request line's path with query, verbatim."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    time: float = 0.0  # seconds since 1970

    @cached_property
    def path(self) -> str:
        """Decoded; raw Arabic and percent-encoded Arabic read the same."""
        return unquote(self.target.partition("?")[0].partition("#")[0])

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def base(self) -> str:
        """Scheme and host that absolute addresses in the answer begin with."""
        return f"http://{self.headers.get('host', 'site.test')}"

    def at(self, target: str) -> "Request":
        """The same client asking for another target."""
        return replace(self, target=target)


def get(address: str) -> Request:
    """A request for this address, whether a target or a whole URL."""
    parts = urlsplit(address)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request("GET", target, {"host": parts.netloc} if parts.netloc else {})


@dataclass(frozen=True)
class Answer:
    """Status, headers and body; ``parts`` are joined on the wire, so that pages share them."""

    parts: tuple[bytes, ...] = ()
    status: int = 200
    headers: Headers = ()
    delay: float = 0.0  # seconds before the first byte
    sent: int | None = None  # bytes of the body after which the connection closes; None: all

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    @property
    def length(self) -> int:
        return sum(map(len, self.parts))

    def but(self, **changes: Any) -> "Answer":
        return replace(self, **changes)


@dataclass(frozen=True)
class Record:
    """One line of the request log; ``status`` is what was, or would have been, answered."""

    time: float
    method: str
    path: str  # with query, verbatim
    status: int
    headers: dict[str, str]


def page(
    *parts: bytes, status: int = 200, kind: str = "text/html; charset=utf-8", more: Headers = ()
) -> Answer:
    return Answer(parts, status, (("Content-Type", kind), *more))


def redirect(location: str, status: int = 302) -> Answer:
    return Answer((), status, (("Location", location),))
