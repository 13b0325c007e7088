"""How one text differs from another, word for word: names and numbers, rewording, passages."""

from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from crawler.text.signatures import content
from crawler.text.telling_words import INTRODUCERS, KINDS, NUMBERS, PARTICLES, kind

SLOT = 6  # words at most that one name, number or phrase takes
CHANCE = 4  # words in a row that two passages share by chance
PASSAGE = 10  # words from which what two texts do not share is a passage of its own
SAME_PASSAGE = 0.35  # of the content words of a passage that its rewriting keeps
MOST_ALIGNED = 3000  # words; the time to align grows faster than texts


@dataclass(slots=True)
class Differences:
    """How one text is made into the other, word for word."""

    alike: int = 0  # words in their places
    numbers_alike: int = 0  # in digits
    numbers_apart: int = 0  # places with another number
    names_apart: int = 0  # places that name another day, person or town
    phrases_apart: int = 0  # other places with two or more other words, as unknown names have
    places: int = 0  # places with other words, whatever they are
    reworded: int = 0  # of these, places where more than particles are others
    particles: int = 0  # places where a particle is another, or missing
    missing: int = 0  # most content words in a row that only the first text has
    apart: int = 0  # words of passages that have nothing to do with what stands in their place
    swaps: set[tuple[str, str]] = field(default_factory=set)  # words that stand for one another


def differences(first: list[str], second: list[str]) -> Differences:
    """Of two lists of folded words."""
    found = Differences()
    first, second = first[:MOST_ALIGNED], second[:MOST_ALIGNED]
    run: tuple[list[str], list[str]] = ([], [])
    passages: tuple[list[str], list[str]] = ([], [])
    end = ("end", len(first), len(first), len(second), len(second))
    for tag, a, b, c, d in [*SequenceMatcher(None, first, second).get_opcodes(), end]:
        ours, theirs = first[a:b], second[c:d]
        if tag == "equal":
            found.alike += len(ours)
            found.numbers_alike += sum(kind(word) == "number" for word in ours)
        elif tag != "end":
            found.missing = max(found.missing, sum(map(content, ours)))
            if tag != "insert" and max(len(ours), len(theirs)) <= SLOT:
                found.particles += not PARTICLES.isdisjoint(ours + theirs)
                _place(found, first[a - 1] if a else "", ours, theirs)
        if tag == "end" or (tag == "equal" and len(ours) > CHANCE):
            for passage, words in zip(passages, run, strict=True):
                passage.extend(words if len(words) >= PASSAGE else [])
            run = ([], [])
        else:
            run[0].extend(ours)
            run[1].extend(theirs)
    found.apart = _apart(*passages)
    return found


def _place(found: Differences, before: str, ours: list[str], theirs: list[str]) -> None:
    """Account for other words, or none, in the same place."""
    others = {name for name in KINDS if _of(name, ours, theirs) and _of(name, theirs, ours)}
    if not others.isdisjoint(NUMBERS):
        found.numbers_apart += 1
    elif not theirs or (not others and _alike(ours, theirs)):
        return
    found.places += 1
    found.swaps.update(zip(ours, theirs, strict=False))
    # Not `content`: many a name has three letters.
    meant = min(
        sum(len(word) > 2 and word not in PARTICLES for word in words) for words in (ours, theirs)
    )
    found.reworded += meant > 0
    named = bool(others.difference(NUMBERS)) or before in INTRODUCERS
    found.names_apart += named
    found.phrases_apart += meant > 1 and not named


def _of(name: str, words: list[str], others: list[str]) -> set[str]:
    return {word for word in words if kind(word) == name} - set(others)


def _apart(ours: list[str], theirs: list[str]) -> int:
    """The words of the passages in whose stead the other text has others."""
    mine, other = Counter(filter(content, ours)), Counter(filter(content, theirs))
    if (mine & other).total() >= SAME_PASSAGE * min(mine.total(), other.total()):
        return 0
    return min(len(ours), len(theirs))


def _alike(ours: list[str], theirs: list[str]) -> bool:
    """Whether words are spellings or forms of the same words: «لمدينة» and «مدينة»."""
    return SequenceMatcher(None, "".join(ours), "".join(theirs)).ratio() >= 0.75
