"""Turns at one host: a request waits for a moment that no other crawl of the database has."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

import sqlalchemy as sa

from crawler.db import pace
from crawler.db.patience import DatabaseLost, Patience
from crawler.errors import NotAsked

Answer = TypeVar("Answer")

LOOK = 1.0  # seconds between two looks at what others heard, where there is no delay to keep
LEAD = 0.02  # seconds from asking for a moment to its use; doubled while that is too short
LONGEST_LEAD = 1.0


class Turns:
    """The turns of one process.

    With a delay each request waits for its moment; those that wait are given theirs together,
    by one question to the database. A moment that the process was too slow for is given up:
    the next one may be another's. Without a delay nothing waits, but for a look now and then
    at what the site has asked of another crawl.
    """

    def __init__(
        self, host: str, engine: sa.Engine, patience: Patience, is_ending: Callable[[], bool]
    ):
        self._host = host
        self._engine = engine
        self._patience = patience
        self._is_ending = is_ending
        self._waiting: deque[asyncio.Future[tuple[float, float]]] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._delay = 0.0
        self._lead = LEAD
        self._held_until = 0.0  # by the monotonic clock, as all times here
        self._crawl_delay = 0.0  # of whichever crawl read robots.txt last
        self._robots_delay = 0.0  # of this one
        self._looked_at: float | None = None

    async def come(self, delay: float) -> None:
        """Return when a request may be made: ``delay`` seconds after the one before, or more.

        NotAsked where the crawl ends before, or loses the database.
        """
        while True:
            await self._sleep_until(self._held_until)
            if delay or self._crawl_delay:
                self._delay = max(delay, self._crawl_delay)
                moment, apart = await self._moment()
                await self._sleep_until(moment)
                late = monotonic() - moment
            else:
                await self._look()
                late = apart = 0.0
            if monotonic() < self._held_until:
                continue
            if late <= max(apart / 10, LEAD):
                self._lead = LEAD
                return
            self._lead = min(self._lead * 2, LONGEST_LEAD)

    def hold(self, seconds: float) -> None:
        """Let no crawl ask the host before so many seconds have passed."""
        self._held_until = max(self._held_until, monotonic() + seconds)
        self._begin(f"hold {self._held_until}", self._ask(pace.hold, self._host, seconds))

    def keep_crawl_delay(self, seconds: float) -> None:
        """Let no crawl ask the host more often than each so many seconds; 0: as they are set.

        Of the hosts that share their turns (www. and its twin) the slowest counts.
        """
        self._robots_delay = self._crawl_delay = max(self._robots_delay, seconds)
        self._begin("crawl delay", self._ask(pace.set_crawl_delay, self._host, self._robots_delay))

    # --- moments ------------------------------------------------------------------------------

    async def _moment(self) -> tuple[float, float]:
        """When the request may be made, and how far apart moments are."""
        future: asyncio.Future[tuple[float, float]] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._begin("moments", self._give_out())
        return await future

    async def _give_out(self) -> None:
        try:
            while self._waiting:
                most = 1 + int(pace.AHEAD / self._delay) if self._delay else 1
                wanted = min(len(self._waiting), most)
                moments = await self._ask(pace.reserve, self._host, wanted, self._delay, self._lead)
                begin = monotonic() + moments.wait
                for number in range(moments.count):
                    future = self._waiting.popleft()
                    if not future.done():  # its request may have been cancelled
                        future.set_result((begin + number * moments.apart, moments.apart))
                if not moments.count:
                    await self._sleep_until(begin)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            reason = NotAsked(str(error)) if isinstance(error, DatabaseLost) else error
            while self._waiting:
                self._waiting.popleft().set_exception(reason)

    # --- what others heard --------------------------------------------------------------------

    async def _look(self) -> None:
        """Look in the background; the first look is waited for."""
        if self._looked_at is None or monotonic() - self._looked_at > LOOK:
            looking = self._begin("look", self._read())
            if self._looked_at is None:
                await asyncio.shield(looking)
        if self._looked_at is None:
            raise NotAsked("the database is lost")

    async def _read(self) -> None:
        asked = await self._ask(pace.asked_by, self._host)
        self._looked_at = monotonic()
        self._crawl_delay = asked.crawl_delay
        if asked.held:
            self._held_until = max(self._held_until, self._looked_at + asked.held)

    # --- waiting and asking -------------------------------------------------------------------

    async def _sleep_until(self, moment: float) -> None:
        """A signal must not wait for a site that asked for ten minutes."""
        while (left := moment - monotonic()) > 0:
            if self._is_ending():
                raise NotAsked("the crawl ends")
            await asyncio.sleep(min(left, 1.0))

    def _begin(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[None]:
        """One task of a name at a time, kept while it runs."""
        if name in self._tasks:
            work.close()
            return self._tasks[name]

        async def run() -> None:
            try:
                with suppress(DatabaseLost):  # which has closed the spider already
                    await work
            finally:
                del self._tasks[name]

        self._tasks[name] = asyncio.ensure_future(run())
        return self._tasks[name]

    async def _ask(self, question: Callable[..., Answer], *args: Any) -> Answer:
        def in_transaction() -> Answer:
            with self._engine.begin() as connection:
                return question(connection, *args)

        return await self._patience.run(in_transaction)
