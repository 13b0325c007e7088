"""Exports of many articles: python -m benchmarks.export [--articles 1000000] [--corpus FILE].

Prints for each format, beside COPY … TO STDOUT (CSV) of the same rows in the same order into a
file: time, articles a second, CPU of the client, its peak memory, size of what was written, and
the time as a multiple of COPY's. The articles are those of the replica, or of FILE (JSON lines
with title and text, gzipped), each again and again with its number in it. Trust the ratios.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.export import EXPORTED
from crawler.db.schema import upgrade
from crawler.db.session import connect, database_url

PROJECT = Path(__file__).resolve().parent.parent
TEXTS = 10_000  # different ones
FORMATS = ("parquet", "csv", "jsonl")
# The children tell their own peak: what the kernel counts for them begins with ours.
CHILD = """
import re, runpy, sys
try:
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
finally:
    peak = re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read()).group(1)
    print("peak", peak, file=sys.stderr)
"""
COPY = f"""
import psycopg2, sys
names = "{", ".join(f"articles.{name}" for name in EXPORTED if name != "site")}"
site = "SELECT site FROM pages JOIN captures c ON pages.id = page_id WHERE c.id = capture_id"
query = f"SELECT ({{site}}), {{names}} FROM articles ORDER BY published_at, id"
with open(sys.argv[2], "wb") as file:
    cursor = psycopg2.connect(sys.argv[1]).cursor()
    cursor.copy_expert(f"COPY ({{query}}) TO STDOUT (FORMAT csv, HEADER)", file)
"""


@dataclass(frozen=True)
class Measured:
    """One export: time and CPU in seconds, memory and size in MB."""

    name: str
    seconds: float
    cpu: float
    peak: float
    size: float


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        with EmbeddedPostgres(directory) as server:
            engine = connect(database_url(server.url))
            upgrade(engine)
            fill(engine, options.articles, texts(options.corpus))
            engine.dispose()
            (directory / "copying.py").write_text(COPY)
            runs = [measure("COPY", directory, "copying", server.url, str(directory / "COPY"))]
            for form in FORMATS:
                to = str(directory / form)
                arguments = ("scrapy", "export", "--format", form, "--output", to)
                runs.append(measure(form, directory, *arguments))
        show(runs, options.articles)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--directory", type=Path, help="where there is room: 10 GB for a million")
    return parser.parse_args()


def texts(corpus: Path | None) -> list[tuple[str, str]]:
    """Titles and bodies."""
    if corpus:
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            read = [json.loads(line) for line in islice(lines, TEXTS)]
        return [(each["title"] or "خبر", each["text"] or "نص") for each in read]
    from tests.site.composing import compose

    composed = [compose(number) for number in range(1_000, 1_000 + TEXTS)]
    return [(each.title, each.body) for each in composed]


def fill(engine: sa.Engine, articles: int, base: list[tuple[str, str]]) -> None:
    """Articles of twenty years, one in a hundred undated, the newest stored first."""
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        # What serves other questions than ours would take most of the time.
        for index in connection.scalars(
            sa.text(
                "SELECT indexrelid::regclass FROM pg_index JOIN pg_class ON oid = indexrelid"
                " WHERE relam = (SELECT oid FROM pg_am WHERE amname = 'gin')"
            )
        ).all():
            run(f"DROP INDEX {index}")
        run("ALTER TABLE articles ALTER words DROP EXPRESSION, ALTER words SET NOT NULL")
        run("ALTER TABLE articles ALTER words SET DEFAULT ''")
        run("CREATE TEMP TABLE base (number int PRIMARY KEY, title text, body text)")
        connection.execute(
            sa.text("INSERT INTO base VALUES (:number, :title, :body)"),
            [
                {"number": number, "title": title, "body": body}
                for number, (title, body) in enumerate(base)
            ],
        )
        run("INSERT INTO runs (spider, mode) VALUES ('alkarmel', 'backfill')")
        url = "'https://alkarmel.example/post/' || n"
        run(
            "INSERT INTO pages (site, url, request_url, address_shape, address_number)"
            f" SELECT 'alkarmel', {url}, {url}, '/post/{{n}}', n"
            f" FROM generate_series(1, {articles}) n"
        )
        run(
            "INSERT INTO captures (page_id, run_id, url, fetched_at, http_status, payload_digest)"
            " SELECT id, (SELECT max(id) FROM runs), url, now(), 200, 'sha256:' || md5(url)"
            " FROM pages"
        )
        run(
            "INSERT INTO articles (url, title, body, published_at, published_text,"
            " published_precision, section, dateline, agency, word_count, digest, extraction,"
            " extractor_version, first_seen_at, last_seen_at, capture_id)"
            f" SELECT {url}, title || ' ' || n, body || ' ' || n,"
            "  CASE WHEN mod(n, 100) > 0 THEN at END, to_char(at, 'DD/MM/YYYY [ HH24:MI ]'),"
            "  CASE WHEN mod(n, 100) > 0 THEN 'minute' END,"
            "  (ARRAY['سياسة','رياضة','القدس'])[mod(n, 3) + 1], 'غزة', 'وكالات', 200,"
            "  md5(body || n) || md5(title || n),"
            """  '{"title": "json-ld", "body": "selector", "published_at": "meta"}',"""
            "  '1', now(), now(), captures.id"
            f" FROM generate_series(1, {articles}) n JOIN base ON number = mod(n, {len(base)})"
            f" JOIN captures ON captures.url = {url},"
            " LATERAL"
            f" (SELECT '2024-12-31'::timestamptz - n * interval '20 years' / {articles} AS at)"
            " ORDER BY n"
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def measure(name: str, directory: Path, module: str, *arguments: str) -> Measured:
    begun = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, module, *arguments],
        cwd=PROJECT,
        env={
            **{key: value for key, value in os.environ.items() if key != "DATABASE_URL"},
            "ARCHIVE_DIR": str(directory),
            "PYTHONPATH": str(directory),
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(errors)
    return Measured(
        name,
        time.monotonic() - begun,
        usage.ru_utime + usage.ru_stime,
        int(errors.split()[-1]) / 1000,
        size(directory / name) / 1e6,
    )


def size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def show(runs: list[Measured], articles: int) -> None:
    table = Table("", "s", "articles/s", "CPU s", "peak MB", "MB written", "time / COPY")
    for run in runs:
        table.add_row(
            run.name,
            f"{run.seconds:.1f}",
            f"{articles / run.seconds:,.0f}",
            f"{run.cpu:.1f}",
            f"{run.peak:.0f}",
            f"{run.size:,.0f}",
            f"{run.seconds / runs[0].seconds:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
