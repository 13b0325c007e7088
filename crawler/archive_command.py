"""What the commands that work on an archive without crawling share."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings
from sqlalchemy.exc import DBAPIError

from crawler.db.embedded import EmbeddedPostgresError
from crawler.db.patience import is_away
from crawler.db.schema import check_current
from crawler.db.session import connect, existing_archive
from crawler.errors import ENDED_EARLY, OperatorError

_MAY_NOT = "42501"  # insufficient_privilege


class ArchiveCommand(ScrapyCommand):
    """Runs `work`; what an operator can mend is one sentence and the exit code that it has.

    It stands outside crawler.commands because Scrapy takes every command class there for one.
    """

    requires_project = True
    requires_crawler_process = False
    settings: Settings  # set by scrapy.cmdline
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's own declaration
    takes_arguments = False  # besides its options

    @property
    def archive_dir(self) -> Path:
        return Path(self.settings["ARCHIVE_DIR"])

    @contextmanager
    def archive(self) -> Iterator[sa.Engine]:
        """The database of an archive that is there, with the schema that this program knows."""
        with existing_archive(self.settings["DATABASE_URL"], self.archive_dir) as url:
            engine = connect(url)
            try:
                check_current(engine)
                yield engine
            finally:
                engine.dispose()

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            if args and not self.takes_arguments:
                # Scrapy leaves here what it does not know: --dryrun must not store anything.
                name = type(self).__module__.rpartition(".")[2]
                raise OperatorError(
                    f"{args[0]} is no option of {name}; see `scrapy {name} --help`."
                )
            self.work(args, opts)
        except OperatorError as error:
            print(error, file=sys.stderr)
            self.exitcode = error.exit_code
        except EmbeddedPostgresError as error:
            print(error, file=sys.stderr)
            self.exitcode = OperatorError.exit_code
        except PermissionError as error:
            print(
                f"{error.filename} may not be used by this account ({error.strerror}); "
                "give it leave, or name another place.",
                file=sys.stderr,
            )
            self.exitcode = OperatorError.exit_code
        except DBAPIError as error:
            if not is_away(error) and getattr(error.orig, "pgcode", None) != _MAY_NOT:
                raise
            reason = " ".join(str(error.orig).split())
            print(f"The database refused: {reason}", file=sys.stderr)
            self.exitcode = ENDED_EARLY

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        raise NotImplementedError
