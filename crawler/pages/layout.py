"""Where title and text stand on a page, found together because each shows where the other is."""

from dataclasses import dataclass
from functools import cached_property

from crawler.pages.blocks import Block, Element, common_ancestor
from crawler.pages.body import blocks_inside, find_region, text_blocks
from crawler.pages.document import Document
from crawler.pages.paragraphs import body_blocks
from crawler.pages.structured import Metadata
from crawler.pages.title import Title, claimed_title, dated_title, printed_title, unprinted_title


@dataclass
class Layout:
    """A page's blocks, its title, and the blocks that are the text."""

    blocks: list[Block]
    title: Title
    inside: list[Block]  # every block of the region of the text
    body: list[Block]  # those of them that are the article's words

    @cached_property
    def first(self) -> int:
        """The position of the first block of the text; the number of blocks where there is none."""
        return self._position(0) if self.body else len(self.blocks)

    @cached_property
    def last(self) -> int:
        return self._position(-1) if self.body else len(self.blocks) - 1

    def _position(self, end: int) -> int:
        block = self.body[end]
        return next(index for index, other in enumerate(self.blocks) if other is block)

    @cached_property
    def title_at(self) -> int | None:
        """The first of the places above the text where the title is printed."""
        return next((index for index in self.title.printed_at if index <= self.first), None)

    @cached_property
    def above(self) -> int:
        """Where what stands above the text begins: with the title, else with the text."""
        return self.first if self.title_at is None else self.title_at

    @cached_property
    def root(self) -> Element | None:
        """The smallest element around title and text; None on a page without text.

        Where no title is printed, one step more: the date stands beside the text.
        """
        if not self.body:
            return None
        root = common_ancestor(
            self.blocks[index].element for index in {self.above, self.first, self.last}
        )
        return root if self.title_at is not None or root.tag == "body" else root.getparent()


def read_layout(
    document: Document, metadata: Metadata, chosen: dict[str, list[Element]]
) -> Layout | None:
    """The layout of a page with a title, or None.

    ``chosen`` holds the elements that the site's own selectors found as "title" and "body".
    """
    blocks = text_blocks(document.root)
    title = (
        _chosen_title(blocks, chosen.get("title"))
        or claimed_title(document, metadata, blocks)
        or dated_title(blocks)
        or unprinted_title(metadata)
    )
    inside = _inside(blocks, chosen.get("body"), title)
    if title is None:
        title = printed_title(blocks, _first_prose(blocks, inside))
    if title is None:
        return None
    return Layout(blocks, title, inside, body_blocks(inside, title.text))


def _chosen_title(blocks: list[Block], elements: list[Element] | None) -> Title | None:
    if not elements:
        return None
    inside = set(elements[0].iter())
    places = [index for index, block in enumerate(blocks) if block.element in inside]
    text = " ".join(elements[0].text_content().split())
    return Title(text, "selector", places, confirmed=True)


def _inside(
    blocks: list[Block], elements: list[Element] | None, title: Title | None
) -> list[Block]:
    if elements:
        return [block for element in elements for block in blocks_inside(blocks, element)]
    below = blocks[title.printed_at[0] :] if title and title.printed_at else blocks
    region = find_region(below)
    return [] if region is None else blocks_inside(below, region)


def _first_prose(blocks: list[Block], inside: list[Block]) -> int:
    first = next((block for block in inside if block.prose), None)
    return next((index for index, block in enumerate(blocks) if block is first), len(blocks))
