"""A page as blocks: what is one, what is none."""

import pytest
from lxml import html

from crawler.pages.blocks import Block, read_blocks

WORDS = ["الرئيسية", "سياسة", "محليات", "القدس", "اقتصاد", "رياضة", "ثقافة وفن", "كل الأخبار"]
TITLES = [f"الحكومة تناقش خطة جديدة لدعم المزارعين في المحافظة رقم {n}" for n in range(8)]


def blocks(body: str) -> list[Block]:
    return read_blocks(html.document_fromstring(f"<body>{body}</body>"), lambda _: False)


def links(words: list[str]) -> str:
    return "".join(f'<li><a href="/{n}">{word}</a></li>' for n, word in enumerate(words))


@pytest.mark.parametrize("tag", ["ul", "ol", "nav"])
def test_a_list_of_many_short_links_is_one_block(tag: str) -> None:
    menu, text = blocks(f"<{tag}>{links(WORDS)}</{tag}><p>وصلت القافلة إلى غزة.</p>")
    assert menu.menu
    assert menu.text.replace(" ", "") == "".join(WORDS).replace(" ", "")
    assert (menu.prose, menu.link_share, menu.anchors) == (0, 1, [])
    assert (text.menu, text.text) == (False, "وصلت القافلة إلى غزة.")


def test_a_list_of_headlines_is_a_block_for_each() -> None:
    assert [block.text for block in blocks(f"<ul>{links(TITLES)}</ul>")] == TITLES


def test_a_short_list_of_links_is_a_block_for_each() -> None:
    assert len(blocks(f"<ul>{links(WORDS[:7])}</ul>")) == 7


def test_text_around_a_menu_is_not_joined_over_it() -> None:
    read = blocks(f"<div>قبل القائمة<ul>{links(WORDS)}</ul>بعد القائمة</div>")
    assert [block.text for block in read if not block.menu] == ["قبل القائمة", "بعد القائمة"]


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("أعلنت الوزارة اليوم.", 20),
        ("أعلنت الوزارة اليوم", 0),  # no sentence, no length
        ("كلمات بلا نقطة في آخرها " * 3, 71),
    ],
)
def test_prose_is_a_sentence_or_a_long_line(text: str, prose: int) -> None:
    assert blocks(f"<p>{text}</p>")[0].prose == prose
