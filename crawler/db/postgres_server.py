"""The embedded PostgreSQL server: brought up, asked who is connected, shut down."""

import logging
import os
import shlex
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from crawler.db.locks import is_locked, locked
from crawler.db.postgres_data import ensure_data
from crawler.db.postgres_programs import (
    WORKING_DIRECTORY,
    EmbeddedPostgresError,
    Programs,
    programs_for,
)
from crawler.db.postgres_socket import PORT, PostgresSocket

logger = logging.getLogger(__name__)

NAME = "alkarmel"  # of the role and of the database
APPLICATION = "alkarmel-archive"  # application_name of every connection of ours
PATIENCE = 300  # seconds for a recovery after a crash, or for a server that ends
STUCK_AFTER = 30  # seconds that a server may take to end in good order
LARGEST_LOG = 5_000_000  # bytes
ENDS = "the database system is shutting down"  # what a server that is told to end answers
SETTINGS = {
    "cluster_name": NAME,
    "listen_addresses": "",  # nothing on the network
    "port": PORT,
    "unix_socket_permissions": "0700",  # like the data directory's mode: the guard behind "trust"
    # Not /dev/shm: small in containers, and emptied when systemd sees the user log out.
    "dynamic_shared_memory_type": "mmap",
    "max_connections": 40,
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer:
    """The server whose files are in ``home``; its methods are called by one process at a time.

    Its processes inherit a lock and so hold it while any of them lives. No number in a
    ``postmaster.pid`` is trusted: after a crash it may be anybody's.
    """

    def __init__(self, home: Path) -> None:
        self.data = home / "data"
        self.log = home / "server.log"
        self._lock = home / "server.lock"
        self._socket = PostgresSocket(self.data)
        self.url = self._socket.url(NAME)

    def is_running(self) -> bool:
        """Whether any process of it lives, also while it starts, recovers or ends."""
        return is_locked(self._lock)

    def bring_up(self) -> None:
        """Return when it answers and has our database; start it where it is down."""
        begun = time.monotonic()
        launched = False
        while refusal := self._refusal():
            waited = time.monotonic() - begun
            if not self.is_running():
                if launched:
                    raise self._failure("did not start")
                self._launch()
                launched = True
            elif ENDS in refusal and waited > STUCK_AFTER:
                self._stop("immediate")
            elif waited > PATIENCE:
                raise self._failure(
                    f"has not answered for {PATIENCE} seconds (a long recovery, or processes of "
                    "a killed server that live on): nothing is lost, try again later"
                )
            time.sleep(0.02)

    def shut_down(self) -> str:
        """End it and its connections in good order; says whether there was anything to stop."""
        if not self.is_running():
            return "was not running"
        begun = time.monotonic()
        told = False
        while self.is_running():
            waited = time.monotonic() - begun
            if not told:
                told = self._stop("fast")
            elif waited > STUCK_AFTER:
                self._stop("immediate")
            if waited > PATIENCE:
                raise self._failure(f"has not stopped after {PATIENCE} seconds: try again later")
            time.sleep(0.02)
        self._socket.remove()
        return "stopped"

    def foreign_clients(self) -> list[str]:
        """Names of connected programs that are not ours: an analyst's psql, a notebook, a backup.

        Empty where the server does not answer.
        """
        query = sa.text(
            "select coalesce(nullif(application_name, ''), 'an unnamed client')"
            " from pg_stat_activity where backend_type in ('client backend', 'walsender')"
            " and application_name <> :ours order by 1"
        )
        try:
            with self._administrator() as connection:
                return list(connection.scalars(query, {"ours": APPLICATION}))
        except OperationalError:
            return []

    @cached_property
    def _programs(self) -> Programs:
        return programs_for(self.data)

    def _administrator(self) -> sa.Connection:
        engine = sa.create_engine(
            sa.URL.create("postgresql+psycopg2", "postgres", database="postgres"),
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "host": str(self._socket.directory),
                "port": PORT,
                "application_name": APPLICATION,
                "connect_timeout": 10,
            },
        )
        return engine.connect()

    def _refusal(self) -> str:
        """Why it does not serve us; empty where it does, and then it has our database."""
        try:
            with self._administrator() as connection:
                _create_database(connection)
        except OperationalError as error:
            return str(error)
        return ""

    def _stop(self, mode: str) -> bool:
        """Tell it to end, where it can hear; immediate: as after a crash, losing no commit.

        PostgreSQL 18 that is told to end fast while it recovers from the death of one of its
        processes does nothing more, for ever; from there only immediate leads on.
        """
        # Only a living postmaster listens, and only then is postmaster.pid surely its own.
        if not self._socket.listens():
            return False
        stop = ("stop", f"--mode={mode}", "--no-wait", "--silent", "-D", WORKING_DIRECTORY)
        self._programs.run("pg_ctl", *stop, working_directory=self.data)
        return True

    def _launch(self) -> None:
        logger.info("Starting PostgreSQL in %s", self.data)
        programs = self._programs
        with locked(self._lock) as lock:
            ensure_data(self.data, programs, lock)
            # Nobody holds the lock, so what a killed server left behind is nobody's.
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            self._socket.clear(programs)
            log = self._open_log()
            try:
                # It gets a session of its own: Ctrl-C here does not reach the server.
                programs.run(
                    *("pg_ctl", "start", "--no-wait", "--silent", "-D", WORKING_DIRECTORY),
                    *("-o", shlex.join(self._options())),
                    working_directory=self.data,
                    descriptors=(lock,),
                    output=log,
                )
            finally:
                os.close(log)

    def _options(self) -> Iterator[str]:
        yield f"--unix_socket_directories={self._socket.directory_for_server}"
        for name, value in SETTINGS.items():
            yield f"--{name}={value}"

    def _open_log(self) -> int:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def _failure(self, what: str) -> EmbeddedPostgresError:
        end = self.log.read_text(errors="replace").splitlines()[-6:] if self.log.exists() else []
        return EmbeddedPostgresError(
            "\n".join([f"PostgreSQL in {self.data} {what}; the end of {self.log}:", *end])
        )


def _create_database(connection: sa.Connection) -> None:
    # The role may do what the owner of a database on a shared server may, and make the analysts'
    # read-only role; it is no superuser, so what works here works there.
    roles = sa.text("select 1 from pg_roles where rolname = :name")
    databases = sa.text("select 1 from pg_database where datname = :name")
    if not connection.scalar(roles, {"name": NAME}):
        connection.execute(sa.text(f"create role {NAME} login createrole"))
    if not connection.scalar(databases, {"name": NAME}):
        connection.execute(sa.text(f"create database {NAME} owner {NAME}"))
