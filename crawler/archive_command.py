"""What the commands that work on an archive without crawling share."""

import argparse
import sys
from pathlib import Path

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from crawler.db.embedded import EmbeddedPostgresError
from crawler.errors import OperatorError


class ArchiveCommand(ScrapyCommand):
    """Runs `work`; what an operator can mend is one sentence and the exit code that it has.

    It stands outside crawler.commands because Scrapy takes every command class there for one.
    """

    requires_project = True
    requires_crawler_process = False
    settings: Settings  # set by scrapy.cmdline
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's own declaration

    @property
    def archive_dir(self) -> Path:
        return Path(self.settings["ARCHIVE_DIR"])

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            self.work(args, opts)
        except OperatorError as error:
            print(error, file=sys.stderr)
            self.exitcode = error.exit_code
        except EmbeddedPostgresError as error:
            print(error, file=sys.stderr)
            self.exitcode = OperatorError.exit_code

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        raise NotImplementedError
