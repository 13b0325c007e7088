"""The difference of two texts in words, as SQL tells it."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rows import PAGE, History


@pytest.fixture
def history(connection: sa.Connection) -> History:
    return History(connection)


def word_diff(connection: sa.Connection, old: str, new: str) -> list[tuple[str, str]]:
    query = sa.text("SELECT op, words, word_count, position FROM word_diff(:old, :new)")
    rows = connection.execute(query, {"old": old, "new": new}).all()
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
    assert [row.word_count for row in rows] == [len(row.words.split()) for row in rows]
    return [(row.op, row.words) for row in rows]


def longest_common(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for word in old:
        diagonal = 0
        for place, other in enumerate(new, 1):
            above = row[place]
            row[place] = diagonal + 1 if word == other else max(above, row[place - 1])
            diagonal = above
    return row[-1]


def test_the_difference_of_two_arabic_texts_is_told_in_words(connection: sa.Connection) -> None:
    old = "قال رئيس الوزراء إن الهدنة بدأت.\n\nوأضاف أن 3 آلاف نازح عادوا."
    new = "قال رئيس الوزراء ان الهدنة بدأت فجر اليوم.\n\nوأضاف أن آلاف النازحين عادوا."
    assert word_diff(connection, old, new) == [
        ("=", "قال رئيس الوزراء"),
        ("-", "إن"),
        ("+", "ان"),
        ("=", "الهدنة"),
        ("-", "بدأت."),
        ("+", "بدأت فجر اليوم."),
        ("=", "وأضاف أن"),
        ("-", "3"),
        ("=", "آلاف"),
        ("-", "نازح"),
        ("+", "النازحين"),
        ("=", "عادوا."),
    ]


def test_invisible_characters_make_no_difference(connection: sa.Connection) -> None:
    assert word_diff(connection, "می‌شود  الآن", "میشود\n\nالآن") == [("=", "میشود الآن")]


@pytest.mark.parametrize(
    ("old", "new", "diff"),
    [
        ("", "", []),
        ("", "كلمة", [("+", "كلمة")]),
        ("كلمة", "", [("-", "كلمة")]),
        ("أ", "ب", [("-", "أ"), ("+", "ب")]),
        ("أ\n\nب", "ب\n\nأ", [("-", "أ"), ("=", "ب"), ("+", "أ")]),
    ],
)
def test_the_smallest_texts_differ_too(
    connection: sa.Connection, old: str, new: str, diff: list[tuple[str, str]]
) -> None:
    assert word_diff(connection, old, new) == diff


few_words = st.lists(st.sampled_from("أبجد"), max_size=12)
gaps = st.sampled_from([" ", " ", " ", "\n", "\n\n", "\n\n\n\n"])


@given(old=few_words, new=few_words, gap=gaps, data=st.data())
@settings(deadline=None, max_examples=300)
def test_a_difference_holds_both_texts_and_is_the_shortest(
    scratch: sa.Engine, old: list[str], new: list[str], gap: str, data: st.DataObject
) -> None:
    with scratch.connect() as connection:
        diff = word_diff(connection, gap.join(old), gap.join(new))
    assert " ".join(words for op, words in diff if op in "=-") == " ".join(old)
    assert " ".join(words for op, words in diff if op in "=+") == " ".join(new)
    assert sum(len(words.split()) for op, words in diff if op == "=") == longest_common(old, new)
    ops = "".join(op for op, _ in diff)
    assert not re.search(r"==|--|\+\+|\+-", ops)


def test_a_long_text_is_compared_to_its_end(connection: sa.Connection) -> None:
    """Far more edits than are searched for: what is left is replaced, nothing is lost."""
    old = [f"قديم{number % 700}" for number in range(4_000)]
    new = [f"جديد{number % 900}" for number in range(5_000)]
    new[::10] = old[: len(new[::10])]
    diff = word_diff(connection, " ".join(old), " ".join(new))
    assert " ".join(words for op, words in diff if op in "=-") == " ".join(old)
    assert " ".join(words for op, words in diff if op in "=+") == " ".join(new)


def test_a_long_paragraph_put_into_a_long_text_is_all_that_differs(
    connection: sa.Connection,
) -> None:
    paragraphs = [" ".join(f"كلمة{n}من{p}" for n in range(50)) for p in range(100)]
    added = "\n\n".join(" ".join(f"خبر{n}في{p}" for n in range(50)) for p in range(60))
    edited = [paragraphs[0].replace("كلمة7", "لفظ7"), *paragraphs[1:50], added, *paragraphs[50:]]
    diff = word_diff(connection, "\n\n".join(paragraphs), "\n\n".join([*edited, "انتهى"]))
    assert [op for op, _ in diff] == ["=", "-", "+", "=", "+", "=", "+"]
    assert [len(words.split()) for op, words in diff if op == "+"] == [1, 3_000, 1]


def test_a_revision_is_compared_with_the_one_before_or_any_other(history: History) -> None:
    for hours, body in enumerate(["أ ب", "أ ج", "أ ج د"]):
        history.see(body=body, hours=hours)
    article = history.article.id

    def diff(*numbers: int) -> list[Any]:
        places = ", ".join(map(str, (article, *numbers)))
        query = f"SELECT field, op, words FROM revision_diff({places}) WHERE op <> '='"
        return list(map(tuple, history.rows(query)))

    assert diff(1) == []
    assert diff(2) == [("body", "-", "ب"), ("body", "+", "ج")]
    assert diff(3) == [("body", "+", "د")]
    assert diff(3, 1) == [("body", "-", "ب"), ("body", "+", "ج د")]


def test_the_functions_are_found_whatever_the_search_path(history: History) -> None:
    for hours, title in enumerate(["قديم", "جديد"]):
        history.see(title=title, hours=hours)
    article = history.article.id
    history.connection.execute(sa.text("SET LOCAL search_path = pg_catalog"))
    changed = f"SELECT count(*) FROM public.revision_diff({article}, 2) WHERE op <> '='"
    assert history.rows(changed) == [(2,)]
    found = "SELECT title FROM public.article_as_of(:url, now())"
    assert history.rows(found, url=PAGE) == [("جديد",)]
