"""Articles as CSV (RFC 4180, UTF-8), which a spreadsheet opens without running any of it."""

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, BinaryIO

from crawler.db.export import COLUMNS

# What begins a formula: =, +, -, @, also in full width, and the blanks that spreadsheets drop
# before looking (OWASP, «CSV Injection»). An apostrophe before such a cell makes it a text. Cells
# that have apostrophes there already get one more, so that taking one away always undoes it.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


class CsvArticles:
    """Writes a head line, then a line an article; None is an empty cell."""

    def __init__(self, file: BinaryIO, bom: bool) -> None:
        self._file = file
        self._file.write(codecs.BOM_UTF8 if bom else b"")
        self._write_lines([[column.name for column in COLUMNS]])

    def write(self, rows: Iterable[Iterable[Any]]) -> None:
        self._write_lines(
            [
                value if as_cell is None or value is None else as_cell(value)
                for as_cell, value in zip(_AS_CELL, row, strict=True)
            ]
            for row in rows
        )

    def close(self) -> None:
        """Nothing is held back."""

    def _write_lines(self, lines: Iterable[list[Any]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(lines)
        self._file.write(text.getvalue().encode())


def defused(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_BY_KIND: dict[str, Callable[[Any], str]] = {
    "text": defused,
    "time": datetime.isoformat,
    "list": _json,
    "map": _json,
}
_AS_CELL = [_BY_KIND.get(column.kind) for column in COLUMNS]
