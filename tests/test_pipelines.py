"""From what the page printed to what is stored: cleaning, validation, fingerprint."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scrapy.exceptions import DropItem

from crawler.db.articles import store
from crawler.items import ArticleItem, Capture, PageOutcome
from crawler.pipelines.cleaning import CleaningPipeline
from crawler.pipelines.fingerprint import FingerprintPipeline
from crawler.pipelines.validation import FUTURE, ValidationPipeline
from tests.rows import SITE, add_page, add_run, address

FETCHED = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = address(1)
TITLE = "اتفاق على هدنة"
TEXT = "اتّفقت أذربيجان وأرمينيا على هدنة تبدأ ظهر اليوم."
MORE = "وقال وزير الخارجية إن الهدنة تبدأ ظهرا."


def read(*paragraphs: str, **fields: Any) -> ArticleItem:
    """An item as the reader of pages hands it over."""
    capture = Capture(URL, FETCHED, 200, "sha256:00")
    given: dict[str, Any] = {
        "url": URL,
        "title": TITLE,
        "extractor_version": "1",
        "capture": capture,
    }
    return ArticleItem(body="\n\n".join(paragraphs) or None, **given | fields)


def clean(item: ArticleItem) -> ArticleItem:
    cleaned = CleaningPipeline("Asia/Hebron").process_item(item)
    assert isinstance(cleaned, ArticleItem)
    return cleaned


def paragraphs(item: ArticleItem) -> list[str]:
    return (item.body or "").split("\n\n")


# --- cleaning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "stored"),
    [
        ("غزة\u200f", "غزة"),
        ("\ufeffغزة\x00 تحت\u200b النار", "غزة تحت النار"),
        ("غزة\u00a0تحت\n النار ", "غزة تحت النار"),
        ("\ufeb7\ufe8e\ufe9f\ufecb", "شاجع"),
        ("ا\u0654مس", "أمس"),
        ("غَزَّة", "غَزَّة"),
        ("غزة \ud83d", "غزة"),
        ("", None),
        ("\u200f \n", None),
    ],
)
@pytest.mark.parametrize("field", ["title", "section", "author", "published_text", "image_url"])
def test_text_is_stored_in_one_form(field: str, printed: str, stored: str | None) -> None:
    assert getattr(clean(read(TEXT, **{field: printed})), field) == stored


def test_paragraphs_are_separated_by_one_blank_line() -> None:
    item = clean(read(f"{TEXT}\r\n\r\n\n\n{MORE}"))
    assert item.body == f"{TEXT}\n\n{MORE}"


@pytest.mark.parametrize("repeated", [TITLE, f" {TITLE}\u200f", "إتفاق علي هدنه"])
def test_a_title_that_the_body_repeats_goes(repeated: str) -> None:
    assert paragraphs(clean(read(repeated, TEXT, MORE))) == [TEXT, MORE]


def test_a_title_inside_the_text_stays() -> None:
    assert paragraphs(clean(read(TEXT, TITLE, MORE))) == [TEXT, TITLE, MORE]


def test_a_body_that_is_nothing_but_the_title_stays() -> None:
    assert clean(read(TITLE)).body == TITLE


@pytest.mark.parametrize(
    "line",
    [
        "10/10/2020 [ 10:51 ]",
        "الجمعة 23 أكتوبر 2020الساعة 13:43",
        "السبت، 10 تشرين الأول 2020",
        "نشر بتاريخ: 10/10/2020 (آخر تحديث: 10/10/2020 الساعة: 10:51)",
    ],
)
def test_a_line_that_is_a_date_goes(line: str) -> None:
    assert paragraphs(clean(read(line, TITLE, TEXT))) == [TEXT]


@pytest.mark.parametrize(
    "sentence",
    [
        "وقعت الحرب في 10/10/2020.",
        "هل تتوقف الحرب في 10/10/2020؟",
        "تبدأ الهدنة بين البلدين ظهر يوم السبت 10 تشرين الأول 2020 وتنتهي مساء الأحد",
    ],
)
def test_a_sentence_with_a_date_stays(sentence: str) -> None:
    assert paragraphs(clean(read(sentence, TEXT)))[0] == sentence


@pytest.mark.parametrize("head", ["اقرأ أيضا", "اقرأ أيضاً:", "<< إقرأ أيضًا >>"])
def test_the_head_of_the_related_links_goes(head: str) -> None:
    assert paragraphs(clean(read(TEXT, MORE, head))) == [TEXT, MORE]


def test_a_dateline_is_taken_off_the_first_paragraph() -> None:
    item = clean(read(f"القدس - الكرمل - {TEXT}", MORE))
    assert (item.dateline, item.agency) == ("القدس", "الكرمل")
    assert paragraphs(item) == [TEXT, MORE]
    assert item.extraction == {"dateline": "dateline", "agency": "dateline"}


def test_a_dateline_that_is_a_paragraph_of_its_own_leaves_none_behind() -> None:
    item = clean(read("القدس - الكرمل", TEXT, MORE))
    assert item.dateline == "القدس"
    assert paragraphs(item) == [TEXT, MORE]


def test_structured_data_win_over_the_dateline() -> None:
    extraction = {"agency": "json-ld"}
    item = clean(read(f"القدس - الكرمل - {TEXT}", agency="وفا", extraction=dict(extraction)))
    assert (item.dateline, item.agency) == ("القدس", "وفا")
    assert item.extraction == extraction | {"dateline": "dateline"}
    assert item.body == TEXT


def test_a_dash_makes_no_dateline() -> None:
    item = clean(read("إسرائيل - التي رفضت الهدنة - تواصل القصف."))
    assert (item.dateline, item.body) == (None, "إسرائيل - التي رفضت الهدنة - تواصل القصف.")


def test_addresses_are_canonical_and_links_are_named_once() -> None:
    too_long = f"{address(4)}?q={'新' * 300}"
    links = [f"{address(2)}/خبر?utm_source=x", address(2), f"{URL}/#top", too_long, address(3)]
    item = clean(read(TEXT, url=f"http://www.alkarmel.example/post/1/{TITLE}", links=links))
    assert item.url == URL
    assert item.links == [address(2), address(3)]


def test_cleaning_twice_is_cleaning_once() -> None:
    once = clean(read("10/10/2020", f"القدس - الكرمل - {TEXT}", MORE, "اقرأ أيضا"))
    assert clean(read(*paragraphs(once))).body == once.body


def test_what_is_no_article_passes() -> None:
    outcome = PageOutcome(1, "gone", "HTTP 404")
    for station in (CleaningPipeline("Asia/Hebron"), ValidationPipeline(), FingerprintPipeline()):
        assert station.process_item(outcome) is outcome


# --- validation --------------------------------------------------------------------------------


def validated(item: ArticleItem) -> ArticleItem:
    passed = ValidationPipeline().process_item(item)
    assert isinstance(passed, ArticleItem)
    return passed


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (read(TEXT, title=None), "no title"),
        (read(TEXT, title=""), "no title"),
        (read(), "no text beside the title"),
        (read("…"), "no text beside the title"),
        (read("* * *", "ـــ"), "no text beside the title"),
    ],
)
def test_what_has_no_title_or_text_is_dropped(item: ArticleItem, reason: str) -> None:
    with pytest.raises(DropItem, match=f"^{reason}$"):
        validated(item)


@pytest.mark.parametrize("body", ["عاجل: انفجار في بيروت", "زلزال", "12"])
def test_one_sentence_is_an_article(body: str) -> None:
    assert validated(read(body)).body == body


@pytest.mark.parametrize(
    ("ahead", "kept"),
    [(timedelta(0), True), (FUTURE, True), (FUTURE + timedelta(seconds=1), False)],
)
def test_a_date_in_the_future_is_taken_away_and_its_words_are_kept(
    ahead: timedelta, kept: bool
) -> None:
    date: dict[str, Any] = {"published_at": FETCHED + ahead, "published_precision": "minute"}
    item = validated(read(TEXT, published_text="غدا", flags=["dates-differ"], **date))
    assert (item.published_at, item.published_precision) == (
        (FETCHED + ahead, "minute") if kept else (None, None)
    )
    assert item.published_text == "غدا"
    assert item.flags == ["dates-differ", *([] if kept else ["published_at: in the future"])]


def test_an_article_without_a_date_is_an_article() -> None:
    assert validated(read(TEXT)).published_at is None


# --- fingerprint -------------------------------------------------------------------------------


def fingerprint(*body: str, title: str = TITLE) -> tuple[str | None, int | None]:
    item = FingerprintPipeline().process_item(read(*body, title=title))
    assert isinstance(item, ArticleItem)
    return item.digest, item.word_count


def test_spelling_does_not_change_the_digest() -> None:
    assert fingerprint("أُعلنت الهدنة في غزّة")[0] == fingerprint("اعلنت  الهدنه\n\nفي غزه")[0]


@pytest.mark.parametrize(
    "other",
    [(("نص آخر",), TITLE), ((TEXT,), "عنوان آخر"), ((TITLE,), TEXT)],
)
def test_another_title_or_text_has_another_digest(other: tuple[tuple[str, ...], str]) -> None:
    assert fingerprint(*other[0], title=other[1])[0] != fingerprint(TEXT)[0]


def test_a_digest_is_that_of_the_folded_text() -> None:
    # Archives hold it: a change of the folding must be meant, and told to them.
    assert fingerprint("أُعلنت الهدنة.", title="غزّة")[0] == (
        "e54a41b4fbb47aeb94b42d2dd87f44a6ffc8939bd1cabef2db9095ee2aa19b58"
    )


def test_words_are_those_of_the_body() -> None:
    assert fingerprint("زلزال بقوة 5.4 درجات", "ضرب المنطقة.")[1] == 6


# --- all stations ------------------------------------------------------------------------------

anything = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x00\ud800\udfff\u200f\u2028\n\u00a0اأهةى ـ-،«»…\ufeff\U000e0001\u3164"),
    ),
    max_size=30,
)


@given(
    fields=st.fixed_dictionaries(
        dict.fromkeys(("title", "body"), anything),
        optional=dict.fromkeys(
            ("section", "author", "agency", "dateline", "language", "image_url"), anything
        )
        | {"published_text": anything, "links": st.lists(anything, max_size=2)},
    )
)
@example({"title": "\u3164", "body": "نص"})
@example({"title": "\u2800", "body": "نص"})
@example({"title": "عنوان", "body": "نص", "links": ["javascript:\x00", "mailto:\ud800"]})
@example({"title": "عنوان", "body": "نص", "image_url": "\x00"})
@settings(deadline=None, max_examples=150)
def test_whatever_a_page_prints_is_stored_or_dropped_for_a_reason(
    scratch: sa.Engine, fields: dict[str, Any]
) -> None:
    with scratch.connect() as connection:
        run_id, page_id = add_run(connection), add_page(connection, URL)
        item = ArticleItem(**{"url": URL, "extractor_version": "1"} | fields)
        item.capture = Capture(URL, FETCHED, 200, "sha256:00", page_id)
        try:
            FingerprintPipeline().process_item(validated(clean(item)))
        except DropItem:
            pass
        else:
            assert store(connection, SITE, run_id, [item]) == ["new"]
            (stored,) = connection.execute(sa.text("SELECT title, body FROM articles"))
            assert stored == (item.title, item.body)
