"""Crawls as rows and locks: one at a time, workers beside it, and what a death leaves behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db.models import Page
from crawler.db.runs import CrawlRun, is_running, last_coverage, release_dead_claims
from crawler.errors import ALREADY_RUNNING, AnotherCrawlRunning
from tests.conftest import PROJECT
from tests.rows import SITE, add_page, address, page

OPEN_AND_STAY = """
import sys
from crawler.db.runs import CrawlRun
from crawler.db.session import connect, database_url
run = CrawlRun.open(connect(database_url(sys.argv[1])), spider="alkarmel", mode=sys.argv[2])
print(run.id, flush=True)
sys.stdin.read()
"""


def open_run(engine: sa.Engine, mode: str = "incremental", spider: str = SITE) -> CrawlRun:
    return CrawlRun.open(engine, spider=spider, mode=mode)


def finish(engine: sa.Engine, run: CrawlRun, **fields: Any) -> None:
    given: dict[str, Any] = {
        "outcome": "finished",
        "reason": "finished",
        "stats": {},
        "covered": False,
    }
    run.finish(engine, **given | {"unread_listings": {}} | fields)


def rows(engine: sa.Engine) -> list[sa.Row[Any]]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT * FROM runs ORDER BY id")))


@contextmanager
def another_process(engine: sa.Engine, mode: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with an open crawl, and its number."""
    address = engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_STAY, address, mode],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process, int(process.stdout.readline())
        process.kill()


def test_a_run_is_written_before_the_first_request(engine: sa.Engine) -> None:
    run = open_run(engine, "backfill")
    (row,) = rows(engine)
    assert (row.id, row.spider, row.mode, row.outcome) == (run.id, SITE, "backfill", "running")
    assert row.finished_at is None
    run.let_go()


def test_the_first_run_of_an_archive_knows_that_it_is(engine: sa.Engine) -> None:
    first = open_run(engine)
    first.let_go()
    second = open_run(engine)
    assert (first.is_first, second.is_first) == (True, False)
    second.let_go()


@pytest.mark.parametrize("mode", ["incremental", "backfill", "url"])
def test_one_crawl_at_a_time(engine: sa.Engine, mode: str) -> None:
    first = open_run(engine)
    with pytest.raises(
        AnotherCrawlRunning, match="Another crawl of alkarmel is running"
    ) as refusal:
        open_run(engine, mode)
    assert refusal.value.exit_code == ALREADY_RUNNING
    assert len(rows(engine)) == 1
    finish(engine, first)
    open_run(engine, mode).let_go()


def test_workers_run_beside_a_crawl_and_beside_each_other(engine: sa.Engine) -> None:
    runs = [open_run(engine), open_run(engine, "worker"), open_run(engine, "worker")]
    assert [row.outcome for row in rows(engine)] == ["running"] * 3
    for run in runs:
        run.let_go()


def test_another_site_is_another_crawl(engine: sa.Engine) -> None:
    runs = [open_run(engine), open_run(engine, spider="another")]
    assert len(rows(engine)) == 2
    for run in runs:
        run.let_go()


@pytest.mark.parametrize("mode", ["incremental", "worker"])
def test_a_killed_crawl_is_interrupted_and_gives_back_its_pages(
    engine: sa.Engine, mode: str
) -> None:
    with another_process(engine, mode) as (process, run_id):
        with engine.begin() as connection:
            later = sa.func.now() + timedelta(hours=1)
            claimed = add_page(connection, address(1), claimed_by=run_id, claimed_until=later)
            release_dead_claims(connection)
            assert page(connection, claimed).claimed_by == run_id
        process.send_signal(signal.SIGKILL)
        process.wait()
    successor = open_run(engine)
    killed, running = rows(engine)
    assert (killed.outcome, killed.reason, running.outcome) == ("interrupted", "killed", "running")
    assert killed.finished_at is not None
    with engine.connect() as connection:
        row = page(connection, claimed)
        assert (row.claimed_by, row.claimed_until) == (None, None)
        assert not is_running(connection, run_id)
        assert is_running(connection, successor.id)
    successor.let_go()


def test_a_crawl_does_not_take_itself_for_dead(engine: sa.Engine) -> None:
    run = open_run(engine)
    run.let_go()  # as when the database was away for a moment
    with engine.begin() as connection:
        release_dead_claims(connection, run.id)
        assert is_running(connection, run.id)
        release_dead_claims(connection)
        assert not is_running(connection, run.id)


def test_claims_are_renewed_beside_a_transaction_that_settles_them(engine: sa.Engine) -> None:
    run = open_run(engine)
    with engine.begin() as connection:
        first, second = (
            add_page(connection, address(n), claimed_by=run.id, claimed_until=sa.func.now())
            for n in (1, 2)
        )
    settle = sa.update(Page).values(claimed_by=None, claimed_until=None)
    with engine.begin() as connection:
        # The other way round than they lie in the table.
        connection.execute(settle.where(Page.id == second))
        run.renew(engine, timedelta(minutes=15))  # does not wait
        connection.execute(settle.where(Page.id == first))
    with engine.connect() as connection:
        assert [page(connection, number).claimed_by for number in (first, second)] == [None, None]
    run.let_go()


def test_a_crawl_that_another_one_took_over_from_does_not_write_its_end(engine: sa.Engine) -> None:
    run = open_run(engine)
    run.let_go()
    open_run(engine).let_go()
    finish(engine, run)
    assert rows(engine)[0].outcome == "interrupted"


def test_the_end_of_a_crawl_is_written(engine: sa.Engine) -> None:
    run = open_run(engine)
    with engine.begin() as connection:
        claimed = add_page(connection, address(1), claimed_by=run.id, claimed_until=sa.func.now())
    finish(
        engine,
        run,
        outcome="failed",
        reason="database lost",
        stats={"article/new": 3},
        unread_listings={"https://alkarmel.example/rss": "feed"},
    )
    (row,) = rows(engine)
    assert (row.outcome, row.reason, row.stats) == ("failed", "database lost", {"article/new": 3})
    assert row.unread_listings == {"https://alkarmel.example/rss": "feed"}
    assert row.finished_at >= row.started_at
    with engine.connect() as connection:
        assert page(connection, claimed).claimed_by is None


def test_coverage_is_that_of_the_last_crawl_that_covered_the_site(engine: sa.Engine) -> None:
    def coverage() -> tuple[Any, dict[str, str]]:
        with engine.connect() as connection:
            return last_coverage(connection, SITE)

    assert coverage() == (None, {})
    unread: list[dict[str, str]] = [
        {},
        {"https://alkarmel.example/a": "listing"},
        {"https://alkarmel.example/b": "feed"},
    ]
    for covered, listings in zip((False, True, False), unread, strict=True):
        finish(engine, open_run(engine), covered=covered, unread_listings=listings)
    finish(engine, open_run(engine, spider="another"), covered=True)
    open_run(engine).let_go()
    assert coverage() == (rows(engine)[1].finished_at, unread[1])
