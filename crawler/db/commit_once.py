"""A transaction that is made once, though the connection may break at its commit."""

from collections.abc import Callable
from typing import Generic, TypeVar

import sqlalchemy as sa

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class CommitOnce(Generic[Key, Answer]):
    """Transactions of one writer, one after another, that are called again when they fail.

    Where a connection breaks at the commit, nobody but the server knows whether it has committed:
    written again, captures would be doubled, and what was new would be told as unchanged. So a
    call that comes again asks ``is_there`` first, in its own transaction: whether what the first
    one wrote is in the database. That must wait for the end of the first one, by a lock that both
    take. The number of a transaction would not do: after a crash the server gives it again.
    """

    def __init__(
        self,
        engine: sa.Engine,
        work: Callable[[sa.Connection, Key], Answer],
        is_there: Callable[[sa.Connection, Key], bool],
    ):
        self._engine = engine
        self._work = work
        self._is_there = is_there
        self._unanswered: tuple[Key, Answer] | None = None

    def __call__(self, key: Key) -> Answer:
        """What the work gives for ``key``, committed; the very same object is a call again."""
        before = self._unanswered
        with self._engine.begin() as connection:
            if before and before[0] is key and self._is_there(connection, key):
                answer = before[1]
            else:
                answer = self._work(connection, key)
                self._unanswered = (key, answer)
        self._unanswered = None
        return answer
