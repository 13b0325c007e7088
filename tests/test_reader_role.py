"""The role archive_reader: reads all and writes nothing, in each archive of a server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.reader import READER
from crawler.db.schema import alembic_config, upgrade
from crawler.db.session import connect
from tests.conftest import PROJECT, Archive, run_scrapy

WRITES = [
    "INSERT INTO runs (spider, mode) VALUES ('alkarmel', 'url')",
    "UPDATE articles SET title = 'عنوان'",
    "DELETE FROM pages",
    "TRUNCATE revisions",
    "DROP TABLE links",
    "CREATE TABLE public.notes (note text)",
    "CREATE TABLE analyst.notes (note text)",
    "CREATE VIEW analyst.mine AS SELECT 1 AS one",
    "SELECT nextval('articles_id_seq')",
]


@pytest.fixture
def reader(database: sa.URL) -> Iterator[sa.Engine]:
    engine = connect(database.set(username=READER))
    yield engine
    engine.dispose()


def test_psql_of_the_reader_may_not_write(archive: Archive) -> None:
    commands = [part for write in WRITES for part in ("--command", write)]
    process = run_scrapy(archive.environment(), "db", "psql", "--reader", *commands)
    assert process.returncode == 1
    refusals = [line for line in process.stderr.splitlines() if line.startswith("ERROR")]
    assert len(refusals) == len(WRITES)
    for refusal in refusals:
        assert "permission denied" in refusal or "must be owner" in refusal


def test_the_reader_reads_every_table_and_view(archive: Archive, reader: sa.Engine) -> None:
    relations = archive.rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v', 'S')"
        " AND relnamespace IN ('public'::regnamespace, 'analyst'::regnamespace)"
    )
    assert len(relations) > 30
    with reader.connect() as connection:
        for (relation,) in relations:
            connection.execute(sa.text(f"SELECT * FROM {relation} LIMIT 1"))


def test_the_reader_reads_what_is_made_later(archive: Archive, reader: sa.Engine) -> None:
    with archive.engine.begin() as owner:
        owner.execute(sa.text("CREATE TABLE public.later (id int)"))
        owner.execute(sa.text("CREATE VIEW analyst.later AS SELECT 1 AS one"))
    with reader.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM public.later")) == 0
        assert connection.scalar(sa.text("SELECT one FROM analyst.later")) == 1


def test_a_reader_who_waits_or_asks_too_long_is_cut_off(reader: sa.Engine) -> None:
    with reader.connect() as connection:
        for setting, value in {
            "statement_timeout": "10min",
            "idle_in_transaction_session_timeout": "10min",
            "idle_session_timeout": "12h",
        }.items():
            assert connection.scalar(sa.text(f"SHOW {setting}")) == value


def test_the_address_of_the_reader_holds_no_secret_of_the_owner(archive: Archive) -> None:
    address = archive.url.set(password="secret").update_query_dict({"sslcert": "/owner.crt"})
    environment = archive.environment(DATABASE_URL=address.render_as_string(hide_password=False))
    printed = run_scrapy(environment, "db", "url", "--reader").stdout
    assert printed.startswith(f"postgresql://{READER}@")
    assert "secret" not in printed and "sslcert" not in printed


def test_dumps_and_upgrades_are_no_work_for_the_reader(archive: Archive) -> None:
    for action in ("dump", "upgrade"):
        process = run_scrapy(archive.environment(), "db", action, "--reader")
        assert process.returncode == 2
        assert "--reader goes with psql and url" in process.stderr


def test_psql_opens_the_embedded_archive_for_the_reader(tmp_path: Path) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")
    } | {"ARCHIVE_DIR": str(tmp_path), "DATABASE_URL": ""}
    with EmbeddedPostgres(tmp_path):
        without = run_scrapy(environment, "db", "psql", "--reader", "--command", "SELECT 1")
        assert without.returncode == 2
        assert "run `scrapy db upgrade`" in without.stderr
        assert run_scrapy(environment, "db", "upgrade").stderr == ""
        asked = ("--tuples-only", "--command", "SELECT current_user, count(*) FROM articles")
        process = run_scrapy(environment, "db", "psql", "--reader", *asked)
        assert process.stdout.split() == [READER, "|", "0"], process.stderr


# --- where the role comes from, and where it goes -------------------------------------------------


def alembic(url: sa.URL, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": url.render_as_string(hide_password=False)}
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A server without the role, as its administrator sees it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("second")) as server:
        url = sa.make_url(server.url).set(drivername="postgresql+psycopg2")
        engine = connect(url.set(username="postgres", database="postgres"))
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE ROLE humble LOGIN"))
        yield engine
        engine.dispose()


def new_database(server: sa.Engine, name: str, owner: str = "alkarmel") -> sa.URL:
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} OWNER {owner}"))
    return server.url.set(database=name, username=owner)


def has_role(server: sa.Engine) -> bool:
    with server.connect() as connection:
        query = sa.text("SELECT count(*) FROM pg_roles WHERE rolname = :reader")
        return connection.scalar(query, {"reader": READER}) == 1


def reads(url: sa.URL) -> bool:
    engine = connect(url.set(username=READER))
    try:
        with engine.connect() as connection:
            return connection.scalar(sa.text("SELECT count(*) FROM analyst.stories")) == 0
    finally:
        engine.dispose()


def bring_up(url: sa.URL) -> None:
    engine = connect(url)
    upgrade(engine)
    engine.dispose()


def test_archives_of_a_server_share_the_role_until_the_last_goes(
    second_server: sa.Engine,
) -> None:
    urls = [new_database(second_server, f"shared_{number}") for number in range(3)]
    with ThreadPoolExecutor(len(urls)) as pool:  # of processes: Alembic has one state in each
        list(pool.map(lambda url: alembic(url, "upgrade", "head"), urls))
    assert has_role(second_server) and all(map(reads, urls))
    for url in urls[:-1]:
        alembic(url, "downgrade", "0011")
        assert has_role(second_server) and reads(urls[-1])
    alembic(urls[-1], "downgrade", "0011")
    assert not has_role(second_server)


def test_archives_come_and_go_at_the_same_time(second_server: sa.Engine) -> None:
    dismiss = ScriptDirectory.from_config(alembic_config()).get_revision("0012").module
    urls = [new_database(second_server, f"restless_{number}") for number in range(2)]
    for url in urls:
        bring_up(url)

    def come_and_go(url: sa.URL) -> None:
        engine = connect(url)
        for _ in range(15):
            with engine.begin() as connection:
                connection.execute(sa.text(dismiss.DISMISS_READER))
            with engine.begin() as connection:
                assert connection.scalar(sa.text("SELECT analyst.admit_reader()")) is None
        engine.dispose()

    with ThreadPoolExecutor(len(urls)) as pool:
        list(pool.map(come_and_go, urls))
    assert all(map(reads, urls))
    for url in urls:
        alembic(url, "downgrade", "0011")
    assert not has_role(second_server)


def test_without_the_right_to_make_roles_all_else_works_and_a_note_says_so(
    second_server: sa.Engine,
) -> None:
    url = new_database(second_server, "humble", owner="humble")
    assert "CREATE ROLE archive_reader LOGIN" in alembic(url, "upgrade", "head").stderr
    environment = {**os.environ, "DATABASE_URL": url.render_as_string(hide_password=False)}
    process = run_scrapy(environment, "db", "upgrade")
    assert process.returncode == 0 and process.stdout == "the schema is current\n"
    (note,) = process.stderr.splitlines()
    assert "permission denied to create role" in note and "CREATE ROLE archive_reader LOGIN" in note
    with second_server.connect() as administrator:
        administrator.execute(sa.text(f"CREATE ROLE {READER} LOGIN"))
    assert run_scrapy(environment, "db", "upgrade").stderr == ""
    assert reads(url)
    # The role that an administrator made is the administrator's to drop.
    alembic(url, "downgrade", "0011")
    assert has_role(second_server)
    with second_server.connect() as administrator:
        administrator.execute(sa.text(f"DROP ROLE {READER}"))
