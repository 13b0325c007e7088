"""Shared transactions: a future is done when its item is committed, and not before."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError

from crawler.db import patience
from crawler.db.group_commit import GroupCommit
from crawler.db.patience import DatabaseLost, Patience

BAD = -1  # the table refuses it


class Writer:
    """Writes numbers into a table, in one transaction a batch, and keeps the batches."""

    def __init__(self, engine: sa.Engine):
        self.engine = engine
        self.batches: list[list[int]] = []
        self.threads: set[int] = set()
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE numbers (number int CHECK (number >= 0))"))

    def write(self, batch: list[int]) -> list[str]:
        self.batches.append(batch)
        self.threads.add(threading.get_ident())
        with self.engine.begin() as connection:
            for number in batch:
                connection.execute(sa.text("INSERT INTO numbers VALUES (:n)"), {"n": number})
        return [f"wrote {number}" for number in batch]

    def written(self) -> list[int]:
        with self.engine.connect() as connection:
            return list(connection.scalars(sa.text("SELECT number FROM numbers ORDER BY 1")))


class Crawl:
    """What a patience does to its crawl."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def patience(self, seconds: float = 30) -> Patience:
        return Patience(
            seconds,
            lambda: self.told.append("pause"),
            lambda: self.told.append("unpause"),
            lambda reason: self.told.append(reason),
        )


@pytest.fixture
def writer(engine: sa.Engine) -> Writer:
    return Writer(engine)


@pytest.fixture
def crawl() -> Crawl:
    return Crawl()


@pytest.fixture
def cut_off(postgres: sa.Engine, database: sa.URL) -> Iterator[Callable[[], None]]:
    """A function that takes the database away; it is back when the test has ended."""

    def allow(allowed: bool) -> None:
        with postgres.connect() as administrator:
            administrator.execute(
                sa.text(f"ALTER DATABASE {database.database} ALLOW_CONNECTIONS {allowed}")
            )

    def cut() -> None:
        allow(False)
        terminate(postgres, database)

    yield cut
    allow(True)


def terminate(postgres: sa.Engine, database: sa.URL) -> None:
    """End every connection to the database, as a restart of the server does."""
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name"
    with postgres.connect() as administrator:
        administrator.execute(sa.text(query), {"name": database.database})


def run(task: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await task()

    return asyncio.run(main())


def results(commits: GroupCommit[int, str], *numbers: int) -> Awaitable[list[Any]]:
    return asyncio.gather(*map(commits.add, numbers), return_exceptions=True)


def test_who_waits_at_the_same_moment_shares_a_transaction(writer: Writer, crawl: Crawl) -> None:
    async def task() -> list[Any]:
        return await results(GroupCommit(writer.write, crawl.patience(), 64), *range(10))

    assert run(task) == [f"wrote {number}" for number in range(10)]
    assert writer.batches == [list(range(10))]


def test_a_batch_has_a_largest_size(writer: Writer, crawl: Crawl) -> None:
    async def task() -> None:
        await results(GroupCommit(writer.write, crawl.patience(), 4), *range(10))

    run(task)
    assert writer.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_an_item_is_committed_when_its_future_is_done(writer: Writer, crawl: Crawl) -> None:
    async def task() -> None:
        commits = GroupCommit(writer.write, crawl.patience(), 64)
        for number in range(3):
            await commits.add(number)
            assert writer.written() == list(range(number + 1))

    run(task)


def test_the_reactor_does_not_wait_for_the_database(writer: Writer, crawl: Crawl) -> None:
    async def task() -> None:
        await GroupCommit(writer.write, crawl.patience(), 64).add(1)

    run(task)
    assert threading.get_ident() not in writer.threads


def test_a_flush_returns_when_all_is_written(writer: Writer, crawl: Crawl) -> None:
    async def task() -> None:
        commits = GroupCommit(writer.write, crawl.patience(), 2)
        await commits.flush()
        futures = [commits.add(number) for number in range(5)]
        await commits.flush()
        assert all(future.done() for future in futures)

    run(task)
    assert writer.written() == list(range(5))


def test_a_batch_that_fails_is_written_item_by_item(writer: Writer, crawl: Crawl) -> None:
    async def task() -> list[Any]:
        return await results(GroupCommit(writer.write, crawl.patience(), 64), 1, BAD, 2)

    first, bad, second = run(task)
    assert (first, second) == ("wrote 1", "wrote 2")
    assert isinstance(bad, sa.exc.IntegrityError)
    assert writer.batches == [[1, BAD, 2], [1], [BAD], [2]]
    assert writer.written() == [1, 2]
    assert crawl.told == []


def test_the_writer_goes_on_after_a_failure(writer: Writer, crawl: Crawl) -> None:
    async def task() -> str:
        commits = GroupCommit(writer.write, crawl.patience(), 64)
        await results(commits, BAD)
        return await commits.add(3)

    assert run(task) == "wrote 3"


def test_who_waits_no_longer_does_not_stop_the_others(writer: Writer, crawl: Crawl) -> None:
    async def task() -> list[Any]:
        commits = GroupCommit(writer.write, crawl.patience(), 64)
        commits.add(1).cancel()
        return await results(commits, BAD, 2)

    assert run(task)[1] == "wrote 2"
    assert writer.written() == [1, 2]


def test_connections_that_died_in_the_pool_cost_no_pause(
    writer: Writer, crawl: Crawl, postgres: sa.Engine, database: sa.URL
) -> None:
    async def task() -> None:
        commits = GroupCommit(writer.write, crawl.patience(), 64)
        await commits.add(1)
        await asyncio.to_thread(terminate, postgres, database)
        await commits.add(2)

    run(task)
    assert writer.written() == [1, 2]
    assert crawl.told == []


def test_a_transaction_that_is_cut_off_is_written_again_and_once(
    writer: Writer, crawl: Crawl, postgres: sa.Engine, database: sa.URL
) -> None:
    def write(batch: list[int]) -> list[str]:
        if not writer.batches:
            writer.batches.append(batch)
            with writer.engine.begin() as connection:
                connection.execute(sa.text("INSERT INTO numbers VALUES (0)"))
                terminate(postgres, database)
                connection.execute(sa.text("INSERT INTO numbers VALUES (0)"))
        return writer.write(batch)

    async def task() -> list[Any]:
        return await results(GroupCommit(write, crawl.patience(), 64), 1, 2)

    assert run(task) == ["wrote 1", "wrote 2"]
    assert writer.written() == [1, 2]
    assert crawl.told == ["pause", "unpause"]


def test_a_crawl_waits_for_a_database_that_comes_back(
    writer: Writer, crawl: Crawl, cut_off: Callable[[], None], postgres: sa.Engine, database: sa.URL
) -> None:
    async def task() -> list[Any]:
        commits = GroupCommit(writer.write, crawl.patience(), 64)
        await asyncio.to_thread(cut_off)
        waiting = asyncio.ensure_future(results(commits, 1, 2))
        await asyncio.sleep(0.5)
        assert crawl.told == ["pause"]
        with postgres.connect() as administrator:
            administrator.execute(
                sa.text(f"ALTER DATABASE {database.database} ALLOW_CONNECTIONS true")
            )
        return await waiting

    assert run(task) == ["wrote 1", "wrote 2"]
    assert crawl.told == ["pause", "unpause"]
    assert writer.written() == [1, 2]


def test_a_database_that_stays_away_ends_the_crawl_and_refuses_all_that_waits(
    writer: Writer, crawl: Crawl, cut_off: Callable[[], None]
) -> None:
    async def task() -> list[Any]:
        commits = GroupCommit(writer.write, crawl.patience(seconds=1), 1)
        await asyncio.to_thread(cut_off)
        refused = await results(commits, 1, 2, 3)
        start = time.monotonic()
        refused += await results(commits, 4)
        assert time.monotonic() - start < 0.5  # nothing is waited for twice
        return refused

    refused = run(task)
    assert [type(error) for error in refused] == [DatabaseLost] * 4
    assert "not currently accepting connections" in str(refused[0])
    assert crawl.told == ["pause", "database lost"]


def test_calls_that_queue_behind_the_one_that_gives_up_are_not_tried_again(
    writer: Writer, crawl: Crawl, cut_off: Callable[[], None]
) -> None:
    attempts = []

    def write_slowly(batch: list[int]) -> list[str]:
        attempts.append(batch)
        time.sleep(0.2)
        return writer.write(batch)

    async def task() -> list[Any]:
        patience = crawl.patience(seconds=1)
        await asyncio.to_thread(cut_off)
        calls = (patience.run(write_slowly, [number]) for number in range(8))
        return await asyncio.gather(*calls, return_exceptions=True)

    assert [type(error) for error in run(task)] == [DatabaseLost] * 8
    assert attempts[8] == [0]
    assert len(attempts) < 12  # of 16: one more may have begun before the first gave up


def test_a_database_that_belongs_to_another_crawl_is_lost_at_once(crawl: Crawl) -> None:
    def write(batch: list[int]) -> list[str]:
        raise DatabaseLost("another crawl has taken over")

    async def task() -> list[Any]:
        return await results(GroupCommit(write, crawl.patience(), 64), 1, 2)

    assert [str(error) for error in run(task)] == ["another crawl has taken over"] * 2
    assert crawl.told == ["database lost"]


def test_a_row_that_is_refused_is_no_database_that_is_away(writer: Writer) -> None:
    with writer.engine.connect() as connection, pytest.raises(DataError) as refusal:
        connection.execute(sa.text("SELECT 'x'::int"))
    assert not patience.is_away(refusal.value)
    assert not patience.is_away(ValueError())
