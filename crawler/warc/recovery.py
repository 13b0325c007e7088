"""Files that killed crawls left open: their torn ends are cut, and they get their names."""

import fcntl
import os
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crawler.warc.writer import OPEN, host_of, own_host

_CHUNK = 1 << 20
# Locks do not reach from machine to machine over every network file system: what another one
# has left open is closed when nothing has been written to it for a day.
SILENCE = 24 * 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Recovered:
    """One file that was closed for its dead writer, and the bytes of a torn record cut off it."""

    path: Path
    torn: int


def recover(directory: Path) -> Iterator[Recovered]:
    """Close the files in ``directory`` that nobody writes any more; those in use stay.

    So does one whose whole file is there: a copy made while it was written can hold both.
    """
    for path in sorted(directory.glob(f"*.warc.gz{OPEN}")):
        if path.with_name(path.name.removesuffix(OPEN)).exists():
            continue
        if host_of(path.name) not in (None, own_host()) and not _is_silent(path):
            continue
        descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # Its writer is alive.
        else:
            yield _close(path, descriptor)
        finally:
            os.close(descriptor)


def _is_silent(path: Path) -> bool:
    return path.stat().st_mtime < time.time() - SILENCE


def _close(path: Path, descriptor: int) -> Recovered:
    size = os.fstat(descriptor).st_size
    whole = end_of_last_member(path)
    if whole < size:
        os.ftruncate(descriptor, whole)
        os.fsync(descriptor)
    final = path.with_name(path.name.removesuffix(OPEN))
    if whole:
        path.rename(final)
    else:
        path.unlink()  # not even its opening record came through
    return Recovered(final, size - whole)


def end_of_last_member(path: Path) -> int:
    """Where the last whole gzip member of a file ends; 0 where there is none.

    Reads the whole file, in bounded memory.
    """
    end = 0
    member = zlib.decompressobj(wbits=31)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            while chunk:
                try:
                    chunk = _feed(member, chunk)
                except zlib.error:
                    return end
                if member.eof:
                    end = file.tell() - len(chunk)
                    member = zlib.decompressobj(wbits=31)
    return end


def _feed(member: "zlib._Decompress", chunk: bytes) -> bytes:
    """Feed a member; what of the chunk lies behind its end."""
    # What is unpacked is of no interest, and must not fill the memory.
    member.decompress(chunk, _CHUNK)
    while member.unconsumed_tail and not member.eof:
        member.decompress(member.unconsumed_tail, _CHUNK)
    return member.unused_data
