"""The download handler: HTTP by aiohttp, from the moment that a request's turn has come."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import ip_address
from math import inf
from time import monotonic
from typing import Any, ClassVar
from weakref import WeakSet

import aiohttp
from aiohttp.connector import Connection
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Headers, Request, Response
from scrapy.responsetypes import responsetypes
from scrapy.utils.ssl import _make_ssl_context
from yarl import URL

from crawler.items import AnswerHead
from crawler.middlewares.pace import PaceMiddleware
from crawler.middlewares.site import PublicResolver

LONGEST_LINE = 64 * 1024  # bytes of a header
MOST_LINES = 1000  # of a head
DNS_KEPT = 300  # seconds
_peer_address = lru_cache(ip_address)
logger = logging.getLogger(__name__)


class DownloadHandler(BaseDownloadHandler):
    """Fetches by aiohttp: at less cost than Scrapy's own, over IPv6 too, and tells what was sent.

    ``request.meta["answer_head"]`` is the `AnswerHead`, which evidence needs and
    `Response.headers` has in another case and order. It sends no signals of headers and bytes,
    to which nothing here listens. Raises Scrapy's exceptions of downloads. What aiohttp's parser
    takes for no HTTP (two lengths, more bytes than announced, lines that are no header) Scrapy's
    own handler reads, over IPv4; from the first such answer on it has all requests.
    """

    lazy = True  # made with the first request, when the middleware is there

    def __init__(self, crawler: Crawler):
        super().__init__(crawler)
        settings = crawler.settings
        # `scrapy shell` and `parse` have no database to hold a pace by.
        self.pace = crawler.get_downloader_middleware(PaceMiddleware)
        self.lenient: BaseDownloadHandler | None = None
        self.largest = settings.getint("DOWNLOAD_MAXSIZE") or inf
        tls = _make_ssl_context(settings)
        tls.options |= 0x4  # OP_LEGACY_SERVER_CONNECT: old servers too, as Scrapy's own
        connector = aiohttp.TCPConnector(
            limit=0,  # Scrapy's slots have one
            ssl=tls,
            resolver=PublicResolver(settings["SITE_URL"]),
            ttl_dns_cache=DNS_KEPT,
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            response_class=_Response,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_LINES,
        )

    async def close(self) -> None:
        await self.session.close()
        if self.lenient:
            await self.lenient.close()

    async def download_request(self, request: Request) -> Response:
        if self.lenient is None:
            try:
                return await self._in_turn(self._download, request)
            except aiohttp.ClientResponseError as error:
                self._be_lenient(request, error)
        return await self._in_turn(self._download_leniently, request)

    async def _in_turn(
        self, download: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        if self.pace:
            await self.pace.wait(request)
        return await download(request)

    async def _download(self, request: Request) -> Response:
        seconds = request.meta.get("download_timeout")
        try:
            return await self._fetch(request, aiohttp.ClientTimeout(total=seconds))
        except TimeoutError as error:
            reason = f"Getting {request.url} took longer than {seconds} seconds."
            raise DownloadTimeoutError(reason) from error
        except aiohttp.ClientConnectorDNSError as error:
            raise CannotResolveHostError(str(error)) from error
        except aiohttp.ClientConnectorError as error:
            raise DownloadConnectionRefusedError(str(error)) from error
        except aiohttp.ClientPayloadError as error:
            raise ResponseDataLossError(str(error)) from error
        except aiohttp.ClientHttpProxyError as error:
            raise DownloadFailedError(str(error)) from error
        except aiohttp.ClientResponseError:
            raise  # what its parser takes for no HTTP
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: of an address or a header that cannot be sent.
            raise DownloadFailedError(str(error)) from error

    def _be_lenient(self, request: Request, error: aiohttp.ClientResponseError) -> None:
        from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler  # slow to load

        if self.lenient is None:
            fault = error.message.partition("\n")[0].rstrip(":")
            logger.warning("%s is answered by what is not quite HTTP: %s", request.url, fault)
            self.lenient = HTTP11DownloadHandler(self.crawler)

    async def _download_leniently(self, request: Request) -> Response:
        assert self.lenient
        response = await self.lenient.download_request(request)
        lines = tuple((name, value) for name, found in response.headers.items() for value in found)
        request.meta["answer_head"] = AnswerHead("", lines)
        return response

    async def _fetch(self, request: Request, timeout: aiohttp.ClientTimeout) -> Response:
        begun = monotonic()
        async with self.session.request(
            request.method,
            URL(request.url, encoded=True),  # as it is: Scrapy has escaped it
            data=request.body or None,
            allow_redirects=False,
            timeout=timeout,
            **_headers(request),
        ) as answer:
            assert isinstance(answer, _Response)
            request.meta["download_latency"] = monotonic() - begun  # for AutoThrottle
            request.meta["answer_head"] = AnswerHead(answer.reason or "", answer.raw_headers)
            body = await self._body(request, answer)
            return _response(request, answer, body)

    async def _body(self, request: Request, answer: aiohttp.ClientResponse) -> bytes:
        self._check_size(request, answer.content_length or 0)
        size, chunks = 0, []
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            self._check_size(request, size)
            chunks.append(chunk)
        return b"".join(chunks)

    def _check_size(self, request: Request, size: int) -> None:
        if size > self.largest:
            reason = f"{request.url} is larger than DOWNLOAD_MAXSIZE, {self.largest} bytes"
            logger.warning(reason)
            raise DownloadCancelledError(reason)


def _headers(request: Request) -> dict[str, Any]:
    """The headers of a request as aiohttp takes them; what is the proxy's goes to it alone."""
    headers = [
        (name.decode(), value.decode(errors="replace"))
        for name, values in request.headers.items()
        for value in values
    ]
    proxy = request.meta.get("proxy")
    if proxy is None or request.url.startswith("http:"):  # which such a proxy reads itself
        return {"headers": headers, "proxy": proxy}
    own = [pair for pair in headers if pair[0] == "Proxy-Authorization"]
    return {
        "headers": [pair for pair in headers if pair not in own],
        "proxy": proxy,
        "proxy_headers": own,
    }


def _response(request: Request, answer: "_Response", body: bytes) -> Response:
    url = request.url.partition("#")[0]
    headers = Headers(answer.raw_headers)
    kind = responsetypes.from_args(headers=headers, url=url, body=body)
    version = answer.version
    return kind(
        url,
        status=answer.status,
        headers=headers,
        body=body,
        ip_address=_peer_address(answer.peer[0]) if answer.peer else None,
        protocol=f"HTTP/{version.major}.{version.minor}" if version else None,
    )


class _Response(aiohttp.ClientResponse):
    """Knows from where it came, which aiohttp forgets with the last byte (its issue 2205)."""

    peer: tuple[str, int] | None = None
    _used: ClassVar[WeakSet[asyncio.Transport]] = WeakSet()

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """As aiohttp's; DownloadFailedError where a new connection is lost before the answer.

        aiohttp would ask again at once, which is right on a kept connection that the server
        closed meanwhile; else it is out of turn, and asks a server in trouble twice as often.
        """
        transport = connection.transport
        assert transport
        self.peer = transport.get_extra_info("peername")  # None: gone already
        is_new = transport not in self._used
        self._used.add(transport)
        try:
            return await super().start(connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if is_new:
                raise DownloadFailedError(str(error)) from error
            raise
