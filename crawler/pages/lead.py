"""The standfirst, and first paragraphs in a box of their own: text between title and text."""

from collections.abc import Iterable

from crawler.pages.blocks import Block, Element
from crawler.pages.boxes import has_image
from crawler.pages.furniture import is_page_label, opens_related_links
from crawler.pages.structured import Metadata
from crawler.text.arabic import letters

_ABOVE = 8  # blocks, where no title is printed
_BELOW_TITLE = 60  # blocks; each paragraph there is looked for in all the others
_SAME = 40  # letters; what begins alike is the same text, cut or not
_PARAGRAPH = 60  # characters


def lead_blocks(
    blocks: list[Block], title_at: int | None, text: list[Block], metadata: Metadata
) -> list[Block]:
    """What stands between title and text and belongs to the text, in page order.

    A text that the metadata call the page's description is the standfirst, whatever it is made
    of; below a printed title the sentences of a ``<p>`` count too. What the text says again is a
    teaser.
    """
    if not text:
        return []
    first = next(index for index, block in enumerate(blocks) if block is text[0])
    start = first - _ABOVE if title_at is None else max(title_at + 1, first - _BELOW_TITLE)
    start = max(0, start)
    title = "" if title_at is None else blocks[title_at].letters
    described = [letters(claim.value)[:_SAME] for claim in metadata.description]
    found: list[Block] = []
    for block in blocks[start:first]:
        if block.furniture is None and block.link_share < 0.5 and not _is_label(block.text):
            is_paragraph = title_at is not None and _is_paragraph(block)
            if (is_paragraph or _is_described(block, described)) and block.letters != title:
                found.append(block)
    return _not_repeated(found, text)


def _is_label(text: str) -> bool:
    return is_page_label(text) or opens_related_links(text)


def _is_paragraph(block: Block) -> bool:
    """Whether a block is a paragraph, and not the only text in a box with an image."""
    if block.element.tag != "p" or block.prose < _PARAGRAPH:
        return False
    box = block.element.getparent()
    return not (_is_alone(block, box) and has_image(box))


def _is_alone(block: Block, box: Element) -> bool:
    """Whether a box holds no other words; reads no more of it than that takes."""
    rest = sum(map(len, block.text.split()))
    for text in box.itertext():
        rest -= sum(map(len, text.split()))
        if rest < 0:
            return False
    return True


def _is_described(block: Block, described: Iterable[str]) -> bool:
    said = block.letters
    return any(len(words) >= _SAME and words in said for words in described)


def _not_repeated(found: list[Block], text: list[Block]) -> list[Block]:
    said = "".join(block.letters for block in text) if found else ""
    kept: list[Block] = []
    for block in found:
        words = block.letters
        if words[:_SAME] not in said or words[-_SAME:] not in said:
            kept.append(block)
            said += words
    return kept
