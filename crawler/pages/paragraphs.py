"""From the blocks of the article's region to its text: the page's own words left out."""

import re

from crawler.pages.blocks import Block, Element
from crawler.pages.furniture import is_page_label, opens_comments, opens_related_links
from crawler.text.arabic import letters
from crawler.text.dateline import split_dateline

_RULE = re.compile(r"[\sـ_–—-]+")  # «ــــ» above the editor's initials


def body_blocks(inside: list[Block], title: str) -> list[Block]:
    """The blocks that are the article's own words, in page order."""
    blocks = [block for block in inside if block.furniture is None]
    blocks = _after_title(blocks, title)
    kept: list[Block] = []
    said = letters(title)
    in_links = False  # inside a box of other articles
    begun = False  # whether a sentence has been kept
    for block in blocks:
        text = block.text
        # A link «3 comments» above the text leads to them, a heading opens them.
        if begun and block.link_share < 0.5 and opens_comments(text):
            break
        if opens_related_links(text):
            in_links = True
            continue
        if in_links and block.prose == 0:
            continue
        in_links = False
        if is_page_label(text) or _is_link(block) or _RULE.fullmatch(text):
            continue
        if not begun and block.letters == said:
            continue
        kept.append(block)
        begun = begun or block.prose > 0
    return _without_tail(kept)


def _after_title(blocks: list[Block], title: str) -> list[Block]:
    said = letters(title)
    for index, block in enumerate(blocks):
        if block.letters == said:
            return blocks[index + 1 :]
        if block.prose > 3 * len(title):
            break
    return blocks


def _is_link(block: Block) -> bool:
    """Whether a block is a link to somewhere else rather than a sentence with links in it."""
    if block.link_share <= 0.5:
        return False
    words = len(block.text) - block.link_chars
    return block.link_share > 0.8 or words < 8 or block.heading


def _without_tail(blocks: list[Block]) -> list[Block]:
    """Without headings that head nothing any more."""
    end = len(blocks)
    while end and blocks[end - 1].heading:
        end -= 1
    return blocks[:end]


_LINE_CHARS = 80
_SENTENCE_END = (".", "!", "?", "؟", "…", "»", '"', "”", ":", "؛")


def body_text(blocks: list[Block]) -> str:
    """Paragraphs separated by one blank line.

    Two breaks end a paragraph. One break ends it after a sentence; a line that stops in
    mid-sentence was broken for its looks and runs on.
    """
    paragraphs: list[list[str]] = []
    last: Element | None = None
    for block in blocks:
        runs_on = (
            block.breaks == 1
            and block.element is last
            and not paragraphs[-1][-1].endswith(_SENTENCE_END)
            and not (len(paragraphs) == 1 and _is_dateline(paragraphs[0]))
        )
        if runs_on:
            paragraphs[-1].append(block.text)
        else:
            paragraphs.append([block.text])
        last = block.element
    return "\n\n".join(" ".join(lines) for lines in paragraphs)


def _is_dateline(lines: list[str]) -> bool:
    """«غزة - الكرمل» in a line of its own; «غزة - الكرمل -» goes on in the next."""
    if sum(map(len, lines[:_LINE_CHARS])) + len(lines) - 1 > _LINE_CHARS:
        return False
    line = " ".join(lines)
    dateline = split_dateline(line)
    return dateline is not None and not dateline.rest and not line.endswith(("-", "–", "ـ"))


def without_date_line(blocks: list[Block], printed: str | None) -> list[Block]:
    """The text without the line of the publication date where that stands first in it."""
    said = letters(printed or "")
    for index, block in enumerate(blocks[:2]):
        line = block.letters
        if said and said in line and len(line) < len(said) + 30:
            return blocks[:index] + blocks[index + 1 :]
    return blocks
