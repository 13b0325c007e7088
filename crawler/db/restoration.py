"""A dump put into an empty database: all of it or nothing, with the schema of today."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import sqlalchemy as sa

from crawler.db.postgres_clients import client_directories, command_on
from crawler.db.schema import MIGRATION_LOCK, has_archive, known_revisions, upgrade
from crawler.errors import OperatorError

FIRST_OBJECT = b"-- Name: "  # before it, pg_restore only sets the session up
SETTING = re.compile(rb"SET (\w+) = ")
REVISION = re.compile(r"^COPY public\.alembic_version .*\n(\S+)\n\\\.", re.MULTILINE)


def check_dump(dump: Path) -> Path:
    """The directory of programs that read the dump; OperatorError where it cannot be restored."""
    programs, revision = _read_revision(dump)
    if revision is None:
        raise OperatorError(f"{dump} is a dump of something else: it holds no archive.")
    if revision not in known_revisions():
        raise OperatorError(
            f"The schema in {dump} is at revision {revision!r}, which is newer than this program; "
            "install the newer program."
        )
    return programs


def restore(dump: Path, programs: Path, engine: sa.Engine) -> None:
    """Fill an empty database, and bring its schema to the program's.

    Owners and privileges are left behind: they name roles of another server. OperatorError where
    there is an archive, or where a statement of the dump fails; then nothing has changed.
    """
    with _alone(engine) as connection:
        if has_archive(connection):
            raise OperatorError(
                "There is an archive in this database already, and it stays as it is; name an "
                "empty one in DATABASE_URL or, for the embedded one, another ARCHIVE_DIR."
            )
        known = set(connection.scalars(sa.text("SELECT name FROM pg_settings")))
        connection.rollback()
        _pour(dump, programs, engine.url, known)
    upgrade(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))  # a dump holds no statistics


def _read_revision(dump: Path) -> tuple[Path, str | None]:
    """The first programs that can read the dump, and its schema's revision."""
    complaint = ""
    for version, programs in client_directories():
        command = [str(programs / "pg_restore"), "--file=-", "--data-only", "--schema=public"]
        said = subprocess.run(
            [*command, "--table=alembic_version", str(dump)],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if said.returncode == 0:
            revision = REVISION.search(said.stdout)
            return programs, revision and revision[1]
        complaint = f"pg_restore {version} says: {_first_error(said.stderr)}"
        if "unsupported version" not in complaint:
            break
        complaint += "; install the client programs of the PostgreSQL that made it"
    raise OperatorError(f"{dump} cannot be restored; {complaint}.")


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A crawl that begins meanwhile waits here before it makes its tables."""
    with engine.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATION_LOCK)))
            connection.commit()


def _pour(dump: Path, programs: Path, url: sa.URL, known: set[str]) -> None:
    """Let pg_restore write SQL and psql run it, in one transaction.

    pg_restore on its own would fail on a server older than itself: it sets what that one does not
    know, such as transaction_timeout.
    """
    # psql would commit at the end of its input, also where pg_restore broke off: so we do.
    command, environment = command_on(url, programs / "psql")
    command += ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    options = ("--file=-", "--no-owner", "--no-privileges")
    with TemporaryFile() as complaints:
        writing = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
        reading = subprocess.Popen(
            [programs / "pg_restore", *options, dump], stdout=subprocess.PIPE, stderr=complaints
        )
        assert writing.stdin and reading.stdout
        try:
            with suppress(BrokenPipeError), reading.stdout as sql, writing.stdin as database:
                database.write(b"BEGIN;\n")
                _set_up(sql, database, known)
                shutil.copyfileobj(sql, database, 1 << 20)
                if reading.wait() == 0:
                    database.write(b"COMMIT;\n")
                else:
                    writing.kill()
            failed = writing.wait() or reading.wait()
        finally:
            for process in (reading, writing):
                process.kill()
                process.wait()
        complaints.seek(0)
        if failed:
            said = complaints.read().decode(errors="replace")
            raise OperatorError(f"Nothing was restored: {_first_error(said)}.")


def _set_up(sql: IO[bytes], database: IO[bytes], known: set[str]) -> None:
    """Hand over what sets the session up, without settings that the server does not know."""
    for line in sql:
        setting = SETTING.match(line)
        if setting is None or setting[1].decode() in known:
            database.write(line)
        if line.startswith(FIRST_OBJECT):
            return


def _first_error(said: str) -> str:
    """What the first error of psql or pg_restore is, without the names in front of it."""
    error = re.search(r"(?:ERROR|FATAL|error): +(.+)", said)
    return error[1].rstrip(".") if error else " ".join(said.split()) or "no word of why"
