"""Where on a page the article's text stands, and which blocks there are the text."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from itertools import pairwise

from crawler.pages.blocks import PARAGRAPH_TAGS, Block, Element, read_blocks
from crawler.pages.furniture import is_furniture, may_be_innocent

# In lower case: a search that ignores case takes several times as long.
_BODY_NAMES = re.compile(
    r"(?:article|post|entry|story|news|page|single|main|inner)-?(?:news-?)?"
    r"(?:body|content|text|details|main)|fulltext|rich-?text|text-?content"
)


def text_blocks(root: Element) -> list[Block]:
    """A page's blocks, the page's own parts marked as furniture.

    A name that would mark a great part of the page's prose means something else there
    ("social-media-story", "print-area") and marks nothing.
    """
    blocks = read_blocks(root, is_furniture)
    innocent: set[str] = set()
    for _ in range(3):
        prose: dict[str, int] = defaultdict(int)
        for block, chars in votes(blocks):
            suspect = "" if block.furniture is None else may_be_innocent(block.furniture)
            prose[suspect] += chars
        enough = max(sum(prose.values()) / 3, 200)
        found = {suspect for suspect, chars in prose.items() if suspect and chars > enough}
        if found <= innocent:
            break
        innocent |= found
        _acquit(blocks, innocent)
    return blocks


def _acquit(blocks: list[Block], innocent: Set[str]) -> None:
    """Mark what stands in parts of these names by the next part inside them, if there is one."""
    parts = {block.furniture for block in blocks if block.furniture is not None}
    known: dict[Element, Element | None] = {
        part: None for part in parts if not is_furniture(part, innocent)
    }
    for block in [block for block in blocks if block.furniture in known]:
        start = block.element.getparent() if block.menu else block.element
        part = _part(start, known, innocent)
        # A menu is furniture for what it is.
        block.furniture = block.element if block.menu and part is None else part


def _part(
    element: Element, known: dict[Element, Element | None], innocent: Set[str]
) -> Element | None:
    """The outermost furniture around an element; ``known`` holds what was asked, and grows."""
    passed: list[Element] = []
    above: Element | None = element
    while above is not None and above not in known:
        passed.append(above)
        above = above.getparent()
    part = None if above is None else known[above]
    for inner in reversed(passed):
        if part is None and is_furniture(inner, innocent):
            part = inner
        known[inner] = part
    return part


def votes(blocks: list[Block]) -> list[tuple[Block, int]]:
    """The blocks of prose with its length, without excerpts right below links.

    Three or more long links with a text below them are cards of other articles. An article's own
    paragraphs may follow a link, but the others speak for them.
    """
    prose: list[tuple[Block, int]] = []
    excerpts: list[tuple[Block, int]] = []
    for index, block in enumerate(blocks):
        if block.prose:
            below_link = index > 0 and _is_card_title(blocks[index - 1])
            (excerpts if below_link else prose).append((block, block.prose))
    return prose if len(excerpts) >= 3 else prose + excerpts


def _is_card_title(block: Block) -> bool:
    return len(block.anchors) == 1 and block.link_share > 0.8 and len(block.text) >= 15


@dataclass(frozen=True, slots=True)
class Region:
    """The smallest element that holds the article's paragraphs, and what they stand right in."""

    element: Element
    containers: list[Element]


def find_region(blocks: list[Block]) -> Region | None:
    """Where the article's paragraphs stand; None on a page without prose.

    Paragraphs vote for the element that they stand in, and with half a vote for the one around
    it. Elements that look alike (tag, class, parent's class) are counted together, because
    many sites wrap every paragraph, or every few, in a box of their own.
    """
    voters = [(block, chars) for block, chars in votes(blocks) if block.furniture is None]
    leaves = _paragraph_like(blocks, {block.element.tag for block, _ in voters} - PARAGRAPH_TAGS)
    held: dict[Element, float] = defaultdict(float)
    for block, chars in voters:
        container = block.container
        if block.element in leaves:
            container = container.getparent()
        held[container] += chars
        parent = container.getparent()
        if parent is not None and container.tag != "article":
            held[parent] += chars / 2
    if not held:
        return None
    kinds: dict[tuple[object, ...], float] = defaultdict(float)
    kind_of = {element: kind(element) for element in held}
    for element, vote in held.items():
        kinds[kind_of[element]] += vote * _hint(element)
    best = max(kinds, key=kinds.__getitem__)
    chosen = {e: v for e, v in held.items() if kind_of[e] == best}
    return Region(_common_ancestor(chosen), list(chosen))


def _paragraph_like(blocks: list[Block], tags: set[str]) -> set[Element]:
    """Elements such as ``<div class=paragraph>`` that several times hold one text each."""
    if not tags:
        return set()
    texts = Counter(block.element for block in blocks if block.element.tag in tags)
    singles = {element: kind(element) for element, count in texts.items() if count == 1}
    kinds = Counter(singles.values())
    return {element for element, own in singles.items() if kinds[own] > 2}


def kind(element: Element) -> tuple[object, ...]:
    parent = element.getparent()
    article = next(element.iterancestors("article"), None)
    return (
        element.tag,
        element.get("class"),
        None if parent is None else (parent.tag, (parent.get("class") or "").partition(" ")[0]),
        article,
    )


def _hint(element: Element) -> float:
    if element.get("itemprop") == "articleBody":
        return 2
    names = f"{element.get('class') or ''} {element.get('id') or ''}".lower().replace("_", "-")
    return 1.4 if element.tag == "article" or _BODY_NAMES.search(names) else 1


def _common_ancestor(votes: dict[Element, float]) -> Element:
    """The smallest element that holds nearly all votes; a stray look-alike may stay outside."""
    needed = 0.85 * sum(votes.values())
    held: dict[Element, float] = defaultdict(float, votes)
    # A path ends where an earlier one passed, so that the last path knows the sums of its own.
    paths = list(_paths(votes))
    for child, parent in (step for path in reversed(paths) for step in pairwise(path)):
        held[parent] += held[child]
    smallest = max(votes, key=votes.__getitem__)
    for element in (smallest, *smallest.iterancestors()):
        if held[element] >= needed:
            return element
    return smallest


def _paths(elements: Iterable[Element]) -> Iterator[list[Element]]:
    """The way from each element towards the root, each element left only once."""
    left: set[Element] = set()
    for element in elements:
        path = [element]
        while element not in left and (parent := element.getparent()) is not None:
            left.add(element)
            path.append(parent)
            element = parent
        yield path


def blocks_inside(blocks: Iterable[Block], region: Element) -> list[Block]:
    inside = set(region.iter())
    return [block for block in blocks if block.element in inside]
