"""Dumps, copies made while a crawl writes, and what a restore makes of them; older servers too."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command as alembic

from crawler.db.dumps import keep_dump, pg_dump
from crawler.db.embedded import EmbeddedPostgres
from crawler.db.postgres_clients import client_directories, clients_for
from crawler.db.reader import READER, admit_reader
from crawler.db.restoration import check_dump, restore
from crawler.db.schema import alembic_config
from crawler.db.session import connect, database_url
from crawler.errors import OperatorError
from crawler.warc.recovery import recover
from crawler.warc.usage import usage
from crawler.warc.writer import OPEN
from tests.conftest import Archive, _new_database, ended, run_scrapy
from tests.site.replica import Site
from tests.site.server import serve

new_database = contextmanager(_new_database)
OLD_SERVERS = sorted(Path("/usr/lib/postgresql").glob("1[4-7]/bin/initdb"))


@dataclass(frozen=True)
class Dumped:
    """An archive of a few articles, and a dump of it."""

    archive: Archive
    dump: Path


@pytest.fixture(scope="module")
def dumped(postgres: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dumped]:
    with postgres.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE dumped OWNER alkarmel TEMPLATE migrated"))
    url = postgres.url.set(username="alkarmel", database="dumped")
    archive = Archive(url, tmp_path_factory.mktemp("dumped"), connect(url))
    with serve(Site("post", articles=8)) as server:
        crawl = archive.crawl(server.url)
    assert crawl.exit_code == 0, crawl.log
    dump = keep_dump(url, archive.directory / "dumps", 1)
    assert dump
    yield Dumped(archive, dump)
    archive.engine.dispose()
    with postgres.connect() as connection:
        connection.execute(sa.text("DROP DATABASE dumped WITH (FORCE)"))


@pytest.fixture
def empty(empty_database: sa.URL) -> Iterator[sa.Engine]:
    engine = connect(empty_database)
    yield engine
    engine.dispose()


def dump_of(url: sa.URL, file: Path, *options: str) -> Path:
    command, environment = pg_dump(url)
    subprocess.run([*command, f"--file={file}", *options], env=environment, check=True)
    return file


def contents(engine: sa.Engine) -> dict[str, list[str]]:
    """Every table row by row, as the server prints it."""
    with engine.connect() as connection:
        return {
            name: sorted(connection.scalars(sa.text(f"SELECT t::text FROM public.{name} AS t")))
            for name in sa.inspect(engine).get_table_names()
        }


def search(engine: sa.Engine, words: str) -> list[str]:
    query = sa.text("SELECT url FROM search_articles(:words) ORDER BY 1")
    with engine.connect() as connection:
        return list(connection.scalars(query, {"words": words}))


# --- a copy made while a crawl writes -----------------------------------------------------------


def test_a_dump_and_then_a_copy_made_while_a_crawl_runs_are_an_archive(
    archive: Archive, tmp_path: Path
) -> None:
    by_sitemap = ("-s", "DISCOVER_LISTINGS=False")
    with serve(Site("semantic", articles=40)) as server:
        crawl = archive.start(server.url, "-s", "DOWNLOAD_DELAY=1", *by_sitemap)
        wait_for_captures(archive, 3)
        kept = run_scrapy(archive.environment(), "db", "dump", "--keep", "7")
        assert kept.returncode == 0, kept.stderr
        dump = Path(kept.stdout.strip())
        assert dump.parent == archive.directory / "dumps"
        wait_for_captures(archive, archive.value("SELECT count(*) FROM captures") + 2)
        copy = tmp_path / "a copy"
        copy.mkdir()
        program = "rsync" if shutil.which("rsync") else "cp"
        subprocess.run([program, "-aL", archive.directory / "warc", copy], check=True)
        assert crawl.poll() is None
        # As where the copy was made in the middle of a record.
        [being_written] = (copy / "warc").iterdir()
        assert being_written.name.endswith(OPEN)
        os.truncate(being_written, being_written.stat().st_size - 100)
        crawl.kill()

        there = {**archive.environment(), "DATABASE_URL": "", "ARCHIVE_DIR": str(copy)}
        restored = run_scrapy(there, "db", "restore", str(dump))
        assert (restored.returncode, restored.stderr) == (0, "")
        with EmbeddedPostgres(copy) as embedded:
            url = database_url(embedded.url)
            theirs = Archive(url, copy, connect(url))
            captures = theirs.value("SELECT count(*) FROM captures")
            assert 3 <= captures < 40
            verified = run_scrapy(there, "verify")
            assert verified.returncode == 0, verified.stdout
            assert f" {captures} captures" in verified.stdout
            # The crawl that the dump caught in the middle goes on here.
            crawl = theirs.start(server.url, *by_sitemap, DATABASE_URL="")
            assert ended(crawl).exit_code == 0
            counts = "SELECT count(*), count(DISTINCT url), max(revision) FROM articles"
            assert theirs.rows(counts) == [(40, 40, 1)]
            assert theirs.value("SELECT count(*) FROM captures") == 40
            outcomes = theirs.rows("SELECT outcome FROM runs ORDER BY id")
            assert outcomes == [("interrupted",), ("finished",)]
            assert not list((copy / "warc").glob(f"*{OPEN}"))
            verified = run_scrapy(there, "verify")
            assert verified.returncode == 0 and "40 of 40 articles" in verified.stdout
            theirs.engine.dispose()


def wait_for_captures(archive: Archive, count: int) -> None:
    while archive.value("SELECT count(*) FROM captures") < count:
        assert archive.processes[-1].poll() is None
        time.sleep(0.05)


def test_an_earlier_copy_of_a_file_is_not_put_over_the_whole_one(
    dumped: Dumped, tmp_path: Path
) -> None:
    [file] = (dumped.archive.directory / "warc").iterdir()
    whole = Path(shutil.copy(file, tmp_path))
    earlier = tmp_path / (file.name + OPEN)
    earlier.write_bytes(file.read_bytes()[:1000])
    assert list(recover(tmp_path)) == []
    assert whole.read_bytes() == file.read_bytes()
    assert earlier.exists()


def test_files_may_be_links_to_another_disk(dumped: Dumped, tmp_path: Path) -> None:
    warc = dumped.archive.directory / "warc"
    [file] = warc.iterdir()
    slow = tmp_path / "slow"
    slow.mkdir()
    moved = Path(shutil.move(file, slow))
    file.symlink_to(moved)
    verified = run_scrapy(dumped.archive.environment(), "verify")
    assert verified.returncode == 0, verified.stdout
    assert usage(warc).size == moved.stat().st_size
    # And where that disk is not there:
    slow.rename(tmp_path / "unplugged")
    verified = run_scrapy(dumped.archive.environment(), "verify")
    assert verified.returncode == 1
    assert f"{file.name} is missing: 8 captures are in it" in verified.stdout
    assert usage(warc).files == 0
    file.unlink()
    shutil.move(tmp_path / "unplugged" / file.name, file)


# --- dumps that are kept ------------------------------------------------------------------------


def test_the_last_dump_of_each_of_some_days_stays(database: sa.URL, tmp_path: Path) -> None:
    early, late, old = "20260102T010000Z.dump", "20260102T020000Z.dump", "20260101T010000Z.dump"
    for name in (early, late, old, "before the upgrade.dump", "unfinished"):
        (tmp_path / name).touch()
    dump = keep_dump(database, tmp_path, 2)
    assert dump and check_dump(dump)
    assert {path.name for path in tmp_path.iterdir()} == {
        *(dump.name, late),
        *("before the upgrade.dump", "lock"),
    }


def test_a_dump_that_fails_costs_none_of_the_others(
    postgres: sa.Engine, database: sa.URL, tmp_path: Path
) -> None:
    with postgres.connect() as administrator:
        administrator.execute(sa.text("CREATE ROLE stranger LOGIN"))
    try:
        (tmp_path / "20260101T010000Z.dump").touch()
        assert keep_dump(database.set(username="stranger"), tmp_path, 1) is None
        assert {path.name for path in tmp_path.iterdir()} == {"20260101T010000Z.dump", "lock"}
    finally:
        with postgres.connect() as administrator:
            administrator.execute(sa.text("DROP ROLE stranger"))


def test_no_dump_is_made_of_nothing_nor_to_nowhere(
    empty_database: sa.URL, database: sa.URL, tmp_path: Path
) -> None:
    with pytest.raises(OperatorError, match="There is no archive in this database yet"):
        keep_dump(empty_database, tmp_path, 7)
    with pytest.raises(OperatorError, match="No dump can be kept in /proc/dumps"):
        keep_dump(database, Path("/proc/dumps"), 7)


@pytest.mark.parametrize("arguments", [["psql", "--keep", "7"], ["dump", "--keep=0"]])
def test_keep_goes_with_dump_alone(database: sa.URL, arguments: list[str]) -> None:
    environment = {**os.environ, "DATABASE_URL": database.render_as_string(hide_password=False)}
    refused = run_scrapy(environment, "db", *arguments)
    assert refused.returncode == 2
    assert "--keep goes with dump alone" in refused.stderr


# --- restoring ----------------------------------------------------------------------------------


def test_a_dump_is_restored_with_all_its_rows(dumped: Dumped, empty: sa.Engine) -> None:
    restore(dumped.dump, check_dump(dumped.dump), empty)
    assert contents(empty) == contents(dumped.archive.engine)
    assert len(contents(empty)["articles"]) == 8
    analyzed = sa.text("SELECT reltuples FROM pg_class WHERE relname = 'articles'")
    with empty.connect() as connection:
        assert connection.scalar(analyzed) == 8


def test_a_dump_of_an_older_schema_is_brought_to_the_newest(
    engine: sa.Engine, empty: sa.Engine, tmp_path: Path
) -> None:
    with engine.connect() as connection:
        alembic.downgrade(alembic_config(connection), "0001")
        connection.execute(sa.text("INSERT INTO runs (spider, mode) VALUES ('غزة', 'url')"))
        connection.commit()
    dump = dump_of(engine.url, tmp_path / "old.dump")
    restore(dump, check_dump(dump), empty)
    with empty.connect() as connection:
        assert connection.scalar(sa.text("SELECT spider FROM runs")) == "غزة"
        alembic.check(alembic_config(connection))
    assert admit_reader(empty) is None


def test_a_dump_of_a_newer_schema_is_refused(engine: sa.Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    dump = dump_of(engine.url, tmp_path / "new.dump")
    with pytest.raises(OperatorError, match="revision '9999', which is newer than this program"):
        check_dump(dump)


def test_an_archive_is_not_written_over(dumped: Dumped, engine: sa.Engine) -> None:
    before = contents(engine)
    with pytest.raises(OperatorError, match="There is an archive in this database already"):
        restore(dumped.dump, check_dump(dumped.dump), engine)
    assert contents(engine) == before


def test_of_a_torn_dump_nothing_is_restored(
    dumped: Dumped, empty: sa.Engine, tmp_path: Path
) -> None:
    whole = dumped.dump.read_bytes()
    torn = tmp_path / "torn.dump"
    torn.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OperatorError, match=r"cannot be restored; .*end of file"):
        check_dump(torn)
    torn.write_bytes(whole[:-10])  # in the rows of the last table
    with pytest.raises(OperatorError, match=r"^Nothing was restored: .*end of file"):
        restore(torn, check_dump(torn), empty)
    assert sa.inspect(empty).get_table_names() == []
    assert "analyst" not in sa.inspect(empty).get_schema_names()
    restore(dumped.dump, check_dump(dumped.dump), empty)  # the way is free


def test_what_the_server_refuses_is_one_sentence(
    postgres: sa.Engine, dumped: Dumped, empty: sa.Engine
) -> None:
    with postgres.connect() as administrator:
        administrator.execute(sa.text("CREATE ROLE stranger LOGIN"))
    stranger = connect(empty.url.set(username="stranger"))
    try:
        with pytest.raises(OperatorError, match=r"^Nothing was restored: permission denied for"):
            restore(dumped.dump, check_dump(dumped.dump), stranger)
    finally:
        stranger.dispose()
        with postgres.connect() as administrator:
            administrator.execute(sa.text("DROP ROLE stranger"))


def test_what_is_no_dump_of_an_archive_is_named(
    database: sa.URL, dumped: Dumped, tmp_path: Path
) -> None:
    plain = dump_of(database, tmp_path / "plain.sql", "--format=plain")
    other = dump_of(database, tmp_path / "other.dump", "--table=articles")
    for file, complaint in (
        (tmp_path / "missing.dump", "No such file"),
        (plain, "text format dump"),
        (other, "it holds no archive"),
    ):
        with pytest.raises(OperatorError, match=complaint) as raised:
            check_dump(file)
        assert str(file) in str(raised.value) and "\n" not in str(raised.value)
    environment = {**os.environ, "DATABASE_URL": database.render_as_string(hide_password=False)}
    assert "name the dump" in run_scrapy(environment, "db", "restore").stderr


# --- other servers ------------------------------------------------------------------------------


@contextmanager
def older_server(programs: Path) -> Iterator[sa.URL]:
    """A server such as Debian has: an empty database of a role that may make no other roles."""
    home = Path(tempfile.mkdtemp(prefix="older-"))  # where its account comes to
    account = pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else os.geteuid()
    os.chown(home, account, -1)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, f"--pgdata={home / 'data'}", *arguments],
            user=account,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    run("initdb", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-k {home} -c listen_addresses= -c fsync=off"
    run("pg_ctl", "start", "--wait", f"--log={home / 'log'}", f"--options={options}")
    try:
        administrator = connect(database_url(f"postgresql://postgres@/postgres?host={home}"))
        autocommit = administrator.execution_options(isolation_level="AUTOCOMMIT")
        with autocommit.connect() as connection:
            connection.execute(sa.text("CREATE ROLE newsroom LOGIN"))
            connection.execute(sa.text('CREATE DATABASE "الأرشيف" OWNER newsroom'))
        administrator.dispose()
        yield database_url(f"postgresql://newsroom@/الأرشيف?host={home}")
    finally:
        run("pg_ctl", "stop", "--mode=immediate")
        shutil.rmtree(home)


@pytest.mark.skipif(not OLD_SERVERS, reason="no PostgreSQL 14 to 17 is installed")
def test_an_archive_moves_to_an_older_server_and_back(
    postgres: sa.Engine, dumped: Dumped, tmp_path: Path
) -> None:
    ours = dumped.archive.engine
    with older_server(OLD_SERVERS[-1].parent) as url:
        there = connect(url)
        restore(dumped.dump, check_dump(dumped.dump), there)
        assert contents(there) == contents(ours)
        assert search(there, "فلسطين") == search(ours, "فلسطين")
        # Roles are the administrator's there; nothing of the dump asked for one.
        assert "permission denied to create role" in str(admit_reader(there))
        there.dispose()
        by_us = dump_of(url, tmp_path / "by us.dump")
        by_them = tmp_path / "by them.dump"
        address = url.set(drivername="postgresql").render_as_string()
        own_dump = [OLD_SERVERS[-1].with_name("pg_dump"), "-Fc", "-f", by_them, address]
        subprocess.run(own_dump, check=True)
    for dump in (by_us, by_them):
        with new_database(postgres, "template0") as url:
            back = connect(url)
            restore(dump, check_dump(dump), back)
            assert contents(back) == contents(ours)
            assert admit_reader(back) is None
            check_owner_and_reader(back)
            back.dispose()


def check_owner_and_reader(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        owners = sa.text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert list(connection.scalars(owners)) == ["alkarmel"]
        may_read = sa.text("SELECT has_table_privilege(:reader, 'articles', 'SELECT')")
        assert connection.scalar(may_read, {"reader": READER})


def test_programs_for_a_newer_server_are_found_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own, directory), *_ = client_directories()
    assert clients_for(14) == clients_for(own) == directory
    with pytest.raises(
        OperatorError, match=r"PostgreSQL 99, .* apt-get install postgresql-client-99"
    ):
        clients_for(99)
    for program in ("psql", "pg_dump", "pg_restore"):
        path = tmp_path / program
        path.write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) 98.1'\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"/nowhere:{tmp_path}:{os.environ['PATH']}")
    assert clients_for(98) == tmp_path
    (tmp_path / "psql").unlink()  # of a package that has pg_dump alone
    with pytest.raises(OperatorError):
        clients_for(98)


@pytest.mark.skipif(not OLD_SERVERS, reason="no PostgreSQL 14 to 17 is installed")
def test_programs_are_found_where_packages_put_them() -> None:
    directory = OLD_SERVERS[-1].parent
    assert (int(directory.parent.name), directory) in list(client_directories())
