"""A small HTTP/1.1 server on loopback: keep-alive, one thread, faults on the wire."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from email.utils import formatdate
from http import HTTPStatus
from threading import Event, Thread

from tests.site.exchange import Answer, Record, Request, page
from tests.site.replica import Site

PHRASES = {status.value: status.phrase for status in HTTPStatus}
ONE_WRITE = 262_144  # bytes; longer bodies are written part by part


class Server:
    """A site being served; ``requests`` is its log, in order of arrival."""

    def __init__(self, site: Site, host: str = "127.0.0.1", port: int = 0):
        self.site = site
        self.host = host
        self.port = port
        self.requests: list[Record] = []
        self._listening = Event()
        self._failure: OSError | None = None
        self._thread = Thread(target=self._run, name="replica site", daemon=True)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    def start(self) -> None:
        """Returns when it listens; OSError where the port is taken."""
        self._thread.start()
        self._listening.wait()
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Closes every connection, answered or not."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        try:
            server = await asyncio.start_server(self._converse, self.host, self.port, backlog=512)
        except OSError as error:
            self._failure = error
            self._listening.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._stopped.wait()
        server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # The client left, or sent no HTTP.
        except asyncio.CancelledError:
            pass  # The server stops: a handler that ends by itself leaves no traceback behind.
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Reads one request and answers it; False where the connection ends with it."""
        request = parse(await reader.readuntil(b"\r\n\r\n"))
        if request is None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return False
        await reader.readexactly(int(request.headers.get("content-length", "0")))
        answer = self._answer(request)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        await _send(writer, request, answer)
        return answer.sent is None and request.headers.get("connection", "").lower() != "close"

    def _answer(self, request: Request) -> Answer:
        if request.target == "/__truth.json":
            return self._json([truth.as_json() for truth in self.site.truth])
        if request.target == "/__requests.json":
            return self._json([asdict(record) for record in self.requests])
        if request.method in ("GET", "HEAD"):
            answer = self.site.answer(request)
        else:
            answer = Answer(status=405, headers=(("Allow", "GET, HEAD"),))
        record = Record(
            request.time, request.method, request.target, answer.status, request.headers
        )
        self.requests.append(record)
        return answer

    def _json(self, value: object) -> Answer:
        return page(json.dumps(value, ensure_ascii=False).encode(), kind="application/json")


def parse(head: bytes) -> Request | None:
    """The request line and headers, which may hold raw UTF-8; None where they are not HTTP."""
    first, *lines = head.decode("utf-8", "replace").rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[1].startswith("/"):
        return None
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if not headers.get("content-length", "0").isdecimal():
        return None
    return Request(words[0], words[1], headers, time.time())


async def _send(writer: asyncio.StreamWriter, request: Request, answer: Answer) -> None:
    length = answer.length
    lines = [
        f"HTTP/1.1 {answer.status} {PHRASES.get(answer.status, 'Unknown')}",
        f"Date: {formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in answer.headers),
    ]
    if answer.status != 304:
        lines.append(f"Content-Length: {length}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    if request.method == "HEAD":
        writer.write(head)
    elif length <= ONE_WRITE:
        writer.write(head + answer.body[: answer.sent])
    else:
        writer.write(head)
        await _send_parts(writer, answer)
    await writer.drain()


async def _send_parts(writer: asyncio.StreamWriter, answer: Answer) -> None:
    """Part by part, so that a body of many megabytes is never held whole."""
    left = answer.length if answer.sent is None else answer.sent
    for part in answer.parts:
        writer.write(part[:left])
        await writer.drain()
        left = max(0, left - len(part))


@contextmanager
def serve(site: Site, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serves the site while the block runs; port 0 takes any free one."""
    server = Server(site, host, port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
