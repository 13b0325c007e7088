"""Servers on loopback that answer byte by byte what a test says, right or wrong."""

import asyncio
import socket
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def hello_with(*lines: bytes) -> bytes:
    return OK + b"".join(line + b"\r\n" for line in lines) + HELLO.removeprefix(OK)


class Server:
    """Answers each request alike; then it closes, keeps or resets the connection, or stays."""

    def __init__(self, answer: bytes = b"", then: str = "close"):
        self.answer = answer
        self.then = then
        self.heads: list[bytes] = []  # of the requests
        self.connections = 0
        self.url = ""

    @property
    def place(self) -> str:
        """Host and port."""
        return self.url.split("/")[2]

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self.say(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            writer.close()

    async def say(self, writer: StreamWriter) -> None:
        writer.write(self.answer)
        await writer.drain()
        if self.then == "reset":
            await asyncio.sleep(0.05)
            linger = socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(*linger)
            writer.transport.abort()
        elif self.then == "close":
            writer.close()
        elif self.then == "stay":
            await asyncio.sleep(60)


@asynccontextmanager
async def serving(
    server: Server, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server.heads.clear()
    server.connections = 0
    listening = await asyncio.start_server(server.converse, host, 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    name = f"[{host}]" if ":" in host else "localhost" if tls else host
    server.url = f"{'https' if tls else 'http'}://{name}:{port}/"
    yield server
    listening.close()


class Endless(Server):
    """Every page of it goes on for ever, slowly."""

    async def say(self, writer: StreamWriter) -> None:
        if b"/robots.txt " in self.heads[-1]:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(CHUNKED)
        while not writer.is_closing():
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)


class Redirecting(Server):
    """Leads to an address in raw UTF-8."""

    async def say(self, writer: StreamWriter) -> None:
        there = "HTTP/1.1 301 There\r\nLocation: /عاجل\r\nContent-Length: 0\r\n\r\n".encode()
        writer.write(HELLO if len(self.heads) > 1 else there)


class Forgetful(Server):
    """Closes a connection that it seemed to keep when the next request is on its way."""

    async def say(self, writer: StreamWriter) -> None:
        if len(self.heads) % 2:
            writer.write(HELLO)
        else:
            writer.close()


class Proxy(Server):
    """Answers by itself what is asked in the clear, and connects all else."""

    async def converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        method, target, _ = self.heads[-1].decode().split(" ", 2)
        if method != "CONNECT":
            await self.say(writer)
            return
        host, port = target.split(":")
        answers, requests = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(_pour(reader, requests), _pour(answers, writer))


async def _pour(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


def self_signed() -> bytes:
    """A certificate that localhost gave itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.public_bytes(pem) + key.private_bytes(pem, *form)
