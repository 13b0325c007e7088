"""Work on the database from the reactor: in a thread, and patient while the database is away."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import Any, ParamSpec, Self, TypeVar

from sqlalchemy.exc import DBAPIError

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

LONGEST_PAUSE = 30.0  # seconds


class DatabaseLost(Exception):
    """The database stayed away for longer than the crawl waits, or belongs to another crawl now."""


def is_away(error: BaseException) -> bool:
    """Whether the database itself is gone, not one row refused: it may come back."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "pgcode", None) or ""
    # 08 connection, 53 insufficient resources (connections, disk full), 57P shutdown.
    return error.connection_invalidated or not code or code[:2] in ("08", "53") or code[:3] == "57P"


class Patience:
    """Calls functions that use the database, one after the other, in a thread of its own.

    Of the loop's threads each would keep the memory that the largest batch took. While the database
    is away the crawl is paused and the call tried again, with growing pauses, for ``seconds`` in
    all; then the spider is closed and DatabaseLost raised.
    """

    def __init__(
        self,
        seconds: float,
        pause: Callable[[], None],
        unpause: Callable[[], None],
        give_up: Callable[[str], None],
    ):
        self._seconds = seconds
        self._pause = pause
        self._unpause = unpause
        self._give_up = give_up
        self._lost: DatabaseLost | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    @classmethod
    def of(cls, crawler: Any) -> Self:
        """The patience of one crawl, whose engine it pauses."""

        def give_up(reason: str) -> None:
            asyncio.ensure_future(crawler.engine.close_spider_async(reason=reason))  # noqa: RUF006

        return cls(
            crawler.settings.getfloat("DATABASE_PATIENCE"),
            lambda: crawler.engine.pause(),
            lambda: crawler.engine.unpause(),
            give_up,
        )

    async def run(
        self,
        function: Callable[Arguments, Answer],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Answer:
        """What the function returns; what it raises, unless the database is away."""
        call = partial(self._unless_lost, partial(function, *args, **kwargs))
        away_since, pause = None, 1.0
        while True:
            if self._lost:
                raise self._lost
            try:
                answer = await asyncio.get_running_loop().run_in_executor(self._thread, call)
            except DatabaseLost as error:
                if error is self._lost:
                    raise
                raise self._lose(error) from error
            except DBAPIError as error:
                if not is_away(error):
                    raise
                # By the clock: where nothing answers an attempt takes seconds, and others queue.
                first = away_since is None
                away_since = away_since or monotonic()
                if monotonic() - away_since >= self._seconds:
                    raise self._lose(DatabaseLost(str(error.orig).strip())) from error
                if first:
                    logger.warning("The database is away; the crawl waits for it: %s", error.orig)
                    self._pause()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                if away_since is not None:
                    away = monotonic() - away_since
                    logger.warning("The database is back after %.0f s.", away)
                    self._unpause()
                return answer

    def _unless_lost(self, function: Callable[[], Answer]) -> Answer:
        """In the thread: what queued behind the call that gave up is not tried any more."""
        if self._lost:
            raise self._lost
        return function()

    def _lose(self, error: DatabaseLost) -> DatabaseLost:
        if not self._lost:
            self._lost = error
            logger.error("The database is lost, the crawl ends: %s", error)
            self._give_up("database lost")
        return self._lost
