"""The embedded PostgreSQL of an archive: up while anybody uses it, down after the last one."""

import fcntl
import logging
import os
import pwd
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from crawler.db.locks import is_locked, locked
from crawler.db.postgres_programs import EmbeddedPostgresError, installed_programs
from crawler.db.postgres_server import PostgresServer

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

logger = logging.getLogger(__name__)


class EmbeddedPostgres:
    """The server of one archive, shared by any number of processes of one account.

    ``url`` is for psql as it is; ``bin`` holds psql, pg_dump and so on of the server's version.
    Every method raises EmbeddedPostgresError, with one sentence for the operator.
    """

    def __init__(self, archive_dir: Path) -> None:
        self.bin = installed_programs()
        self._home = (archive_dir / "postgres").resolve()
        self._server = PostgresServer(self._home)
        self.url = self._server.url
        self._keep = self._home / "keep"
        self._user: tuple[Path, int] | None = None  # the file that says so, and its locked fd

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        logger.info("PostgreSQL in %s %s", self._home, self.release())

    def acquire(self) -> Self:
        """Bring the server up, and keep it so until ``release()`` or this process's death."""
        with self._exclusively():
            self._server.bring_up()
            if self._user is None:
                self._user = self._sign_in()
        return self

    def release(self) -> str:
        """Stop the server unless somebody else uses it; says what happened."""
        if self._user is None:
            return "was not in use here"
        with self._exclusively():
            self._sign_out()
            if users := self._other_users() or self._server.foreign_clients():
                return f"left running for {', '.join(users)}"
            if self._keep.exists():
                return "left running until `scrapy db stop`"
            return self._server.shut_down()

    def start(self) -> str:
        """Bring the server up, and keep it so until ``stop()``."""
        with self._exclusively():
            self._server.bring_up()
            self._keep.touch()
        return "running until `scrapy db stop`"

    def stop(self) -> str:
        """End what ``start()`` promised; raises while a crawl or a connected client uses it."""
        if not self._home.exists():
            return "was not running"
        with self._exclusively():
            self._keep.unlink(missing_ok=True)
            if users := self._other_users() or self._server.foreign_clients():
                raise EmbeddedPostgresError(
                    f"PostgreSQL in {self._home} is in use by {', '.join(users)}: "
                    "let that end, then run `scrapy db stop` again."
                )
            return self._server.shut_down()

    def is_running(self) -> bool:
        """Whether any process of the server lives, also while it starts, recovers or ends."""
        with self._explained():
            return self._server.is_running()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            path = error.filename2 or error.filename or self._home
            raise EmbeddedPostgresError(
                f"The database cannot be kept in {self._home}: {error.strerror} ({path}); "
                "mend that, or set ARCHIVE_DIR or DATABASE_URL to another place."
            ) from error

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        with self._explained():
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self._home.stat().st_uid
            if owner != os.geteuid():
                raise EmbeddedPostgresError(
                    f"{self._home} belongs to {_account_name(owner)}: run as that account, "
                    "or set ARCHIVE_DIR or DATABASE_URL to another place."
                )
            with locked(self._home / "start.lock"):
                yield

    def _sign_in(self) -> tuple[Path, int]:
        descriptor, name = tempfile.mkstemp(prefix="user-", dir=self._home)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        os.write(descriptor, os.fsencode(f"process {os.getpid()} ({command})"))
        return Path(name), descriptor

    def _sign_out(self) -> None:
        if self._user:
            path, descriptor = self._user
            path.unlink(missing_ok=True)
            os.close(descriptor)
            self._user = None

    def _other_users(self) -> list[str]:
        users = []
        for path in sorted(self._home.glob("user-*")):
            if not is_locked(path):
                path.unlink()  # its process was killed
            elif self._user is None or path != self._user[0]:
                users.append(path.read_text(errors="replace"))
        return users


def _account_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"account {uid}"
