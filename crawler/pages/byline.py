"""Who wrote an article, as its page says: never guessed."""

import re
from itertools import islice

from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata
from crawler.text.arabic import clean, letters

# «بقلم: …», «كتب - …»: only a line that says that a name follows.
_PRINTED = re.compile(
    r"(?:بقلم|كتب|كتبت|كتبه|كتبها|الكاتب|الكاتبة|تقرير|إعداد|اعداد|تحرير|b[yY]|B[yY])"
    r"\s*[:/\-–]\s*(?P<name>.+)$"
)
_SIGN = re.compile("[:/–-]")  # between the word and the name; a line without one is no byline
_NAME_CHARS = 60
_DIGIT = re.compile(r"\d")
_LINE_PIECES = 12  # pieces of text between tags
_ABOVE, _BELOW = 4, 3  # blocks above the text and below it


def find_author(metadata: Metadata, layout: Layout) -> Claim | None:
    """The author whom metadata or a printed line name; the site itself is no author."""
    sites = {letters(claim.value) for claim in metadata.site_name}
    for claim in metadata.author:
        name = claim.value
        if name.startswith("(") or letters(name) in sites | {""}:  # «(رويترز)» is a credit
            continue
        if len(name) <= _NAME_CHARS:
            return claim
    blocks = layout.blocks
    start = max(0, layout.above - _ABOVE)
    near = blocks[start : layout.first + 1] + blocks[layout.last : layout.last + 1 + _BELOW]
    for block in near:
        opening = block.text[:100]
        if _SIGN.search(opening) and _PRINTED.search(opening):
            # In a piece of its own the name ends where the piece does, before the date.
            for line in (*islice(block.element.itertext(), _LINE_PIECES), block.text):
                match = _PRINTED.match(clean(line[:100]))
                if match and _is_name(match["name"]):
                    return Claim(match["name"].strip(), "shape")
    return None


def _is_name(text: str) -> bool:
    return len(text) <= _NAME_CHARS and "." not in text and not _DIGIT.search(text)
