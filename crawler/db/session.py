"""The way to the database: which one, with which driver, and what to say without an answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings
from sqlalchemy.exc import ArgumentError, DBAPIError

from crawler.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from crawler.db.postgres_server import APPLICATION
from crawler.errors import OperatorError

OLDEST_SERVER = 14
DRIVER = "postgresql+psycopg2"
CONNECTION = {  # libpq's parameters, unless the address has them
    "application_name": APPLICATION,
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    # Keepalives do not count while something sent is not acknowledged: a network that is cut.
    "tcp_user_timeout": 60_000,  # milliseconds
}
# The same from the server's side: what is gone behind a network that was cut must not keep its
# locks. Set when the connection is there, because a pooler would refuse to start with them.
SESSION = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}
# And what stands still while its network is there. To compare long texts that are all alike may
# take minutes between two statements.
CRAWL_SESSION = SESSION | {"idle_in_transaction_session_timeout": "600000"}


def crawl_engine(settings: BaseSettings) -> sa.Engine:
    """The database of the crawl that is running; NotConfigured in Scrapy's other commands."""
    url = settings["ARCHIVE_DATABASE"]
    if not url:
        raise NotConfigured  # only the crawl command opens an archive
    return connect(url, session=CRAWL_SESSION)


def database_url(address: str) -> sa.URL:
    """The address with the one driver that is installed.

    SQLAlchemy 2.1 opens ``postgresql://`` with psycopg 3 and ``postgres://`` with nothing.
    Raises OperatorError for anything that is not PostgreSQL.
    """
    try:
        url = sa.make_url(address)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise OperatorError(
            "DATABASE_URL is not an address of a database; "
            "write postgresql://user:password@host:5432/name."
        ) from None
    if url.drivername not in ("postgresql", "postgres", DRIVER):
        raise OperatorError(
            f"DATABASE_URL names {url.drivername!r}, but the archive is kept in PostgreSQL; "
            "write postgresql://user:password@host:5432/name, "
            "or unset it to use the embedded server."
        )
    if "@" in (url.host or ""):
        raise OperatorError(
            "DATABASE_URL has more than one @; write the @ of a user or password as %40."
        )
    return url.set(drivername=DRIVER)


def connect(url: sa.URL, *, pool_size: int = 2, session: Mapping[str, str] = SESSION) -> sa.Engine:
    """An engine that finds dead connections before they are used, and batches its statements.

    ``session`` are the server's settings for each connection, unless the address has them.
    """
    options = url.normalized_query.get("options", ())
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        pool_pre_ping=True,
        executemany_mode="values_plus_batch",
        connect_args={name: value for name, value in CONNECTION.items() if name not in url.query}
        | {"options": " ".join((*options, "-c timezone=UTC"))},
    )
    statements = [f"SET {name} = {session[name]}" for name in session if name not in str(options)]

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("; ".join(statements) or "SELECT 1")
        connection.commit()

    return engine


@contextmanager
def archive_database(address: str | None, archive_dir: Path) -> Iterator[sa.URL]:
    """The database in use, reachable while the block runs.

    With an address nothing is started; without one the embedded server under ``archive_dir`` is
    up until the last user leaves. Raises OperatorError where there is none to be had.
    """
    if address:
        url = database_url(address)
        check_server(url)
        yield url
        return
    try:
        server = EmbeddedPostgres(archive_dir).acquire()
    except (EmbeddedPostgresError, OSError) as error:
        raise OperatorError(str(error)) from error
    try:
        yield database_url(server.url)
    finally:
        server.release()


@contextmanager
def existing_archive(address: str | None, archive_dir: Path) -> Iterator[sa.URL]:
    """As archive_database, but makes none: a mistyped directory stays as it is."""
    check_archive(address, archive_dir)
    with archive_database(address, archive_dir) as url:
        yield url


def check_archive(address: str | None, archive_dir: Path) -> None:
    """OperatorError where an embedded server would have to be made first."""
    if not address and not (archive_dir / "postgres" / "data").exists():
        raise OperatorError(
            f"There is no archive in {archive_dir} yet; crawl first, "
            "or set ARCHIVE_DIR or DATABASE_URL to where it is."
        )


def check_server(url: sa.URL) -> None:
    """Ask the server for its version; OperatorError where it does not answer or is too old."""
    try:
        engine = connect(url)
        with engine.connect() as connection:
            version = connection.dialect.server_version_info or (0,)
        engine.dispose()
    except (DBAPIError, ArgumentError, ValueError) as error:
        # What libpq puts behind a tab is a guess at the reason.
        lines = str(getattr(error, "orig", error)).splitlines()
        reason = " ".join(" ".join(line for line in lines if line[:1] != "\t").split()).rstrip(".")
        raise OperatorError(
            f"The database {_without_secrets(url)} cannot be used: {reason}. "
            "Check DATABASE_URL, or unset it to use the embedded server."
        ) from None
    if version < (OLDEST_SERVER,):
        raise OperatorError(
            f"The server of DATABASE_URL is PostgreSQL {'.'.join(map(str, version))}; "
            f"the archive needs {OLDEST_SERVER} or newer."
        )


def _without_secrets(url: sa.URL) -> str:
    shown = url.set(drivername="postgresql").difference_update_query(("password", "sslpassword"))
    return shown.render_as_string()
