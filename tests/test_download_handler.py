"""The download handler: real crawls of servers on loopback that answer as they like."""

import asyncio
import gc
import gzip
import signal
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request, Spider, exceptions
from scrapy.crawler import AsyncCrawlerRunner
from scrapy.http import Response
from twisted.python.failure import Failure
from warcio.archiveiterator import ArchiveIterator

from crawler.db.session import database_url
from crawler.download_handler import LONGEST_LINE, MOST_LINES
from crawler.middlewares.site import PublicResolver
from tests.conftest import Archive, ended
from tests.raw_server import (
    CHUNKED,
    HELLO,
    OK,
    Endless,
    Forgetful,
    Proxy,
    Redirecting,
    Server,
    hello_with,
    self_signed,
    serving,
)
from tests.site.exchange import get
from tests.site.replica import Site

PUBLIC = "https://alkarmel.example/"
PRIVATE = "http://127.0.0.1/"
HANDLER = "crawler.download_handler.DownloadHandler"
SETTINGS = {
    "SITE_URL": PRIVATE,
    "DOWNLOAD_HANDLERS": {"http": HANDLER, "https": HANDLER},
    "DEFAULT_REQUEST_HEADERS": {},
    "USER_AGENT": "test",
    "CONCURRENT_REQUESTS": 1,
    "DOWNLOAD_MAXSIZE": 50_000,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "RETRY_TIMES": 0,
    "HTTPERROR_ALLOW_ALL": True,
    # As a coroutine of the test's own loop, in which its servers are too.
    "TWISTED_REACTOR_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "LOG_ENABLED": False,
}


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test as a coroutine; it gets its fixtures as others do."""

    @wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    return run


class Asker(Spider):
    """Asks for one address after the other and keeps what becomes of each."""

    name = "asker"
    requests: list[Request]
    got: list[Any]

    async def start(self) -> AsyncIterator[Request]:
        for request in self.requests:
            yield request.replace(errback=self.failed, dont_filter=True)

    def parse(self, response: Response) -> None:
        self.got.append(response)

    def failed(self, failure: Failure) -> None:
        self.got.append(failure.value)


async def crawled(*requests: Request | str, **settings: Any) -> list[Any]:
    """The response to each request, or its exception."""
    got: list[Any] = []
    asked = [each if isinstance(each, Request) else Request(each) for each in requests]
    await AsyncCrawlerRunner(SETTINGS | settings).crawl(Asker, requests=asked, got=got)
    assert len(got) == len(asked)
    return got


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


# --- names that resolve ------------------------------------------------------------------------


@asynchronous
async def test_a_public_site_cannot_lead_to_this_machine_by_a_name_of_it() -> None:
    async with serving(Server(HELLO)) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        for refusal in await crawled(url, url, SITE_URL=PUBLIC):
            assert type(refusal) is exceptions.CannotResolveHostError
            assert "localhost is at" in str(refusal)
        assert server.connections == 0
        [answer] = await crawled(url, SITE_URL=url)
        assert answer.body == b"hello"


def let_names_be_at(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """The answer of a name server, without one."""

    async def getaddrinfo(loop: Any, host: str, port: int, **how: Any) -> list[Any]:
        found = []
        for address in addresses:
            six = ":" in address
            family = socket.AF_INET6 if six else socket.AF_INET
            place = (address, port, 0, 0) if six else (address, port)
            found.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place))
        return found

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


async def resolved(home: str) -> list[str]:
    found = await PublicResolver(home).resolve("name.alkarmel.example", 80)
    return [each["host"] for each in found]


NOT_PUBLIC = [
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0"),
    *("169.254.169.254", "::1", "fc00::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::a00:1"),
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
@asynchronous
async def test_a_name_at_no_public_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    let_names_be_at(monkeypatch, address)
    with pytest.raises(socket.gaierror, match=f"name.alkarmel.example is at {address}, "):
        await resolved(PUBLIC)
    assert await resolved(PRIVATE) == [address]


@asynchronous
async def test_a_name_is_asked_at_its_public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    public = ["151.101.1.1", "2a04:4e42::1"]
    let_names_be_at(monkeypatch, *NOT_PUBLIC, *public)
    assert await resolved(PUBLIC) == public


@asynchronous
async def test_a_name_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    let_names_be_at(monkeypatch)
    with pytest.raises(socket.gaierror, match="at no address"):
        await resolved(PUBLIC)


@pytest.mark.parametrize("host", ["a_b.example", "name.example.", "عاجل.example"])
@asynchronous
async def test_odd_names_are_asked(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    async with serving(Server(HELLO)) as server:
        let_names_be_at(monkeypatch, "127.0.0.1")
        [answer] = await crawled(server.url.replace("127.0.0.1", host))
        assert answer.body == b"hello"


# --- what is sent, and what is kept of the answer ------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        *("a%7e%2F%d8%b9?a=b+c&d=%20&e=%2b", "?q=عاجل", "خبر/", "a;b=c/../d//e", "a?", "a#b"),
        *("a'b(c)!*|^[x]{y}", "%", "%zz%e", "a?a=%5B%5d&a&=b", "a?b=c?d/e", "a?#b%7e"),
    ],
)
@asynchronous
async def test_a_request_is_sent_as_it_is(target: str) -> None:
    async with serving(Server(HELLO)) as server:
        headers = {"If-None-Match": 'W/"é~1"', "X-Two": ["1", "2"]}
        [response] = await crawled(Request(server.url + target, headers=headers))
    assert response.url == response.request.url.partition("#")[0]
    lines = [
        b"GET /" + response.url.removeprefix(server.url).encode() + b" HTTP/1.1",
        b"Host: " + server.place.encode(),
        b'If-None-Match: W/"\xc3\xa9~1"',
        *(b"X-Two: 1", b"X-Two: 2", b"User-Agent: test"),
        b"Accept-Encoding: " + response.request.headers["Accept-Encoding"],
    ]
    assert server.heads == [b"\r\n".join(lines) + b"\r\n\r\n"]


def evidence_in(directory: Path) -> dict[str, Any]:
    """Settings by which requests of the kind listing are kept in WARC files."""
    return {
        "DOWNLOADER_MIDDLEWARES": {"crawler.middlewares.evidence.EvidenceMiddleware": 900},
        "ARCHIVE_DIR": directory,
        "ARCHIVE_DATABASE": database_url("postgresql://127.0.0.1:9/"),  # asked for pages alone
        "WARC_KEEPS": ["listing"],
        "WARC_MAX_BYTES": 10_000_000,
        "DATABASE_PATIENCE": 1,
        "BATCH_SIZE": 1,
    }


@asynchronous
async def test_an_exchange_is_kept_as_it_was_sent(tmp_path: Path) -> None:
    lines = [
        *(b"X-ODD-case: 1", b"set-cookie: a=1", b"Content-Type: text/html"),
        *(b"Set-Cookie: b=2; path=/", b"set-cookie: a=1", b"x-empty: ", b"X-Last:  blanks \t"),
        *(b"Content-Encoding: gzip", "X-Raw: عام".encode(), b"X-Latin: \xe9\x85 a\x0cb"),
        'Content-Disposition: attachment; filename="خبر"; خبر'.encode(),
    ]
    packed = gzip.compress(b"hello")
    head = (
        "HTTP/1.1 203 حسنا ".encode()
        + b"tr\xe8s bien\r\n"
        + b"".join(line + b"\r\n" for line in lines)
    )
    body = b"Transfer-ENCODING: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    async with serving(Server(head + body)) as server:
        request = Request(f"{server.url}%7e?a=b+c", meta={"kind": "listing"})
        [response] = await crawled(request, **evidence_in(tmp_path))
    assert response.body == b"hello"
    assert response.headers.getlist("Set-Cookie") == [b"a=1", b"b=2; path=/", b"a=1"]
    assert str(response.ip_address) == "127.0.0.1"
    [path] = (tmp_path / "warc").iterdir()
    with path.open("rb") as file:
        records = ArchiveIterator(file, no_record_parse=True)
        blocks = {record.rec_type: record.raw_stream.read() for record in records}
    assert blocks["response"] == head.replace(b" blanks \t", b"blanks") + b"\r\n" + packed
    assert blocks["request"] == server.heads[0]


@pytest.mark.parametrize(
    ("answer", "status", "reason", "body"),
    [
        (HELLO.replace(b" OK", b""), 200, "", b"hello"),
        (HELLO.replace(b" OK", b" "), 200, "", b"hello"),
        (HELLO.replace(b"OK", "حسنا".encode()), 200, "حسنا", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", 200, "OK", b"hello"),
        (OK + b"\r\nhello", 200, "OK", b"hello"),
        (HELLO.replace(b"\r\n", b"\n"), 200, "OK", b"hello"),
        (b"HTTP/1.1 204 None\r\n\r\n", 204, "None", b""),
        (b"HTTP/1.1 304 Same\r\nContent-Length: 500\r\n\r\n", 304, "Same", b""),
        (b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + HELLO, 200, "OK", b"hello"),
        (b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n", 999, "No", b""),
        (CHUNKED + b"5;a=b\r\nhello\r\n0\r\nX-Last: 1\r\n\r\n", 200, "OK", b"hello"),
        (hello_with(b"X-Long: " + b"x" * 20_480), 200, "OK", b"hello"),
        (hello_with(*[b"Set-Cookie: a=b"] * 300), 200, "OK", b"hello"),
        (hello_with("X-Raw: عاجل".encode(), b"X-Latin: \xe9\x85"), 200, "OK", b"hello"),
    ],
)
@asynchronous
async def test_odd_answers_are_read(answer: bytes, status: int, reason: str, body: bytes) -> None:
    async with serving(Server(answer)) as server:
        [response] = await crawled(server.url)
    assert (response.status, response.body) == (status, body)
    head = response.meta["answer_head"]
    assert head.reason == reason
    sent = answer[answer.rindex(b"HTTP/1.") :].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    assert [b": ".join(line) for line in head.headers] == sent.split(b"\n")[1:]


@asynchronous
async def test_a_redirect_to_raw_utf8_is_followed() -> None:
    async with serving(Redirecting()) as server:
        [response] = await crawled(server.url)
    assert (response.url, response.body) == (f"{server.url}%D8%B9%D8%A7%D8%AC%D9%84", b"hello")
    assert server.heads[1].startswith(b"GET /%D8%B9%D8%A7%D8%AC%D9%84 HTTP/1.1\r\n")


# --- errors: all are Scrapy's, which alone asks again, in the site's pace -------------------------

FAILED = exceptions.DownloadFailedError
CUT = exceptions.ResponseDataLossError
LATE = exceptions.DownloadTimeoutError
LARGE = exceptions.DownloadCancelledError
UNREACHABLE = exceptions.DownloadConnectionRefusedError
UNKNOWN = exceptions.CannotResolveHostError


@pytest.mark.parametrize(
    ("server", "error"),
    [
        (Server(b""), FAILED),
        (Server(OK + b"Content-Le"), FAILED),
        (Server(b"", then="reset"), FAILED),
        (Server(OK, then="reset"), FAILED),
        (Server(OK + b"Content-Length: 50\r\n\r\nabc"), CUT),
        (Server(OK + b"Content-Length: 50\r\n\r\nabc", then="reset"), CUT),
        (Server(CHUNKED + b"5\r\nhello\r\n5\r\nhe"), CUT),
        (Server(CHUNKED + b"5\r\nhello\r\n"), CUT),
        (Server(b"", then="stay"), LATE),
        (Server(OK, then="stay"), LATE),
        (Server(OK + b"Content-Length: 50\r\n\r\nabc", then="stay"), LATE),
        (Server(OK + b"Content-Length: 50001\r\n\r\n", then="stay"), LARGE),
        (Server(OK + b"\r\n" + b"x" * 50_001), LARGE),
        (Endless(), LARGE),
    ],
)
@asynchronous
async def test_a_bad_answer_is_an_error(server: Server, error: type[Exception]) -> None:
    seconds = 2 if error is LATE else 30
    async with serving(server):
        [got] = await crawled(server.url, RETRY_TIMES=1, DOWNLOAD_TIMEOUT=seconds)
    assert type(got) is error
    assert str(got)
    assert len(server.heads) == (1 if error is LARGE else 2)


@pytest.mark.parametrize(
    ("host", "error"),
    [
        *(("127.0.0.1:9", UNREACHABLE), ("127.0.0.1:0", UNREACHABLE)),
        *(("nowhere.invalid", UNKNOWN), ("a" * 64 + ".example", UNKNOWN), ("a..b", UNKNOWN)),
        *(("", FAILED), ("2130706433", FAILED)),
    ],
)
@asynchronous
async def test_an_address_that_leads_nowhere_is_an_error(host: str, error: type[Exception]) -> None:
    [got] = await crawled(f"http://{host}/")
    assert type(got) is error


@asynchronous
async def test_a_header_that_cannot_be_sent_is_an_error() -> None:
    async with serving(Server(HELLO)) as server:
        values = b"a\r\nX-Other: b", b"\xff"
        requests = [Request(server.url, headers={"X-Odd": value}) for value in values]
        broken, sent = await crawled(*requests)
    assert (type(broken), sent.status) == (FAILED, 200)
    assert [head.count(b"X-Odd: \xef\xbf\xbd\r\n") for head in server.heads] == [1]


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(self_signed())
    return path


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynchronous
async def test_a_certificate_must_be_known(
    certificate: Path, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(Server(HELLO), tls=tls) as server:
        [refusal] = await crawled(server.url)
        assert type(refusal) is UNREACHABLE
        assert "certificate verify failed: self-signed certificate" in str(refusal)
        assert server.heads == []
        [answer] = await crawled(server.url, DOWNLOAD_VERIFY_CERTIFICATES=False)
        assert answer.body == b"hello"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        [answer, refusal] = await crawled(server.url, server.url.replace("localhost", "127.0.0.1"))
        assert answer.body == b"hello"
        assert "IP address mismatch" in str(refusal)


# --- proxies -------------------------------------------------------------------------------------


@asynchronous
async def test_a_proxy_alone_gets_what_is_its_own(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with serving(Proxy(HELLO)) as proxy, serving(Server(HELLO), tls=tls) as server:
        by_name = proxy.place.replace("127.0.0.1", "localhost")
        monkeypatch.setenv("http_proxy", f"user:p%40ss@{by_name}")  # which means http://
        monkeypatch.setenv("https_proxy", f"http://user:p%40ss@{proxy.place}")
        requests = [
            Request(f"{site}%7e?a=b+c", meta={"kind": "listing"})
            for site in ("http://alkarmel.example/", server.url)
        ]
        settings = evidence_in(tmp_path) | {"DOWNLOAD_VERIFY_CERTIFICATES": False}
        answers = await crawled(*requests, SITE_URL=PUBLIC, **settings)
    assert [answer.body for answer in answers] == [b"hello"] * 2
    in_the_clear, connect = proxy.heads
    assert in_the_clear.startswith(b"GET http://alkarmel.example/%7e?a=b+c HTTP/1.1\r\n")
    assert connect.startswith(f"CONNECT {server.place} HTTP/1.1\r\n".encode())
    secret = b"\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n"
    assert (in_the_clear.count(secret), connect.count(secret)) == (1, 1)
    assert b"Proxy-" not in server.heads[0]
    [path] = (tmp_path / "warc").iterdir()
    kept = gzip.decompress(path.read_bytes())
    assert (kept.count(b"GET /%7e?a=b+c HTTP/1.1\r\n"), kept.count(b"Proxy-")) == (2, 0)


@asynchronous
async def test_a_proxy_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Server(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        [refusal] = await crawled("https://alkarmel.example/")
    assert type(refusal) is FAILED
    assert "407" in str(refusal)


# --- connections ---------------------------------------------------------------------------------


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


IPV6 = pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))


@pytest.mark.parametrize("host", ["127.0.0.1", IPV6])
@pytest.mark.parametrize("encrypted", [False, True])
@asynchronous
async def test_a_connection_is_used_again(tls: ssl.SSLContext, host: str, encrypted: bool) -> None:
    async with serving(Server(HELLO, then="keep"), host, tls if encrypted else None) as server:
        answers = await crawled(*[server.url] * 10, DOWNLOAD_VERIFY_CERTIFICATES=False)
    assert [answer.body for answer in answers] == [b"hello"] * 10
    assert {str(answer.ip_address) for answer in answers} == {host}
    assert (server.connections, len(server.heads)) == (1, 10)


@pytest.mark.parametrize("server", [Server(HELLO), Forgetful()])
@asynchronous
async def test_a_kept_connection_that_was_closed_costs_no_error(server: Server) -> None:
    async with serving(server):
        answers = await crawled(*[server.url] * 5)
    assert [answer.body for answer in answers] == [b"hello"] * 5
    assert server.connections == 5


def test_nothing_is_left_open() -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: told.append(context["message"])
        )
        async with serving(Server(HELLO, then="keep")) as server, serving(Endless()) as endless:
            await crawled(server.url, endless.url)
            gc.collect()
            async with asyncio.timeout(10):
                while len(asyncio.all_tasks()) > 1:  # until the servers have heard of it
                    await asyncio.sleep(0.01)

    told: list[str] = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(main())
        gc.collect()
    assert told == []
    assert [each for each in warned if "nclosed" in str(each.message)] == []


# --- answers that are not quite HTTP: Scrapy's own handler, which needs Twisted's reactor ---------

PAGE = Site("post", articles=1)
ARTICLE = PAGE.answer(get(PAGE.truth[0].address)).body
LENGTH = b"Content-Length: %d" % len(ARTICLE)
IN_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(ARTICLE), ARTICLE)


def article_with(*lines: bytes, body: bytes = ARTICLE) -> Server:
    lines = (b"Content-Type: text/html; charset=utf-8", *lines)
    return Server(OK + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (article_with(LENGTH, LENGTH), "Duplicate Content-Length"),
        (article_with(LENGTH, b"Transfer-Encoding: chunked", body=IN_CHUNKS), "can't be present"),
        (article_with(b"Apache is not a header", LENGTH), "Invalid header token"),
        (article_with(LENGTH, body=ARTICLE + b"<!-- cached -->"), "Bad status line"),
        (article_with(LENGTH, *[b"X-Many: a"] * MOST_LINES), "Too many headers"),
    ],
)
@asynchronous
async def test_what_is_not_quite_http_is_read(archive: Archive, server: Server, said: str) -> None:
    async with serving(server):
        crawl = archive.start(server.url, "-a", f"url={server.url}post/1")
        result = await asyncio.to_thread(ended, crawl)
    assert result.exit_code == 0, result.log
    assert archive.value("SELECT title FROM articles") == PAGE.truth[0].title
    assert len(server.heads) == 3  # robots.txt twice, the page once
    assert result.log.count("not quite HTTP") == result.log.count(said) == 1


@pytest.mark.parametrize(
    "server",
    [
        Server(b"SSH-2.0-OpenSSH\r\n"),
        Server(b"x" * 200_000),
        Server(hello_with(b"X-Long: " + b"x" * LONGEST_LINE)),
        Server(OK + b"Content-Length: many\r\n\r\n"),
    ],
)
@asynchronous
async def test_what_is_no_http_is_no_answer(archive: Archive, server: Server) -> None:
    async with serving(server):
        crawl = archive.start(server.url, "-s", "RETRY_TIMES=0")
        result = await asyncio.to_thread(ended, crawl)
    assert result.exit_code == 3, result.log


@asynchronous
async def test_a_crawl_that_is_terminated_in_a_slow_body_ends_orderly(archive: Archive) -> None:
    async with serving(Endless()) as server:
        crawl = archive.start(server.url, "-s", "DOWNLOAD_TIMEOUT=3", "-s", "RETRY_TIMES=0")
        while len(server.heads) < 2:
            await asyncio.sleep(0.05)
            assert crawl.poll() is None
        crawl.send_signal(signal.SIGTERM)
        result = await asyncio.to_thread(ended, crawl)
    assert result.exit_code == 1, result.log
    assert "signal" in result.output.splitlines()[-1]
    assert "Traceback" not in result.log
    assert "nclosed" not in result.log
    assert archive.rows("SELECT outcome FROM runs") == [("interrupted",)]
