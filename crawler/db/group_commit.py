"""Group commit: whoever waits at the same moment shares one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from crawler.db.patience import DatabaseLost, Patience

Item = TypeVar("Item")
Result = TypeVar("Result")

LINGER = 0.2  # seconds that a batch waits for company, where nobody says otherwise


class GroupCommit(Generic[Item, Result]):
    """Writes what is added in batches, each by one call of ``write`` in a worker thread.

    ``write`` takes a list and gives one result an item; it commits all of them or raises.
    A batch that fails is written again item by item, so that one bad row costs one row.
    """

    def __init__(
        self,
        write: Callable[[list[Item]], Sequence[Result]],
        patience: Patience,
        batch_size: int,
        linger: float = LINGER,
    ):
        self._write = write
        self._patience = patience
        self._batch_size = batch_size
        self._linger = linger
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None

    def add(self, item: Item) -> asyncio.Future[Result]:
        """A future that is done when the item is committed, or holds why it was not."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None:
            self._writer = asyncio.ensure_future(self._write_all())
        return future

    async def flush(self) -> None:
        """Return when nothing is waiting any more."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < self._batch_size:
                    await asyncio.sleep(self._linger)
                batch = self._waiting[: self._batch_size]
                del self._waiting[: self._batch_size]
                await self._write_batch(batch)
        finally:
            self._writer = None

    async def _write_batch(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._patience.run(self._write, [item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            if len(batch) == 1 or isinstance(error, DatabaseLost):
                for _, future in batch:
                    _refuse(future, error)
            else:
                for one in batch:
                    await self._write_batch([one])
        else:
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _refuse(future: asyncio.Future[Result], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # marks it as retrieved: not everyone who adds waits
