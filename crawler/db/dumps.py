"""Dumps that are kept: whole or not there, one a day, of the last few days."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from crawler.db.locks import locked
from crawler.db.postgres_clients import clients_for, command_on
from crawler.db.schema import has_archive
from crawler.db.session import connect
from crawler.disk import sync_directory
from crawler.errors import OperatorError

NAME = re.compile(r"\d{8}T\d{6}Z\.dump")  # of ours; what else lies there stays


def pg_dump(url: sa.URL) -> tuple[list[str], dict[str, str]]:
    """The command that dumps an archive in pg_dump's custom format, and its environment.

    OperatorError where the database holds none: empty dumps would push out the good ones.
    """
    engine = connect(url)
    try:
        with engine.connect() as connection:
            if not has_archive(connection):
                raise OperatorError("There is no archive in this database yet: nothing to dump.")
            server = int((connection.dialect.server_version_info or (0,))[0])
    finally:
        engine.dispose()
    command, environment = command_on(url, clients_for(server) / "pg_dump")
    return [*command, "--format=custom"], environment


def keep_dump(url: sa.URL, directory: Path, keep: int) -> Path | None:
    """Dump into a new file of the directory; the last dump of each of ``keep`` days stays.

    Days without one do not count, so that the old stay while none can be made. None where pg_dump
    failed, which has said why by then.
    """
    command, environment = pg_dump(url)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # pg_dump holds the lock too, so that none that outlives a killed command is written over.
        with locked(directory / "lock") as lock:
            unfinished = directory / "unfinished"
            command.append(f"--file={unfinished}")
            if subprocess.run(command, env=environment, pass_fds=(lock,), check=False).returncode:
                unfinished.unlink(missing_ok=True)
                return None
            dump = directory / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
            unfinished.rename(dump)  # pg_dump has seen it onto the disk
            sync_directory(directory)
            _delete_old(directory, keep)
    except OSError as error:
        raise OperatorError(
            f"No dump can be kept in {directory} ({error.strerror}); make room there, or let "
            "this account write it."
        ) from None
    return dump


def _delete_old(directory: Path, keep: int) -> None:
    ours = sorted(path for path in directory.iterdir() if NAME.fullmatch(path.name))
    last_of_day = {path.name.partition("T")[0]: path for path in ours}
    for path in set(ours) - set(list(last_of_day.values())[-keep:]):
        path.unlink()
