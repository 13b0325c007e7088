"""WARC files being written: on disk before anyone relies on them, readable after any death."""

import fcntl
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.disk import sync_directory
from crawler.warc.records import Exchange, members, warcinfo

OPEN = ".open"  # the suffix of a file that is being written


_NAME = re.compile(r".+-\d{17}-\d{5}-(?P<host>.+)\.warc\.gz(?:\.open)?")


def own_host() -> str:
    """This machine's name, in characters that any file system takes."""
    return re.sub(r"[^A-Za-z0-9]", "-", socket.gethostname())[:60] or "host"


def host_of(file: str) -> str | None:
    """The machine that wrote a file, by its name; None where that is not one of ours."""
    found = _NAME.fullmatch(file)
    return found["host"] if found else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: the file's name in the WARC directory, first byte, bytes."""

    file: str
    offset: int
    length: int


class WarcWriter:
    """Appends exchanges to one file after another, each its own process's alone.

    A file is called ``PREFIX-TIME-SERIAL-HOST.warc.gz``, with ``.open`` behind it and a lock on
    it until it is closed; nobody ever appends to a file of another process. It is begun with
    the first exchange, so that a crawl without answers leaves none.
    """

    def __init__(self, directory: Path, prefix: str, info: dict[str, str], max_bytes: int):
        self.directory = directory
        self._prefix = prefix
        self._info = info
        self._max_bytes = max_bytes
        self._serial = 0
        self._name = ""
        self._file: int | None = None  # descriptor
        self._end = 0  # of what is known to be whole

    def write(self, exchanges: Sequence[Exchange]) -> list[Place]:
        """Where each exchange's response stands, once all of them are on the disk.

        OSError where the disk is full or gone; then none of them counts as written.
        """
        if self._file is None or self._end >= self._max_bytes:
            self._begin()
        assert self._file is not None
        places: list[Place] = []
        data = bytearray()
        for exchange in exchanges:
            response, *request = members(exchange)
            places.append(Place(self._name, self._end + len(data), len(response)))
            data += b"".join((response, *request))
        self._append(bytes(data))
        return places

    def _begin(self) -> None:
        self.close()
        self._serial += 1
        self.directory.mkdir(parents=True, exist_ok=True)
        time = datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")[:17]
        while not self._create(time):  # a process beside this one began it in the same moment
            self._serial += 1
        self._end = 0
        self._append(warcinfo(self._name, self._info))
        sync_directory(self.directory)

    def _create(self, time: str) -> bool:
        """Open a file of this process's own; False where there is one of the name."""
        self._name = f"{self._prefix}-{time}-{self._serial:05}-{own_host()}.warc.gz"
        if (self.directory / self._name).exists():
            return False
        path = self.directory / (self._name + OPEN)
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            return False
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
            os.fsync(self._file)
        except OSError:
            # What a full disk took of it must not stand between whole records.
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
            raise
        self._end += len(data)

    def close(self) -> None:
        """Give the file its final name."""
        if self._file is not None:
            path = self.directory / self._name
            path.with_name(self._name + OPEN).rename(path)
            sync_directory(self.directory)
            os.close(self._file)  # and with it the lock
            self._file = None
