"""The formats of exports: what each is written to, and by whom."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from zoneinfo import ZoneInfo

from crawler.db.export import SCHEMA_VERSION, Selection
from crawler.errors import OperatorError
from crawler.exports.as_csv import CsvArticles
from crawler.exports.as_jsonl import JsonlArticles
from crawler.exports.output import (
    MANIFEST,
    check_directory,
    check_file,
    whole_directory,
    whole_file,
    write_durably,
)

FORMATS = ("parquet", "csv", "jsonl")
STDOUT = "-"


class ArticleWriter(Protocol):
    """Takes articles in batches; ``close`` writes what it still holds."""

    def write(self, rows: Iterable[Any]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What to write, and where."""

    format: str
    output: str  # a path, or STDOUT
    selection: Selection
    zone: ZoneInfo
    bom: bool
    overwrite: bool

    @property
    def to_stdout(self) -> bool:
        return self.output == STDOUT

    @property
    def path(self) -> Path:
        return Path(self.output).expanduser()

    def check(self) -> None:
        """OperatorError for what can be known to go wrong before the database is asked."""
        if self.bom and self.format != "csv":
            raise OperatorError(f"--bom is for csv, not for {self.format}; leave it out.")
        if self.format == "parquet":
            if self.to_stdout:
                raise OperatorError("Parquet is a directory of files; name one as --output.")
            check_directory(self.path, self.overwrite)
        elif not self.to_stdout:
            check_file(self.path, self.overwrite)


@contextmanager
def opened(order: Order) -> Iterator[ArticleWriter]:
    """Where the articles go: whole and durable when the block ends well, else not there."""
    if order.format == "parquet":
        with whole_directory(order.path, order.overwrite) as directory:
            yield from _parquet(order, directory)
    elif order.to_stdout:
        yield from _file(order, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        with whole_file(order.path, order.overwrite) as file:
            yield from _file(order, file)


def _file(order: Order, file: BinaryIO) -> Iterator[ArticleWriter]:
    writer: ArticleWriter
    writer = CsvArticles(file, order.bom) if order.format == "csv" else JsonlArticles(file)
    yield writer
    writer.close()


def _parquet(order: Order, directory: Path) -> Iterator[ArticleWriter]:
    from crawler.exports.as_parquet import ParquetArticles  # a heavy library

    writer = ParquetArticles(directory, order.zone)
    yield writer
    writer.close()
    chosen = order.selection
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "timezone": str(order.zone),
        "since": chosen.since and chosen.since.isoformat(),
        "until": chosen.until and chosen.until.isoformat(),
        "section": chosen.section,
        "query": chosen.query,
    }
    write_durably(directory / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
