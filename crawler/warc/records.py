"""WARC/1.1 records of one request and its response, each a gzip member that can be read alone.

ISO 28500:2017; the grammar is warcio's, what goes into the records is ours.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from isal import isal_zlib
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

VERSION = "WARC/1.1"
COMPRESSION = 3  # of ISA-L's 0 to 3: on news pages a third of zlib's time for 6 % more bytes
# The head of a member (RFC 1952): all of it that no check sum covers. No name, no time, Unix.
MEMBER_HEAD = bytes.fromhex("1f8b0800000000000003")
_MEMBER_TAIL = struct.Struct("<II")  # check sum and length of what was compressed
_LINE_ENDS = re.compile(r"[\r\n]+")
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier capture of the same address with the same payload."""

    capture_id: int
    url: str
    fetched_at: datetime


@dataclass
class Exchange:
    """One request and its answer as they went over the wire, transfer coding undone.

    The heads are read as UTF-8; surrogates stand for bytes that are none.
    """

    url: str
    fetched_at: datetime  # aware
    method: str | None  # None: of a record made by others, whose request is not there
    request_headers: Headers
    request_body: bytes
    protocol: str  # "HTTP/1.1"
    status: int
    reason: str  # of the status line; often ""
    headers: Headers  # in their order, repeated ones repeated; without Transfer-Encoding
    payload: bytes  # content coding (gzip) left on
    ip_address: str | None = None
    page_id: int | None = None  # the ledger's page that was asked for, where it was one
    known: Known | None = None  # makes the record a revisit

    @cached_property
    def digest(self) -> str:
        """``sha256:`` and hex digits: what WARC-Payload-Digest and captures.payload_digest say."""
        return f"sha256:{sha256(self.payload).hexdigest()}"


class _HexDigester(Digester):  # type: ignore[misc]  # warcio has no types
    def __str__(self) -> str:
        return f"{self.type_}:{self.digester.hexdigest()}"


class _Head(StatusAndHeaders):  # type: ignore[misc]
    """Written as it was sent: warcio's own puts percent signs for what is not ASCII."""

    def to_ascii_bytes(self, filter_func: Any = None) -> bytes:
        head: str = self.to_str(filter_func)
        return head.encode(errors="surrogateescape") + b"\r\n"


class _Writer(WARCWriter):  # type: ignore[misc]
    """warcio's writer with SHA-256 in hex, as newer archives have it."""

    @staticmethod
    def _create_digester() -> Digester:
        return _HexDigester("sha256")


def warcinfo(filename: str, info: dict[str, str]) -> bytes:
    """The gzip member that opens a file: who wrote it, with what, by which rules."""
    return _member(_new_writer().create_warcinfo_record(filename, info))


def members(exchange: Exchange) -> Iterator[bytes]:
    """The gzip members of an exchange: its response (or revisit), then its request, if any."""
    writer = _new_writer()
    response = _response(writer, exchange)
    yield _member(response)
    if exchange.method is not None:
        yield _member(_request(writer, exchange, response))


def _response(writer: _Writer, exchange: Exchange) -> ArcWarcRecord:
    [(_, reason)] = _safe([("", exchange.reason)])
    line = f"{exchange.status} {reason}".rstrip()
    http = _Head(line, _safe(exchange.headers), protocol=exchange.protocol)
    fields = _fields(exchange)
    if exchange.ip_address:
        fields["WARC-IP-Address"] = exchange.ip_address
    if exchange.known:
        return writer.create_revisit_record(
            exchange.url,
            exchange.digest,
            exchange.known.url,
            _warc_date(exchange.known.fetched_at),
            http_headers=http,
            warc_headers_dict=fields,
        )
    return writer.create_warc_record(
        exchange.url,
        "response",
        payload=BytesIO(exchange.payload),
        length=len(exchange.payload),
        http_headers=http,
        warc_headers_dict=fields | {"WARC-Payload-Digest": exchange.digest},
    )


def _request(writer: _Writer, exchange: Exchange, response: ArcWarcRecord) -> ArcWarcRecord:
    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = exchange.request_headers
    if not any(name.lower() == "host" for name, _ in headers):
        host = parts.netloc.rpartition("@")[2]
        headers = [("Host", host), *headers]  # which the download handler adds
    http = _Head(f"{exchange.method} {target} HTTP/1.1", _safe(headers), is_http_request=True)
    answer = response.rec_headers.get_header("WARC-Record-ID")
    return writer.create_warc_record(
        exchange.url,
        "request",
        payload=BytesIO(exchange.request_body),
        length=len(exchange.request_body),
        http_headers=http,
        warc_headers_dict=_fields(exchange) | {"WARC-Concurrent-To": answer},
    )


def _fields(exchange: Exchange) -> dict[str, str]:
    return {"WARC-Date": _warc_date(exchange.fetched_at)}


def _new_writer() -> _Writer:
    return _Writer(BytesIO(), gzip=False, warc_version=VERSION)


def _member(record: ArcWarcRecord) -> bytes:
    buffer = BytesIO()
    writer = _Writer(buffer, gzip=False, warc_version=VERSION)
    writer.write_record(record)
    content = buffer.getvalue()
    deflate = isal_zlib.compressobj(COMPRESSION, isal_zlib.DEFLATED, wbits=-15)
    tail = _MEMBER_TAIL.pack(isal_zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((MEMBER_HEAD, deflate.compress(content), deflate.flush(), tail))


def _warc_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _safe(headers: Headers) -> Headers:
    """Without line ends, which would end the header."""
    return [(name, _LINE_ENDS.sub(" ", value)) for name, value in headers]
