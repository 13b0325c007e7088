"""Many processes on one database: one pace at the site, no page lost, none stored twice."""

import asyncio
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from crawler.db import ledger, pace
from crawler.db.patience import DatabaseLost
from crawler.db.runs import RUN_LOCK, CrawlRun, is_running, release_dead_claims
from crawler.errors import ALREADY_RUNNING, AnotherCrawlRunning
from crawler.items import Discovery
from crawler.text.urls import canonical_url
from tests.conftest import PATIENCE, Archive, ended
from tests.rows import SITE, add_page, address, page
from tests.site.faults import Slow, Status
from tests.site.replica import Site
from tests.site.server import Server, serve

HOST = "alkarmel.example"
DELAY = 0.1
WINDOW = 2.0  # seconds; what the limit allows within them is counted
WORKER = ("-a", "mode=worker", "-s", "BATCH_SIZE=4", "-s", "RECHECKS_PER_CRAWL=0")


class Wire:
    """A way to the database over TCP, which can be cut."""

    def __init__(self, socket: str):
        self._socket = socket
        self._listening = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        self._listening.wait()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._cut = asyncio.Event()
        writers: list[asyncio.StreamWriter] = []

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_unix_connection(self._socket)
            writers.extend((writer, back))
            with suppress(ConnectionError, asyncio.CancelledError):
                await asyncio.gather(_copy(reader, back), _copy(there, writer))

        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._cut.wait()
        server.close()
        for writer in writers:
            writer.close()

    def cut(self) -> None:
        """Close every connection, and take no more."""
        self._loop.call_soon_threadsafe(self._cut.set)
        self._thread.join()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextmanager
def wire(archive: Archive) -> Iterator[tuple[Wire, str]]:
    """A wire to the archive's database, and the address that goes over it."""
    host, port = archive.url.query["host"], archive.url.port or 5432
    wire = Wire(f"{host}/.s.PGSQL.{port}")
    url = archive.url.set(host="127.0.0.1", port=wire.port, query={})
    yield wire, url.render_as_string(hide_password=False)
    with suppress(RuntimeError):  # cut already
        wire.cut()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def discovered(archive: Archive, server: Server) -> list[str]:
    """Have the ledger name every article, and none fetched; their paths, the first first."""
    paths = [f"post/{truth.number}" for truth in server.site.truth]
    addresses = [server.url + path for path in paths]
    found = [Discovery(canonical_url(url), url, found_on="operator") for url in addresses]
    with archive.engine.begin() as connection:
        assert ledger.discover(connection, SITE, found) == len(paths)
    return paths


def claiming(archive: Archive) -> int:
    """How many crawls have claimed pages."""
    return int(archive.value("SELECT count(DISTINCT claimed_by) FROM pages"))


def most_in_a_window(times: list[float]) -> int:
    """The largest number of requests within any WINDOW seconds."""
    times = sorted(times)
    return max(sum(begin <= moment < begin + WINDOW for moment in times) for begin in times)


ALLOWED = WINDOW / DELAY + 2  # both ends of the window, and a request that was a little late


def test_three_workers_one_killed_and_one_cut_off(archive: Archive) -> None:
    with serve(Site("post", articles=60)) as server, wire(archive) as (database, over_the_wire):
        discovered(archive, server)
        asked = len(server.requests)
        pace_of_one = ("-s", f"DOWNLOAD_DELAY={DELAY}", "-s", "DATABASE_PATIENCE=1")
        ways = ({}, {}, {"DATABASE_URL": over_the_wire})
        workers = []
        for number, way in enumerate(ways, 1):  # each waits until all have begun
            workers.append(archive.start(server.url, *WORKER, *pace_of_one, **way))
            until(lambda number=number: claiming(archive) == number)
            workers[-1].send_signal(signal.SIGSTOP)
        for worker in workers:
            worker.send_signal(signal.SIGCONT)

        def stored() -> dict[int, int]:
            rows = archive.rows("SELECT run_id, count(*) FROM captures GROUP BY 1")
            return dict(map(tuple, rows))

        until(lambda: len(stored()) == 3 and sum(stored().values()) >= 20)
        workers[1].send_signal(signal.SIGKILL)
        database.cut()
        crawls = [ended(worker) for worker in workers]
        # What was claimed by those two is due again at once: the server has seen them go.
        last = archive.crawl(server.url, *WORKER, *pace_of_one)
        times = [record.time for record in server.requests[asked:]]
    assert [crawl.exit_code for crawl in crawls] == [0, -signal.SIGKILL, 1]
    assert "database lost" in crawls[2].output.splitlines()[-1]
    assert last.exit_code == 0, last.log
    assert archive.states() == {"archived": 60}
    assert archive.value("SELECT count(*) FROM articles") == 60
    assert archive.value("SELECT count(*) FROM revisions") == 60
    assert most_in_a_window(times) <= ALLOWED


def test_what_a_worker_that_hangs_had_claimed_is_fetched_when_its_lease_runs_out(
    archive: Archive,
) -> None:
    with serve(Site("post", articles=30)) as server:
        discovered(archive, server)
        asked = len(server.requests)
        slow = ("-s", f"DOWNLOAD_DELAY={DELAY}", "-s", "CLAIM_LEASE=3")
        hanging = archive.start(server.url, *WORKER, *slow)
        until(lambda: archive.value("SELECT count(*) FROM articles") >= 4)
        hanging.send_signal(signal.SIGSTOP)
        archive.crawl(server.url, *WORKER, *slow)
        until(lambda: not archive.value("SELECT bool_or(claimed_until > now()) FROM pages"))
        archive.crawl(server.url, *WORKER, *slow)
        assert archive.states() == {"archived": 30}
        hanging.send_signal(signal.SIGCONT)
        woken = ended(hanging)
        times = [record.time for record in server.requests[asked:]]
    assert woken.exit_code == 0, woken.log
    assert archive.value("SELECT count(*) FROM articles") == 30
    assert archive.value("SELECT count(*) FROM revisions") == 30
    assert most_in_a_window(times) <= ALLOWED


def test_a_crawl_and_its_workers_keep_one_pace(archive: Archive) -> None:
    with serve(Site("post", articles=40)) as server:
        discovered(archive, server)
        slow = ("-s", f"DOWNLOAD_DELAY={DELAY}", "-s", "BATCH_SIZE=4")
        workers = [archive.start(server.url, *WORKER, *slow) for _ in range(2)]
        crawl = archive.start(server.url, *slow)
        assert [ended(process).exit_code for process in (crawl, *workers)] == [0, 0, 0]
        pages = [record for record in server.requests if "/post/" in record.path]
        assert len(pages) == len({record.path for record in pages}) == 40
        assert most_in_a_window([record.time for record in server.requests]) <= ALLOWED
    assert archive.value("SELECT count(DISTINCT run_id) FROM captures") > 1


@pytest.mark.parametrize("delay", [0, DELAY])
def test_what_one_worker_is_told_to_wait_all_wait(archive: Archive, delay: float) -> None:
    with serve(Site("post", articles=45)) as server:
        first = discovered(archive, server)[0]
        server.site.faults.add(re.compile("/+post/"), Slow(0.2))
        busy = Status(503, retry_after=4)
        server.site.faults.add(re.compile(f"/+{first}"), busy, times=1)
        arguments = (*WORKER, "-s", f"DOWNLOAD_DELAY={delay}", "-s", "CONCURRENT_REQUESTS=1")
        workers = [archive.start(server.url, *arguments) for _ in range(3)]
        crawls = [ended(worker) for worker in workers]
        assert [crawl.exit_code for crawl in crawls] == [0, 0, 0]
        refused = next(record.time for record in server.requests if record.status == 503)
        later = [record.time - refused for record in server.requests if record.time > refused]
        assert len(later) > 20
    # Who has just looked, or has a moment already, hears of it a little later.
    assert not [after for after in later if 1.5 < after < 3.9]
    assert archive.states() == {"archived": 45}


def test_a_crawl_delay_holds_across_workers(archive: Archive) -> None:
    with serve(Site("post", articles=12, crawl_delay=0.3)) as server:
        discovered(archive, server)
        asked = len(server.requests)
        workers = [archive.start(server.url, *WORKER) for _ in range(2)]
        assert [ended(worker).exit_code for worker in workers] == [0, 0]
        # A worker reads of the delay in robots.txt, and asks for that before it keeps it.
        pages = [record for record in server.requests[asked:] if record.path != "/robots.txt"]
    assert most_in_a_window([record.time for record in pages]) <= WINDOW / 0.3 + 2
    assert archive.value("SELECT crawl_delay FROM hosts") == 0.3


def test_a_signal_does_not_wait_for_a_site_that_asks_for_minutes(archive: Archive) -> None:
    with serve(Site("post", articles=20)) as server:
        server.site.faults.add(re.compile("/+post/"), Status(503, retry_after=500))
        crawl = archive.start(server.url)
        until(lambda: archive.rows("SELECT 1 FROM hosts WHERE held_until IS NOT NULL"))
        crawl.send_signal(signal.SIGTERM)
        assert ended(crawl).exit_code == 1
    assert archive.value("SELECT count(*) FROM pages WHERE claimed_by IS NOT NULL") == 0


# --- moments, in one transaction, in which the database's clock goes on -----------------------


def reserve(
    connection: sa.Connection, wanted: int, delay: float, lead: float = 0.0
) -> pace.Moments:
    moments = pace.reserve(connection, HOST, wanted, delay, lead)
    return moments if moments.count else pace.reserve(connection, HOST, wanted, delay, lead)


def test_moments_are_given_once_and_apart(connection: sa.Connection) -> None:
    first = reserve(connection, 3, 0.1)
    assert (first.count, first.apart) == (3, 0.1)
    assert -0.1 < first.wait <= 0
    second = reserve(connection, 2, 0.1)
    assert 0.2 < second.wait <= 0.3
    assert second.count == 2


def test_no_moment_is_given_far_ahead(connection: sa.Connection) -> None:
    reserve(connection, 1, 10)
    refused = reserve(connection, 1, 10)
    assert refused.count == 0
    assert 9 < refused.wait < 10 - pace.AHEAD


def test_a_hold_is_one_for_all(connection: sa.Connection) -> None:
    reserve(connection, 1, 0)
    pace.hold(connection, HOST, 60)
    pace.hold(connection, HOST, 5)  # says nothing new
    assert 55 < pace.asked_by(connection, HOST).held <= 60
    assert reserve(connection, 1, 0.1).count == 0
    assert pace.asked_by(connection, "another.example") == pace.Asked(0.0, 0.0)


def test_a_crawl_delay_is_the_least(connection: sa.Connection) -> None:
    pace.set_crawl_delay(connection, HOST, 20)
    assert reserve(connection, 1, 1).apart == 20
    pace.set_crawl_delay(connection, HOST, 0)
    assert pace.asked_by(connection, HOST).crawl_delay == 0


# --- leases and locks --------------------------------------------------------------------------


LEASE = timedelta(minutes=5)


def end_session(postgres: sa.Engine, run_id: int) -> None:
    """End the connection that holds a run's locks, as a restart of the server does."""
    with postgres.connect() as administrator:
        holder = "SELECT pid FROM pg_locks WHERE classid = :kind AND objid = :run AND granted"
        (pid,) = administrator.scalars(sa.text(holder), {"kind": RUN_LOCK, "run": run_id})
        administrator.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_a_living_crawl_keeps_its_claims(engine: sa.Engine) -> None:
    run = CrawlRun.open(engine, spider=SITE, mode="worker")
    with engine.begin() as connection:
        past = sa.func.now() - timedelta(seconds=1)
        page_id = add_page(connection, address(1), claimed_by=run.id, claimed_until=past)
    run.renew(engine, LEASE)
    with engine.begin() as connection:
        left = page(connection, page_id).claimed_until - connection.scalar(sa.func.now())
    assert LEASE - timedelta(seconds=30) < left <= LEASE
    run.let_go()


def test_a_crawl_takes_its_locks_back(engine: sa.Engine, postgres: sa.Engine) -> None:
    run = CrawlRun.open(engine, spider=SITE, mode="incremental")
    end_session(postgres, run.id)
    run.renew(engine, LEASE)
    with pytest.raises(AnotherCrawlRunning):
        CrawlRun.open(engine, spider=SITE, mode="backfill")
    with engine.begin() as connection:
        release_dead_claims(connection)
        assert is_running(connection, run.id)
    run.let_go()
    run.renew(engine, LEASE)  # a beat that comes too late takes nothing back
    CrawlRun.open(engine, spider=SITE, mode="incremental").let_go()


def test_a_crawl_ends_where_another_has_taken_its_place(
    engine: sa.Engine, postgres: sa.Engine
) -> None:
    run = CrawlRun.open(engine, spider=SITE, mode="incremental")
    end_session(postgres, run.id)
    successor = CrawlRun.open(engine, spider=SITE, mode="incremental")
    with pytest.raises(DatabaseLost, match="another crawl has taken over"):
        run.renew(engine, LEASE)
    run.let_go()
    successor.renew(engine, LEASE)
    successor.let_go()


def test_no_second_crawl_starts_after_the_server_has_dropped_the_locks_of_the_first(
    archive: Archive, postgres: sa.Engine
) -> None:
    with serve(Site("post", articles=60)) as server:
        first = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.1", "-s", "CLAIM_LEASE=1.5")
        until(lambda: archive.value("SELECT count(*) FROM articles"))
        end_session(postgres, archive.value("SELECT id FROM runs"))
        until(lambda: archive.rows("SELECT 1 FROM pg_locks WHERE classid = :k", k=RUN_LOCK))
        assert archive.crawl(server.url).exit_code == ALREADY_RUNNING
        assert ended(first).exit_code == 0
    assert archive.rows("SELECT outcome FROM runs") == [("finished",)]
