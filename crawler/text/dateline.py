"""The words that open a news text before the text: «القدس - الكرمل - اتّفقت …».

Cut off is only what is surely no part of the text. Every word of it must be known: a town, an
agency, a reporter's given name (with a family name), a date or a word such as «خاص»; and at
least two of them must meet, or the town be followed by a verb of reporting. So «إسرائيل - التي
…» and «غزة - القطاع المحاصر - تعيش …» stay whole, and an unknown agency stays in the text
rather than being taken for a reporter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.text.arabic import fold_line
from crawler.text.dateline_names import AGENCIES, FILLERS, GIVEN_NAMES, PLACES, VERBS, WIRES
from crawler.text.month_names import GREGORIAN_MONTHS

_LONGEST = 100  # characters in which a dateline ends
_BETWEEN = re.compile(r"(?:\s*(?:[-–—:|/()\[\]،,*]|(?<=\s)ـ+(?=\s)))+\s*")
_CLOSES = re.compile(r"[-–—:|/ـ]")
_EDGES = " \t\u00a0\u200e\u200f.0123456789٠١٢٣٤٥٦٧٨٩"
_QUOTES = "\"'«»“”"
# «خاص الكرمل», «خاص بالكرمل», «كتب سامي الأطرش»: the agency or the reporter follows.
_FOR = re.compile(r"خاص (?:بـ?(?=\S))?|(?:كتبت?|بقلم|تقرير) ")
_LETTERS_ONLY = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)+")


@dataclass(frozen=True, slots=True)
class Dateline:
    """What opened the paragraph, as printed, and ``rest``, the paragraph without it.

    Several places or agencies are joined by " - ".
    """

    place: str | None
    agency: str | None
    author: str | None
    rest: str


def split_dateline(paragraph: str) -> Dateline | None:
    """The dateline of a first paragraph; None where there is none beyond doubt."""
    found: dict[str, list[str]] = {"place": [], "agency": [], "author": [], "filler": []}
    best = None
    start = 0
    for end, next_start in _gaps(paragraph):
        part = _named(paragraph[start:end])
        if (kind := _kind(part, found)) is None:
            break
        found[kind].append(part)
        closing, rest = paragraph[end:next_start], paragraph[next_start:].strip()
        if (_CLOSES.search(closing) or not rest) and _is_sure(found, rest):
            best = _dateline(found, rest)
        start = next_start
    return best


def _gaps(paragraph: str) -> Iterator[tuple[int, int]]:
    """Where a part may end, and where the next begins."""
    for gap in _BETWEEN.finditer(paragraph[:_LONGEST]):
        yield gap.span()
    if len(paragraph) < _LONGEST:
        yield len(paragraph), len(paragraph)


def _named(part: str) -> str:
    """A part without what surrounds a name; quotation marks inside it stay."""
    part = part.strip(_EDGES)
    if fold_line(part) not in FILLERS:
        part = part.removeprefix(match[0]) if (match := _FOR.match(part)) else part
    bare = part.strip(_QUOTES)
    return part if set(bare) & set(_QUOTES) else bare


def _kind(part: str, found: dict[str, list[str]]) -> str | None:
    """What one part names; a name of both a town and a paper is the town first."""
    folded = " ".join(fold_line(part).replace('"', "").split())
    if not folded or folded in FILLERS or set(folded.split()) <= GREGORIAN_MONTHS.keys():
        return "filler"
    if folded in PLACES and not (found["place"] and folded in AGENCIES):
        return "place"
    if folded in AGENCIES:
        return "agency"
    return "author" if not found["author"] and _is_person(part, folded) else None


def _is_person(part: str, folded: str) -> bool:
    """Two or three words, the first a given name: «وسام البردويل», «عبد الله أبو رحمة»."""
    # Folding makes the preposition على and the name علي alike.
    if part.startswith("على ") or not _LETTERS_ONLY.fullmatch(folded):
        return False
    words = re.sub(r"\b(عبد|ابو|ابي|ام|ال) ", r"\1", folded).split()
    return 2 <= len(words) <= 3 and words[0] in GIVEN_NAMES


def _is_sure(found: dict[str, list[str]], rest: str) -> bool:
    named = [kind for kind in ("place", "agency", "author") if found[kind]]
    if len(named) > 1 or (named == ["place"] and any(found["filler"])):
        return True
    if named == ["agency"]:
        return all(fold_line(agency) in WIRES for agency in found["agency"])
    first = fold_line(rest[:_LONGEST]).split(" ", 1)[0]
    return named == ["place"] and first in VERBS


def _dateline(found: dict[str, list[str]], rest: str) -> Dateline:
    place, agency, author = (
        " - ".join(found[kind]) or None for kind in ("place", "agency", "author")
    )
    return Dateline(place, agency, author, rest)
