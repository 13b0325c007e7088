"""Where the log of a crawl goes: a file of its own that is kept for some days, plain or JSON."""

import json
import logging
import os
import time
from datetime import UTC, datetime
from errno import EACCES
from pathlib import Path

from scrapy.settings import Settings

from crawler.errors import OperatorError

OURS = "[0-9]*T[0-9]*Z-*-[0-9]*.log"  # among whatever else lies in /var/log
DAY = 86_400  # seconds


def begin_log(settings: Settings, archive_dir: Path, mode: str) -> Path | None:
    """Say where the log of one crawl goes, before Scrapy does; its file, where LOG_DIR gives one.

    A file that --logfile names is the operator's own. OperatorError where there is no writing.
    """
    logging.getLogger("scrapy.downloadermiddlewares.robotstxt").addFilter(_without_traceback)
    path = None
    if settings["LOG_DIR"] and not settings["LOG_FILE"]:
        directory = archive_dir / str(settings["LOG_DIR"])
        _tidy(directory, settings.getint("LOG_DAYS"))
        path = directory / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{mode}-{os.getpid()}.log"
        settings.set("LOG_FILE", str(path), priority="cmdline")
    if settings.getbool("LOG_JSON"):
        # Scrapy's own handler makes its formatter from LOG_FORMAT, and that cannot quote.
        settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")
        logging.root.setLevel(logging.NOTSET)
        logging.root.addHandler(_json_handler(settings))
    return path


def _without_traceback(record: logging.LogRecord) -> bool:
    """A site out of reach is one line: Scrapy shows its own insides when robots.txt fails."""
    record.exc_info = None
    return True


def _tidy(directory: Path, days: int) -> None:
    """Make the directory; what is in it from crawls older than the days is removed."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
        for old in directory.glob(OURS):
            if old.stat().st_mtime < time.time() - days * DAY:
                old.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorError(
            f"LOG_DIR={directory} cannot be written ({error.strerror}); "
            "make it writable, or set LOG_DIR to another directory."
        ) from None


def _json_handler(settings: Settings) -> logging.Handler:
    """Writes to LOG_FILE, or to standard error."""
    file = settings["LOG_FILE"]
    handler: logging.Handler = logging.StreamHandler()
    if file:
        # Opened with the first line: a crawl that may not begin leaves no empty file.
        handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    handler.setLevel(settings["LOG_LEVEL"])
    handler.setFormatter(JsonLine())
    return handler


class JsonLine(logging.Formatter):
    """One object a record: time (UTC), level, logger, message; traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
