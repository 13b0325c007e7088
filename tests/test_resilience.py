"""Crawls of sites that fail, lie or lay traps, and crawls that are killed."""

import random
import re
import signal
import string
import subprocess
import time
from collections import Counter
from typing import get_args

import pytest
import sqlalchemy as sa

from tests.breaking_link import Break, breaking_link
from tests.conftest import Archive, ended
from tests.site.faults import (
    DISALLOW_ALL,
    Cut,
    EndlessPages,
    Fault,
    GzipBomb,
    Large,
    Redirect,
    RedirectLoop,
    SoftMissing,
    Status,
    Text,
)
from tests.site.redesigns import Redesign
from tests.site.replica import Site
from tests.site.server import Server, serve


def page_of(archive: Archive, server: Server, number: int) -> sa.Row[tuple[object, ...]]:
    """The ledger's row of one article of the `post` layout."""
    return archive.rows("SELECT * FROM pages WHERE url = :url", url=f"{server.url}post/{number}")[0]


def make_due(archive: Archive) -> None:
    """Let the time pass until what failed may be tried again."""
    with archive.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE pages SET next_fetch_at = now() WHERE state = 'pending'")
        )


def asked_for(server: Server, number: int) -> int:
    return sum(f"/post/{number}" in record.path for record in server.requests)


@pytest.mark.parametrize("kills", [1, 3])
def test_a_crawl_killed_at_any_moment_leaves_neither_hole_nor_double(
    archive: Archive, kills: int
) -> None:
    with serve(Site("post", articles=90)) as server:
        for _ in range(kills):
            before = len(server.requests)
            crawl = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.02")
            while len(server.requests) < before + 25:
                assert crawl.poll() is None
            crawl.send_signal(signal.SIGKILL)
            ended(crawl)
        assert archive.crawl(server.url).exit_code == 0
        assert archive.value("SELECT count(*) FROM articles") == len(server.site.truth)
    assert archive.value("SELECT count(*) FROM revisions") == 90
    assert archive.value("SELECT count(*) FROM pages WHERE state = 'pending'") == 0
    outcomes = Counter(row.outcome for row in archive.rows("SELECT outcome FROM runs"))
    assert outcomes == {"interrupted": kills, "finished": 1}


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_crawl_within_the_time_of_one_request(
    archive: Archive, sent: signal.Signals
) -> None:
    with serve(Site("post", articles=120)) as server:
        process = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.05")
        while sum("/post/" in record.path for record in server.requests) < 20:
            assert process.poll() is None
        asked = len(server.requests)
        process.send_signal(sent)
        crawl = ended(process)
        assert len(server.requests) <= asked + 8  # CONCURRENT_REQUESTS: what was in flight
        assert (crawl.exit_code, archive.value("SELECT outcome FROM runs")) == (1, "interrupted")
        assert "stopped by a signal" in crawl.output.splitlines()[-1]
        answered = {
            found[1] for r in server.requests if (found := re.search(r"/post/(\d+)", r.path))
        }
        assert archive.value("SELECT count(*) FROM articles") == len(answered)
        assert archive.value("SELECT count(*) FROM pages WHERE claimed_by IS NOT NULL") == 0
        assert archive.crawl(server.url).exit_code == 0
        assert archive.value("SELECT count(*) FROM articles") == len(server.site.truth)


def test_an_article_that_failed_is_tried_again_though_no_page_links_it(archive: Archive) -> None:
    with serve(Site("post", articles=30)) as server:
        number = server.site.truth[-1].number
        server.site.faults.add(re.compile(f"/+post/{number}"), Status(500))
        archive.crawl(server.url)
        page = page_of(archive, server, number)
        assert (page.state, page.attempts, page.http_status) == ("pending", 1, 500)
        assert page.reason == "HTTP 500"
        assert page.next_fetch_at > page.last_fetched_at
        make_due(archive)
        server.site.faults.clear()
        server.site.faults.add(re.compile("/(category|$)"), Status(500))
        archive.crawl(server.url)
        assert page_of(archive, server, number).state == "archived"


def test_tries_have_an_end(archive: Archive) -> None:
    with serve(Site("post", articles=12)) as server:
        number = server.site.truth[3].number
        server.site.faults.add(re.compile(f"/+post/{number}"), Status(500))
        for _ in range(3):
            archive.crawl(server.url, "-s", "FETCH_ATTEMPTS=2")
            make_due(archive)
        page = page_of(archive, server, number)
        assert (page.state, page.attempts) == ("failed", 2)
        assert asked_for(server, number) == 2 * 2  # each try is one request and one retry


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        (Status(404), "gone", "HTTP 404"),
        (Status(410), "gone", "HTTP 410"),
        (Redirect("/"), "gone", "leads to the home page"),
        (Redirect("http://elsewhere.example/"), "excluded", "leads outside the site"),
        (Redirect("http://169.254.169.254/latest/"), "excluded", "leads outside the site"),
        (Redirect("http://127.0.0.1:1/"), "excluded", "leads outside the site"),
        (RedirectLoop(), "rejected", "redirect"),
        (SoftMissing(), "rejected", "listing"),
        (Large(11), "rejected", "larger than"),
        (GzipBomb(), "rejected", "exceed"),
        (Cut(0.5), "pending", ""),
        (Text("nothing here"), "rejected", "no article"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_page_that_is_none_has_its_state_and_reason(
    archive: Archive, fault: object, state: str, reason: str
) -> None:
    with serve(Site("post", articles=8)) as server:
        number = server.site.truth[2].number
        server.site.faults.add(re.compile(f"/+post/{number}"), fault)
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        page = page_of(archive, server, number)
        assert page.state == state
        assert reason in page.reason
        assert archive.value("SELECT count(*) FROM articles") == 7


def test_listings_without_an_end_come_to_one(archive: Archive) -> None:
    with serve(Site("post", articles=20)) as server:
        server.site.faults.add(re.compile(r"/category/.*page=[2-9]"), EndlessPages(fresh=False))
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        assert len(server.requests) < 150


def test_listings_with_ever_new_entries_end_with_their_budget(archive: Archive) -> None:
    with serve(Site("post", articles=8)) as server:
        server.site.faults.add(re.compile(r"/category/.*page="), EndlessPages(fresh=True))
        archive.crawl(server.url, "-s", "PAGES_PER_LISTING=5")
        pages = Counter(
            record.path.split("?")[0] for record in server.requests if "page=" in record.path
        )
        assert max(pages.values(), default=0) <= 5


def test_robots_txt_is_obeyed(archive: Archive) -> None:
    with serve(Site("post", articles=8)) as server:
        number = server.site.truth[2].number
        server.site.faults.add("/robots.txt", Text(f"User-agent: *\nDisallow: /*post/{number}\n"))
        archive.crawl(server.url)
        assert asked_for(server, number) == 0
        page = page_of(archive, server, number)
    assert (page.state, page.reason) == ("excluded", "Forbidden by robots.txt")


@pytest.mark.parametrize("length", [2_060, 3_000, 20_000])
def test_an_address_too_long_for_any_index_costs_nothing_else(
    archive: Archive, length: int
) -> None:
    dice = random.Random(length)  # what repeats itself would be packed
    slug = "".join(dice.choices(string.ascii_letters + string.digits, k=length - 30))
    link = f'<a href="/story/5/{slug}">خبر طويل العنوان من كلمات عدة</a></body>'
    with serve(Site("post", articles=8)) as server:
        server.site.faults.add("/", Redesign(lambda html: html.replace("</body>", link, 1)))
        crawl = archive.crawl(server.url)
        asked = [record for record in server.requests if slug in record.path]
    assert crawl.exit_code == 0, crawl.log
    assert " ERROR: " not in crawl.log
    states = archive.states()
    assert states.pop("archived") == 8
    assert (len(asked), len(states)) == ((1, 1) if length == 2_060 else (0, 0))


def test_a_site_that_forbids_everything_is_left_alone(archive: Archive) -> None:
    with serve(Site("post", articles=8)) as server:
        server.site.faults.add("/robots.txt", Text(DISALLOW_ALL))
        crawl = archive.crawl(server.url)
        assert [record.path for record in server.requests] == ["/robots.txt"]
    assert crawl.exit_code != 0
    assert "robots.txt" in crawl.log


@pytest.mark.parametrize(
    ("fault", "said"), [(Status(503), "answers with HTTP 503"), (Cut(0.5), "no answer to")]
)
def test_a_site_whose_robots_txt_fails_is_left_alone_and_stays_due(
    archive: Archive, fault: Fault, said: str
) -> None:
    """RFC 9309, 2.3.1.4."""
    with serve(Site("post", articles=8)) as server:
        server.site.faults.add(re.compile("/+post"), Status(500))
        archive.crawl(server.url)
        make_due(archive)
        before = archive.rows("SELECT url, state, attempts FROM pages ORDER BY id")
        assert {(page.state, page.attempts) for page in before} == {("pending", 1)}
        server.site.faults.clear()
        server.site.faults.add("/robots.txt", fault)
        asked = len(server.requests)
        crawl = archive.crawl(server.url)
        assert {record.path for record in server.requests[asked:]} == {"/robots.txt"}
        assert crawl.exit_code == 3
        assert said in crawl.output.splitlines()[-1]
        assert archive.rows("SELECT url, state, attempts FROM pages ORDER BY id") == before
        server.site.faults.clear()
        assert archive.crawl(server.url).exit_code == 0
    assert archive.states() == {"archived": 8}


def test_a_further_host_whose_robots_txt_fails_costs_only_its_own_pages(archive: Archive) -> None:
    with serve(Site("post", articles=8)) as server:
        number = server.site.truth[3].number
        there = server.url.replace("127.0.0.1", "localhost") + "in/its/stead"
        server.site.faults.add(re.compile(f"/+post/{number}"), Redirect(there))
        settings = ["-s", "SITE_HOSTS=localhost", "-s", "DOWNLOAD_DELAY=0.2"]
        crawl = archive.start(server.url, *settings)
        while not server.requests:  # robots.txt of the home, which is well
            assert crawl.poll() is None
            time.sleep(0.01)
        server.site.faults.add("/robots.txt", Status(500))
        result = ended(crawl)
        assert result.exit_code == 0, result.log
        page = page_of(archive, server, number)
        assert (page.state, page.attempts) == ("pending", 1)
        assert "localhost" in page.reason
        assert "robots.txt answers with HTTP 500" in page.reason
    assert archive.states() == {"archived": 7, "pending": 1}


def test_the_delay_that_robots_txt_asks_for_is_kept(archive: Archive) -> None:
    with serve(Site("post", articles=3, crawl_delay=0.5)) as server:
        archive.crawl(server.url)
        times = [record.time for record in server.requests][2:]
    # One request may be on its way for longer than the next; four delays in a row may not.
    stretches = [later - earlier for earlier, later in zip(times, times[4:], strict=False)]
    assert len(stretches) > 2
    assert min(stretches) >= 4 * 0.5 - 0.2


def test_a_site_that_asks_to_wait_is_not_asked_before(archive: Archive) -> None:
    with serve(Site("post", articles=30)) as server:
        number = server.site.truth[9].number
        server.site.faults.add(re.compile(f"/+post/{number}"), Status(503, retry_after=3), times=1)
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        refused = next(record.time for record in server.requests if record.status == 503)
        # Requests that were on their way already are not called back.
        later = [r.time - refused for r in server.requests if r.time > refused + 0.5]
        assert min(later) >= 2.9
        assert page_of(archive, server, number).state == "archived"


def test_a_listing_that_failed_is_where_the_next_crawl_begins(archive: Archive) -> None:
    with serve(Site("post", articles=300)) as server:
        server.site.faults.add("/tags", Status(404))
        server.site.faults.add(re.compile(r".*page=2"), Status(500))
        archive.crawl(server.url)
        assert archive.value("SELECT count(*) FROM articles") < 300
        server.site.faults.clear()
        server.site.faults.add("/tags", Status(404))
        archive.crawl(server.url)
        assert archive.value("SELECT count(*) FROM articles") == 300


def let_in(postgres: sa.Engine, archive: Archive, allowed: bool) -> None:
    """Open the archive's database to clients, or cut off those that are there and let none in."""
    name = archive.url.database
    with postgres.connect() as connection:
        connection.execute(sa.text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {allowed}"))
        if not allowed:
            clients = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(sa.text(clients), {"name": name})
    archive.engine.dispose()


def half_way(archive: Archive, server: Server, *arguments: str) -> subprocess.Popen[str]:
    """A crawl that has some pages behind it and some before it."""
    crawl = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.05", *arguments)
    while len(server.requests) < 15:
        assert crawl.poll() is None
    return crawl


def test_a_database_that_comes_back_costs_nothing(archive: Archive, postgres: sa.Engine) -> None:
    with serve(Site("post", articles=40)) as server:
        crawl = half_way(archive, server)
        let_in(postgres, archive, False)
        time.sleep(3)
        let_in(postgres, archive, True)
        assert ended(crawl).exit_code == 0
    assert archive.value("SELECT count(*) FROM articles") == 40


@pytest.mark.parametrize("breaks", get_args(Break))
def test_a_link_that_breaks_while_a_batch_is_written_doubles_nothing(
    archive: Archive, breaks: Break
) -> None:
    with (
        serve(Site("post", articles=40)) as server,
        breaking_link(archive.url, breaks) as (address, link),
    ):
        soon = {
            "options": "-c idle_in_transaction_session_timeout=3000"
        }  # and not after ten minutes
        database = address.update_query_dict(soon).render_as_string(hide_password=False)
        crawl = archive.crawl(server.url, DATABASE_URL=database)
    assert link.broken == 1
    assert crawl.exit_code == 0, crawl.log
    assert "40 new, 0 changed, 0 unchanged" in crawl.output
    assert archive.value("SELECT count(*) FROM articles") == 40
    twice = "SELECT 1 FROM captures GROUP BY warc_file, warc_offset HAVING count(*) > 1"
    assert archive.rows(twice) == []


def test_a_database_that_stays_away_ends_the_crawl(archive: Archive, postgres: sa.Engine) -> None:
    with serve(Site("post", articles=40)) as server:
        crawl = half_way(archive, server, "-s", "DATABASE_PATIENCE=2")
        let_in(postgres, archive, False)
        result = ended(crawl)
        assert result.exit_code == 1
        assert "database lost" in result.output.splitlines()[-1]
        let_in(postgres, archive, True)
        assert archive.crawl(server.url).exit_code == 0
    assert archive.value("SELECT count(*) FROM articles") == 40
