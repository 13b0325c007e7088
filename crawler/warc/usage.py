"""How much room the WARC files take, and how fast they grow."""

import time
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
    """Of all WARC files in the directory, one that is being written included."""
    now = time.time()
    stats = [found for path in directory.glob("*.warc*") if (found := _stat(path))]
    # A file holds a gigabyte at most, so its last change dates it well enough.
    lately = [each for each in stats if each.st_mtime > now - LATELY]
    oldest = min((each.st_mtime for each in stats), default=now)
    days = min(max(now - oldest, DAY), LATELY) / DAY
    return Usage(len(stats), sum(s.st_size for s in stats), sum(s.st_size for s in lately) / days)


def _stat(path: Path) -> stat_result | None:
    """None of a file that gets its final name at this moment, or is a link to a disk not there."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None
