"""Datelines of Arabic news, and paragraphs that only look as if they had one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.arabic import fold
from crawler.text.dateline import Dateline, split_dateline

REST = "اتّفقت أذربيجان وأرمينيا على وقف لإطلاق النار - بحسب موسكو - ظهر اليوم."


@pytest.mark.parametrize(
    ("opening", "place", "agency", "author"),
    [
        ("القدس - الكرمل - ", "القدس", "الكرمل", None),
        ("القدس المحتلة – الكرمل – ", "القدس المحتلة", "الكرمل", None),
        ("غزة- وكالات: ", "غزة", "وكالات", None),
        ("غزة-وكالات-", "غزة", "وكالات", None),
        ("رام الله - معا - ", "رام الله", "معا", None),
        ("رام الله ـ معا ـ ", "رام الله", "معا", None),
        ("عمان (بترا) - ", "عمان", "بترا", None),
        ("عمّان – ", "عمّان", None, None),
        ("واشنطن - (رويترز) - ", "واشنطن", "رويترز", None),
        ("واشنطن (أ ف ب) - ", "واشنطن", "أ ف ب", None),
        ("القدس/ الكرمل/ ", "القدس", "الكرمل", None),
        ("القدس - القدس - ", "القدس", "القدس", None),
        ('بغداد - "القدس" دوت كوم - ', "بغداد", '"القدس" دوت كوم', None),
        ("غزة - خاص الكرمل: ", "غزة", "الكرمل", None),
        ("غزة - خاص بـ«الكرمل»: ", "غزة", "الكرمل", None),
        ("غزة - خاص: ", "غزة", None, None),
        ("غزة - الكرمل - وكالات - ", "غزة", "الكرمل - وكالات", None),
        ("رام الله 10-10-2020 وفا- ", "رام الله", "وفا", None),
        ("القدس، 10 أكتوبر (رويترز) - ", "القدس", "رويترز", None),
        ("غزة - وسام البردويل - ", "غزة", None, "وسام البردويل"),
        ("غزة - الكرمل - عبد الله أبو رحمة: ", "غزة", "الكرمل", "عبد الله أبو رحمة"),
        ("الكرمل - رام الله: ", "رام الله", "الكرمل", None),
        ("وكالات - ", None, "وكالات", None),
        ("\u200fالقدس - الكرمل - ", "القدس", "الكرمل", None),
    ],
)
def test_a_dateline_is_split_off(
    opening: str, place: str | None, agency: str | None, author: str | None
) -> None:
    assert split_dateline(opening + REST) == Dateline(place, agency, author, REST)


def test_a_dateline_can_be_a_paragraph_of_its_own() -> None:
    assert split_dateline("غزة - وسام البردويل") == Dateline("غزة", None, "وسام البردويل", "")
    assert split_dateline("رام الله - معا -") == Dateline("رام الله", "معا", None, "")


@pytest.mark.parametrize("opening", ["القدس: ", "القدس - "])
def test_a_place_alone_is_one_before_a_verb_of_reporting(opening: str) -> None:
    report = "قالت مصادر محلية إن قوات الاحتلال اقتحمت البلدة."
    assert split_dateline(opening + report) == Dateline("القدس", None, None, report)


@pytest.mark.parametrize(
    "paragraph",
    [
        "",
        "القدس",
        "قال لافروف إنّ وقفًا لإطلاق النار سيبدأ ظهر اليوم.",
        "إسرائيل - التي لم توقع الاتفاق - أعلنت رفضها.",
        "القدس - التي احتلت عام 1967 - عاصمة فلسطين.",
        "غزة - القطاع المحاصر - تعيش أزمة كهرباء.",
        "رام الله - أمين عام الجبهة - أكد ذلك.",
        "غزة - على الرغم من الحصار - تنتج.",
        "القدس: مدينة السلام وزهرة المدائن.",
        "القدس - اليوم التالي",
        "رام الله - وكالة مجهولة - قال مصدر مطلع إن الاجتماع تأجل.",
        "الكرمل - جبل يطل على حيفا.",
        "وسام البردويل - صحفي من غزة.",
        "الأيام - كما يقال - دول.",
        "مفاوضات جنيف - 2 تبدأ غدا.",
        "بيان: القدس - الكرمل - لا تقبل القسمة.",
        "اشتباك في القدس - الكرمل - قال شهود.",
    ],
)
def test_a_paragraph_that_is_not_surely_opened_by_a_dateline_stays_whole(paragraph: str) -> None:
    assert split_dateline(paragraph) is None


PARTS = st.sampled_from(
    ["القدس", "غزة", "الكرمل", "وكالات", " - ", ": ", "/", "(", ") ", "ـ", "وسام البردويل", "قال "]
)


@given(st.one_of(st.text(), st.lists(PARTS).map("".join)))
def test_nothing_is_invented_and_nothing_lost(paragraph: str) -> None:
    if (dateline := split_dateline(paragraph)) is None:
        return
    assert paragraph.strip().endswith(dateline.rest)
    opening = paragraph[: len(paragraph.rstrip()) - len(dateline.rest)]
    for part in (dateline.place, dateline.agency, dateline.author):
        for name in (part or "").split(" - "):
            assert fold(name) in fold(opening)
