"""Articles as JSON Lines: UTF-8, one object a line, times in ISO 8601."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, BinaryIO

from crawler.db.export import COLUMNS

NAMES = [column.name for column in COLUMNS]
# Ends of line to some readers, and in JSON not escaped of themselves.
_LINE_ENDS = {"\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"}


class JsonlArticles:
    """Writes a line an article; None is null."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        encoder = json.JSONEncoder(
            ensure_ascii=False, separators=(",", ":"), default=datetime.isoformat
        )
        self._encode = encoder.encode

    def write(self, rows: Iterable[Iterable[Any]]) -> None:
        lines = [self._encode(dict(zip(NAMES, row, strict=True))) for row in rows]
        text = "\n".join(lines) + "\n"
        for end, escaped in _LINE_ENDS.items():
            text = text.replace(end, escaped)
        self._file.write(text.encode())

    def close(self) -> None:
        """Nothing is held back."""
