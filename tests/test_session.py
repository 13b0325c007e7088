"""The way to the database: which addresses are taken, and what is said of those that are not."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from scrapy.settings import Settings

from crawler.db import session
from crawler.db.session import (
    archive_database,
    check_server,
    connect,
    crawl_engine,
    database_url,
)
from crawler.errors import OperatorError

SECRET = "s3cr3t"
NAME = "idle_in_transaction_session_timeout"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgresql_is_opened_with_the_driver_that_is_installed(scheme: str) -> None:
    url = database_url(f"{scheme}://user:{SECRET}@db.example:5433/archive?sslmode=require")
    assert url == sa.make_url(
        f"postgresql+psycopg2://user:{SECRET}@db.example:5433/archive?sslmode=require"
    )


@pytest.mark.parametrize(
    ("address", "named"),
    [
        (f"mysql://user:{SECRET}@db.example/archive", "'mysql'"),
        (f"sqlite:///{SECRET}.db", "'sqlite'"),
        (f"postgresql+asyncpg://user:{SECRET}@db.example/archive", "'postgresql+asyncpg'"),
        (f"postgresql://user:{SECRET}@db.example:port/archive", "host:5432"),
        (f"postgresql://user:{SECRET}@[::1:5432/archive", "host:5432"),
        (f"postgresql://user:half@{SECRET}@db.example/archive", "%40"),
        (f"user:{SECRET}@db.example", "host:5432"),
        ("postgresql:/archive", "host:5432"),
        (" ", "host:5432"),
    ],
)
def test_another_address_is_refused_without_telling_the_password(address: str, named: str) -> None:
    with pytest.raises(OperatorError) as refusal:
        database_url(address)
    assert "DATABASE_URL" in str(refusal.value)
    assert named in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        (f"postgresql://user:{SECRET}@127.0.0.1:9/archive", "127.0.0.1:9/archive"),
        (f"postgresql://user@127.0.0.1:9/archive?password={SECRET}", "127.0.0.1:9/archive"),
        (f"postgresql://user:{SECRET}@127.0.0.1:99999/archive", "99999"),
        (f"postgresql://user:{SECRET}@127.0.0.1:9/archive?sslmode=bogus", "bogus"),
        (f"postgresql://user:{SECRET}@127.0.0.1:9/archive?colour=red", "colour"),
        (f"postgresql://user:{SECRET}@127.0.0.1:9/archive?plugin=nosuch", "nosuch"),
        (f"postgresql://user:{SECRET}%00@127.0.0.1:9/archive", "null"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_without_its_password(
    address: str, named: str
) -> None:
    with pytest.raises(OperatorError) as refusal:
        check_server(database_url(address))
    message = str(refusal.value)
    assert named in message
    assert "Check DATABASE_URL" in message
    assert SECRET not in message
    assert "\n" not in message


TRUST = "local all all trust"


def allow(administrator: sa.Connection, *rules: str) -> None:
    """Write pg_hba.conf anew and have the server read it."""
    lines = ", ".join(f"('{rule}')" for rule in rules)
    file = administrator.scalar(sa.text("SHOW hba_file"))
    administrator.execute(sa.text(f"COPY (VALUES {lines}) TO '{file}'"))
    administrator.execute(sa.text("SELECT pg_reload_conf()"))


@pytest.fixture
def locked(postgres: sa.Engine, database: sa.URL) -> Iterator[sa.URL]:
    """The address of a role that has to give its password, as on any shared server."""
    with postgres.connect() as administrator:
        administrator.execute(sa.text(f"CREATE ROLE locked LOGIN PASSWORD '{SECRET}'"))
        allow(administrator, "local all locked scram-sha-256", TRUST)
        yield database.set(username="locked")
        allow(administrator, TRUST)
        administrator.execute(sa.text("DROP ROLE locked"))


def test_a_wrong_password_is_one_sentence_that_does_not_tell_it(locked: sa.URL) -> None:
    check_server(locked.set(password=SECRET))
    time.sleep(0.5)  # for the server to have read its new rules
    with pytest.raises(OperatorError, match="password authentication failed") as refusal:
        check_server(locked.set(password="wr0ng"))
    assert "wr0ng" not in str(refusal.value)
    with pytest.raises(OperatorError, match="no password supplied"):
        check_server(locked)


def test_a_server_that_is_too_old_is_refused(
    database: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is no old server to be had here; what is compared is the version of a real one.
    monkeypatch.setattr(session, "OLDEST_SERVER", 99)
    with pytest.raises(OperatorError, match=r"is PostgreSQL \d+\.\d+; .* needs 99 or newer"):
        check_server(database)


def test_the_oldest_server_that_will_do_is_accepted(
    database: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = connect(database)
    with engine.connect() as connection:
        major = (connection.dialect.server_version_info or (0,))[0]
    engine.dispose()
    monkeypatch.setattr(session, "OLDEST_SERVER", major)
    check_server(database)


def test_times_are_utc_whatever_the_server_thinks(database: sa.URL) -> None:
    engine = connect(
        database.update_query_dict({"options": "-c search_path=public -c TimeZone=Asia/Hebron"})
    )
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SHOW timezone")) == "UTC"
        assert connection.scalar(sa.text("SHOW search_path")) == "public"
    engine.dispose()


def test_what_the_address_says_of_the_connection_counts(database: sa.URL) -> None:
    ours, theirs = (
        connect(database),
        connect(database.update_query_dict({"application_name": "me"})),
    )
    for engine, name in ((ours, "alkarmel-archive"), (theirs, "me")):
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SHOW application_name")) == name
        engine.dispose()


@pytest.mark.parametrize(("options", "idle"), [([], "10min"), (["-c", NAME + "=7s"], "7s")])
def test_the_server_lets_go_of_a_crawl_that_stands_still(
    database: sa.URL, options: list[str], idle: str
) -> None:
    url = database.update_query_dict({"options": " ".join(options)}) if options else database
    engine = crawl_engine(Settings({"ARCHIVE_DATABASE": url}))
    with engine.connect() as connection:
        assert connection.scalar(sa.text(f"SHOW {NAME}")) == idle
    engine.dispose()


def test_a_connection_that_died_in_the_pool_is_replaced(
    engine: sa.Engine, postgres: sa.Engine
) -> None:
    with engine.connect() as connection:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    with postgres.connect() as administrator:
        administrator.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT pg_backend_pid()")) != pid


def test_with_an_address_nothing_is_started(database: sa.URL, tmp_path: Path) -> None:
    address = database.render_as_string(hide_password=False)
    with archive_database(address, tmp_path) as url:
        assert url == database
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OperatorError, match="ARCHIVE_DIR"), archive_database(None, file):
        pass
