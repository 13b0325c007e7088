"""Reprints: whether two texts tell one story in (nearly) the same words.

A caller keeps the `signature` of each text with its VERSION and indexes its `bands`. Texts that
share a band are candidates; `likely` drops most of those that are none by the signatures
alone, and `relation` decides by the texts. The limits are chosen by benchmarks/duplicates.py.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from crawler.text.differences import SLOT, Differences, differences
from crawler.text.signatures import (
    VERSION,
    bands,
    estimated,
    likely,
    sentences,
    signature,
    worth_comparing,
)

__all__ = [
    "VERSION",
    "Relation",
    "Text",
    "bands",
    "estimated",
    "likely",
    "relation",
    "signature",
    "worth_comparing",
]

LEAST_JACCARD = 0.48  # of pairs of words
LEAST_SHARE = 0.8  # of the shorter text's pairs of words that the longer one holds
MOST_MISSING = 4  # content words in a row; what lacks more is not held whole
MUCH_LONGER = 1.5  # times the words; a text that is longer by less is a version of the other
# One-sentence items say little and say it in set phrases.
SHORT = 20  # words
ONE_SENTENCE = 45  # words; an item of one sentence has fewer
FEW = 25  # words, whatever the number of sentences
LEAST_JACCARD_OF_SHORT = 0.6
NEWS_FOR = timedelta(days=3)  # what is said in one sentence may be said again of the next event
TOO_SHORT = 8  # words; of such a body («التفاصيل لاحقا») the title is the news
MOST_NUMBERS_APART = 0.25  # of the numbers in their places
LONG = 70  # words, from which a phrase in another's place is taken for rewording, not for a name
MOST_NAMES_APART = 0.3  # of the places that differ
ANOTHER_STORY = 0.15  # of the words of the shorter text


@dataclass(frozen=True, slots=True)
class Text:
    """An article's text as stored."""

    title: str
    body: str
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """What the later text is to the earlier: its reprint, contains it, is contained in it."""

    kind: Literal["reprint", "contains", "contained"]
    similarity: float  # 0 to 1: Jaccard of the pairs of words, or the share that is contained


@dataclass(frozen=True, slots=True)
class _Words:
    words: list[str]
    pairs: frozenset[tuple[str, str]]
    short: bool
    one_sentence: bool


def relation(earlier: Text, later: Text) -> Relation | None:
    """What the later text is to the earlier; None: the two are strangers.

    Who is called the earlier decides between contains and contained, and nothing else.
    """
    first, second = _words(earlier.body), _words(later.body)
    shared = len(first.pairs & second.pairs)
    if not shared:
        return None
    jaccard = shared / len(first.pairs | second.pairs)
    least = LEAST_JACCARD_OF_SHORT if first.short or second.short else LEAST_JACCARD
    # Of texts of one length the alphabet decides, lest alignment depend on who is asked first.
    swallowed = (len(second.words), second.words) < (len(first.words), first.words)
    longer, shorter = (first, second) if swallowed else (second, first)
    if len(longer.words) < MUCH_LONGER * len(shorter.words):
        if jaccard >= least and _one_story(earlier, later, shorter, longer):
            return Relation("reprint", jaccard)
        return None
    share = shared / len(shorter.pairs)
    if share >= LEAST_SHARE and len(shorter.words) >= TOO_SHORT:
        if jaccard >= least and _one_story(earlier, later, shorter, longer):
            return Relation("reprint", jaccard)
        if _held_whole(shorter, longer):
            return Relation("contained" if swallowed else "contains", share)
    return None


@lru_cache(maxsize=128)
def _words(body: str) -> _Words:
    """The words of a body, remembered: a new text is compared with one candidate after another."""
    parts = sentences(body)
    words = [word for part in parts for word in part]
    pairs = frozenset(pairwise(words)) or frozenset((w, "") for w in words)
    one_sentence = len(words) < (ONE_SENTENCE if len(parts) == 1 else FEW)
    return _Words(words, pairs, len(words) < SHORT, one_sentence)


def _one_story(earlier: Text, later: Text, shorter: _Words, longer: _Words) -> bool:
    found = differences(shorter.words, longer.words)
    if _titles_tell_apart(earlier, later, found):
        return False
    if len(shorter.words) < TOO_SHORT and not _same_title(earlier, later):
        return False
    if shorter.short or longer.short:
        reworded = found.numbers_apart or found.reworded
        return not reworded and not _days_tell_apart(earlier, later)
    if shorter.one_sentence or longer.one_sentence:
        named = found.numbers_apart or found.names_apart or found.phrases_apart
        reworded = found.reworded and not found.particles
        if named or reworded or found.missing > MOST_MISSING:
            return False
    return not _told_apart(found, shorter) and found.apart < ANOTHER_STORY * len(shorter.words)


def _told_apart(found: Differences, shorter: _Words) -> bool:
    """Whether what differs are the numbers and names, and hardly the words around them."""
    numbers = found.numbers_apart + found.numbers_alike
    if found.numbers_apart > MOST_NUMBERS_APART * numbers:
        return True
    # Whoever rewords a text touches its particles and moves its phrases; who fills in a
    # template does not.
    if found.particles or found.missing > SLOT:
        return False
    names = found.names_apart
    if len(shorter.words) < LONG:
        names += found.phrases_apart
    return 0 < names >= MOST_NAMES_APART * found.places


def _held_whole(shorter: _Words, longer: _Words) -> bool:
    found = differences(shorter.words, longer.words)
    return not _told_apart(found, shorter) and found.missing <= MOST_MISSING


def _days_tell_apart(earlier: Text, later: Text) -> bool:
    if earlier.published_at is None or later.published_at is None:
        return False
    return abs(later.published_at - earlier.published_at) > NEWS_FOR


def _titles_tell_apart(earlier: Text, later: Text, bodies: Differences) -> bool:
    """Whether the titles are one but for what differs in the bodies, or for a number or name.

    A title corrected within a day («وليد» for «خالد») still stands over one story.
    """
    first, second = _titles(earlier, later)
    found = differences(first, second)
    if 2 * found.alike < min(len(first), len(second)):
        return False
    if found.swaps & bodies.swaps or found.swaps & {(b, a) for a, b in bodies.swaps}:
        return True
    dates = earlier.published_at, later.published_at
    if dates[0] and dates[1] and abs(dates[1] - dates[0]) <= timedelta(days=1):
        return False
    return found.numbers_apart + found.names_apart + found.phrases_apart > 0


def _same_title(earlier: Text, later: Text) -> bool:
    found = differences(*_titles(earlier, later))
    return found.alike > 0 and not found.reworded and not found.numbers_apart


def _titles(earlier: Text, later: Text) -> list[list[str]]:
    return sorted(_words(text.title).words for text in (earlier, later))
