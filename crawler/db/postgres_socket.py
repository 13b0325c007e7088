"""The Unix socket of the embedded PostgreSQL: where it lies, and its address as a URL."""

import hashlib
import os
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from crawler.db.postgres_programs import EmbeddedPostgresError, Programs

PORT = 5432  # no more than a part of the file's name
FILE = f".s.PGSQL.{PORT}"
LONGEST_PATH = 103  # bytes: Linux takes 107, macOS 103 (sun_path of unix(7))


class PostgresSocket:
    """Lies beside the data, or in a short private directory where that path is no address."""

    def __init__(self, data: Path) -> None:
        self._data = data
        path = os.fsencode(data / FILE)
        # libpq takes a comma for the end of one of several hosts.
        self._is_beside_data = len(path) <= LONGEST_PATH and b"," not in path
        self.directory = data
        if not self._is_beside_data:
            self.directory = Path("/tmp", f"alkarmel-{hashlib.sha256(path).hexdigest()[:16]}")

    @property
    def directory_for_server(self) -> str:
        """The directory as the server, which works inside its data, is to be told of it."""
        return "." if self._is_beside_data else str(self.directory)

    def url(self, name: str) -> str:
        """The address of the database and role of this name, without a driver: psql takes it."""
        return f"postgresql://{name}@/{name}?host={quote(str(self.directory))}&port={PORT}"

    def listens(self) -> bool:
        """Whether a living server holds the socket; it may still refuse to work."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.directory / FILE))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def clear(self, programs: Programs) -> None:
        """Make room for a new server where no server lives."""
        if not self._is_beside_data:
            self._make_private_directory(programs)
        (self.directory / FILE).unlink(missing_ok=True)
        (self.directory / f"{FILE}.lock").unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing outside the archive when the server is down."""
        if not self._is_beside_data:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _make_private_directory(self, programs: Programs) -> None:
        if not self.directory.exists():
            self.directory.mkdir(mode=0o700)
            programs.own(self.directory)
        found = self.directory.lstat()
        if (found.st_uid, found.st_mode) != (self._data.stat().st_uid, 0o040700):
            raise EmbeddedPostgresError(
                f"{self.directory} is no private directory of the server's account: remove it, "
                "or set ARCHIVE_DIR to a path that is shorter and has no comma."
            )
