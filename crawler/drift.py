"""Drift: whether a site's pages still show what they have always shown, decided by counting.

A page shows or lacks some fifty traits (`crawler.drift_traits`): it holds an article, gives a
date, gives it by JSON-LD, has 64 words or more, has the title that is stored. What share of pages
shows a trait is learned from crawl to crawl, and forgotten with a half-life of `MEMORY` pages.

Evidence for «this trait is broken now» is gathered per trait by the cumulative sum of
log-likelihood ratios (Page, «Continuous inspection schemes», Biometrika 41, 1954; Wald,
«Sequential Analysis», 1947, for the weights): each page that lacks the trait adds to it, each that
shows it takes away, and it is never below 0. So small crawls add up, and one normal page outweighs
one odd one. The two rates that the ratio compares are not «as learned» and «a little worse»: news
vary, and a new section, a Friday or a war week is no fault. They are

- tolerated: the odds of lacking the trait are `ODDS` times the learned ones. Of a trait that
  depends on the news (pictures, authors, length), 15 pages of 100 that showed it may be left;
- broken: of the pages that would show it even so, one in four does.

The sum is an alarm from `ALARM`, until normal pages have brought it under a third of that. A sum
of ln(10,000) is reached by chance about once in 10,000 pages of a site that is as bad as tolerated
for ever (Lorden, Annals of Mathematical Statistics 42, 1971), and far more rarely by one that is
as learned; `benchmarks/drift.py` counts how often. No page counts for more than a third of it: one
odd page is never an alarm, nor are two, and three are where 99 of 100 showed the trait. What is
broken on fewer than a third of the pages is none either: that is how a new section looks.

Pages are judged by the block, a crawl or `BLOCK` pages of it, and not one by one: thirty pages of
a new section in a row, with sixty pages of the others behind them, are no alarm.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat

from crawler.drift_traits import depends_on_the_news, is_essential

BLOCK = 200  # pages that are judged together, at most
MEMORY = 2_000  # pages of a kind after which what they taught counts half
LEARNED = 10  # pages that teach what is usual
USUAL = 0.4  # of pages show it; what fewer show can not be missed
SURE = 0.8  # of pages show it; one without it waits for the verdict
ODDS = 3
NEWS_VARY = 0.15  # of the usual share may be all that the news leave of a trait
LEFT = 0.25  # of the usual share, on a site where the trait is broken
ALARM = math.log(10_000)
PAGES = 3  # that an alarm needs at least

Key = tuple[str, str]  # the kind of page and the trait

# A backfill and an incremental crawl meet different pages; where one has learned nothing yet, it
# goes by the other.
_STAND_IN = {"new": "old", "old": "new"}
# An article that is looked at again has taught what to expect of it: what is stored.
_BEFORE_ANY_RECHECK = (100.0, 98.0)


@dataclass(slots=True)
class Expectation:
    """What is learned of one trait of one kind of page; ``pages`` fade, and so are no integers."""

    pages: float = 0.0
    shown: float = 0.0
    evidence: float = 0.0  # from 0 to ALARM
    alarm_since: datetime | None = None

    @property
    def share(self) -> float:
        return self.shown / self.pages if self.pages else 0.0

    @property
    def missing(self) -> float:
        """Share of pages that lack the trait, with doubt while few were seen (Laplace's rule)."""
        return (self.pages - self.shown + 1) / (self.pages + 2)

    def learn(self, pages: int, shown: int) -> None:
        fade = 0.5 ** (pages / MEMORY)
        self.pages = self.pages * fade + pages
        self.shown = self.shown * fade + shown


Expectations = dict[Key, Expectation]


@dataclass(frozen=True, slots=True)
class Look:
    """What one page showed: kind is new, old (a backfill's), again (rechecks) or listing."""

    kind: str
    url: str
    traits: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Drift:
    """A trait that pages have ceased to show."""

    kind: str
    trait: str
    usual: float  # share of pages
    now: float
    pages: int
    examples: tuple[str, ...]
    weight: float  # evidence that this block gave

    def __str__(self) -> str:
        return (
            f"{self.trait} on {self.now:.0%} of {self.pages} {_NAMES[self.kind]}, "
            f"usually {self.usual:.0%}"
        )


_NAMES = {
    "new": "new pages",
    "old": "pages of a backfill",
    "again": "rechecked articles",
    "listing": "listings",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """``drifts`` are of this block; an alarm of an earlier one may stand without any."""

    drifts: list[Drift]
    standing: bool
    ended: bool  # whether an alarm that stood before has ended


def judge(expected: Expectations, looks: Iterable[Look], now: datetime) -> Judgement:
    """Weigh a block of pages and, unless there is an alarm, learn from it; changes ``expected``."""
    stood = is_standing(expected)
    pages, lacking = Counter[Key](), defaultdict[Key, list[str]](list)
    for look in looks:
        pages.update(zip(repeat(look.kind), look.traits, strict=False))
        for trait, shown in look.traits.items():
            if not shown:
                lacking[look.kind, trait].append(look.url)
    drifts = [
        drift
        for key, count in pages.items()
        if (drift := _weigh(expected, key, count, lacking[key], now))
    ]
    standing = is_standing(expected)
    if not standing:
        for key, count in pages.items():
            known = _known(expected, key)
            if known.evidence < ALARM / PAGES:  # what is in question teaches nothing yet
                known.learn(count, count - len(lacking[key]))
    drifts.sort(key=lambda drift: (" by " in drift.trait, -drift.weight))
    return Judgement(drifts, standing, stood and not standing)


def _known(expected: Expectations, key: Key) -> Expectation:
    begin = _BEFORE_ANY_RECHECK if key[0] == "again" else ()
    return expected.setdefault(key, Expectation(*begin))


def _weigh(
    expected: Expectations, key: Key, pages: int, lacking: list[str], now: datetime
) -> Drift | None:
    basis = basis_of(expected, key)
    if basis is None:
        return None
    usual = basis.share
    lacks, shows = weights(basis, key)
    weight = len(lacking) * lacks + (pages - len(lacking)) * shows
    trait = _known(expected, key)
    trait.evidence = min(ALARM, max(0.0, trait.evidence + weight))
    if trait.alarm_since and trait.evidence < ALARM / PAGES:
        trait.evidence, trait.alarm_since = 0.0, None
    elif trait.evidence >= ALARM - 1e-9 and trait.alarm_since is None:
        trait.alarm_since = now
    if trait.alarm_since is None or not lacking:
        return None
    examples = tuple(dict.fromkeys(lacking))[:PAGES]
    share = 1 - len(lacking) / pages
    return Drift(*key, usual, share, pages, examples, weight)


def basis_of(expected: Expectations, key: Key) -> Expectation | None:
    """What a page of this kind is measured by; None where nothing usual is known of the trait."""
    kind, trait = key
    if kind == "old" and not is_essential(trait):
        return None  # a backfill walks into years of other habits
    basis = expected.get(key)
    if kind == "again" and basis is None:
        basis = Expectation(*_BEFORE_ANY_RECHECK)
    if (basis is None or basis.pages < LEARNED) and not depends_on_the_news(trait):
        basis = expected.get((_STAND_IN.get(kind, ""), trait))
    if basis is None or basis.pages < LEARNED or basis.missing > 1 - USUAL:
        return None
    return basis


def weights(basis: Expectation, key: Key) -> tuple[float, float]:
    """The evidence (natural logarithm) of a page that lacks the trait, and of one that shows it."""
    odds = ODDS * basis.missing / (1 - basis.missing)
    tolerated = odds / (1 + odds)
    if _varies(key):
        tolerated = max(tolerated, 1 - NEWS_VARY * (1 - basis.missing))
    lacks = math.log((1 - LEFT * (1 - tolerated)) / tolerated)
    return min(lacks, ALARM / PAGES), math.log(LEFT)


def is_standing(expected: Expectations) -> bool:
    return any(trait.alarm_since for trait in expected.values())


def missing(expected: Expectations, look: Look) -> list[str]:
    """What the page lacks of all that is known to be broken now, be it on other pages."""
    alarmed = {trait for (_, trait), known in expected.items() if known.alarm_since}
    return [trait for trait, shown in look.traits.items() if not shown and trait in alarmed]


def doubtful(expected: Expectations, look: Look) -> list[str]:
    """What is broken on rechecked articles, and can not be seen on a page met for the first time.

    Half of its text may be missing as it is from theirs.
    """
    if look.kind == "again":
        return []
    return [
        trait
        for (kind, trait), known in expected.items()
        if kind == "again" and known.alarm_since and trait not in look.traits
    ]


def is_odd(expected: Expectations, look: Look) -> bool:
    """Whether the page lacks what nearly all of its kind show."""
    return any(
        basis.share >= SURE and not _varies((look.kind, trait))
        for trait, shown in look.traits.items()
        if not shown and (basis := basis_of(expected, (look.kind, trait)))
    )


def _varies(key: Key) -> bool:
    kind, trait = key
    return kind != "again" and depends_on_the_news(trait)


def accepted(expected: Expectations) -> Expectations:
    """The expectations of an operator who takes the change: all that spoke for it is forgotten."""
    suspected = {trait for (_, trait), known in expected.items() if known.evidence}
    return {key: known for key, known in expected.items() if key[1] not in suspected}


def calmed(expected: Expectations) -> Expectations:
    """The expectations when the fault is mended: what was learned stays, the alarm is over."""
    return {key: replace(known, evidence=0.0, alarm_since=None) for key, known in expected.items()}


def sentence(drifts: list[Drift], shown: int = 3) -> str:
    """What an operator is told, in one line: what fell from what to what, and where to see it."""
    more = f"; and {len(drifts) - shown} more" if len(drifts) > shown else ""
    where = ", ".join(drifts[0].examples)
    return f"drift: {'; '.join(map(str, drifts[:shown]))}{more}: {where}"
