"""Folding, stored text and words, on real spellings and on any text at all."""

import re
import unicodedata
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crawler.text.arabic import (
    DROPPED,
    FOLDED_FROM,
    FOLDED_TO,
    SPACES,
    clean,
    fold,
    fold_lines,
    fold_spaces,
    has_word,
    words,
)

ARABIC = st.text(alphabet=st.characters(min_codepoint=0x600, max_codepoint=0x6FF))
AWKWARD = st.text(
    alphabet="اأإآوؤيئىهةءبلﻻﷺﹰﹱﱠـ\u064b\u0651\u0653\u0654\u0655\u0301\u0307eéIİςΣß"
    "\u200b\u200c\u200d\u200e\u202b\ufeff\ufe0f\u00ad\x00\ud83d\ude00\r\n\t \xa0\u3000\u2028😀👩"
)
ANY = st.one_of(ARABIC, AWKWARD, st.text(), st.text(alphabet=st.characters()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("اتّفقت أذربيجانُ", "اتفقت اذربيجان"),  # tashkeel, hamza
        ("القـــدس", "القدس"),  # tatweel
        ("إسرائيل آمنة ٱلبيت", "اسرائيل امنه البيت"),
        ("مسؤول", "مسئول"),  # Levant, Egypt
        ("مصطفى", "مصطفي"),
        ("غزة", "غزه"),
        ("١٢٣ ۴۵۶", "123 456"),
        ("ایران کے", "ايران كي"),  # Persian, Urdu
        ("۔،؛؟٪", ".,;?%"),
        ("«قال» – “نعم”", '"قال" - "نعم"'),
        ("ﻻ ﺇﻟﻪ ﷲ", "لا اله الله"),
        ("ﷺ", "صلى الله عليه وسلم"),
        ("مي\u200cشود", "ميشود"),
        ("\u202bالقدس\u202c\u200f\ufeff", "القدس"),
        ("آ", "ا\u0653"),  # composed, decomposed
        ("  قال\t\xa0لافروف\r\n", "قال لافروف"),
        ("BBC Ａrabic", "bbc arabic"),
        ("ΟΔΟΣ", "οδος"),
        ("a\x00b\ud800", "ab"),
    ],
)
def test_spellings_of_one_text_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("قائد", "قايد"), ("فئة", "فيه"), ("سماء", "سما"), ("چای", "جاي"), ("12,5", "125")],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(ANY)
@example("e\u0653\u0301")
@example("İ")
@example("ﹰ")
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY, ANY)
def test_a_text_is_folded_as_its_lines_are(one: str, other: str) -> None:
    text = f"{one}\n{other}"
    assert " ".join(filter(None, fold_lines(text))) == fold(text)


@given(ANY)
def test_folded_text_holds_nothing_that_folding_removes(text: str) -> None:
    folded = fold(text)
    assert not set(FOLDED_FROM) & set(folded)
    assert not re.search(rf"[\x00{DROPPED}]", folded)
    assert re.sub(f"[{SPACES}]+", " ", folded).strip(" ") == folded


@given(ANY)
def test_composed_and_decomposed_text_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


STORABLE = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"))
FOLDED_IN_SQL = sa.text(
    f"""
    SELECT btrim(regexp_replace(normalize(regexp_replace(
        lower(translate(normalize(text, NFKC), :letters, :folded)),
        '[{DROPPED}]', '', 'g'), NFKC), '[{SPACES}]+', ' ', 'g'), ' ')
    FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY AS given (text, place) ORDER BY place
    """
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ARABIC | STORABLE | AWKWARD.map(partial(re.sub, "[\0\ud800-\udfff]", ""))))
def test_sql_folds_with_the_same_tables_as_python(
    connection: sa.Connection, texts: list[str]
) -> None:
    tables = {"letters": FOLDED_FROM, "folded": FOLDED_TO}
    folded = connection.execute(FOLDED_IN_SQL, tables | {"texts": texts}).scalars()
    assert list(folded) == list(map(fold, texts))


def test_the_space_class_is_what_python_splits_at() -> None:
    split_at = {chr(code) for code in range(0x110000) if chr(code).isspace()}
    assert split_at == set(re.findall(f"[{SPACES}]", "".join(map(chr, range(0x110000)))))


def test_every_twin_folds_to_one_character() -> None:
    assert len(FOLDED_FROM) == len(set(FOLDED_FROM)) == len(FOLDED_TO)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("اتّفقت القـدس أمّة إلى", "اتّفقت القـدس أمّة إلى"),  # the writer's spelling
        ("أ".replace("أ", "ا\u0654"), "أ"),  # NFC
        ("ﻻ ﺗﻔﺎﻭﺽ", "لا تفاوض"),
        ("محمد ﷺ", "محمد ﷺ"),
        ("ن\ufe70", "ن\u064b"),
        ("\u202bالقدس\u202c \u200eغزة\ufeff", "القدس غزة"),
        ("می\u200cشود", "می\u200cشود"),
        ("غزة\u200c والقدس", "غزة والقدس"),
        ("هـ\u200d", "هـ"),
        ("👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"),
        ("حزب\u00adالله", "حزبالله"),
        ("قال\x00 نعم", "قال نعم"),
        ("\ud83d\ude00 \ud83d", "😀"),
        ("قال\xa0\u2009\t نعم ", "قال نعم"),
        ("أول\r\n\r\n\r\nثان\rثالث", "أول\n\nثان\nثالث"),
        (" أول \n \t\n\n ثان\u2029ثالث\u2028رابع\n", "أول\n\nثان\n\nثالث\nرابع"),
        ("a\ufffdb", "a\ufffdb"),  # what the page had
        (" \n ", ""),
    ],
)
def test_text_is_stored_as_written_without_what_cannot_be_seen(text: str, stored: str) -> None:
    assert clean(text) == stored


@given(ANY)
def test_cleaning_is_idempotent(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY)
def test_clean_text_can_be_stored(text: str) -> None:
    stored = clean(text)
    assert "\x00" not in stored
    stored.encode("utf-8")
    assert unicodedata.is_normalized("NFC", stored)
    assert not re.search(r"\n{3,}| \n|\n |  |\r", stored)


@given(ANY)
def test_cleaning_changes_nothing_that_is_compared(text: str) -> None:
    # Folding drops the halves of a character that cleaning joins, keeps the space that carries
    # a free-standing mark, and knows the dotted İ only where it is one character.
    whole = re.sub(r"[\ud800-\udfff\ufe70-\ufe7f\ufc5e-\ufc63\ufcf2-\ufcf4\u0307]", "", text)
    assert fold(clean(whole)) == fold(whole)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("اتّفقت أذربيجان، وأرمينيا.", ["اتّفقت", "أذربيجان", "وأرمينيا"]),
        ("الساعة 12,00 يوم 10/10/2020", ["الساعة", "12,00", "يوم", "10/10/2020"]),
        ("ـــــ قال ـــــ", ["قال"]),
        ("«القدس» - (رويترز)", ["القدس", "رويترز"]),
        ("می\u200cشود", ["می\u200cشود"]),
        ("", []),
    ],
)
def test_words_are_counted_as_written(text: str, found: list[str]) -> None:
    assert words(text) == found


@given(ANY)
@example("  قال\u00a0لافروف ")
def test_spaces_are_folded_and_words_found_whatever_the_text(text: str) -> None:
    assert fold_spaces(text) == " ".join(text.split())
    assert has_word(text) == bool(words(text))
