"""A year of rechecks: python -m benchmarks.rechecks [--crawls 24] [--budget 1000] [--old 0].

Prints for the policy of the settings and for others the requests a day, the share of edits and
of removals that were caught, and how long after they were made. An edit is caught by a look
before the next one; one that was overwritten unseen is lost. The year has 60 articles a day,
each stored by the first crawl after it was published (what was changed before that is its first
text), and --old articles of earlier years.

The model of an editor, which is assumed and not measured: two articles of five are ever changed,
by 1.6 edits in the mean. Of the edits 70 % come within hours (exponential, mean 3 hours), 20 %
within days (exponential, mean 2 days), 10 % any time later (log-uniform, 4 days to a year). Half a
per cent of the articles are removed, log-uniform between an hour and a year; the second look that
confirms a removal is not counted. Trust the ratios.
"""

import argparse
import math
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from statistics import median

from rich.console import Console
from rich.table import Table

from crawler import settings
from crawler.rechecks import SPREAD, RecheckPolicy

DAYS = 365
ARTICLES_A_DAY = 60
YEAR = DAYS * 24.0  # hours, as all times here
FOR_EVER = float("inf")

POLICIES = {
    "RECHECKS": settings.RECHECKS,
    "every hour for two days": [(48, 1)],
    "every day for a month": [(30 * 24, 24)],
    "every week for ever": [(None, 7 * 24)],
    "once, after a day": [(12, 24)],
}


@dataclass(slots=True)
class Story:
    """One article: when it was published, changed and removed, in hours of the year."""

    published: float
    edits: list[float]
    removed: float = FOR_EVER
    due: float = 0.0
    wait: float = 0.0


@dataclass
class Count:
    """What a policy cost and what it caught."""

    by_day: list[int] = field(default_factory=lambda: [0] * DAYS)
    edits: int = 0
    removals: int = 0
    edits_caught: list[float] = field(default_factory=list)  # the hours after each
    removals_caught: list[float] = field(default_factory=list)


def main() -> None:
    options = read_options()
    columns = ("policy", "requests a day", "most", "edits", "median delay", "removals")
    title = f"A year; crawls a day: {options.crawls}, rechecks in each: at most {options.budget}"
    table = Table(*columns, title=title)
    for name, rows in POLICIES.items():
        count = simulate(RecheckPolicy.read(rows), options)
        table.add_row(name, *described(count))
    Console(width=100).print(table)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--crawls", type=int, default=24, help="a day")
    parser.add_argument("--budget", type=int, default=settings.RECHECKS_PER_CRAWL)
    parser.add_argument("--old", type=int, default=0, help="articles of earlier years")
    return parser.parse_args()


def described(count: Count) -> Iterator[str]:
    yield f"{sum(count.by_day) / DAYS:,.0f}"
    yield f"{max(count.by_day):,}"
    yield f"{len(count.edits_caught) / count.edits:.1%}"
    yield f"{median(count.edits_caught):.1f} h"
    yield f"{len(count.removals_caught) / count.removals:.0%}"


# --- the site ------------------------------------------------------------------------------------


def stories(random: Random, old: int) -> list[Story]:
    """What the year brings, and what was there before and changes no more."""
    year = [story(random, random.uniform(0, YEAR)) for _ in range(DAYS * ARTICLES_A_DAY)]
    return year + [Story(random.uniform(-10 * YEAR, -YEAR), []) for _ in range(old)]


def story(random: Random, published: float) -> Story:
    edits = []
    if random.random() < 0.4:
        edits.append(published + time_to_edit(random))
        while random.random() < 0.375:  # 1 / (1 - 0.375) = 1.6 edits
            edits.append(published + time_to_edit(random))
    removed = FOR_EVER
    if random.random() < 0.005:
        removed = published + log_uniform(random, 1, YEAR)
    return Story(published, sorted(e for e in edits if e < min(removed, YEAR)), removed)


def time_to_edit(random: Random) -> float:
    chance = random.random()
    if chance < 0.7:
        return random.expovariate(1 / 3)
    if chance < 0.9:
        return random.expovariate(1 / 48)
    return log_uniform(random, 96, YEAR)


def log_uniform(random: Random, least: float, most: float) -> float:
    return math.exp(random.uniform(math.log(least), math.log(most)))


# --- the crawls ----------------------------------------------------------------------------------


def simulate(policy: RecheckPolicy, options: argparse.Namespace) -> Count:
    """The looks of a year, crawl by crawl, as ledger and claims make them."""
    random = Random(60)
    count = Count()
    step = 24 / options.crawls
    crawls = math.ceil(YEAR / step)
    coming: list[list[Story]] = [[] for _ in range(crawls)]
    for each in stories(random, options.old):
        first = max(0.0, math.ceil(each.published / step) * step)
        if each.removed <= first:
            continue  # never seen
        del each.edits[: bisect(each.edits, first)]  # the first text that was seen has these
        count.edits += len(each.edits)
        count.removals += each.removed < YEAR
        schedule(policy, random, each, first, step, coming)
    left: list[Story] = []
    for number, due in enumerate(coming):
        now = number * step
        due += left
        if len(due) > options.budget:
            due.sort(key=lambda each: (each.due - now) / each.wait)
        left = due[options.budget :]
        del due[options.budget :]
        count.by_day[min(DAYS - 1, int(now // 24))] += len(due)
        for each in due:
            if look(each, now, count):
                schedule(policy, random, each, now, step, coming)
        due.clear()
    return count


def look(story: Story, now: float, count: Count) -> bool:
    """Count what this look catches; whether the article is still there."""
    if story.removed <= now:
        count.removals_caught.append(now - story.removed)
        return False
    made = bisect(story.edits, now)
    if made:
        count.edits_caught.append(now - story.edits[made - 1])
        del story.edits[:made]
    return True


def schedule(
    policy: RecheckPolicy,
    random: Random,
    story: Story,
    now: float,
    step: float,
    coming: list[list[Story]],
) -> None:
    """Put the next look into the first crawl at which it is due."""
    interval = policy.interval(timedelta(hours=now - story.published))
    if interval is None:
        return
    story.wait = interval.total_seconds() / 3600 * (1 - SPREAD + 2 * SPREAD * random.random())
    story.due = now + story.wait
    crawl = math.ceil(story.due / step)
    if crawl < len(coming):
        coming[crawl].append(story)


if __name__ == "__main__":
    main()
