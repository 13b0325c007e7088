"""Who wrote an article, as its page says: never guessed."""

import re

from crawler.pages.layout import Layout
from crawler.pages.structured import Claim, Metadata
from crawler.pages.title import letters
from crawler.text.arabic import clean

# «بقلم: …», «كتب - …»: only a line that says that a name follows.
_PRINTED = re.compile(
    r"(?:بقلم|كتب|كتبت|كتبه|كتبها|الكاتب|الكاتبة|تقرير|إعداد|اعداد|تحرير|by)\s*[:/\-–]\s*(?P<name>.+)$",
    re.IGNORECASE,
)
_NAME_CHARS = 60
_ABOVE, _BELOW = 4, 3  # blocks above the text and below it


def find_author(metadata: Metadata, layout: Layout) -> Claim | None:
    """The author whom metadata or a printed line name; the site itself is no author."""
    sites = {letters(claim.value) for claim in metadata.site_name}
    for claim in metadata.author:
        if len(claim.value) <= _NAME_CHARS and letters(claim.value) not in sites | {""}:
            return claim
    blocks = layout.blocks
    start = max(0, layout.above - _ABOVE)
    near = blocks[start : layout.first + 1] + blocks[layout.last : layout.last + 1 + _BELOW]
    for block in near:
        line = block.text[:100]
        match = _PRINTED.search(line) and _PRINTED.match(clean(line))
        if match and len(match["name"]) <= _NAME_CHARS and "." not in match["name"]:
            return Claim(match["name"].strip(), "shape")
    return None
