"""What a site forbids, the pace it asks for, commands without a crawl, names in a resolver."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scrapy.http import Response
from scrapy.resolver import dnscache
from scrapy.robotstxt import ProtegoRobotParser
from twisted.internet.error import DNSLookupError
from twisted.internet.testing import MemoryReactorClock

from crawler.middlewares.pace import retry_after
from crawler.middlewares.robots import Parser
from crawler.middlewares.site import PublicHostResolver
from tests.conftest import PROJECT, Archive, run_scrapy
from tests.site.replica import Site
from tests.site.server import serve

# --- robots.txt --------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(
            "/",
            "//",
            "post",
            "123",
            "-",
            "ا",
            "é",
            '"',
            "؟",
            "?",
            "?a=1",
            "&b=2",
            "=",
            "#",
            "*",
            "$",
        ),
        *("%D8%A7", "%d8%a7", "%D8", "%A7", "%ff", "%ED%A0%80", "%F0%9F%98%80", "%E2%80%A8"),
        *("%2F", "%2f", "%25", "%3A", "%3D", "%3F", "%23", "%C2%85", "%"),
    ]
)
PATHS = st.lists(PIECES, max_size=8).map("".join)


@given(st.lists(PATHS, max_size=4), PATHS)
@example(["/*قدس"], "/post/%D9%82%D8%AF%D8%B3")
def test_robots_txt_is_read_as_protego_reads_it(rules: list[str], path: str) -> None:
    text = "User-agent: *\n" + "".join(f"Disallow: {rule}\n" for rule in rules if rule)
    ours, theirs = (kind(text.encode(), None) for kind in (Parser, ProtegoRobotParser))
    address = f"https://alkarmel.example/{path}"
    assert ours.allowed(address, "any") == theirs.allowed(address, "any")


# --- Retry-After -------------------------------------------------------------------------------


def asked(value: str | None) -> float | None:
    headers = {} if value is None else {"Retry-After": value}
    return retry_after(Response("https://alkarmel.example/", status=503, headers=headers))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("Fri, 99 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_nothing(value: str | None, seconds: float | None) -> None:
    assert asked(value) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_retry_after_may_be_a_date(zone: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90)).replace("+0000", zone)
    seconds = asked(date)
    assert seconds is not None
    assert 85 < seconds <= 90


@given(
    st.one_of(st.text(st.characters(max_codepoint=255)), st.from_regex(r"[A-Z][a-z]{2}, .* GMT"))
)
@example("²")
@example("Thu, 01 Jan 99999 00:00:00 GMT")
@example("Thu, 01 Jan 0001 00:00:00 +2359")
def test_no_retry_after_stops_a_crawl(value: str) -> None:
    headers = {"Retry-After": value.encode("utf-8", "replace")}
    seconds = retry_after(Response("https://alkarmel.example/", headers=headers))
    assert seconds is None or seconds >= 0


# --- commands without a crawl --------------------------------------------------------------------


def test_the_shell_looks_at_a_page_without_an_archive(archive: Archive) -> None:
    """As README shows it."""
    with serve(Site("post", articles=3)) as server:
        address = server.url + server.site.truth[0].address.lstrip("/")
        environment = archive.environment(ALKARMEL_URL=server.url)
        shell = run_scrapy(environment, "shell", address, "-c", "response.text")
    assert server.site.truth[0].title in shell.stdout, shell.stderr
    assert not archive.directory.exists()


# --- names that resolve ------------------------------------------------------------------------

# «localhost» is a name that every machine resolves, and to itself.
CONNECT = """
import sys
from twisted.internet import reactor, task
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler
from crawler.middlewares.robots import Parser
from crawler.middlewares.site import PublicHostResolver

name, port, home = sys.argv[1:]
crawler = get_crawler(settings_dict={"SITE_URL": home})
PublicHostResolver.from_crawler(crawler, reactor).install_on_reactor()

async def connect(reactor):
    for attempt in ("first", "from the cache"):
        try:
            protocol = await connectProtocol(HostnameEndpoint(reactor, name, int(port)), Protocol())
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
        else:
            print("connected")
            protocol.transport.loseConnection()

task.react(lambda reactor: task.ensureDeferred(connect(reactor)))
"""


def connections(name: str, port: int, home: str) -> list[str]:
    """What became of two connections to a host, in a process with a reactor of its own."""
    process = subprocess.run(
        [sys.executable, "-c", CONNECT, name, str(port), home],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return process.stdout.splitlines()


def test_a_public_site_cannot_lead_to_this_machine_by_a_name_of_it() -> None:
    with serve(Site("post", articles=3)) as server:
        port = int(server.url.rstrip("/").rpartition(":")[2])
        refusals = connections("localhost", port, "https://alkarmel.example/")
        assert server.requests == []
    assert len(refusals) == 2
    for refusal in refusals:
        assert refusal.startswith("DNSLookupError")


def test_a_site_on_this_machine_can_be_archived() -> None:
    with serve(Site("post", articles=3)) as server:
        port = int(server.url.rstrip("/").rpartition(":")[2])
        assert connections("localhost", port, f"http://localhost:{port}/") == ["connected"] * 2


@pytest.fixture
def resolved() -> Iterator[Callable[[str], Any]]:
    """What becomes of a name of a public site that resolves to an address."""
    name = "name.alkarmel.example"

    def resolve(address: str) -> Any:
        resolver = PublicHostResolver(MemoryReactorClock(), cache_size=10, timeout=1)
        dnscache[name] = address  # the answer of a name server, without one
        outcome: list[Any] = []
        resolver.getHostByName(name).addBoth(outcome.append)
        return outcome[0]

    yield resolve
    dnscache.pop(name)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0"),
        "169.254.169.254",
    ],
)
def test_a_name_at_no_public_address_is_refused(
    resolved: Callable[[str], Any], address: str
) -> None:
    failure = resolved(address)
    assert failure.check(DNSLookupError)
    assert f"name.alkarmel.example is at {address}" in str(failure.value)


def test_a_name_at_a_public_address_is_resolved(resolved: Callable[[str], Any]) -> None:
    assert resolved("151.101.1.1") == "151.101.1.1"
