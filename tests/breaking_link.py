"""A TCP link to the tests' PostgreSQL that breaks once, while a batch of articles is written."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

import sqlalchemy as sa

Break = Literal["answer lost", "never sent", "cut unnoticed", "cut at work"]

AWAY = 2.0  # seconds for which nobody gets through then
_COMMIT = b"COMMIT\x00"
_OF_A_BATCH = b"INSERT INTO captures"


class BreakingLink:
    """Passes on what both sides say, until the first commit that has written captures.

    Then the client is left alone, and refused for a while. «answer lost»: the server has
    committed. «never sent»: it sees its client leave. «cut unnoticed»: it waits for the commit, as
    behind a network that was cut; «cut at work»: for the captures already.
    """

    def __init__(self, server: sa.URL, breaks: Break):
        host, port = server.query["host"], server.query["port"]
        self._server = f"{host}/.s.PGSQL.{port}"
        self._breaks = breaks
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._left_open: list[socket.socket] = []
        self.broken = 0
        self._refuses_until = 0.0
        host, self.port = self._listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for each in self._left_open:
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refuses_until > time.monotonic():
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
                threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        of_a_batch = False
        with suppress(OSError):
            while data := client.recv(65_536):
                of_a_batch = of_a_batch or _OF_A_BATCH in data
                at_once = self._breaks == "cut at work"
                if of_a_batch and (_COMMIT in data or at_once) and not self.broken:
                    self.broken += 1
                    self._break(client, server, data)
                    return
                of_a_batch = of_a_batch and _COMMIT not in data
                server.sendall(data)
        _end(server)

    def _break(self, client: socket.socket, server: socket.socket, commit: bytes) -> None:
        self._refuses_until = time.monotonic() + AWAY
        _end(client)
        if self._breaks.startswith("cut"):
            self._left_open.append(server)
            return
        if self._breaks == "answer lost":
            server.sendall(commit)
        _end(server)


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(65_536):
            client.sendall(data)
    _end(client)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def breaking_link(server: sa.URL, breaks: Break) -> Iterator[tuple[sa.URL, BreakingLink]]:
    """The database's address through a link that breaks, and the link."""
    link = BreakingLink(server, breaks)
    address = sa.URL.create("postgresql", server.username, None, "127.0.0.1", link.port)
    yield address.set(database=server.database), link
    link.close()
