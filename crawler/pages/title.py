"""The title: what the page's metadata claim, and what is printed above the text."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import ClassVar

from crawler.pages.blocks import Block, Element
from crawler.pages.document import Document
from crawler.pages.structured import Claim, Metadata
from crawler.text.arabic import fold_line

MAX_CHARS = 300
_SITE_SEPARATOR = re.compile(r"\s+[-–—|•·»«:]+\s+|\s*[|»]\s*|\s+::\s+")
_NOT_LETTERS = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_TITLE_NAMES = re.compile(r"title|head(?:line|ing)|عنوان", re.IGNORECASE)


@dataclass(slots=True)
class Title:
    text: str
    source: str  # "json-ld", "meta", "microdata", "selector" or "shape"
    printed_at: list[int]  # positions of the blocks that print it, in page order
    confirmed: bool = False  # printed twice, or three sources agree


@lru_cache(maxsize=8192)
def letters(text: str) -> str:
    """What two prints of one title share: folded letters and digits alone."""
    return _NOT_LETTERS.sub("", fold_line(text))


def claimed_title(document: Document, metadata: Metadata, blocks: list[Block]) -> Title | None:
    """The title that the metadata state, in the form that the page prints where it prints one.

    A JSON-LD headline is believed as it stands; other claims, the ``<title>`` among them, only
    where the page prints them.
    """
    claims = list(metadata.title)
    page_title = " ".join((document.root.findtext(".//title") or "").split())
    if page_title:
        claims.append(Claim(page_title, "title"))
    headings = _possible_titles(blocks)
    titles = [_printed(claim, headings, metadata) for claim in claims]
    if claims and claims[0].source == "json-ld":
        titles.insert(1, _unprinted(claims[0], metadata))
    title = next((title for title in titles if title is not None), None)
    if title is not None:
        said = letters(title.text)
        witnesses = {claim.source for claim in claims if said in letters(claim.value)}
        if title.printed_at:
            witnesses.add("shape")
        title.confirmed = len(title.printed_at) > 1 or len(witnesses) > 2
    return title


def unprinted_title(metadata: Metadata) -> Title | None:
    """The best claim of a page that prints no title."""
    titles = (_unprinted(claim, metadata) for claim in metadata.title)
    return next((title for title in titles if title is not None), None)


def _possible_titles(blocks: list[Block]) -> dict[str, list[int]]:
    """Where each short text stands that may be a title."""
    found: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        # The page's own parts repeat the site's name; a title may stand in a header of theirs.
        fits = block.heading or (block.link_share < 0.9 and block.furniture is None)
        if fits and 5 <= len(block.text) <= MAX_CHARS:
            found.setdefault(letters(block.text), []).append(index)
    return found


def _printed(claim: Claim, possible: dict[str, list[int]], metadata: Metadata) -> Title | None:
    """The claim as the page prints it: whole, cut in the claim, or without the site's name."""
    said = letters(claim.value)
    if said in possible:
        return Title(claim.value, claim.source, possible[said])
    sites = {letters(site.value) for site in metadata.site_name}
    for part in _parts(claim.value):
        said = letters(part)
        if len(said) >= 8 and said not in sites and said in possible:
            return Title(part, claim.source, possible[said])
    return None


def _parts(text: str) -> list[str]:
    """What stands between separators, longest first: «Site :: Urgent| Title | Section»."""
    signs = list(_SITE_SEPARATOR.finditer(text))[:5]
    starts = [0, *(sign.end() for sign in signs)]
    ends = [*(sign.start() for sign in signs), len(text)]
    parts = [text[a:b].strip() for i, a in enumerate(starts) for b in ends[i:]]
    return sorted(parts, key=len, reverse=True)


def _unprinted(claim: Claim, metadata: Metadata) -> Title | None:
    """A claim that the page does not print as it stands, without the site's name."""
    text = claim.value
    for site in metadata.site_name:
        name = letters(site.value)
        parts = _SITE_SEPARATOR.split(text)
        if len(parts) > 1 and name and name in (letters(parts[0]), letters(parts[-1])):
            start, end = (1, None) if letters(parts[0]) == name else (0, -1)
            kept = parts[start:end]
            first = text.index(kept[0])
            text = text[first : text.rindex(kept[-1]) + len(kept[-1])]
    return Title(text.strip(), claim.source, []) if letters(text) else None


_DATE_LIKE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d{2})|[١٢][٠-٩]{3}|^\W*منذ ")


def dated_title(blocks: list[Block]) -> Title | None:
    """The best-looking title within two blocks of a date line, on a page that states none."""
    dated = {
        near
        for index, block in enumerate(blocks)
        if len(block.text) <= 120 and block.link_share < 0.5 and _DATE_LIKE.search(block.text)
        for near in (index - 2, index - 1, index + 1, index + 2)
        if 0 <= near < len(blocks)
    }
    looks = _Looks(blocks)
    scores = {index: looks.score(blocks[index]) for index in sorted(dated)}
    best = max(scores, key=scores.__getitem__, default=None)
    if best is None or scores[best] < 2:
        return None
    return _shaped_title(blocks, best)


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
    return _shaped_title(blocks[: first_prose + 1], best)


def _is_date(text: str) -> bool:
    """Whether a text is a date line, or has no word at all."""
    words = _WORD.findall(text)
    return len(words) < (6 if _DATE_LIKE.search(text) else 1)


def _shaped_title(blocks: list[Block], index: int) -> Title:
    text = blocks[index].text
    said = letters(text)
    places = [
        i
        for i, block in enumerate(blocks)
        if len(block.text) <= MAX_CHARS and letters(block.text) == said
    ]
    return Title(text, "shape", places, confirmed=len(places) > 1)


class _Looks:
    """How much the blocks of one page look like its title."""

    HEADINGS: ClassVar = {"h1": 5.0, "h2": 4.0, "h3": 3.0, "h4": 2.0}
    LARGE: ClassVar = ("b", "strong", "big", "font", "span")
    FIRST = 20  # a title set in bold is among the first such pieces of its cell

    def __init__(self, blocks: list[Block]):
        self.copies = Counter(letters(b.text) for b in blocks if len(b.text) <= MAX_CHARS)
        self._emphasised: dict[Element, set[str]] = {}

    def score(self, block: Block) -> float:
        text = block.text
        if not 8 <= len(text) <= MAX_CHARS or block.link_share > 0.9 or _is_date(text):
            return 0
        element = block.element
        score = self.HEADINGS.get(element.tag, 0.0)
        if _TITLE_NAMES.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
            score += 2
        if not score and text in self.emphasised(element):
            score += 2
        if self.copies[letters(text)] > 1:
            score += 2
        return score - (2 if text.endswith(("..", "…")) else 0)

    def emphasised(self, element: Element) -> set[str]:
        """The texts in bold or in a larger font, as titles were set before headings."""
        if element not in self._emphasised:
            pieces = (islice(e.itertext(), 9) for e in element.iter(*self.LARGE))
            texts = (" ".join("".join(piece).split()) for piece in islice(pieces, self.FIRST))
            self._emphasised[element] = set(texts)
        return self._emphasised[element]
