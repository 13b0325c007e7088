"""When an archived article is looked at again: the table RECHECKS of the settings, read."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

# A look comes after 1 ± SPREAD of its interval: what was archived in one hour does not come due
# in one hour, and old articles are met at random times of the month and of the day.
SPREAD = 0.5


@dataclass(frozen=True, slots=True)
class RecheckPolicy:
    """Stages by age: an article younger than the first of a pair waits for the second.

    The age None has no end; what is older than every stage is not looked at again.
    """

    stages: tuple[tuple[timedelta | None, timedelta], ...] = ()

    @classmethod
    def read(cls, table: Any) -> Self:
        """From pairs of hours, or from the same as JSON; ValueError says what is wrong."""
        try:
            pairs = json.loads(table or "[]") if isinstance(table, str) else table
            stages = tuple(
                (None if age is None else timedelta(hours=age), timedelta(hours=interval))
                for age, interval in pairs
            )
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"RECHECKS={table} is not a table of pairs of hours, (age up to, interval)."
            ) from None
        ages = [age or timedelta.max for age, _ in stages]
        if ages != sorted(set(ages)):
            raise ValueError(f"RECHECKS={table}: the ages must rise; None can only be the last.")
        if any(interval <= timedelta(0) for _, interval in stages):
            raise ValueError(f"RECHECKS={table}: an interval must be longer than nothing.")
        return cls(stages)

    def interval(self, age: timedelta) -> timedelta | None:
        """Mean time to the next look at an article of this age; None: there is none."""
        for limit, interval in self.stages:
            if limit is None or age < limit:
                return interval
        return None


NEVER = RecheckPolicy()
