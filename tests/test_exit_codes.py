"""What an operator can get wrong, and what a crawl says of it: one sentence and an exit code."""

import argparse
from pathlib import Path

import pytest
import sqlalchemy as sa

from crawler.archive_command import ArchiveCommand
from crawler.db.session import connect
from tests.conftest import Archive, ended, run_scrapy
from tests.site.faults import CHALLENGE, Slow, Status
from tests.site.replica import Site
from tests.site.server import serve

HOME = "http://127.0.0.1:9/"  # the discard port: nothing answers there


def complaint(log: str) -> str:
    """The one line of complaint; Scrapy's own lines begin with a date."""
    lines = [line for line in log.splitlines() if line and not line[:4].isdecimal()]
    assert len(lines) == 1, log
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        ([], {"ALKARMEL_URL": ""}, "make demo"),
        ([], {"ALKARMEL_URL": "file:///etc/passwd"}, "file:///etc/passwd"),
        (["-a", "mode=fast"], {}, "mode=fast"),
        (["-a", "mode=backfill", "-a", "since=2020-02-30"], {}, "since=2020-02-30"),
        (["-a", "url=https://elsewhere.example/"], {}, "https://elsewhere.example/"),
        ([], {"DATABASE_URL": "mysql://localhost/x"}, "mysql"),
        ([], {"DATABASE_URL": "not a database"}, "DATABASE_URL"),
        ([], {"DATABASE_URL": "postgresql://127.0.0.1:9/x?connect_timeout=2"}, "127.0.0.1:9"),
        (["-s", "SITE_ARTICLES=("], {}, "("),
        ([], {"ALKARMEL_TIMEZONE": "Mars/Olympus"}, "Mars/Olympus"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(
    archive: Archive, arguments: list[str], environment: dict[str, str], named: str
) -> None:
    crawl = archive.crawl(HOME, *arguments, **environment)
    assert crawl.exit_code == 2
    assert named in complaint(crawl.log)
    assert archive.value("SELECT count(*) FROM runs") == 0


def test_a_database_that_does_not_exist_is_named(archive: Archive) -> None:
    missing = archive.url.set(database="no_such_archive").render_as_string(hide_password=False)
    crawl = archive.crawl(HOME, DATABASE_URL=missing)
    assert crawl.exit_code == 2
    assert 'database "no_such_archive" does not exist' in complaint(crawl.log)


def test_a_role_that_may_not_do_what_a_command_needs_is_told_so(
    archive: Archive, postgres: sa.Engine
) -> None:
    with postgres.connect() as connection:
        name = archive.url.database
        connection.execute(sa.text(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC, alkarmel"))
    run = run_scrapy(archive.environment(), "regroup", "--dry-run")
    assert run.returncode == 1
    assert "permission denied to create temporary tables" in complaint(run.stderr)


def test_an_archive_directory_that_is_a_file_is_named(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    crawl = archive.crawl(HOME, ARCHIVE_DIR=str(file))
    assert crawl.exit_code == 2
    assert f"ARCHIVE_DIR={file}" in complaint(crawl.log)


def test_an_unwritable_archive_directory_is_named(archive: Archive) -> None:
    # Not even root can write there.
    crawl = archive.crawl(HOME, ARCHIVE_DIR="/proc/archive")
    assert crawl.exit_code == 2
    assert "ARCHIVE_DIR=/proc/archive" in complaint(crawl.log)


def test_an_archive_directory_without_room_is_named(archive: Archive) -> None:
    crawl = archive.crawl(HOME, "-s", f"ARCHIVE_MIN_FREE={2**62}")
    assert crawl.exit_code == 2
    assert "MB free" in complaint(crawl.log)


def test_an_unknown_spider_is_named(archive: Archive) -> None:
    crawl = archive.crawl(HOME, "another")
    assert crawl.exit_code == 2


@pytest.mark.parametrize("command", ["health", "reextract", "regroup", "release", "verify"])
def test_a_mistyped_option_is_named_and_nothing_is_done(archive: Archive, command: str) -> None:
    run = run_scrapy(archive.environment(), command, "--dryrun")
    sentence = f"--dryrun is no option of {command}; see `scrapy {command} --help`.\n"
    assert (run.returncode, run.stdout, run.stderr) == (2, "", sentence)
    assert archive.value("SELECT count(*) FROM runs") == 0


@pytest.mark.parametrize(
    "command", [["reextract"], ["regroup"], ["release"], ["report", "--output", "x"], ["verify"]]
)
def test_where_there_is_no_archive_none_is_made(archive: Archive, command: list[str]) -> None:
    run = run_scrapy(archive.environment(DATABASE_URL=""), *command)
    assert run.returncode == 2
    assert run.stderr.startswith(f"There is no archive in {archive.directory} yet; crawl first, ")
    assert len(run.stderr.splitlines()) == 1
    assert not archive.directory.exists()


def test_a_file_that_may_not_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Which root, as whom tests may run, never meets."""

    class Barred(ArchiveCommand):
        def short_desc(self) -> str:
            return ""

        def work(self, args: list[str], opts: argparse.Namespace) -> None:
            raise PermissionError(13, "Permission denied", "/archive/warc")

    command = Barred()
    command.run([], argparse.Namespace())
    assert command.exitcode == 2
    assert capsys.readouterr().err.startswith("/archive/warc may not be used by this account")


def test_a_schema_newer_than_the_program_is_refused(archive: Archive) -> None:
    with archive.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    crawl = archive.crawl(HOME)
    assert crawl.exit_code == 2
    assert "'9999'" in complaint(crawl.log)


def test_a_site_that_does_not_answer_is_exit_3(archive: Archive) -> None:
    crawl = archive.crawl(HOME)
    assert crawl.exit_code == 3, crawl.log
    assert "Traceback" not in crawl.log
    assert "no answer" in crawl.output.splitlines()[-1]
    assert archive.rows("SELECT outcome FROM runs") == [("failed",)]


@pytest.mark.parametrize("prefix", ["/", "/post"])
def test_a_site_that_shows_only_challenges_is_exit_3(archive: Archive, prefix: str) -> None:
    """Everywhere, or in the place of every article."""
    with serve(Site("post", articles=12)) as server:
        server.site.faults.add(prefix, CHALLENGE)
        crawl = archive.crawl(server.url)
    assert crawl.exit_code == 3, crawl.log
    assert archive.value("SELECT count(*) FROM articles") == 0
    assert archive.value("SELECT count(*) FROM pages WHERE state <> 'pending'") == 0
    if prefix == "/post":
        assert "the site showed: challenge (12)" in crawl.output.splitlines()[-1]


def test_a_site_that_only_fails_is_exit_3(archive: Archive) -> None:
    with serve(Site("post", articles=5)) as server:
        server.site.faults.add("/", Status(500))
        assert archive.crawl(server.url).exit_code == 3


def test_a_crawl_that_overlaps_is_exit_75_and_does_nothing(archive: Archive) -> None:
    with serve(Site("post", articles=5)) as server:
        server.site.faults.add("/", Slow())
        first = archive.start(server.url)
        while not server.requests:
            assert first.poll() is None
        second = archive.crawl(server.url)
        assert second.exit_code == 75
        assert "running" in complaint(second.log)
        assert archive.rows("SELECT outcome FROM runs") == [("running",)]


def test_two_first_crawls_at_once_make_one_schema_and_one_crawl(
    empty_database: sa.URL, tmp_path: Path
) -> None:
    engine = connect(empty_database)
    archive = Archive(empty_database, tmp_path / "archive", engine)
    with serve(Site("post", articles=5)) as server:
        server.site.faults.add("/category", Slow(2))
        crawls = [archive.start(server.url) for _ in range(2)]
        codes = sorted(ended(crawl).exit_code for crawl in crawls)
    assert codes == [0, 75]
    assert archive.value("SELECT count(*) FROM articles") == 5
    engine.dispose()


def test_a_terminated_crawl_ends_early_and_says_so(archive: Archive) -> None:
    with serve(Site("post", articles=40)) as server:
        crawl = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.2")
        while len(server.requests) < 8:
            assert crawl.poll() is None
        crawl.terminate()
        result = ended(crawl)
    assert result.exit_code == 1
    assert "signal" in result.output.splitlines()[-1]
    assert archive.rows("SELECT outcome FROM runs") == [("interrupted",)]
    assert archive.value("SELECT count(*) FROM pages WHERE claimed_by IS NOT NULL") == 0
