"""What a page shows: the traits that drift is noticed by, each a yes or a no."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.items import ArticleItem
from crawler.text.arabic import fold

ARTICLE = "an article"
OWN_TITLE = "a title of its own"
ARABIC = "Arabic letters"
RECENT = "a date of these days"
ENTRIES = "articles of its own"

FIELDS = (
    *("published_at", "modified_at", "section", "dateline", "agency", "author"),
    *("image_url", "language", "links"),
)
_LENGTHS = [  # in words, 8 to 1,024
    (length, f"at least {length} words", f"less than {length} words")
    for length in (8 * 2**step for step in range(8))
]
# An urgent item of one sentence has none of these, and a war week has little else.
_OF_THE_NEWS = ("modified_at", "dateline", "agency", "author", "image_url", "links", RECENT)
_ESSENTIAL = (ARTICLE, OWN_TITLE, ARABIC, "published_at")

_SOURCES = ("json-ld", "meta", "microdata", "title", "shape", "dateline")
_BY_SOURCE = {
    name: [(source, f"{name} by {source}") for source in _SOURCES]
    for name in ("title", "body", *FIELDS)
}
_ARABIC_LETTERS = re.compile("[\u0621-\u064a]+")
_RECENT = timedelta(days=3)
_SHRUNK = 4  # times shorter than stored
_AROUND = 0.8  # of the listings name what stands in a box around them
_COMPARABLE = 4  # listings
_GLANCE = 400  # signs
_LONG_ENOUGH = 40  # words that a text has lost when it is as good as empty


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of an article that is looked at again."""

    title: str
    word_count: int
    published_at: datetime | None
    language: str | None
    extraction: Mapping[str, str]
    extractor_version: str


def depends_on_the_news(trait: str) -> bool:
    """Whether the share of new pages that show it may change by what there is to report."""
    return trait.split(" by ")[0] in _OF_THE_NEWS or trait.startswith(("at least", "less than"))


def is_essential(trait: str) -> bool:
    return trait in _ESSENTIAL


def traits_of(item: ArticleItem, title_is_its_own: bool = True) -> dict[str, bool]:
    """The traits of an article that is seen for the first time."""
    traits = {ARTICLE: True, OWN_TITLE: title_is_its_own, ARABIC: is_arabic(item.body)}
    traits["published_at"] = item.published_at is not None
    if item.published_at and item.capture:
        traits[RECENT] = abs(item.capture.fetched_at - item.published_at) <= _RECENT
    for name in FIELDS:
        traits[name] = bool(getattr(item, name))
    for name in ("title", "body", *FIELDS):
        given = item.extraction.get(name) if getattr(item, name) else None
        for source, trait in _BY_SOURCE[name]:
            # A selector is the operator's own: what it gives is not missed elsewhere.
            traits[trait] = given in (source, "selector")
    words = item.word_count or 0
    for length, reached, missed in _LENGTHS:
        traits[reached] = words >= length
        traits[missed] = words < length
    return traits


def traits_of_recheck(item: ArticleItem, stored: Stored) -> dict[str, bool]:
    """The traits of an article beside what is stored of it: nothing that the news could change."""
    traits = {
        ARTICLE: True,
        "the stored title": fold(item.title or "") == fold(stored.title),
        "half of the stored text": (item.word_count or 0) * 2 >= stored.word_count,
        "a text hardly longer than stored": (item.word_count or 0) <= stored.word_count * 1.5 + 20,
    }
    if stored.language == "ar":
        traits[ARABIC] = is_arabic(item.body)
    if stored.published_at:
        traits["published_at"] = item.published_at is not None
        traits["the stored date"] = _is_that_date(item, stored.published_at)
    if item.extractor_version != stored.extractor_version:
        return traits  # another reader goes by other evidence
    for name, source in stored.extraction.items():
        if name in FIELDS and name != "published_at":
            traits[name] = bool(getattr(item, name))
        if source != "selector":
            given = item.extraction.get(name) if getattr(item, name, None) else None
            traits[f"{name} by {source}"] = given in (source, "selector")
    return traits


def _is_that_date(item: ArticleItem, stored: datetime) -> bool:
    """To the day: some print the day alone on another visit, and relative times run."""
    return item.published_at is not None and abs(item.published_at - stored) < timedelta(days=2)


def is_arabic(text: str | None) -> bool:
    """Whether a third of the signs are Arabic letters: not so where an encoding was misread."""
    text = (text or "")[:_GLANCE]
    return 3 * sum(map(len, _ARABIC_LETTERS.findall(text))) >= len(text) > 0


def name_their_own(listings: Sequence[tuple[str, set[str]]]) -> Iterator[tuple[str, bool]]:
    """Whether each listing names an article that is not in the boxes around all of them."""
    counts = Counter(article for _, named in listings for article in named)
    around = {article for article, count in counts.items() if count > len(listings) * _AROUND}
    for url, named in listings:
        yield url, bool(named - around if len(listings) >= _COMPARABLE else named)


def is_worse(item: ArticleItem, stored: Stored) -> bool:
    """Whether the text is no more than a ruin of the stored one, which it must not replace."""
    words = item.word_count or 0
    emptied = words * _SHRUNK < stored.word_count and stored.word_count - words >= _LONG_ENOUGH
    garbled = stored.language == "ar" and is_arabic(item.title) < is_arabic(stored.title)
    return emptied or garbled
