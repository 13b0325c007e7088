"""Responses in WARC files that others made: wget, Heritrix, browsertrix, Common Crawl, Wayback."""

import re
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from crawler.warc.reader import WARCIO_ERRORS, BadRecord
from crawler.warc.records import Exchange, Headers
from crawler.warc.recovery import end_of_last_member

# A replay address of a wayback machine: when the page was captured, a modifier, its address.
_REPLAY = re.compile(r"https?://[^/]+/(?:web/)?(?P<time>\d{14})(?:[a-z]{2}_)?/(?P<url>https?://.+)")
_GZIP = b"\x1f\x8b"
_HTML = ("text/html", "application/xhtml+xml")


def read_foreign(path: Path, max_bytes: int) -> Iterator[Exchange]:
    """The HTML answers with status 200, with their own time and address, in order of the file.

    WARC and WARC.gz. A record whose digest does not fit, or that is larger than ``max_bytes``, is
    passed over; BadRecord where the file is none or breaks off.
    """
    with path.open("rb") as file:
        records = ArchiveIterator(file, check_digests=True)
        while True:
            try:
                with redirect_stderr(StringIO()):  # where warcio shows bytes of the file
                    record = next(records, None)
                    if record is None:
                        break
                    exchange = _exchange(record, max_bytes)
            except (OSError, EOFError, ValueError, *WARCIO_ERRORS) as error:
                fault = str(error).partition(": ")[0] or type(error).__name__
                raise BadRecord(f"{path}: {fault}") from None
            if exchange is not None:
                yield exchange
        file.seek(0)
        # warcio takes a torn end for the end.
        if file.read(2) == _GZIP and (whole := end_of_last_member(path)) < path.stat().st_size:
            raise BadRecord(f"{path}: torn at byte {whole}; what stands before was taken")


def _exchange(record: ArcWarcRecord, max_bytes: int) -> Exchange | None:
    http = record.http_headers
    if record.rec_type != "response" or http is None or http.get_statuscode() != "200":
        return None
    if not (http.get_header("Content-Type") or "").lower().startswith(_HTML):
        return None
    stream = record.raw_stream
    if (http.get_header("Transfer-Encoding") or "").lower() == "chunked":
        stream = ChunkedDataReader(stream, decomp_type=None)
    payload = stream.read(max_bytes + 1)
    if len(payload) > max_bytes or record.digest_checker.passed is False:
        return None
    if record.raw_stream.limit > 0:
        raise ArchiveLoadFailed("its last record is torn; what stands before was taken")
    url, fetched_at = _origin(record)
    return Exchange(
        url=url,
        fetched_at=fetched_at,
        method=None,
        request_headers=[],
        request_body=b"",
        protocol=http.protocol or "HTTP/1.1",
        status=200,
        reason=http.statusline.partition(" ")[2],
        headers=_without_chunks(http.headers),
        payload=payload,
        ip_address=record.rec_headers.get_header("WARC-IP-Address"),
    )


def _origin(record: ArcWarcRecord) -> tuple[str, datetime]:
    """The page's own address and time, also where the record was saved from a replay."""
    url = record.rec_headers.get_header("WARC-Target-URI").strip("<>")
    if replay := _REPLAY.fullmatch(url):
        time = datetime.strptime(replay["time"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return replay["url"], time
    return url, datetime.fromisoformat(record.rec_headers.get_header("WARC-Date")).astimezone(UTC)


def _without_chunks(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() != "transfer-encoding"]
