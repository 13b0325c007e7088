"""`scrapy export`: what is written is what SQL says, whole or not at all, in flat memory."""

import argparse
import csv
import io
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from benchmarks.export import CHILD, fill
from crawler.commands.export import Command, read_order
from crawler.db.export import (
    COLUMNS,
    EXPORTED,
    SCHEMA_VERSION,
    article_rows,
    count_articles,
    snapshot,
)
from crawler.db.models import Article, Capture
from crawler.db.session import connect
from crawler.errors import OperatorError
from crawler.exports.as_csv import CsvArticles, defused
from crawler.exports.as_jsonl import JsonlArticles
from crawler.exports.as_parquet import REPEATED, VERSION_KEY, ParquetArticles
from crawler.exports.formats import Order
from crawler.exports.output import MANIFEST, check_file, whole_directory, whole_file
from tests.conftest import PATIENCE, PROJECT, Archive, _new_database, ended, run_scrapy
from tests.rows import FIRST_FETCH, SITE, add_page, add_run, address

FORMATS = ("parquet", "csv", "jsonl")
MANY = 24_000
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # by PostgreSQL
NASTY = [
    '=HYPERLINK("https://alkarmel.example","اقرأ")',
    "+972 رقم للاستفسار",
    "-5 درجات في القدس",
    "@خبر",
    "\tسطر يبدأ بجدولة",
    "\rسطر",
    "＝١+١",
    "'=كان هنا فاصلة عليا",
    "''-٣",
    'قال: «نعم», "لا"; وانتهى',
    "فقرة أولى\n\nفقرة ثانية\r\nثالثة\rرابعة",
    "\u200fعلامة \u202bاتجاه\u202c و\u2066عزل\u2069",
    "فاصل\u2028سطر\u2029وفقرة\x85وآخر\x0bو\x1c",
    "وجه 🙂 وعلم 🇵🇸 وعائلة 👨‍👩‍👧",
    "\\N و\\n و\\u0041 و%s و{}",
    "null",
    "\ufeffعلامة بايت",
    "لا قبل ي: \u0644\u0627\u064b " * 300,
]


def add_articles(archive: Archive, articles: list[dict[str, Any]]) -> None:
    """Articles as they are given; what is not said is the same in all."""
    with archive.engine.begin() as connection:
        run_id = add_run(connection)
        for given_values in articles:
            number = 1 + (connection.scalar(sa.select(sa.func.max(Article.id))) or 0)
            page_id = add_page(connection, address(number))
            capture = dict(
                page_id=page_id, run_id=run_id, url=address(number), fetched_at=FIRST_FETCH
            )
            capture_id = connection.scalar(
                sa.insert(Capture)
                .values(**capture, http_status=200, payload_digest=f"sha256:{number}")
                .returning(Capture.id)
            )
            values = {
                "url": address(number),
                "title": f"خبر {number}",
                "body": "نص",
                "word_count": 1,
                "digest": f"{number:064}",
                "extractor_version": "1",
                "first_seen_at": FIRST_FETCH,
                "last_seen_at": FIRST_FETCH,
                "capture_id": capture_id,
            } | given_values
            if values.get("published_at"):
                values = {"published_precision": "minute"} | values
            connection.execute(sa.insert(Article).values(values))


def nasty_articles() -> list[dict[str, Any]]:
    at = datetime(2024, 4, 29, 20, 15, 30, 250_000, UTC)
    articles: list[dict[str, Any]] = [
        {
            "title": text,
            "body": f"{text}\n\n{text}",
            "author": text,
            "published_at": at + timedelta(days=number),
            "published_text": text,
            "flags": [text, "dates-differ"],
            "extraction": {"title": text, text: "css"},
        }
        for number, text in enumerate(NASTY)
    ]
    articles[3] |= {"duplicate_of_id": 1, "duplicate_similarity": 0.875, "gone_at": at}
    return [*articles, {"title": "بلا تاريخ"}]


def export(
    archive: Archive, form: str, output: Path | str, *options: str
) -> subprocess.CompletedProcess[str]:
    arguments = ("export", "--format", form, "--output", str(output), *options)
    return run_scrapy(archive.environment(), *arguments)


def exported(archive: Archive, form: str, output: Path, *options: str) -> list[dict[str, Any]]:
    """What an export that ends well has written, read by another library, by number."""
    run = export(archive, form, output, *options)
    assert (run.returncode, run.stderr) == (0, "")
    read = {"parquet": read_parquet, "csv": read_csv, "jsonl": read_jsonl}[form]
    rows = read(output)
    assert run.stdout == f"export: {len(rows)} articles in {output}\n"
    return sorted(rows, key=lambda row: row["id"])


def read_parquet(directory: Path) -> list[dict[str, Any]]:
    files = sorted(directory.rglob("*.parquet"))
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    for row in rows:
        row["extraction"] = dict(row["extraction"])
    return rows


def read_csv(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            {name: from_cell(name, cell) for name, cell in row.items()}
            for row in csv.DictReader(lines)
        ]


def from_cell(name: str, cell: str) -> Any:
    """A cell undone as docs/exports.md says."""
    kind = next(column.kind for column in COLUMNS if column.name == name)
    if cell == "":
        return None
    if kind == "text":
        return re.sub(r"^'('*[=+\-@\t\r\n＝＋－＠])", r"\1", cell)
    return {"number": int, "share": float, "time": time_of, "list": json.loads, "map": json.loads}[
        kind
    ](cell)


def read_jsonl(file: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for row in rows:
        for column in COLUMNS:
            if column.kind == "time":
                row[column.name] = time_of(row[column.name])
    return rows


def time_of(text: str | None) -> datetime | None:
    return text and datetime.fromisoformat(text)


def stored(archive: Archive) -> list[dict[str, Any]]:
    names = ", ".join(f"articles.{name}" for name in EXPORTED if name != "site")
    return [
        row._asdict()
        for row in archive.rows(
            f"SELECT pages.site, {names} FROM articles JOIN pages USING (url) ORDER BY articles.id"
        )
    ]


def ordered(*options: str) -> Order:
    """What the command makes of its options."""
    parser = argparse.ArgumentParser()
    command = Command()
    command.settings = Settings()
    command.add_options(parser)
    return read_order(parser.parse_args(options), "Asia/Hebron")


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


# --- what is written ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_read_back_is_what_sql_says(archive: Archive, tmp_path: Path, form: str) -> None:
    add_articles(archive, nasty_articles())
    rows = exported(archive, form, tmp_path / "out")
    expected = stored(archive)
    assert [list(row) for row in rows] == [list(EXPORTED)] * len(expected)
    assert rows == [{name: row[name] for name in EXPORTED} for row in expected]
    assert rows[0]["site"] == SITE


def test_pandas_and_duckdb_read_the_directory(archive: Archive, tmp_path: Path) -> None:
    add_articles(archive, nasty_articles())
    exported(archive, "parquet", tmp_path / "out")
    frame = pd.read_parquet(tmp_path / "out").sort_values("id")
    assert list(frame.title) == [*NASTY, "بلا تاريخ"]
    assert str(frame.published_at.dtype) == "datetime64[us, UTC]"
    assert dict(frame.extraction.iloc[1])["title"] == NASTY[1]
    assert list(frame["flags"].iloc[1]) == [NASTY[1], "dates-differ"]
    read = (
        f"read_parquet('{tmp_path}/out/**/*.parquet', hive_partitioning = true,"
        " hive_types = {month: INT})"
    )
    rows = duckdb.sql(
        f"SELECT title, year, month, extraction['title'], flags[2] FROM {read} ORDER BY id"
    ).fetchall()
    assert [row[0] for row in rows] == [*NASTY, "بلا تاريخ"]
    assert rows[2][1:] == (2024, 5, NASTY[2], "dates-differ")
    assert rows[-1][1:3] == (0, 0)
    types = dict(row[:2] for row in duckdb.sql(f"DESCRIBE FROM {read}").fetchall())
    assert types["published_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["flags"] == "VARCHAR[]"


def test_pandas_and_duckdb_read_a_csv_without_formulas(archive: Archive, tmp_path: Path) -> None:
    add_articles(archive, nasty_articles())
    exported(archive, "csv", tmp_path / "out.csv", "--bom")
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfid,site,")
    frame = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert list(frame.title) == [*map(defused, NASTY), "بلا تاريخ"]
    titles = duckdb.sql(f"SELECT title FROM read_csv('{tmp_path}/out.csv', header = true)")
    assert len(titles.fetchall()) == len(NASTY) + 1
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert len(cells) > 400
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]


@pytest.mark.parametrize(("count", "length", "groups"), [(45_000, 10, 3), (3_000, 2_000, 3)])
def test_row_groups_of_a_great_month_are_bounded(
    tmp_path: Path, count: int, length: int, groups: int
) -> None:
    writer = ParquetArticles(tmp_path, ZoneInfo("Asia/Hebron"))
    for _ in range(count // 1_000):
        writer.write([row_of("ب" * length)] * 1_000)
    writer.close()
    [path] = tmp_path.rglob("*.parquet")
    found = pq.ParquetFile(path).metadata
    assert (found.num_rows, found.num_row_groups) == (count, groups)
    assert {found.row_group(0).column(4).compression} == {"ZSTD"}


def row_of(text: str) -> tuple[Any, ...]:
    """An article all of whose texts are the same, and every number 1."""
    values = {"text": text, "list": [text], "map": {text: text}, "time": FIRST_FETCH}
    return tuple(
        "ن" if column.name in REPEATED else values.get(column.kind, 1) for column in COLUMNS
    )


@given(st.text(STORABLE))
def test_a_defused_text_can_be_had_back(text: str) -> None:
    assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", defused(text))
    assert from_cell("title", defused(text)) == (text or None)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
)
def test_any_text_survives_csv_and_json_lines(texts: list[str]) -> None:
    as_csv, as_jsonl = io.BytesIO(), io.BytesIO()
    for writer in (CsvArticles(as_csv, bom=False), JsonlArticles(as_jsonl)):
        for text in texts:
            writer.write([row_of(text)])
        writer.close()
    lines = csv.DictReader(io.StringIO(as_csv.getvalue().decode(), newline=""))
    read = [{name: from_cell(name, cell) for name, cell in line.items()} for line in lines]
    assert [each["title"] for each in read] == texts
    assert [each["extraction"] for each in read] == [{text: text} for text in texts]
    objects = [json.loads(line) for line in as_jsonl.getvalue().decode().splitlines()]
    assert [each["body"] for each in objects] == texts


def test_the_schema_is_the_documented_one(archive: Archive, tmp_path: Path) -> None:
    document = (PROJECT / "docs" / "exports.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\S.*\S) \| (yes|no) \|$", document, re.MULTILINE)
    exported(archive, "parquet", tmp_path / "out")  # also without any article
    [file] = (tmp_path / "out").rglob("*.parquet")
    assert file.parent == tmp_path / "out" / "year=0" / "month=00"
    schema = pq.read_schema(file)
    assert rows == [
        # A file names the inside of a map by its column.
        (
            field.name,
            str(field.type).replace(f" ('{field.name}')", ""),
            ("no", "yes")[field.nullable],
        )
        for field in schema
    ]
    assert schema.metadata[VERSION_KEY.encode()] == str(SCHEMA_VERSION).encode()
    assert f"Schema version {SCHEMA_VERSION}," in document
    assert schema.field("published_at").metadata[b"comment"].startswith(b"Printed date")
    manual = run_scrapy(archive.environment(), "export", "--help").stdout
    for option in re.findall(r"`(--\w+)`", document):
        assert option in manual, option
    for query in re.findall(r"```sql\n(.*?)```", document, re.DOTALL):
        duckdb.sql(query.replace("'articles/", f"'{tmp_path}/out/")).fetchall()


def test_the_months_are_those_of_the_site(archive: Archive, tmp_path: Path) -> None:
    dates = [
        datetime(2024, 4, 30, 20, 59, 59, tzinfo=UTC),  # 23:59:59
        datetime(2024, 4, 30, 21, tzinfo=UTC),  # 1 May
        # Clocks went back from 0:00 on 1 October 2011: the last hour of September came twice.
        datetime(2011, 9, 30, 20, 30, tzinfo=UTC),
        datetime(2011, 9, 30, 21, 30, tzinfo=UTC),
        datetime(2011, 9, 30, 22, 30, tzinfo=UTC),
        None,
    ]
    add_articles(archive, [{"published_at": at} for at in dates])
    exported(archive, "parquet", tmp_path / "out")
    months = {
        directory.relative_to(tmp_path / "out").as_posix(): ids(read_parquet(directory))
        for directory in (tmp_path / "out").glob("*/*")
    }
    assert months == {
        "year=2011/month=09": [3, 4],
        "year=2011/month=10": [5],
        "year=2024/month=04": [1],
        "year=2024/month=05": [2],
        "year=0/month=00": [6],
    }


# --- which articles ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], [1, 2, 3, 4]),
        (["--since", "2024-05-01"], [2, 3]),
        (["--until", "2024-05-01"], [1, 2]),
        (["--since", "2024-05-01", "--until", "2024-05-01"], [2]),
        (["--section", "القدس"], [2, 4]),
        (["--section", "القدس", "--since", "2000-01-01"], [2]),
        (["--section", "قدس"], []),
        (["--section", "'; DROP TABLE articles; --"], []),
    ],
)
def test_filters_choose(archive: Archive, options: list[str], found: list[int]) -> None:
    dates = [
        datetime(2024, 4, 30, 20, 59, 59, 999_999, UTC),
        datetime(2024, 5, 1, 20, 59, 59, 999_999, UTC),
        datetime(2024, 5, 1, 21, tzinfo=UTC),
        None,
    ]
    sections = ["رياضة", "القدس", None, "القدس"]
    add_articles(
        archive,
        [{"published_at": at, "section": each} for at, each in zip(dates, sections, strict=True)],
    )
    with snapshot(archive.engine) as connection:
        selection = ordered("--format", "jsonl", "--output", "x", *options).selection
        rows = [row.id for rows in article_rows(connection, selection, 3) for row in rows]
        assert sorted(rows) == found
        assert count_articles(connection, selection) == len(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("فلسطين", [1, 2]),
        ("الفلسطينية", [1, 2]),
        ("فلسطين -هدنة", [1]),
        ('"هدنة في غزة" or رياضة', [2, 3]),
        ("القاهرة", []),
    ],
)
def test_a_query_finds_what_the_search_finds(
    archive: Archive, query: str, found: list[int]
) -> None:
    bodies = ["اقتصاد فلسطين", "هدنة في غزة كما قالت المصادر الفلسطينية", "رياضة"]
    add_articles(archive, [{"body": body, "published_at": FIRST_FETCH} for body in bodies])
    with snapshot(archive.engine) as connection:
        selection = ordered("--format", "jsonl", "--output", "x", "--query", query).selection
        rows = [row.id for rows in article_rows(connection, selection, 3) for row in rows]
        searched = connection.scalars(
            sa.text("SELECT id FROM search_articles(:query, max_rows => NULL)"), {"query": query}
        ).all()
    assert sorted(rows) == sorted(searched) == found


def test_a_query_without_a_word_is_refused(archive: Archive, tmp_path: Path) -> None:
    run = export(archive, "jsonl", tmp_path / "out", "--query", "؟!")
    assert (run.returncode, run.stderr) == (2, "--query=؟! holds no word; name one.\n")
    assert names(tmp_path) == []


def test_standard_output_holds_the_articles_alone(archive: Archive) -> None:
    add_articles(archive, [{}, {}])
    run = export(archive, "jsonl", "-")
    assert [json.loads(line)["id"] for line in run.stdout.splitlines()] == [1, 2]
    assert (run.returncode, run.stderr) == (0, "export: 2 articles in -\n")


# --- many articles -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(postgres: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive of MANY articles, a third of them before the year 2012."""
    for url in _new_database(postgres, "migrated"):
        engine = connect(url)
        body = "\n\n".join(f"فقرة {number} من نص الخبر عن القدس وغزة" for number in range(40))
        fill(engine, MANY, [("خبر", body)])
        yield Archive(url, tmp_path_factory.mktemp("many"), engine)
        engine.dispose()


def begun(archive: Archive, form: str, output: Path) -> subprocess.Popen[str]:
    """An export that is in the middle of its articles."""
    command = [sys.executable, "-m", "scrapy", "export", "--format", form, "--output", str(output)]
    process = subprocess.Popen(
        [*command, "--overwrite"],
        cwd=PROJECT,
        env=archive.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    partial = output.with_name(f"{output.name}.export-partial")
    deadline = time.monotonic() + PATIENCE
    while written(partial) < 100_000:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return process


def written(path: Path) -> int:
    try:
        files = [path] if path.is_file() else list(path.rglob("*.parquet"))
        return sum(file.stat().st_size for file in files)
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_killed_export_leaves_nothing_under_the_name(
    many: Archive, tmp_path: Path, form: str
) -> None:
    output = tmp_path / "out"
    process = begun(many, form, output)
    process.kill()
    ended(process)
    assert names(tmp_path) == ["out.export-partial"]
    # The next one clears it away, and takes nothing of it over.
    rows = exported(many, form, output, "--until", "2005-06-30")
    assert 0 < len(rows) < 2_000
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("form", "number"),
    [("parquet", signal.SIGINT), ("csv", signal.SIGTERM), ("jsonl", signal.SIGINT)],
)
def test_an_interrupted_export_leaves_what_was_there(
    many: Archive, tmp_path: Path, form: str, number: int
) -> None:
    output = tmp_path / "out"
    before = exported(many, form, output, "--until", "2005-01-31")
    process = begun(many, form, output)
    process.send_signal(number)
    run = ended(process)
    assert (run.exit_code, run.output) == (1, "")
    assert run.log == (
        f"The export to {output} broke off: it was interrupted; "
        "nothing was left or changed there.\n"
    )
    assert names(tmp_path) == ["out"]
    read = {"parquet": read_parquet, "csv": read_csv, "jsonl": read_jsonl}[form]
    assert sorted(ids(read(output))) == ids(before)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_full_disk_is_one_sentence(many: Archive, tmp_path: Path, form: str) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, limit[1]))  # what a child may write
    try:
        run = export(many, form, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        f"The export to {tmp_path}/out broke off: it cannot be written (File too large); "
        "nothing was left or changed there.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_lost_database_is_one_sentence(many: Archive, tmp_path: Path) -> None:
    process = begun(many, "jsonl", tmp_path / "out")
    many.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'FETCH%'"
    )
    run = ended(process)
    assert run.exit_code == 1
    assert re.fullmatch(
        r"The export to \S+ broke off: the database failed \(.*\); nothing was .*\n", run.log
    )
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_had_enough_is_no_traceback(many: Archive) -> None:
    command = f"{sys.executable} -m scrapy export --format csv --output - | head -c 1000 | wc -c"
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=PROJECT,
        env=many.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.strip(), run.stderr) == (1, "1000", "")


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_memory_does_not_grow_with_the_articles(many: Archive, tmp_path: Path, form: str) -> None:
    def peak(*options: str) -> int:
        output = tmp_path / f"out{len(options)}"
        command = [sys.executable, "-c", CHILD, "scrapy", "export", "--format", form]
        run = subprocess.run(
            [*command, "--output", str(output), *options],
            cwd=PROJECT,
            env=many.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return int(run.stderr.split()[-1])

    third = peak("--until", "2011-09-01")
    assert peak() < 1.15 * third


def test_an_export_shows_one_moment_and_holds_up_no_writer(many: Archive, tmp_path: Path) -> None:
    first, last = many.rows(
        "(SELECT id FROM articles ORDER BY published_at, id LIMIT 1) UNION ALL"
        " (SELECT id FROM articles WHERE published_at IS NULL ORDER BY id DESC LIMIT 1)"
    )
    commits: list[float] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            with many.engine.begin() as connection:
                connection.execute(
                    sa.text("UPDATE articles SET title = :title WHERE id IN (:first, :last)"),
                    {"title": f"تعديل {len(commits)}", "first": first.id, "last": last.id},
                )
            commits.append(time.monotonic())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        process = begun(many, "jsonl", tmp_path / "out")
        middle = len(commits)
        assert ended(process).exit_code == 0
        end = len(commits)
    finally:
        done.set()
        writer.join()
    titles = {row["id"]: row["title"] for row in read_jsonl(tmp_path / "out")}
    assert len(titles) == MANY
    assert titles[first.id] == titles[last.id]
    assert end > middle > 0


def test_the_same_articles_give_the_same_bytes(many: Archive, tmp_path: Path) -> None:
    def files(output: Path) -> dict[str, bytes]:
        assert export(many, "parquet", output, "--until", "2006-12-31").returncode == 0
        paths = sorted(path for path in output.rglob("*") if path.is_file())
        return {path.relative_to(output).as_posix(): path.read_bytes() for path in paths}

    assert files(tmp_path / "one") == files(tmp_path / "two")


# --- where to ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--format", "xlsx", "--output", "x"], "--format=xlsx is unknown; use one of parquet,"),
        (["--output", "x"], "Name what to write: --format parquet|csv|jsonl."),
        (["--format", "csv"], "Name where to write: --output PATH."),
        (["--format", "csv", "--output", "no/where/x"], "no/where is no directory; make it"),
        (["--format", "parquet", "--output", "no/x"], "no is no directory; make it"),
        (["--format", "csv", "--output", "docs"], "docs is a directory; name a file."),
        (["--format", "csv", "--output", "/dev/null"], "/dev/null is no ordinary file; name one"),
        (["--format", "csv", "--output", "README.md"], "README.md is there already; add"),
        (["--format", "parquet", "--output", "README.md"], "README.md is a file, and this"),
        (["--format", "parquet", "--output", "docs"], "docs holds other things than an export;"),
        (
            ["--format", "parquet", "--output", "docs", "--overwrite"],
            "docs holds other things than an export; name another directory.",
        ),
        (["--format", "parquet", "--output", "-"], "Parquet is a directory of files; name one"),
        (["--format", "jsonl", "--output", "x", "--bom"], "--bom is for csv, not for jsonl;"),
        (
            ["--format", "csv", "--output", "x", "--since", "yesterday"],
            "--since=yesterday is not a date; write it like 2019-12-31.",
        ),
        (
            ["--format", "csv", "--output", "x", "--since", "2024-02-01", "--until", "2024-01-31"],
            "--since=2024-02-01 is after --until=2024-01-31; swap them.",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(options: list[str], sentence: str) -> None:
    with pytest.raises(OperatorError, match=f"^{re.escape(sentence)}") as caught:
        ordered(*options).check()
    assert str(caught.value).endswith(".")


def test_a_refusal_is_the_commands_only_word(archive: Archive) -> None:
    run = run_scrapy(archive.environment(), "export", "--format", "csv", "--output", "docs")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "docs is a directory; name a file.\n"


def test_an_export_is_replaced_only_when_asked(archive: Archive, tmp_path: Path) -> None:
    output = tmp_path / "out"
    add_articles(archive, [{"published_at": datetime(2020, 1, 1, tzinfo=UTC)}])
    assert ids(exported(archive, "parquet", output)) == [1]
    with pytest.raises(OperatorError, match="add --overwrite"):
        ordered("--format", "parquet", "--output", str(output)).check()
    options = ("--overwrite", "--since", "2021-01-01")
    assert ids(exported(archive, "parquet", output, *options)) == []
    assert names(tmp_path) == ["out"]


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    with whole_file(output, overwrite=False) as file:
        file.write("خبر".encode())
    with pytest.raises(OperatorError, match="is there already; add --overwrite"):
        check_file(output, overwrite=False)
    # One that has come there meanwhile stays, too.
    with (
        pytest.raises(OperatorError, match="is there already"),
        whole_file(output, overwrite=False) as file,
    ):
        file.write(b"other")
    assert output.read_text() == "خبر"
    link = tmp_path / "link.csv"
    link.symlink_to(output)
    with whole_file(link, overwrite=True) as file:
        file.write(b"other")
    assert (link.is_symlink(), output.read_text()) == (True, "other")
    assert names(tmp_path) == ["link.csv", "out.csv"]


def put(directory: Path, name: str) -> None:
    """An export's directory, as far as its owner is concerned."""
    (directory / "year=2024").mkdir()
    (directory / "year=2024" / name).touch()
    (directory / MANIFEST).touch()


def test_an_export_with_something_else_in_it_is_never_replaced(tmp_path: Path) -> None:
    with whole_directory(tmp_path / "out", overwrite=False) as directory:
        put(directory, "one")
    (tmp_path / "out" / "notes.txt").touch()
    with (
        pytest.raises(OperatorError, match="holds other things than an export"),
        whole_directory(tmp_path / "out", overwrite=True) as directory,
    ):
        put(directory, "two")
    assert names(tmp_path / "out") == [MANIFEST, "notes.txt", "year=2024"]
    assert names(tmp_path) == ["out"]


def test_an_export_that_was_killed_between_two_names_is_put_back(tmp_path: Path) -> None:
    with whole_directory(tmp_path / "out", overwrite=False) as directory:
        put(directory, "one")
    (tmp_path / "out").rename(tmp_path / "out.export-replaced")
    with (
        pytest.raises(OperatorError, match="holds an export already"),
        whole_directory(tmp_path / "out", overwrite=False) as directory,
    ):
        put(directory, "two")
    assert names(tmp_path / "out" / "year=2024") == ["one"]
    assert names(tmp_path) == ["out"]


def test_two_exports_do_not_write_one_file(tmp_path: Path) -> None:
    with whole_file(tmp_path / "out", overwrite=False) as file:
        with pytest.raises(OperatorError, match="Another export is writing"):
            whole_file(tmp_path / "out", overwrite=False).__enter__()
        file.write(b"first")
    assert (tmp_path / "out").read_text() == "first"
    with whole_directory(tmp_path / "all", overwrite=False) as directory:
        put(directory, "one")
        with pytest.raises(OperatorError, match="Another export is writing"):
            whole_directory(tmp_path / "all", overwrite=False).__enter__()
    assert names(tmp_path / "all" / "year=2024") == ["one"]


def test_an_export_that_cannot_take_its_name_leaves_the_old_one(tmp_path: Path) -> None:
    with whole_directory(tmp_path / "out", overwrite=False) as directory:
        put(directory, "one")
    with (
        pytest.raises(FileNotFoundError),
        whole_directory(tmp_path / "out", overwrite=True) as directory,
    ):
        directory.rename(tmp_path / "elsewhere")
    assert names(tmp_path / "out" / "year=2024") == ["one"]
    assert names(tmp_path) == ["elsewhere", "out"]


def test_only_an_export_loads_the_heavy_library() -> None:
    code = "import sys, crawler.commands.export; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_terminal_sees_how_far_it_is(many: Archive, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    output = io.BytesIO()

    def listen(read: Callable[[int, int], bytes] = os.read) -> None:
        try:
            while chunk := read(ours, 10_000):
                output.write(chunk)
        except OSError:
            return  # the other end was closed

    listener = threading.Thread(target=listen)
    listener.start()
    command = [sys.executable, "-m", "scrapy", "export", "--format", "jsonl"]
    process = subprocess.run(
        [*command, "--output", str(tmp_path / "out")],
        cwd=PROJECT,
        env=many.environment(TERM="xterm", COLUMNS="100"),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    listener.join()
    os.close(ours)
    assert process.returncode == 0
    assert f"/{MANY}".encode() in output.getvalue()
