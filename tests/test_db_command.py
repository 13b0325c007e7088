"""`scrapy db`, as processes: with the embedded server of an archive, and with DATABASE_URL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.session import connect, database_url
from tests.conftest import PROJECT, Archive

OUR_VARIABLES = ("ALKARMEL_", "CRAWLER_", "ARCHIVE_", "DATABASE_URL", "PG")


def command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """`scrapy db …`, in a process group of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(OUR_VARIABLES)}
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "db", *arguments],
        cwd=PROJECT,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def said(process: subprocess.Popen[str], exit_code: int = 0) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == exit_code, errors
    return output


def complaint(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    (line,) = errors.splitlines()
    return line


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An archive whose embedded server has the schema and is kept up, as `scrapy db` does it."""
    directory = tmp_path_factory.mktemp("archive")
    assert said(command("start", ARCHIVE_DIR=str(directory))).startswith("running")
    assert said(command("upgrade", ARCHIVE_DIR=str(directory))) == "the schema is current\n"
    yield directory
    said(command("stop", ARCHIVE_DIR=str(directory)))
    assert not EmbeddedPostgres(directory).is_running()


def url_of(database: sa.URL) -> str:
    return database.render_as_string(hide_password=False)


# --- the embedded server -----------------------------------------------------------------------


def test_the_address_that_is_printed_can_be_used(directory: Path) -> None:
    address = said(command("url", ARCHIVE_DIR=str(directory))).strip()
    assert address == EmbeddedPostgres(directory).url
    engine = connect(database_url(address))
    assert sa.inspect(engine).has_table("articles")
    engine.dispose()


def test_a_server_that_is_down_is_started_for_an_address_and_stopped_on_demand(
    tmp_path: Path,
) -> None:
    here = {"ARCHIVE_DIR": str(tmp_path)}
    assert said(command("stop", **here)) == "was not running\n"
    said(command("start", **here))
    said(command("stop", **here))
    address = said(command("url", **here)).strip()
    engine = connect(database_url(address))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()
    assert said(command("stop", **here)) == "stopped\n"
    # A client brings it up for as long as it needs it.
    assert said(command("psql", "-Atc", "SELECT 2", **here)) == "2\n"
    assert not EmbeddedPostgres(tmp_path).is_running()


@pytest.mark.parametrize(
    "arguments",
    [
        ["-At", "-c", "SELECT 'a b'", "-c", "SELECT 'غزة'"],
        ["--", "-At", "-c", "SELECT 'a b'", "-c", "SELECT 'غزة'"],
        ["-v", "word=غزة", "-Atc", "SELECT 'a b'", "-Atc", "SELECT 'غزة'"],
    ],
)
def test_psql_takes_its_arguments_as_they_stand(directory: Path, arguments: list[str]) -> None:
    assert said(command("psql", *arguments, ARCHIVE_DIR=str(directory))) == "a b\nغزة\n"


def test_a_path_may_hold_blanks_and_plus_signs(tmp_path: Path) -> None:
    here = {"ARCHIVE_DIR": str(tmp_path / "an archive + more")}
    said(command("start", **here))
    assert said(command("psql", "-Atc", "SELECT 3", **here)) == "3\n"
    said(command("stop", **here))


@pytest.mark.parametrize("action", ["url", "psql", "dump"])
def test_a_mistyped_directory_stays_as_it_is(tmp_path: Path, action: str) -> None:
    line = complaint(command(action, ARCHIVE_DIR=str(tmp_path / "arhcive")))
    assert line.startswith(f"There is no archive in {tmp_path / 'arhcive'} yet; crawl first")
    assert list(tmp_path.iterdir()) == []


def test_psql_reads_what_it_is_fed(directory: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "scrapy", "db", "psql", "-At"],
        cwd=PROJECT,
        env={**os.environ, "ARCHIVE_DIR": str(directory), "DATABASE_URL": ""},
        input="SELECT count(*) FROM articles;",
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "0\n"


def test_settings_stand_before_the_action(directory: Path) -> None:
    setting = ("-s", f"ARCHIVE_DIR={directory}")
    assert said(command(*setting, "psql", "-Atc", "SELECT 1", ARCHIVE_DIR="/proc/no")) == "1\n"


def test_the_exit_code_of_psql_is_that_of_the_command(directory: Path) -> None:
    process = command("psql", "-c", "SELECT nothing", ARCHIVE_DIR=str(directory))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'column "nothing" does not exist' in errors


def test_an_interrupt_is_left_to_psql_which_takes_back_its_query(directory: Path) -> None:
    query = "SELECT pg_sleep(60)"
    process = command("psql", "-c", query, ARCHIVE_DIR=str(directory))
    engine = connect(database_url(EmbeddedPostgres(directory).url))
    sleeping = sa.text("SELECT count(*) FROM pg_stat_activity WHERE query = :query")
    with engine.connect() as connection:
        while not connection.scalar(sleeping, {"query": query}):
            assert process.poll() is None
            connection.rollback()
            time.sleep(0.02)
    engine.dispose()
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C at a terminal
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors.splitlines() == [
        "Cancel request sent",
        "ERROR:  canceling statement due to user request",
    ]


def test_a_dump_can_be_restored_into_another_database(
    directory: Path, tmp_path: Path, empty_database: sa.URL
) -> None:
    here = {"ARCHIVE_DIR": str(directory)}
    said(command("psql", "-qc", "INSERT INTO runs (spider, mode) VALUES ('غزة', 'url')", **here))
    dump = tmp_path / "archive.dump"
    assert said(command("dump", "--file", str(dump), **here)) == ""
    address = url_of(empty_database.set(drivername="postgresql"))
    subprocess.run(
        [EmbeddedPostgres(directory).bin / "pg_restore", f"--dbname={address}", dump], check=True
    )
    theirs = Archive(empty_database, tmp_path, connect(empty_database))
    assert theirs.rows("SELECT spider, mode FROM runs") == [("غزة", "url")]
    assert theirs.value("SELECT version_num FROM alembic_version")
    theirs.engine.dispose()


def test_a_dump_without_a_file_is_standard_output(directory: Path) -> None:
    process = command("dump", "--format=plain", "--schema-only", ARCHIVE_DIR=str(directory))
    assert "CREATE TABLE public.articles" in said(process)


def test_commands_run_beside_each_other(directory: Path) -> None:
    query = ("psql", "-Atc", "SELECT pg_sleep(0.5) IS NOT NULL")
    processes = [command(*query, ARCHIVE_DIR=str(directory)) for _ in range(3)]
    assert [said(process) for process in processes] == ["t\n"] * 3


def test_a_server_in_use_is_not_stopped(directory: Path) -> None:
    url = database_url(EmbeddedPostgres(directory).url)
    engine = connect(url.update_query_dict({"application_name": "notebook"}))
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        assert "in use by notebook" in complaint(command("stop", ARCHIVE_DIR=str(directory)))
    engine.dispose()
    said(command("start", ARCHIVE_DIR=str(directory)))


# --- DATABASE_URL ------------------------------------------------------------------------------


def test_with_database_url_that_database_is_meant(archive: Archive) -> None:
    here = archive.environment()
    here = {name: here[name] for name in ("DATABASE_URL", "ARCHIVE_DIR")}
    query = "SELECT current_database()"
    assert said(command("psql", "-Atc", query, **here)) == f"{archive.url.database}\n"
    assert "articles" in said(command("dump", "--format=plain", **here))
    printed = said(command("url", **here)).strip()
    assert printed == url_of(archive.url.set(drivername="postgresql"))
    assert not archive.directory.exists()


def test_upgrade_makes_the_schema(empty_database: sa.URL) -> None:
    assert (
        said(command("upgrade", DATABASE_URL=url_of(empty_database))) == "the schema is current\n"
    )
    engine = connect(empty_database)
    assert sa.inspect(engine).has_table("articles")
    engine.dispose()


@pytest.mark.parametrize("place", ["user", "query"])
def test_no_password_is_among_the_arguments_of_a_client(database: sa.URL, place: str) -> None:
    in_query = database.update_query_dict({"password": "s3cr3t"})
    url = database.set(password="s3cr3t") if place == "user" else in_query
    show = r"\! tr '\0' ' ' < /proc/$PPID/cmdline; printenv PGPASSWORD"
    arguments, _, password = said(command("psql", "-c", show, DATABASE_URL=url_of(url))).rpartition(
        " "
    )
    assert "--dbname=postgresql://" in arguments
    assert "s3cr3t" not in arguments
    assert password == "s3cr3t\n"


@pytest.mark.parametrize("action", ["start", "stop"])
def test_another_server_is_neither_started_nor_stopped(database: sa.URL, action: str) -> None:
    line = complaint(command(action, DATABASE_URL=url_of(database)))
    assert line.startswith("DATABASE_URL is set")


@pytest.mark.parametrize("action", ["psql", "upgrade"])
def test_a_database_that_is_not_there_is_one_sentence(database: sa.URL, action: str) -> None:
    address = url_of(database.set(database="no_such_archive"))
    assert "no_such_archive" in complaint(command(action, DATABASE_URL=address))


@pytest.mark.parametrize("arguments", [["url", "--readr"], ["upgrade", "head"]])
def test_what_an_action_does_not_know_is_refused(arguments: list[str]) -> None:
    process = command(*arguments)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (2, "")
    assert f"{arguments[0]} takes no {arguments[1]}" in errors


@pytest.mark.parametrize("arguments", [[], ["drop"]])
def test_the_actions_are_named_to_who_names_none(arguments: list[str]) -> None:
    process = command(*arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "url, start, stop, upgrade, psql, dump" in errors
