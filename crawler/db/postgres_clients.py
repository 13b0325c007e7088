"""psql, pg_dump and pg_restore: which ones suit a server or a dump, and how they log in."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import sqlalchemy as sa

from crawler.db.postgres_programs import installed_major_version, installed_programs
from crawler.errors import OperatorError

# Where packages put them, each version in a directory of its own: Debian and Ubuntu, Red Hat and
# SUSE, Homebrew on both kinds of Mac, MacPorts, Postgres.app.
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/opt/libpq/bin",
    "/opt/local/lib/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
PROGRAMS = ("psql", "pg_dump", "pg_restore")


def clients_for(server: int) -> Path:
    """The directory of programs that are not older than a server of that major version.

    pg_dump takes older servers and refuses newer ones. OperatorError where there are none.
    """
    for version, directory in client_directories():
        if version >= server:
            return directory
    raise OperatorError(
        f"The server of DATABASE_URL is PostgreSQL {server}, and this machine has no pg_dump of "
        f"that version or a newer one; install the client programs of PostgreSQL {server} (on "
        f"Debian: apt-get install postgresql-client-{server}), or put them into PATH."
    )


def client_directories() -> Iterator[tuple[int, Path]]:
    """Major version and directory: our own first, then what the machine has, oldest first."""
    yield int(installed_major_version()), installed_programs()
    packaged = (place for pattern in PLACES for place in Path("/").glob(pattern[1:]))
    on_path = (Path(each) for each in os.get_exec_path())
    found: dict[int, Path] = {}
    for directory in chain(packaged, on_path):
        version = _version_in(directory)
        if version:
            found.setdefault(version, directory)
    yield from sorted(found.items())


def _version_in(directory: Path) -> int | None:
    """The major version of the programs there; None where they are not all there."""
    if not all(shutil.which(directory / program) for program in PROGRAMS):
        return None
    command = [str(directory / "pg_dump"), "--version"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(version[1]) if version else None


def command_on(url: sa.URL, program: Path) -> tuple[list[str], dict[str, str]]:
    """The command line that opens a database with one of the programs, and its environment."""
    # The password travels in the environment: arguments are public on a machine.
    password = url.password or url.query.get("password")
    environment = {**os.environ, "PGCLIENTENCODING": "UTF8"}
    if password:
        environment["PGPASSWORD"] = str(password)
    return [str(program), f"--dbname={_without_password(url)}"], environment


def libpq_url(url: sa.URL) -> str:
    """The address as libpq wants it: without SQLAlchemy's driver."""
    return _rendered(url.set(drivername="postgresql"))


def _without_password(url: sa.URL) -> str:
    bare = sa.URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    )
    return _rendered(bare.difference_update_query(("password",)))


def _rendered(url: sa.URL) -> str:
    """SQLAlchemy writes a blank of the query as a plus sign, which libpq takes for one."""
    address, mark, query = url.render_as_string(hide_password=False).partition("?")
    return address + mark + query.replace("+", "%20")
