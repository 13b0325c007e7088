"""The title: what the page's metadata claim, and what is printed above the text."""

import re
from dataclasses import dataclass

from crawler.pages.blocks import Block
from crawler.pages.document import Document
from crawler.pages.structured import Claim, Metadata
from crawler.text.arabic import fold_line, letters

MAX_CHARS = 300
# From the beginning of a run of spaces alone, or a long run would be searched again and again.
_SITE_SEPARATOR = re.compile(r"(?<!\s)\s+[-–—|•·»«:]+\s+|(?:(?<!\s)\s+)?[|»]\s*")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_SURE_LETTERS = 16  # fewer may begin or end another title
_CUT = ("..", "…")
_CUT_CHARS = 100  # JSON-LD headlines are cut at 110 without a sign


@dataclass(slots=True)
class Title:
    text: str
    source: str  # "json-ld", "meta", "microdata", "title" (<title>), "selector" or "shape"
    printed_at: list[int]  # positions of the blocks that print it, in page order
    confirmed: bool = False  # printed twice, or three sources agree


def stated_titles(metadata: Metadata) -> list[Claim]:
    """The claims; templates that state the site's name on every page claim nothing."""
    sites = {letters(site.value) for site in metadata.site_name}
    return [claim for claim in metadata.title if letters(claim.value) not in sites]


def claimed_title(document: Document, metadata: Metadata, blocks: list[Block]) -> Title | None:
    """The title that the metadata state, in the form that the page prints where it prints one.

    A JSON-LD headline is believed as it stands, unless the page prints another wording that its
    metadata know; other claims, the ``<title>`` among them, only where the page prints them.
    """
    claims = stated_titles(metadata)
    page_title = " ".join((document.root.findtext(".//title") or "").split())
    if page_title:
        claims.append(Claim(page_title, "title"))
    possible = _possible_titles(blocks)
    printed = (_printed(claim, possible, blocks, metadata) for claim in claims)
    titles = (title for title in printed if title is not None)
    title = next(titles, None)
    if title and _in_trail(blocks[title.printed_at[0]]):
        title = min([title, *titles], key=lambda title: _below_trail(title, blocks))
    if claims and claims[0].source == "json-ld" and not _is_wording(title, claims[0].value):
        title = _unprinted(claims[0], metadata)
    if title is not None:
        said = letters(title.text)
        witnesses = {claim.source for claim in claims if said in letters(claim.value)}
        if title.printed_at:
            witnesses.add("shape")
        title.confirmed = len(title.printed_at) > 1 or len(witnesses) > 2
    return title


def _below_trail(title: Title, blocks: list[Block]) -> int:
    """Where a title is first printed outside the trail that leads to the page."""
    places = (index for index in title.printed_at if not _in_trail(blocks[index]))
    return next(places, len(blocks))


def _in_trail(block: Block) -> bool:
    parts = [block.element] if block.furniture is None else [block.element, block.furniture]
    return any("breadcrumb" in f"{part.get('class')} {part.get('id')}" for part in parts)


def unprinted_title(metadata: Metadata) -> Title | None:
    """The best claim of a page that prints no title."""
    titles = (_unprinted(claim, metadata) for claim in stated_titles(metadata))
    return next((title for title in titles if title is not None), None)


def _possible_titles(blocks: list[Block]) -> dict[str, list[int]]:
    """Where each short text stands that may be a title."""
    found: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        # The page's own parts repeat the site's name; a title may stand in a header of theirs.
        fits = block.heading or (block.link_share < 0.9 and block.furniture is None)
        if fits and 5 <= len(block.text) <= MAX_CHARS:
            found.setdefault(block.letters, []).append(index)
    return found


def _is_wording(title: Title | None, headline: str) -> bool:
    """Whether a stated title is the headline in other words."""
    if title is None or title.source == "title":
        return False
    said, stated = (set(_LONG_WORD.findall(fold_line(t))) for t in (title.text, headline))
    return title.source == "json-ld" or len(said & stated) > 1


def _printed(
    claim: Claim, possible: dict[str, list[int]], blocks: list[Block], metadata: Metadata
) -> Title | None:
    """The claim as the page prints it: whole, uncut, behind a kicker, without the site's name."""
    said = letters(claim.value)
    if said in possible:
        return Title(claim.value, claim.source, possible[said])
    if len(said) >= _SURE_LETTERS:
        cut = claim.value.endswith(_CUT) or len(claim.value) >= _CUT_CHARS
        for printed, places in possible.items():
            if cut and printed.startswith(said):
                return Title(blocks[places[0]].text, claim.source, places)
            if printed.endswith(said) and blocks[places[0]].heading:
                return Title(claim.value, claim.source, places)
    sites = {letters(site.value) for site in metadata.site_name}
    for part in _parts(claim.value):
        said = letters(part)
        if len(said) < 8 or said in sites or said not in possible:
            continue
        # «الكرمل - موقع الكرمل الإخباري» is no headline, though the page prints it.
        if len(part.split()) > 3 or blocks[possible[said][0]].heading:
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
