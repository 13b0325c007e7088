"""A transaction that is made once, though the connection may break at its commit."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

Key = TypeVar("Key")
Answer = TypeVar("Answer")

_LOOK_AGAIN = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class _Unanswered:
    key: object
    number: str  # of the transaction
    answer: Any


class CommitOnce:
    """Transactions of one writer, one after another, that are called again when they fail.

    Where a connection breaks at the commit, nobody but the server knows whether it has committed:
    written again, captures would be doubled, and what was new would be told as unchanged. So the
    server is asked (``pg_xact_status``) when the call comes again.
    """

    def __init__(self, engine: sa.Engine):
        self._engine = engine
        self._unanswered: _Unanswered | None = None

    def run(self, key: Key, work: Callable[[sa.Connection, Key], Answer]) -> Answer:
        """What ``work`` gives, committed; of a call that comes again with the same ``key`` (the
        very object) and was committed before all the same, what it gave then.
        """
        before, self._unanswered = self._unanswered, None
        if before and before.key is key and self._is_committed(before):
            answer: Answer = before.answer
            return answer
        with self._engine.begin() as connection:
            answer = work(connection, key)
            number = connection.scalar(sa.text("SELECT CAST(pg_current_xact_id() AS text)"))
            self._unanswered = _Unanswered(key, number, answer)
        self._unanswered = None
        return answer

    def _is_committed(self, before: _Unanswered) -> bool:
        with self._engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            while True:
                status = connection.scalar(_STATUS, {"number": before.number})
                if status != "in progress":
                    return bool(status == "committed")
                # Its client is gone, but a network that was cut may not have told the server.
                connection.execute(_END, {"number": before.number})
                time.sleep(_LOOK_AGAIN)


_STATUS = sa.text("SELECT pg_xact_status(CAST(:number AS xid8))")
_END = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE usename = current_user AND backend_xid = CAST(CAST(:number AS xid8) AS xid)"
)
