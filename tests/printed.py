"""Queries and programs in documents, each with what it prints: read, run, and written anew."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.reader import reader_url
from tests.conftest import Archive, run_scrapy

BLOCK = re.compile(
    r"```(?P<language>sql|python)\n(?P<code>.*?)```\n\n```text\n(?P<printed>.*?)```", re.DOTALL
)


@dataclass(frozen=True)
class Example:
    """What a document prints below a query in SQL, or a program in Python."""

    document: Path
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.document.name} {' '.join(self.code.split())[:40]}"

    def printed(self) -> str:
        """What stands there at this moment: it may have been written anew."""
        text = self.document.read_text(encoding="utf-8")
        return next(m["printed"] for m in BLOCK.finditer(text) if m["code"] == self.code)


def examples(document: Path) -> list[Example]:
    text = document.read_text(encoding="utf-8")
    return [Example(document, m["language"], m["code"]) for m in BLOCK.finditer(text)]


def print_anew(document: Path, archive: Archive) -> None:
    """Write into a document what its examples print now."""

    def block(match: re.Match[str]) -> str:
        language, code = match["language"], match["code"]
        return f"```{language}\n{code}```\n\n```text\n{run(language, code, archive)}```"

    text = document.read_text(encoding="utf-8")
    document.write_text(BLOCK.sub(block, text), encoding="utf-8")


def run(language: str, code: str, archive: Archive) -> str:
    """What psql, as the reader, or Python, beside an export, prints; no blanks at ends of lines."""
    command = psql(archive, code) if language == "sql" else [sys.executable, "-c", code]
    if language == "python":
        _export(archive)
    process = subprocess.run(
        command,
        cwd=archive.directory,
        capture_output=True,
        text=True,
        check=False,
        env={"PGCLIENTENCODING": "UTF8", "PYTHONIOENCODING": "utf-8"},
    )
    assert process.returncode == 0, process.stderr
    return "\n".join(line.rstrip() for line in process.stdout.strip("\n").splitlines()) + "\n"


def psql(archive: Archive, query: str) -> list[str]:
    address = reader_url(archive.url).set(drivername="postgresql").render_as_string()
    program = EmbeddedPostgres(archive.directory).bin / "psql"
    return [str(program), "--no-psqlrc", "--quiet", "--dbname", address, "--command", query]


def _export(archive: Archive) -> None:
    path = archive.directory / "articles"
    if not path.exists():
        arguments = ("export", "--format", "parquet", "--output", str(path))
        process = run_scrapy(archive.environment(), *arguments)
        assert process.returncode == 0, process.stderr
