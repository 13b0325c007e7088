"""Articles as Parquet files, one directory a month, in row groups of bounded size."""

import os
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.db.export import COLUMNS, EXPORTED, SCHEMA_VERSION

ROW_GROUP = 20_000  # rows at most
ROW_GROUP_BYTES = 32 * 1024**2  # of texts, after which a row group is full
VERSION_KEY = "alkarmel_archive.schema_version"  # in the metadata of every file
# Few different values: a dictionary makes them small. Of the others it would be a second copy.
REPEATED = [
    "site",
    "published_precision",
    "section",
    "dateline",
    "agency",
    "author",
    "language",
    "extractor_version",
]
# Not null, which would be a partition that pandas cannot read (its issue 55400).
UNDATED = (0, 0)
_PUBLISHED = EXPORTED.index("published_at")
_TYPES = {
    "number": pa.int64(),
    "share": pa.float64(),
    "text": pa.string(),
    "time": pa.timestamp("us", tz="UTC"),
    "list": pa.list_(pa.string()),
    "map": pa.map_(pa.string(), pa.string()),
}
SCHEMA = pa.schema(
    [
        pa.field(column.name, _TYPES[column.kind], column.optional, {"comment": column.comment})
        for column in COLUMNS
    ],
    {VERSION_KEY: str(SCHEMA_VERSION)},
)


class ParquetArticles:
    """Fills a directory with year=2024/month=05/part-0.parquet; years are those of the site.

    An article dated by day stands at the start of that day on the site's clock, which in UTC is
    the day before: the months of UTC would put the first of May into April.
    """

    def __init__(self, directory: Path, zone: ZoneInfo) -> None:
        self._directory = directory
        self._zone = zone
        self._month: tuple[int, int] | None = None
        self._files: Counter[tuple[int, int]] = Counter()
        self._file: BinaryIO | None = None
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []

    def write(self, rows: Iterable[Any]) -> None:
        """Take articles in the order of their dates."""
        for month, articles in groupby(rows, self._month_of):
            if month != self._month:
                self._end_file()
                self._month = month
            self._waiting.append(_batch(list(articles)))
            if (
                sum(batch.num_rows for batch in self._waiting) >= ROW_GROUP
                or sum(batch.nbytes for batch in self._waiting) >= ROW_GROUP_BYTES
            ):
                self._write_row_group()

    def close(self) -> None:
        """End the last file; without any article there is one that shows the columns."""
        if self._month is None:
            self._month = UNDATED
            self._waiting.append(_batch([]))
        self._end_file()

    def _month_of(self, row: Any) -> tuple[int, int]:
        published: datetime | None = row[_PUBLISHED]
        if published is None:
            return UNDATED
        local = published.astimezone(self._zone)
        return local.year, local.month

    def _end_file(self) -> None:
        if self._waiting:
            self._write_row_group()
        if self._writer is None or self._file is None:
            return
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._writer = self._file = None

    def _write_row_group(self) -> None:
        table = pa.Table.from_batches(self._waiting, SCHEMA)
        self._waiting = []
        if self._writer is None:
            self._open_file()
        assert self._writer is not None
        self._writer.write_table(table, row_group_size=ROW_GROUP)

    def _open_file(self) -> None:
        assert self._month is not None
        year, month = self._month
        directory = self._directory / f"year={year}" / f"month={month:02}"
        directory.mkdir(parents=True, exist_ok=True)
        # A second file of a month: where clocks are set back on its first day, dates return.
        self._file = (directory / f"part-{self._files[self._month]}.parquet").open("xb")
        self._files[self._month] += 1
        self._writer = pq.ParquetWriter(
            self._file, SCHEMA, compression="zstd", use_dictionary=REPEATED
        )


def _batch(rows: list[Any]) -> pa.RecordBatch:
    values = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    arrays = [
        pa.array(_pairs(cells) if column.kind == "map" else cells, _TYPES[column.kind])
        for column, cells in zip(COLUMNS, values, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _pairs(maps: Iterable[dict[str, str] | None]) -> list[list[tuple[str, str]] | None]:
    """Maps as Arrow takes them."""
    return [None if each is None else list(each.items()) for each in maps]
