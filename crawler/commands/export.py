"""scrapy export: articles for other tools, as Parquet, CSV or JSON Lines."""

import argparse
import os
import signal
import sys

from sqlalchemy.exc import DBAPIError

from crawler.archive_command import ArchiveCommand
from crawler.db.export import Selection, article_rows, count_articles, has_words, snapshot
from crawler.errors import ENDED_EARLY, OperatorError
from crawler.exports.formats import FORMATS, Order, opened
from crawler.exports.progress import progress
from crawler.plan import read_day, read_zone

BATCH = 1_000  # articles in memory


class ExportEnded(OperatorError):
    """An export that began and came to nothing."""

    exit_code = ENDED_EARLY


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return f"--format {'|'.join(FORMATS)} --output PATH [options]"

    def short_desc(self) -> str:
        return "Write articles for other tools: Parquet, CSV, JSON Lines"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("--format", metavar="FORMAT", help=", ".join(FORMATS))
        add("--output", metavar="PATH", help="a file, of Parquet a directory; - is standard output")
        add("--overwrite", action="store_true", help="replace what an earlier export wrote there")
        add("--since", metavar="DAY", help="only what is dated on this day or later")
        add("--until", metavar="DAY", help="only what is dated on this day or earlier")
        add("--section", metavar="NAME", help="only this section, as printed")
        add("--query", metavar="WORDS", help="only what search_articles() finds")
        add("--bom", action="store_true", help="begin a CSV with the mark that Excel goes by")

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        order = read_order(opts, self.settings["ALKARMEL_TIMEZONE"])
        order.check()
        # A signal to end is answered like Ctrl-C: what is half done goes, and so does the server.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            articles = self._export(order)
        except BrokenPipeError:
            # Whoever read the output has had enough, and there is nobody to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.exitcode = ENDED_EARLY
            return
        except OSError as error:
            raise ExportEnded(_left(order, f"it cannot be written ({error.strerror})")) from None
        except DBAPIError as error:
            reason = " ".join(str(error.orig).split()).rstrip(".")
            raise ExportEnded(_left(order, f"the database failed ({reason})")) from None
        except KeyboardInterrupt:
            raise ExportEnded(_left(order, "it was interrupted")) from None
        report = sys.stderr if order.to_stdout else sys.stdout
        print(f"export: {articles} articles in {order.output}", file=report)

    def _export(self, order: Order) -> int:
        chosen = order.selection
        done = 0
        with self.archive() as engine, snapshot(engine) as connection:
            if chosen.query is not None and not has_words(connection, chosen.query):
                raise OperatorError(f"--query={chosen.query} holds no word; name one.")
            with (
                progress(lambda: count_articles(connection, chosen)) as advance,
                opened(order) as writer,
            ):
                for rows in article_rows(connection, chosen, BATCH):
                    writer.write(rows)
                    done += len(rows)
                    advance(len(rows))
        return done


def read_order(opts: argparse.Namespace, timezone: str) -> Order:
    """What the options ask for; OperatorError for the first thing that is wrong."""
    if not opts.format:
        raise OperatorError(f"Name what to write: --format {'|'.join(FORMATS)}.")
    if opts.format not in FORMATS:
        raise OperatorError(f"--format={opts.format} is unknown; use one of {', '.join(FORMATS)}.")
    if not opts.output:
        raise OperatorError("Name where to write: --output PATH.")
    zone = read_zone(timezone)
    since = read_day("--since", opts.since, zone)
    until = read_day("--until", opts.until, zone, end=True)
    if since and until and since > until:
        raise OperatorError(f"--since={opts.since} is after --until={opts.until}; swap them.")
    selection = Selection(since, until, opts.section, opts.query)
    return Order(opts.format, opts.output, selection, zone, opts.bom, opts.overwrite)


def _left(order: Order, reason: str) -> str:
    if order.to_stdout:
        return f"The export broke off: {reason}; what was put out is not whole."
    return f"The export to {order.output} broke off: {reason}; nothing was left or changed there."
