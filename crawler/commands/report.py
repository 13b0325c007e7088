"""scrapy report: the state of the archive as one self-contained HTML page."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from crawler.archive_command import ArchiveCommand
from crawler.db.export import snapshot
from crawler.db.report import Figures, read_figures
from crawler.errors import ENDED_EARLY, OperatorError
from crawler.exports.output import check_file, whole_file


class ReportEnded(OperatorError):
    """A report that began and came to nothing."""

    exit_code = ENDED_EARLY


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "--output report.html"

    def short_desc(self) -> str:
        return "Write one HTML page with the state of the archive"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--output", metavar="FILE", help="the page; an earlier one of that name is replaced"
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        if not opts.output:
            raise OperatorError("Name where to write: --output report.html.")
        path = Path(opts.output)
        check_file(path, overwrite=True)
        figures = self._figures()
        # Drawing takes a second to load, which a mistake in the options need not wait for.
        from crawler.report.page import render

        page = render(figures, self.settings["ALKARMEL_URL"] or "Al-Karmel", datetime.now(UTC))
        try:
            with whole_file(path, overwrite=True) as file:
                file.write(page.encode())
        except OSError as error:
            raise ReportEnded(f"{path} cannot be written ({error.strerror}).") from None
        print(f"report: {path}")

    def _figures(self) -> Figures:
        with self.archive() as engine:
            try:
                with snapshot(engine) as connection:
                    return read_figures(connection)
            except DBAPIError as error:
                reason = " ".join(str(error.orig).split()).rstrip(".")
                raise ReportEnded(
                    f"The report broke off: the database failed ({reason})."
                ) from None
