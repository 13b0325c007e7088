"""Where title and text stand on a page, found together because each shows where the other is."""

from dataclasses import dataclass
from functools import cached_property

from crawler.pages.blocks import Block, Element, common_ancestor, text_content
from crawler.pages.body import blocks_inside, find_region, text_blocks
from crawler.pages.boxes import without_boxes
from crawler.pages.document import Document
from crawler.pages.lead import lead_blocks
from crawler.pages.paragraphs import body_blocks
from crawler.pages.structured import Metadata
from crawler.pages.title import Title, claimed_title, unprinted_title
from crawler.pages.title_looks import dated_title, printed_title


@dataclass
class Layout:
    """A page's blocks, its title, and the blocks that are the text."""

    blocks: list[Block]
    title: Title
    inside: list[Block]  # every block of the region of the text
    text: list[Block]  # those of them that are the article's words
    lead: list[Block]  # standfirst and paragraphs between title and region

    @property
    def body(self) -> list[Block]:
        return self.lead + self.text

    @cached_property
    def first(self) -> int:
        """The position of the first block of the text; the number of blocks where there is none."""
        return self._position(0) if self.text else len(self.blocks)

    @cached_property
    def last(self) -> int:
        return self._position(-1) if self.text else len(self.blocks) - 1

    def _position(self, end: int) -> int:
        block = self.text[end]
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
        if not self.text:
            return None
        root = common_ancestor(
            self.blocks[index].element for index in {self.above, self.first, self.last}
        )
        return root if self.title_at is not None or root.tag == "body" else root.getparent()

    def holds(self, block: Block) -> bool:
        """Whether a block stands in `root`."""
        passed: list[Element] = []
        element: Element | None = block.element
        while element is not None and element not in self._held:
            passed.append(element)
            element = element.getparent()
        held = element is not None and self._held[element]
        self._held.update(dict.fromkeys(passed, held))
        return held

    @cached_property
    def _held(self) -> dict[Element, bool]:
        """What `holds` knows: each element is asked only once for what is around it."""
        return {} if self.root is None else {self.root: True}


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
    printed = blocks[title.printed_at[0]].text if title.printed_at else title.text
    layout = Layout(blocks, title, inside, body_blocks(inside, printed), lead=[])
    if "body" not in chosen:
        layout.lead = lead_blocks(blocks, layout.title_at, layout.text, metadata)
    return layout


def _chosen_title(blocks: list[Block], elements: list[Element] | None) -> Title | None:
    if not elements:
        return None
    inside = set(elements[0].iter())
    places = [index for index, block in enumerate(blocks) if block.element in inside]
    text = " ".join(text_content(elements[0]).split())
    return Title(text, "selector", places, confirmed=True)


def _inside(
    blocks: list[Block], elements: list[Element] | None, title: Title | None
) -> list[Block]:
    if elements:
        return [block for element in elements for block in blocks_inside(blocks, element)]
    below = _own_blocks(blocks, title) if title and title.printed_at else blocks
    region = find_region(below)
    if region is None:
        return []
    return without_boxes(blocks_inside(below, region.element), region)


def _own_blocks(blocks: list[Block], title: Title) -> list[Block]:
    """The blocks from the title to the title of the next full article, where one follows."""
    places = [index for index in title.printed_at if blocks[index].heading]
    below = blocks[title.printed_at[0] :]
    if not places:
        return below
    head = blocks[min(places, key=lambda index: blocks[index].element.tag)]
    prose = 0
    past = False
    for index, block in enumerate(below):
        if past and block.element.tag == head.element.tag and _heads_another(block, head) and prose:
            return below[:index]
        past = past or block is head
        prose += block.prose if past and block.furniture is None else 0
    return below


def _heads_another(block: Block, head: Block) -> bool:
    """Whether a heading stands in a box of its own like the title's, with other words."""
    box, own = block.element.getparent(), head.element.getparent()
    return (
        box is not own
        and (box.tag, box.get("class")) == (own.tag, own.get("class"))
        and (head.element.tag == "h1" or block.element.get("class") == head.element.get("class"))
        and block.letters != head.letters
    )


def _first_prose(blocks: list[Block], inside: list[Block]) -> int:
    first = next((block for block in inside if block.prose), None)
    return next((index for index, block in enumerate(blocks) if block is first), len(blocks))
