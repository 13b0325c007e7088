"""WARC records read again: one at a known place, or all of a file in order."""

import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataException
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from crawler.warc.writer import OPEN, Place

WARCIO_ERRORS = (ArchiveLoadFailed, ChunkedDataException)


class BadRecord(Exception):
    """A record that is missing, torn or not what its digests say; the text says which."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One response as a WARC record holds it."""

    kind: str  # response or revisit
    url: str
    fetched_at: datetime  # UTC
    status: int
    headers: dict[str, str]  # names in lower case, the last of repeated ones
    body: bytes  # the content coding undone; empty for a revisit
    payload_digest: str | None


def warc_path(directory: Path, file: str) -> Path:
    """Where a file is: under its name, or under the one that it has while it is written."""
    path = directory / file
    return path if path.exists() else path.with_name(file + OPEN)


def read_at(directory: Path, place: Place, max_bytes: int) -> Archived:
    """The response at a place, its digests checked; BadRecord where it is not there whole."""
    path = warc_path(directory, place.file)
    try:
        with path.open("rb") as file:
            file.seek(place.offset)
            member = file.read(place.length)
    except FileNotFoundError:
        raise BadRecord(f"{place.file} is missing") from None
    except PermissionError:
        raise BadRecord(f"{place.file} may not be read") from None
    if len(member) < place.length:
        raise BadRecord(f"{place.file} ends before byte {place.offset + place.length}")
    return read_member(member, f"{place.file} at byte {place.offset}", max_bytes)


def read_member(member: bytes, name: str, max_bytes: int) -> Archived:
    """The one response in a gzip member; ``name`` says in BadRecord where that stands."""
    records = list(_walk(BytesIO(member), name, max_bytes))
    if len(records) != 1 or records[0][2] is None:
        raise BadRecord(f"{name}: no response stands there")
    return records[0][2]


def read_all(path: Path, max_bytes: int) -> Iterator[tuple[int, int, Archived | None]]:
    """Offset, length and content of each record of a file, plain or gzip, in order.

    The content is None for what is no response. BadRecord where the file breaks off, or where
    a digest does not fit.
    """
    with path.open("rb") as file:
        yield from _walk(file, path.name, max_bytes)


def _walk(
    stream: BinaryIO, name: str, max_bytes: int
) -> Iterator[tuple[int, int, Archived | None]]:
    records = ArchiveIterator(stream, check_digests="raise")
    while True:
        try:
            # warcio writes warnings about what is wrong, with bytes of the file in them.
            with redirect_stderr(StringIO()):
                record = next(records, None)
                if record is None:
                    return
                archived = _read(record, max_bytes)
                place = records.get_record_offset(), records.get_record_length()
        except (OSError, EOFError, ValueError, zlib.error, *WARCIO_ERRORS) as error:
            fault = str(error).partition(": ")[0]  # what follows are bytes of the file
            raise BadRecord(f"{name}: {fault or type(error).__name__}") from None
        yield *place, archived


def _read(record: ArcWarcRecord, max_bytes: int) -> Archived | None:
    """None for records of other kinds; ArchiveLoadFailed where a digest does not fit."""
    if record.rec_type not in ("response", "revisit") or record.http_headers is None:
        record.raw_stream.read()  # only what was read is compared with its digest
        return None
    # To the end and one byte further: only then are the digests compared.
    body = record.content_stream().read(max_bytes + 1)
    if len(body) > max_bytes:
        raise ArchiveLoadFailed(f"unpacked it is larger than {max_bytes} bytes")
    fields = record.rec_headers
    return Archived(
        kind=record.rec_type,
        url=fields.get_header("WARC-Target-URI").strip("<>"),
        fetched_at=_warc_date(fields.get_header("WARC-Date")),
        status=int(record.http_headers.get_statuscode() or 0),
        headers={name.lower(): value for name, value in record.http_headers.headers},
        body=body,
        payload_digest=fields.get_header("WARC-Payload-Digest"),
    )


def _warc_date(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
