"""The title of a page that states none: by its looks, and by the date line beside it."""

import re
from functools import cached_property
from itertools import islice
from typing import ClassVar

from crawler.pages.blocks import Block, Element
from crawler.pages.title import MAX_CHARS, Title

_WORD = re.compile(r"[^\W\d_]{2,}")
_TITLE_NAMES = re.compile(r"title|head(?:line|ing)|عنوان")  # in lower case
_FOUR_DIGITS = re.compile(r"\d\d\d\d")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d{2})|[١٢][٠-٩]{3}")
_AGO = re.compile(r"\W*منذ ")


def dated_title(blocks: list[Block]) -> Title | None:
    """The best-looking title within two blocks of a date line, on a page that states none."""
    dated = {
        near
        for index, block in enumerate(blocks)
        if len(block.text) <= 120 and block.link_share < 0.5 and _is_date_like(block.text)
        for near in (index - 2, index - 1, index + 1, index + 2)
        if 0 <= near < len(blocks)
    }
    looks = _Looks(blocks)
    scores = {index: looks.score(blocks[index]) for index in sorted(dated)}
    best = max(scores, key=scores.__getitem__, default=None)
    if best is None or scores[best] < 2:
        return None
    return _shaped_title(blocks[best], looks.places[blocks[best].letters])


def printed_title(blocks: list[Block], first_prose: int) -> Title | None:
    """The title that stands above the text at ``first_prose``, by its looks alone."""
    looks = _Looks(blocks)
    scores = {
        index: looks.score(blocks[index]) - (first_prose - index) * 0.15
        for index in range(max(0, first_prose - 25), first_prose)
    }
    best = max(reversed(scores), key=scores.__getitem__, default=None)
    if best is None or scores[best] < 2:
        return None
    places = looks.places[blocks[best].letters]
    return _shaped_title(blocks[best], [index for index in places if index <= first_prose])


def _is_date(text: str) -> bool:
    """Whether a text is a date line, or has no word at all."""
    if _is_date_like(text):
        return len(_WORD.findall(text)) < 6
    return _WORD.search(text) is None


def _is_date_like(text: str) -> bool:
    # Most lines hold no number at all, which shows in a fraction of the time.
    has_year = _FOUR_DIGITS.search(text) is not None and _YEAR.search(text) is not None
    return has_year or ("منذ " in text and _AGO.match(text) is not None)


def _shaped_title(block: Block, places: list[int]) -> Title:
    return Title(block.text, "shape", places, confirmed=len(places) > 1)


class _Looks:
    """How much the blocks of one page look like its title."""

    HEADINGS: ClassVar = {"h1": 5.0, "h2": 4.0, "h3": 3.0, "h4": 2.0}
    LARGE: ClassVar = ("b", "strong", "big", "font", "span")
    FIRST = 20  # a title set in bold is among the first such pieces of its cell

    def __init__(self, blocks: list[Block]):
        self._blocks = blocks
        self._emphasised: dict[Element, set[str]] = {}

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each short text is printed, by its letters."""
        found: dict[str, list[int]] = {}
        for index, block in enumerate(self._blocks):
            if len(block.text) <= MAX_CHARS:
                found.setdefault(block.letters, []).append(index)
        return found

    def score(self, block: Block) -> float:
        text = block.text
        if not 8 <= len(text) <= MAX_CHARS or block.link_share > 0.9 or _is_date(text):
            return 0
        element = block.element
        score = self.HEADINGS.get(element.tag, 0.0)
        if _TITLE_NAMES.search(f"{element.get('class') or ''} {element.get('id') or ''}".lower()):
            score += 2
        if not score and len(element) and text in self.emphasised(element):
            score += 2
        if len(self.places[block.letters]) > 1:
            score += 2
        return score - (2 if text.endswith(("..", "…")) else 0)

    def emphasised(self, element: Element) -> set[str]:
        """The texts in bold or in a larger font, as titles were set before headings."""
        if element not in self._emphasised:
            pieces = (islice(e.itertext(), 9) for e in element.iter(*self.LARGE))
            texts = (" ".join("".join(piece).split()) for piece in islice(pieces, self.FIRST))
            self._emphasised[element] = set(texts)
        return self._emphasised[element]
