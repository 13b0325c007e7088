"""The watch for drift of one crawl: which pages pass, which wait for a verdict, which are held."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from crawler.db.drift import addresses, stored_articles
from crawler.db.expectations import judge_block, load
from crawler.db.held import HELD
from crawler.drift import BLOCK, Drift, Expectations, Judgement, Look, doubtful, is_odd, missing
from crawler.drift_traits import (
    ARTICLE,
    ENTRIES,
    Stored,
    is_worse,
    name_their_own,
    traits_of,
    traits_of_recheck,
)
from crawler.items import ArticleItem, PageOutcome
from crawler.pages.article import EXTRACTOR_VERSION
from crawler.text.arabic import fold_line

logger = logging.getLogger(__name__)

TITLES = 5_000  # remembered

Fetched = ArticleItem | PageOutcome


@dataclass(frozen=True, slots=True)
class Sight:
    """What the watch makes of a page: it passes, waits, or is held."""

    fate: str
    look: Look | None = None  # None: it says nothing about the site's pages


class Watch:
    """Sees every page before it is stored; ``kind`` is that of pages not known before.

    With kind None nothing is learned or judged; a ruined text does not replace a good one even so.
    `see` is called by the writer's thread and changes nothing that is counted, so that a batch can
    be written again; all else belongs to the reactor. At most `BLOCK` looks, and the odd pages
    among them, are in memory.
    """

    def __init__(self, site: str):
        self.site = site
        self.kind: str | None = None
        self.drifts: dict[tuple[str, str], Drift] = {}  # of the whole crawl
        self._expected: Expectations | None = None
        self._looks: list[Look] = []
        self._waiting: list[tuple[Fetched, Look]] = []
        self._titles: dict[str, str] = {}

    # --- in the writer's thread ---------------------------------------------------------------

    def see(self, connection: sa.Connection, batch: Sequence[Fetched]) -> list[Sight]:
        if self._expected is None:
            self._expected = load(connection, self.site, EXTRACTOR_VERSION)
        items = [each for each in batch if isinstance(each, ArticleItem)]
        telling = [each for each in batch if isinstance(each, PageOutcome) and _is_telling(each)]
        stored = stored_articles(connection, items)
        known = addresses(connection, telling)
        return [
            self._sight_of_item(each, stored.get(each.url))
            if isinstance(each, ArticleItem)
            else self._sight_of_outcome(each, known.get(each.page_id))
            for each in batch
        ]

    def _sight_of_item(self, item: ArticleItem, stored: Stored | None) -> Sight:
        if stored and item.address is not None:
            return Sight("passes")  # a print version lacks what its article shows, and is not kept
        look = self._look(item, stored)
        if stored and is_worse(item, stored):
            logger.warning(
                "The text of %s has shrunk from %d words to %d: the stored one stays",
                item.url, stored.word_count, item.word_count,
            )  # fmt: skip
            return Sight("held", look)
        return self._sight(look)

    def _look(self, item: ArticleItem, stored: Stored | None) -> Look | None:
        if self.kind is None:
            return None
        if stored:
            return Look("again", item.url, traits_of_recheck(item, stored))
        if len(self._titles) > TITLES:
            self._titles.clear()
        is_own = self._titles.setdefault(fold_line(item.title or ""), item.url) == item.url
        return Look(self.kind, item.url, traits_of(item, is_own))

    def _sight_of_outcome(self, outcome: PageOutcome, known: tuple[str, bool] | None) -> Sight:
        if self.kind is None or known is None:
            return Sight("passes")
        url, has_article = known
        look = Look("again" if has_article else self.kind, url, {ARTICLE: False})
        # A failed try is due again: nothing is lost by it.
        return Sight("passes", look) if outcome.state == "failed" else self._sight(look)

    def _sight(self, look: Look | None) -> Sight:
        if look is None or self._expected is None:
            return Sight("passes", look)
        if self.is_held(look):
            return Sight("held", look)
        return Sight("waits" if is_odd(self._expected, look) else "passes", look)

    # --- in the reactor -----------------------------------------------------------------------

    def count(self, fetched: Fetched, sight: Sight) -> None:
        if sight.look:
            self._looks.append(sight.look)
            if sight.fate == "waits":
                self._waiting.append((fetched, sight.look))

    def count_listings(self, listings: Sequence[tuple[str, set[str]]]) -> None:
        """Listings of one crawl, with the articles that each names."""
        self._looks += [
            Look("listing", url, {ENTRIES: shown}) for url, shown in name_their_own(listings)
        ]

    @property
    def is_full(self) -> bool:
        return len(self._looks) >= BLOCK

    def take_block(self) -> tuple[list[Look], list[tuple[Fetched, Look]]]:
        """What is to be judged now, and who waits for it."""
        block = self._looks, self._waiting
        self._looks, self._waiting = [], []
        return block

    def judge(self, connection: sa.Connection, looks: Sequence[Look]) -> Judgement:
        """The verdict on a block, in a transaction of its own, and what is expected from now on."""
        now = datetime.now(UTC)
        expected, judgement = judge_block(connection, self.site, EXTRACTOR_VERSION, looks, now)
        self._expected = expected
        return judgement

    def take_verdict(self, judgement: Judgement) -> None:
        for drift in judgement.drifts:
            if (drift.kind, drift.trait) not in self.drifts:
                logger.error("Drift: %s: %s", drift, ", ".join(drift.examples))
            self.drifts[drift.kind, drift.trait] = drift

    def is_held(self, look: Look) -> bool:
        expected = self._expected or {}
        return bool(missing(expected, look) or doubtful(expected, look))


def held(fetched: Fetched) -> PageOutcome:
    """The page without its article, until an operator says what it is; its capture is kept."""
    if isinstance(fetched, PageOutcome):
        capture, page_id, status = fetched.capture, fetched.page_id, fetched.http_status
    else:
        capture = fetched.provenance
        page_id, status = capture.page_id, capture.http_status
    return PageOutcome(page_id, "rejected", HELD, status, capture=capture)


def _is_telling(outcome: PageOutcome) -> bool:
    """Whether a page that was there gave no article: not so a 404, a refusal, another year."""
    return (
        outcome.http_status == 200
        and outcome.capture is not None
        and outcome.state in ("rejected", "gone", "failed")
    )
