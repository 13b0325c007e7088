"""Boxes among an article's paragraphs that are no part of it: cards of others, captions."""

from collections import defaultdict
from itertools import chain

from crawler.pages.blocks import PARAGRAPH_TAGS, Block, Element
from crawler.pages.body import Region, kind

_CARD_WORDS = 200  # characters beside each link: an excerpt, a date, a label
_EXCERPT = 250  # characters; a longer one is a paragraph
_CAPTION = 250
_LINK = 15  # characters; headlines are longer
_IMAGES = ("img", "picture", "video", "amp-img")


def without_boxes(inside: list[Block], region: Region) -> list[Block]:
    """The blocks of a region without those of foreign boxes.

    A box is the outermost element around a block that holds no paragraphs' container.
    """
    spine = _spine(region)
    known: dict[Element, Element | None] = dict.fromkeys(spine)
    boxes: dict[Element, list[Block]] = defaultdict(list)
    for block in inside:
        if block.furniture is None and (box := _box(block.element, known)) is not None:
            boxes[box].append(block)
    captions = {box for box, held in boxes.items() if _may_be_caption(box, held)}
    foreign = {box for box, held in boxes.items() if _is_cards(box, held)}
    if captions:
        foreign |= _unlike_paragraphs(captions, boxes)
    left_out = {id(block) for box in foreign for block in boxes[box]}
    if not left_out:
        return inside
    kept = [block for block in inside if id(block) not in left_out]
    # Where the text itself is made of cards or of captions, they are what there is to read.
    return kept if _prose(kept) * 2 >= _prose(inside) else inside


def _unlike_paragraphs(captions: set[Element], boxes: dict[Element, list[Block]]) -> set[Element]:
    """Those boxes whose text does not look like the prose that stands in boxes without images."""
    others = (held for box, held in boxes.items() if not has_image(box))
    paragraphs = {kind(block.element) for held in others for block in held if block.prose}
    return {box for box in captions if kind(boxes[box][0].element) not in paragraphs}


def _prose(blocks: list[Block]) -> int:
    return sum(block.prose for block in blocks if block.furniture is None)


def _spine(region: Region) -> set[Element]:
    """The elements between the region and the paragraphs, both containers included."""
    spine = {region.element}
    for container in region.containers:
        for element in chain([container], container.iterancestors()):
            if element in spine:
                break
            spine.add(element)
    return spine


def _box(element: Element, known: dict[Element, Element | None]) -> Element | None:
    """The box around an element; ``known`` holds what was asked before, and grows."""
    passed: list[Element] = []
    while element not in known:
        passed.append(element)
        element = element.getparent()
    box = known[element]
    if box is None and passed:
        box = passed[-1]
    known.update(dict.fromkeys(passed, box))
    return box


def _is_cards(box: Element, held: list[Block]) -> bool:
    """Whether links fill a box, with no more beside them than excerpts, dates and labels."""
    if len(held) < 2 or box.tag in PARAGRAPH_TAGS:
        return False
    links = [len(block.text) for block in held if block.link_share > 0.8]
    words = [len(block.text) for block in held if block.link_share <= 0.8]
    return (
        (len(links) > 1 or any(length >= _LINK for length in links))
        and sum(words) < _CARD_WORDS * len(links)
        and max(words, default=0) <= _EXCERPT
    )


def _may_be_caption(box: Element, held: list[Block]) -> bool:
    """Whether a box is an image with one short text, in no element made for paragraphs."""
    return (
        len(held) == 1
        and box.tag not in PARAGRAPH_TAGS
        and held[0].element.tag not in PARAGRAPH_TAGS
        and len(held[0].text) <= _CAPTION
        and has_image(box)
    )


def has_image(box: Element) -> bool:
    return next(box.iter(*_IMAGES), None) is not None
