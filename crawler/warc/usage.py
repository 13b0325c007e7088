"""How much room the WARC files take, and how fast they grow."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from os import stat_result
from pathlib import Path

DAY = 86_400  # seconds
LATELY = 30 * DAY


@dataclass(frozen=True, slots=True)
class Usage:
    """Files, their bytes, and the bytes that a day of the last month has added."""

    files: int
    size: int
    growth: float


def usage(directory: Path) -> Usage:
    """Of all WARC files in the directory, one that is being written included.

    PermissionError where the directory may not be read.
    """
    now = time.time()
    stats = list(_stats(directory))
    # A file holds a gigabyte at most, so its last change dates it well enough.
    lately = [each for each in stats if each.st_mtime > now - LATELY]
    oldest = min((each.st_mtime for each in stats), default=now)
    days = min(max(now - oldest, DAY), LATELY) / DAY
    return Usage(len(stats), sum(s.st_size for s in stats), sum(s.st_size for s in lately) / days)


def _stats(directory: Path) -> Iterator[stat_result]:
    try:
        entries = list(os.scandir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return  # nothing was kept yet
    for entry in entries:
        if ".warc" in entry.name:
            try:
                yield entry.stat()
            except FileNotFoundError:
                continue  # it gets its final name at this moment, or is a link to a disk not there
