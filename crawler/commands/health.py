"""scrapy health: one line a check; exit 0 where all is well, 1 where anything is not."""

import argparse
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from crawler.archive_command import ArchiveCommand
from crawler.db.session import connect, existing_archive
from crawler.errors import DONE, ENDED_EARLY, OperatorError
from crawler.examination import Examination
from crawler.health import Check
from crawler.health_formats import as_json, as_prometheus, error_as_json, line, write_atomically

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[--max-age 26h] [--json] [--prometheus FILE]"

    def short_desc(self) -> str:
        return "Say whether the archive is well; exit 1 where it is not"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--max-age",
            metavar="TIME",
            default="26h",
            help="how old the last successful crawl may be: 90m, 26h, 3d (default: 26h)",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object, for machines")
        parser.add_argument(
            "--prometheus",
            metavar="FILE",
            type=Path,
            help="also write FILE (….prom) for the textfile collector of a node exporter",
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        now = datetime.now(UTC)
        try:
            checks = list(self._checks(read_age(opts.max_age)))
        except (OperatorError, PermissionError) as error:
            write(opts.prometheus, as_prometheus([], now, healthy=False))
            if opts.json:
                print(error_as_json(str(error), now))
            raise
        healthy = all(check.ok for check in checks)
        write(opts.prometheus, as_prometheus(checks, now, healthy))
        print(as_json(checks, now) if opts.json else "\n".join(map(line, checks)))
        self.exitcode = DONE if healthy else ENDED_EARLY

    def _checks(self, max_age: timedelta) -> Iterator[Check]:
        examination = Examination.of(self.settings, max_age)
        with existing_archive(self.settings["DATABASE_URL"], self.archive_dir) as url:
            engine = connect(url)
            try:
                with engine.connect() as connection:
                    yield from examination.archive(connection)
            except DBAPIError as error:
                reason = " ".join(str(error.orig).split())
                raise OperatorError(f"The database cannot be asked: {reason}") from None
            finally:
                engine.dispose()
        yield from examination.room()


def read_age(text: str) -> timedelta:
    """A time such as 90m, 26h or 3d; OperatorError for anything else."""
    match = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if not match:
        raise OperatorError(f"--max-age {text} is not a time; write it like 90m, 26h or 3d.")
    return int(match[1]) * UNITS[match[2]]


def write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        write_atomically(path, text)
    except OSError as error:
        raise OperatorError(
            f"--prometheus {path} cannot be written ({error.strerror}); "
            "name a file in a directory that this account may write."
        ) from None
