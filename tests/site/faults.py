"""What can go wrong with a site, switchable while it runs.

A rule's pattern is a prefix of the decoded path with query, or a compiled regular expression
matched at its start. The rule added last wins.
"""

import re
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Protocol
from urllib.parse import unquote

from tests.site.exchange import Answer, Request, page, redirect

MEGABYTE = 1_000_000
FOREVER = 86_400.0  # seconds
FILLING = b"<p>" + b"x" * (MEGABYTE - 7) + b"</p>"


class Healthy(Protocol):
    """The layout, as faults see it."""

    def answer(self, request: Request) -> Answer: ...

    def endless(self, request: Request, *, fresh: bool) -> Answer: ...


class Fault(Protocol):
    def answer(self, request: Request, site: Healthy) -> Answer: ...


@dataclass(frozen=True)
class Status:
    """This status instead of the page; ``retry_after`` is seconds or an HTTP date."""

    code: int
    retry_after: int | str | None = None

    def answer(self, request: Request, site: Healthy) -> Answer:
        more = (("Retry-After", str(self.retry_after)),) if self.retry_after is not None else ()
        return page(f"<h1>{self.code}</h1>".encode(), status=self.code, more=more)


@dataclass(frozen=True)
class Slow:
    """The healthy answer after so many seconds; by default never."""

    seconds: float = FOREVER

    def answer(self, request: Request, site: Healthy) -> Answer:
        return site.answer(request).but(delay=self.seconds)


@dataclass(frozen=True)
class Cut:
    """The connection closes after this share of the body that Content-Length announces."""

    share: float = 0.5

    def answer(self, request: Request, site: Healthy) -> Answer:
        answer = site.answer(request)
        return answer.but(sent=int(answer.length * self.share))


@dataclass(frozen=True)
class Redirect:
    """To any address: another host, a private one, another scheme."""

    to: str
    code: int = 302

    def answer(self, request: Request, site: Healthy) -> Answer:
        return redirect(self.to, self.code)


@dataclass(frozen=True)
class RedirectLoop:
    """To the same address with one more parameter, and back."""

    def answer(self, request: Request, site: Healthy) -> Answer:
        address, mark, _ = request.target.partition("hop=1")
        if mark:
            return redirect(address.rstrip("?&"))
        return redirect(f"{address}{'&' if '?' in address else '?'}hop=1")


@dataclass(frozen=True)
class Large:
    """A body of so many megabytes."""

    megabytes: int

    def answer(self, request: Request, site: Healthy) -> Answer:
        return page(*([FILLING] * self.megabytes))


@dataclass(frozen=True)
class GzipBomb:
    """A small body that unpacks to so many megabytes."""

    megabytes: int = 400

    def answer(self, request: Request, site: Healthy) -> Answer:
        return page(gzip_of_zeros(self.megabytes), more=(("Content-Encoding", "gzip"),))


@dataclass(frozen=True)
class SoftMissing:
    """The home page with status 200."""

    def answer(self, request: Request, site: Healthy) -> Answer:
        return site.answer(request.at("/"))


@dataclass(frozen=True)
class EndlessPages:
    """Page n of a listing always links n+1: with the same entries, or ever ``fresh`` ones."""

    fresh: bool = False

    def answer(self, request: Request, site: Healthy) -> Answer:
        return site.endless(request, fresh=self.fresh)


@dataclass(frozen=True)
class Canonical:
    """The healthy page with this address as its canonical link, and no other."""

    address: str

    def answer(self, request: Request, site: Healthy) -> Answer:
        answer = site.answer(request)
        link = f'<link rel="canonical" href="{self.address}">'.encode()
        without = re.sub(rb'<link rel="canonical"[^>]*>', b"", answer.body)
        return answer.but(parts=(without.replace(b"<head>", b"<head>" + link, 1),))


@dataclass(frozen=True)
class Text:
    """This body; ``Text(DISALLOW_ALL)`` at /robots.txt shuts the site."""

    body: str
    kind: str = "text/plain; charset=utf-8"

    def answer(self, request: Request, site: Healthy) -> Answer:
        return page(self.body.encode(), kind=self.kind)


DISALLOW_ALL = "User-agent: *\nDisallow: /\n"
HTML = "text/html; charset=utf-8"
# What stands in a page's place, all with status 200.
CHALLENGE = Text("<title>Just a moment...</title><h2>Checking your browser</h2>", HTML)
EMPTY_SHELL = Text("<title>الكرمل</title><div id=app></div><script src=/app.js></script>", HTML)
SAYS_MISSING = Text("<title>الكرمل</title><h1>عذرا، الصفحة غير موجودة</h1>", HTML)


@cache
def gzip_of_zeros(megabytes: int) -> bytes:
    """One gzip member (RFC 1952): a full flush lets the same packed megabyte be repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    zeros = bytes(MEGABYTE)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(megabytes):
        checksum = zlib.crc32(zeros, checksum)
    size = (megabytes * MEGABYTE) % 2**32
    header = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 255))
    trailer = checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    return header + block * megabytes + packer.flush() + trailer


class Faults:
    """The rules in force; safe to change from any thread while the site is served."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rules: list[tuple[str | re.Pattern[str], Fault, int | None]] = []
        self._uses: Counter[tuple[int, str]] = Counter()

    def add(self, pattern: str | re.Pattern[str], fault: Fault, times: int | None = None) -> None:
        """``times`` counts for each address: after so many answers it is healthy again."""
        with self._lock:
            self._rules.append((pattern, fault, times))

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self._uses.clear()

    def pick(self, request: Request) -> Fault | None:
        """The fault that this request meets, counted as used."""
        if not self._rules:
            return None
        address = unquote(request.target)
        with self._lock:
            for index in reversed(range(len(self._rules))):
                pattern, fault, times = self._rules[index]
                if not _matches(pattern, address):
                    continue
                self._uses[index, address] += 1
                if times is None or self._uses[index, address] <= times:
                    return fault
        return None


def _matches(pattern: str | re.Pattern[str], address: str) -> bool:
    if isinstance(pattern, str):
        return address.startswith(pattern)
    return pattern.match(address) is not None
