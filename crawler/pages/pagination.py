"""Which link of a listing leads to its next page; never back, never in place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from crawler.text.url_escapes import unescaped

# Label of a link, folded by fold_label().
_NEXT = re.compile(
    "(?:الصفحة )?(?:التالي|التالية|التالى)|(?:مقالات |المقالات |أخبار )?(?:أقدم|الأقدم)|"
    "next(?: page)?|older(?: posts| entries)?"
)
_MORE = re.compile(
    "(?:عرض |تحميل |شاهد |أظهر )?(?:المزيد|مزيد)(?: من الأخبار| من الاخبار)?|"
    "(?:load |show |view )?more"
)
_ORNAMENTS = " «»‹›<>→←⟵⟶▸►◄◂…·.|[]()"
_KASHIDA_AND_MARKS = re.compile("[\u0640\u200b-\u200f\u202a-\u202e\u2066-\u2069]")

# ?p= is an article's number in WordPress and from/start/offset are words of everywhere: they
# count where the label of the link says so too.
_PAGE_NAME = re.compile(
    r"(?:current_?)?(?:page|paged|pg|pagina)(?:_?(?:no|num|number|index))?", re.IGNORECASE
)
_OFFSET_NAME = re.compile(r"p|pn|from|start|limitstart|offset|skip|per_page", re.IGNORECASE)
_PAGE_PATH = re.compile(r"(.*)/page[/-](\d{1,9})")
_NUMBER_PATH = re.compile(r"(.*)/(\d{1,9})")
_DATE_PATH = re.compile(r".*/(?:19|20)\d\d/\d{1,2}(?:/\d{1,2})?")
_INDEX = re.compile(r"/(?:index|default)\.\w{2,4}$", re.IGNORECASE)

_NAMES_PAGE = re.compile(r"pag|pg", re.IGNORECASE)

_Base = tuple[str, str, tuple[str, ...]]  # host, path, query
_Sign = Literal["page", "offset", "number"]  # how plainly an address says that it is a page


@dataclass(slots=True)
class PageLink:
    """One link as far as pagination goes: ``url`` absolute, ``label`` as printed."""

    url: str
    label: str
    is_next: bool = False  # rel=next


class Pagination:
    """The pages of the listing at ``url``, told apart by their links."""

    def __init__(self, url: str):
        self._numbers: dict[_Base, int | None] = {
            base: number for base, number, _ in _readings(url)
        }
        self._here = _base(url)
        self._numbers[self._here] = None

    def step(self, link: PageLink) -> tuple[int, int] | None:
        """The number of this page and that of the page behind ``link``; None for other links.

        An address without a number is page 0: whether the site counts from 0, from 1 or in
        offsets shows in its next number alone.
        """
        for base, number, sign in _readings(link.url):
            if base in self._numbers:
                here = self._numbers[base]
                if _label_fits(link.label, number, sign, beside=here is not None):
                    return here or 0, number
        return None

    def leads_on(self, link: PageLink) -> bool:
        """Whether ``link`` belongs to the pagination of this listing, forward or back."""
        folded = fold_label(link.label)
        says_next = link.is_next or _NEXT.fullmatch(folded)
        # Nearly every link ends here, before its address is taken apart.
        perhaps = says_next or not folded or folded.isdecimal() or _MORE.fullmatch(folded)
        if not perhaps and not _NAMES_PAGE.search(link.url):
            return False
        return self.step(link) is not None or bool(says_next and self._holds(link))

    def next_page(self, links: Iterable[PageLink]) -> str | None:
        """The address of the next page among all links of this one."""
        others = [link for link in links if _base(link.url) != self._here]
        for sure in (
            [link for link in others if link.is_next],
            [link for link in others if _NEXT.fullmatch(fold_label(link.label))],
        ):
            forward = (link.url for link in sure if self._is_forward(link))
            if address := next(forward, None):
                return address
        return self._nearest(others)

    def _is_forward(self, link: PageLink) -> bool:
        step = self.step(link)
        return step[1] > step[0] if step else self._holds(link)

    def _holds(self, link: PageLink) -> bool:
        """Whether an address without numbers («?before=…») is of this listing.

        A menu may have a section called Next, and rel=next on an article means another one.
        """
        here_host, here_path, _ = self._here
        host, path, _ = _base(link.url)
        below = here_path != "" and path.startswith(f"{here_path}/")
        return host == here_host and (path == here_path or below)

    def _nearest(self, links: list[PageLink]) -> str | None:
        """The page with the smallest number above this one's: numbers, arrows, «المزيد»."""
        steps = [(link, step) for link in links if (step := self.step(link))]
        first = {step[1] for link, step in steps if _number(link.label) == 1}
        forward = [
            (link, here, there)
            for link, (here, there) in steps
            if there > here and there not in first and (here or there > 1 or link.label)
        ]
        if not forward:
            return None
        link, here, there = min(forward, key=lambda candidate: candidate[2])
        # «1 … 50» alone would jump to the last page.
        is_jump = _number(link.label) == there > max(here, 1) + 1
        return None if is_jump else link.url


def may_be_further_page(url: str) -> bool:
    """Whether an address holds a number that can be that of a listing's page."""
    return next(_readings(url), None) is not None


def fold_label(label: str) -> str:
    """What a label says beside arrows, brackets and stretching: «التــالي »» is «التالي»."""
    return _KASHIDA_AND_MARKS.sub("", label).strip(_ORNAMENTS).lower()


def _label_fits(label: str, number: int, sign: _Sign, *, beside: bool) -> bool:
    """Whether a label speaks for pagination; ``beside``: both addresses end in numbers."""
    folded = fold_label(label)
    if _MORE.fullmatch(folded):
        # On /category/5 it may lead to /category/6, from the box of that section.
        return sign != "number" or not beside
    if _number(label) is not None or _NEXT.fullmatch(folded) or (label and not folded):
        return True
    # /page/5 may be a static page: other words must name the number, a picture says nothing.
    return sign == "page" and (not label or str(number) in label)


def _number(label: str) -> int | None:
    label = fold_label(label)
    return int(label) if label.isdecimal() and len(label) < 10 else None


def _readings(url: str) -> Iterator[tuple[_Base, int, _Sign]]:
    """Each way to read ``url`` as a page of a listing: the listing, the number, its sign."""
    host, path, query = _base(url)
    for position, pair in enumerate(query):
        name, _, value = pair.partition("=")
        is_page = _PAGE_NAME.fullmatch(name)
        if value.isdecimal() and len(value) < 10 and (is_page or _OFFSET_NAME.fullmatch(name)):
            base = (host, path, query[:position] + query[position + 1 :])
            yield base, int(value), "page" if is_page else "offset"
    if match := _PAGE_PATH.fullmatch(path):
        yield (host, match[1], query), int(match[2]), "page"
    elif (match := _NUMBER_PATH.fullmatch(path)) and not _DATE_PATH.fullmatch(path):
        yield (host, match[1], query), int(match[2]), "number"


@lru_cache(maxsize=1_000)  # a picture leads to an article from the home page and its section
def _base(url: str) -> _Base:
    parts = urlsplit(url)
    path = _INDEX.sub("", unescaped(parts.path)).rstrip("/")
    query = tuple(sorted(unescaped(parts.query).split("&"))) if parts.query else ()
    return parts.netloc.lower().removeprefix("www."), path, query
