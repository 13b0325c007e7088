"""Signatures and rules: what makes two texts one story, and what only looks alike."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text.differences import differences
from crawler.text.similarity import (
    VERSION,
    Relation,
    Text,
    bands,
    estimated,
    likely,
    relation,
    signature,
    worth_comparing,
)

TITLE = "افتتاح مكتبة عامة في البلدة القديمة"
BODY = (
    """افتتحت بلدية المدينة صباح اليوم مكتبة عامة في قلب البلدة القديمة، بعد أعمال ترميم استمرت
ثلاث سنوات بتمويل من صندوق محلي وتبرعات الأهالي.

وقال رئيس البلدية في كلمة الافتتاح إن المكتبة تضم أكثر من 12 ألف كتاب، وقاعة للأطفال، وأخرى
للمطالعة تتسع لنحو 80 قارئا. وأضاف أن البناء الذي يعود إلى العهد العثماني كان مهجورا منذ عقود قبل
أن تتسلمه البلدية وتعيد إليه الحياة.

وأشارت مديرة المكتبة إلى أن أبوابها مفتوحة للجمهور طوال أيام الأسبوع عدا الجمعة، وأن برنامجا من
الندوات وورش الكتابة سيبدأ مطلع الشهر المقبل بمشاركة كتاب وفنانين من أنحاء البلاد.""".replace(
        "\n\n", "¶"
    )
    .replace("\n", " ")
    .replace("¶", "\n\n")
)
OTHER = """أعلنت وزارة التربية نتائج امتحان الثانوية العامة لهذا العام، وبلغت نسبة النجاح فيها
ارتفاعا
طفيفا عن العام الماضي. وهنأ الوزير الطلبة وذويهم، ودعا من لم يحالفهم الحظ إلى التقدم للدورة الثانية
التي تعقد بعد شهر، مؤكدا أن الوزارة ستوفر لهم دروس تقوية مجانية في جميع المديريات.""".replace(
    "\n", " "
)
STANDING = """يذكر أن البلدية أطلقت قبل عامين خطة واسعة لترميم المباني التاريخية في الأحياء القديمة
وتحويلها إلى مراكز ثقافية ومرافق عامة، وتشرف على الخطة لجنة من المهندسين والمؤرخين وتمولها جهات عدة
محلية ودولية بهدف الحفاظ على هوية المدينة وتنشيط الحركة السياحية فيها.""".replace("\n", " ")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

FROZEN_SIGNATURE = "6adcb05b0240ad00608c66e4a07264f9b2765e5aa9b4dff9b67b60f142aff685"
FROZEN_BANDS = [1365866381641, 282982569280055]
FROZEN_PASSAGE = 7574964101595075262

words = st.lists(st.text("ابتثجحخدرسصطعفقكلمنهوي", min_size=1, max_size=7), min_size=1, max_size=80)
bodies = words.map(" ".join)


def related(one: str, two: str, title: str = TITLE, other_title: str = TITLE) -> str | None:
    found = relation(Text(title, one), Text(other_title, two))
    return found.kind if found else None


def changed(body: str, share: float, seed: int) -> str:
    dice, parts = Random(seed), body.split(" ")
    for at in dice.sample(range(len(parts)), round(share * len(parts))):
        parts[at] = dice.choice(OTHER.split())
    return " ".join(parts)


# --- Signatures


def test_a_signature_stays_the_same_for_years() -> None:
    """Stored signatures are compared with new ones: another value needs another VERSION."""
    assert VERSION == 1
    assert signature("", "خبر").hex()[:8] == "01000000"
    assert sha256(signature(TITLE, BODY)).hexdigest() == FROZEN_SIGNATURE
    assert bands(signature(TITLE, BODY))[:2] == FROZEN_BANDS
    assert bands(signature(TITLE, BODY))[-1] == FROZEN_PASSAGE


@given(bodies)
def test_bands_are_distinct_and_fit_a_bigint(body: str) -> None:
    found = bands(signature("", body))
    assert len(found) >= 32
    assert len(set(found)) == len(found)
    assert all(-(2**63) <= band < 2**63 for band in found)


@given(bodies)
def test_a_text_is_fully_like_itself_in_any_spelling(body: str) -> None:
    spelled = body.replace("ه", "ة").replace("ا", "أ").replace("ي ", "ى ").replace("م", "مـ")
    assert signature("", spelled) == signature("", body)
    assert estimated(signature("", body), signature("", spelled)) == 1


@pytest.mark.parametrize("body", ["", " ", "!", "؟ .", "\n\n"])
def test_a_text_without_words_resembles_nothing(body: str) -> None:
    assert bands(signature("", body)) == []
    assert estimated(signature("", body), signature("", body)) == 0
    assert not worth_comparing(signature("", body), signature(TITLE, BODY))
    assert relation(Text("", body), Text("", body)) is None


def test_the_title_is_signed_where_the_body_is_empty() -> None:
    assert signature(TITLE, "") == signature("", TITLE)
    assert signature(TITLE, BODY) == signature("", BODY)


def test_another_version_is_refused() -> None:
    mine = signature(TITLE, BODY)
    other = bytes([VERSION + 1]) + mine[1:]
    with pytest.raises(ValueError, match="version 2, not 1"):
        bands(other)
    with pytest.raises(ValueError, match="version 2, not 1"):
        estimated(mine, other)


def test_a_long_text_is_signed_as_one() -> None:
    """Blocks of shingles are folded into one signature, wherever they are cut."""
    long = " ".join(f"كلمة{number}" for number in range(9000))
    assert estimated(signature("", long), signature("", long + " أخيرة")) > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_the_estimate_is_near_the_truth(seed: int) -> None:
    dice = Random(seed)
    first = [f"كلمة{dice.randrange(10**6)}" for _ in range(300)]
    second = first[:200] + [f"كلمة{dice.randrange(10**6)}" for _ in range(100)]
    guess = estimated(signature("", " ".join(first)), signature("", " ".join(second)))
    assert guess == pytest.approx(0.5, abs=0.17)  # three standard deviations of 96 values


# --- Reprints


def test_the_same_text_is_a_reprint() -> None:
    assert relation(Text(TITLE, BODY), Text("عنوان آخر تماما", BODY)) == Relation("reprint", 1.0)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("share", [0.05, 0.1, 0.15])
def test_a_text_with_some_words_changed_is_a_reprint(share: float, seed: int) -> None:
    reprint = changed(BODY, share, seed)
    assert worth_comparing(signature(TITLE, BODY), signature(TITLE, reprint))
    assert related(BODY, reprint) == "reprint"


def test_an_agency_line_and_a_credit_change_nothing() -> None:
    assert related(BODY, f"رام الله - وكالات: {BODY}\n\nالمصدر: وكالات") == "reprint"


def test_an_updated_version_is_a_reprint() -> None:
    assert related(BODY, f"{BODY}\n\n{OTHER[:150]}", other_title="تحديث للخبر") == "reprint"


def test_one_number_brought_up_to_date_among_others_is_a_reprint() -> None:
    body = f"{BODY} وزار المعرض 30 طالبا و14 معلما و6 صحفيين."
    assert related(body, body.replace("14", "15")) == "reprint"


def test_a_lead_turned_around_is_a_reprint() -> None:
    lead, rest = BODY.split("\n\n", 1)
    parts = lead.rstrip(".").split()
    turned = " ".join([*parts[12:], *parts[:12]])
    assert related(BODY, f"{turned}.\n\n{rest}") == "reprint"


@given(bodies, bodies)
def test_who_is_asked_first_decides_only_between_contains_and_contained(a: str, b: str) -> None:
    one, two = Text("عنوان", f"{BODY} {a}"), Text("عنوان", f"{b} {BODY}")
    for first, second in ((one, two), (Text("عنوان", a), Text("عنوان", b))):
        there, back = relation(first, second), relation(second, first)
        other_way = {"reprint": "reprint", "contains": "contained", "contained": "contains"}
        assert (there is None) == (back is None)
        if there and back:
            assert (other_way[there.kind], there.similarity) == (back.kind, back.similarity)


# --- Strangers


def test_the_same_title_over_another_body_is_a_stranger() -> None:
    assert related(BODY, OTHER) is None
    assert not worth_comparing(signature(TITLE, BODY), signature(TITLE, OTHER))


def test_of_no_pairs_none_is_likely() -> None:
    assert likely([], {}) == []


WEATHER = (
    "يكون الجو اليوم {} غائما جزئيا إلى صاف بوجه عام، وتبلغ درجات الحرارة العظمى {} درجة في "
    "المرتفعات "
    "و{} درجة في السهول و{} درجة في الأغوار. وتكون الرياح غربية معتدلة السرعة، والبحر متوسط ارتفاع "
    "الموج. ويطرأ غدا انخفاض طفيف على درجات الحرارة، وتتساقط بمشيئة الله أمطار خفيفة على "
    "بعض المناطق."
)


def test_a_template_with_other_numbers_is_a_stranger() -> None:
    one, two = WEATHER.format("السبت", 21, 25, 29), WEATHER.format("الأحد", 19, 24, 28)
    assert worth_comparing(signature("", one), signature("", two))  # the rules must tell
    assert related(one, two) is None


OBITUARY = (
    "شيعت جماهير حاشدة اليوم جثمان {0} إلى مثواه الأخير في مقبرة {1} بعد الصلاة عليه في "
    "المسجد الكبير، "
    "وشارك في التشييع ممثلون عن القوى والمؤسسات وأهالي القرى المجاورة. وألقيت كلمات أشادت "
    "بمناقب الراحل "
    "الذي عمل معلما أكثر من عشرين عاما وترك أثرا طيبا في نفوس طلبته وزملائه وكل من عرفه."
)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("سامي الخطيب", "بلدة عرابة"), ("نبيل الأشقر", "بلدة كوبر")),
        (("محمود حجازي", "المدينة"), ("خالد حجازي", "المدينة")),
    ],
)
def test_a_template_with_other_names_is_a_stranger(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    assert related(OBITUARY.format(*one), OBITUARY.format(*two)) is None


def test_a_template_with_names_that_no_list_knows_is_a_stranger() -> None:
    one, two = (
        OBITUARY.format(name, "المدينة").split(" الذي عمل")[0]
        for name in ("زكي نزال", "صابر كنفاني")
    )
    assert related(one, two) is None


def test_a_word_that_differs_in_title_and_body_alike_tells_two_stories() -> None:
    body = BODY.replace("مكتبة", "حديقة").replace("المكتبة", "الحديقة")
    title = TITLE.replace("مكتبة", "حديقة")
    assert related(BODY, body, other_title=title) is None


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("إصابة 3 عمال بانهيار جدار في جنين", "إصابة 4 عمال بانهيار جدار في جنين"),
        ("إصابة عامل بانهيار جدار في جنين", "إصابة عامل بانهيار جدار في نابلس"),
        ("انقطاع المياه يوم السبت عن الحي الشرقي", "انقطاع المياه يوم الأحد عن الحي الشرقي"),
        ("وفاة الشاعر وديع زكارنة بعد صراع مع المرض", "وفاة الشاعر عوني دويكات بعد صراع مع المرض"),
        ("ترقية الضابط في قوة G7 بعد التحقيق", "ترقية الضابط في قوة G8 بعد التحقيق"),
    ],
)
def test_one_sentence_items_with_another_name_or_number_are_strangers(one: str, two: str) -> None:
    assert related(one, two, one, two) is None
    assert related(one, two) is None


def test_one_sentence_items_in_other_spelling_are_reprints() -> None:
    one = "إصابة ثلاثة عمال بانهيار جدار قيد الإنشاء في مدينة جنين"
    assert related(one, one.replace("إ", "ا").replace("ة", "ه")) == "reprint"
    assert related(one, f"{one} اليوم") == "reprint"


def test_a_set_phrase_is_news_again_of_the_next_event() -> None:
    body = "أغلقت الشرطة الطريق الرئيسي المؤدي إلى وسط المدينة بسبب تراكم الثلوج."
    first = Text(TITLE, body, NOON)
    assert relation(first, Text(TITLE, body, NOON + timedelta(days=2))) is not None
    assert relation(first, Text(TITLE, body, NOON + timedelta(days=9))) is None
    assert relation(first, Text(TITLE, body)) is not None
    long = Text(TITLE, BODY, NOON)
    assert relation(long, Text(TITLE, BODY, NOON + timedelta(days=900))) is not None


def test_of_a_body_that_says_nothing_the_title_is_the_news() -> None:
    body = "التفاصيل بعد قليل"
    fire, strike = "حريق كبير في مصنع للأثاث", "إضراب شامل في المدارس غدا"
    assert related(body, body, fire, strike) is None
    assert related(body, body, fire, fire) == "reprint"


def test_titles_that_name_other_days_tell_the_same_text_apart() -> None:
    one, two = "برنامج المعرض ليوم السبت", "برنامج المعرض ليوم الأحد"
    first = Text(one, BODY, NOON)
    assert relation(first, Text(two, BODY, NOON + timedelta(days=7))) is None
    assert related(BODY, BODY, one, two) is None


def test_a_title_corrected_within_a_day_tells_nothing_apart() -> None:
    one, two = "محكمة المدينة تنظر في قضية وليد", "محكمة المدينة تنظر في قضية خالد"
    first = Text(one, BODY, NOON)
    assert relation(first, Text(two, BODY, NOON + timedelta(hours=3))) == Relation("reprint", 1.0)


@pytest.mark.parametrize("ends", [True, False])
def test_a_standing_paragraph_does_not_glue_strangers(ends: bool) -> None:
    one, two = BODY.split("\n\n")[1], OTHER
    bodies = [f"{one}\n\n{STANDING}", f"{two}\n\n{STANDING}" if ends else f"{STANDING}\n\n{two}"]
    assert related(*bodies) is None


def test_a_standing_paragraph_longer_than_the_news_does_not_glue_strangers() -> None:
    one, two = BODY.split("\n\n")[1].split()[:18], OTHER.split()[:18]
    bodies = [f"{' '.join(news)}.\n\n{STANDING}" for news in (one, two)]
    first, second = (set(zip(b.split(), b.split()[1:], strict=False)) for b in bodies)
    assert len(first & second) / len(first | second) > 0.48  # similarity alone would merge them
    assert related(*bodies) is None


def test_other_words_that_share_a_phrase_are_still_another_passage() -> None:
    one = "زار وفد من الطلبة المعرض الدولي للكتاب ثم توجه إلى المتحف الوطني حيث استقبلهم مديره"
    two = "كرمت نقابة المهندسين المعرض الدولي للكتاب بينما استقال المدير التنفيذي لشركة المياه أمس"
    assert differences(one.split(), two.split()).apart > 0


def test_an_unknown_place_after_its_kind_tells_a_template_apart() -> None:
    one = OBITUARY.format("المرحوم", "بلدة كوبر")
    assert related(one, OBITUARY.format("المرحوم", "بلدة سنجل")) is None


def test_a_phrase_of_a_long_text_reworded_is_a_reprint() -> None:
    assert related(BODY, BODY.replace("أعمال ترميم", "أشغال صيانة")) == "reprint"


def test_names_changed_in_a_text_reworded_besides_are_a_reprint() -> None:
    body = BODY.replace("البلدية", "نابلس", 1)
    spelled = body.replace("نابلس", "غزة").replace("بتمويل من صندوق", "بتمويل عبر صندوق")
    assert related(body, spelled) == "reprint"
    assert related(body, body.replace("نابلس", "غزة")) is None


ONE_SENTENCE = (
    "أعلنت لجنة التحكيم مساء اليوم فوز الكاتب {} بالجائزة الأولى في مسابقة القصة القصيرة التي "
    "نظمتها وزارة الثقافة بالتعاون مع اتحاد الكتاب وشارك فيها عشرات الأدباء الشباب من "
    "مختلف المحافظات"
)


def test_a_long_sentence_with_an_unknown_name_is_a_stranger() -> None:
    assert related(ONE_SENTENCE.format("الأشقر"), ONE_SENTENCE.format("كنفاني")) is None


def test_a_long_sentence_reworded_around_the_name_is_a_reprint() -> None:
    one = ONE_SENTENCE.format("الأشقر")
    two = one.replace("مساء اليوم", "اليوم").replace("في مسابقة", "ضمن مسابقة")
    assert related(one, two) == "reprint"


def test_forms_of_a_word_are_no_other_word() -> None:
    one = "إصابة ثلاثة عمال بانهيار جدار قيد الإنشاء بالمدينة الصناعية"
    assert related(one, one.replace("بالمدينة", "المدينة")) == "reprint"


def test_short_items_must_be_more_alike_than_long_ones() -> None:
    one = "أغلقت الشرطة الطريق الرئيسي وسط المدينة بسبب تراكم الثلوج"
    two = "قالت المصادر: أغلقت الشرطة أمس الطريق الرئيسي وسط المدينة بسبب تراكم الثلوج الكثيفة"
    assert related(one, two) is None
    assert related(one, f"{one} الكثيفة") == "reprint"


# --- Containment

FLASH = BODY.split("\n\n")[0]


@pytest.mark.parametrize(
    "long", [BODY, f"{OTHER}\n\n{BODY}\n\n{OTHER}", f"{OTHER} {FLASH} {OTHER}"]
)
def test_a_flash_is_found_in_the_report_that_swallows_it(long: str) -> None:
    assert set(bands(signature("", FLASH))) & set(bands(signature("", long)))
    assert worth_comparing(signature("", FLASH), signature("", long))
    found = relation(Text("عاجل", FLASH), Text(TITLE, long))
    assert found is not None
    assert found.kind == "contains"
    assert found.similarity > 0.9
    back = relation(Text(TITLE, long), Text("عاجل", FLASH))
    assert back == Relation("contained", found.similarity)


def test_a_flash_with_another_name_is_not_in_the_report() -> None:
    flash = "اعتقلت الشرطة مساء اليوم المشتبه به سامر عودة بعد مداهمة منزله في مدينة الخليل."
    other = flash.replace("سامر", "ماهر").replace("الخليل", "نابلس")
    assert related(flash, f"{other} {OTHER}") is None


def test_an_item_of_a_standing_paragraph_and_news_is_not_swallowed() -> None:
    item = f"{STANDING} وتفتتح غدا حديقة جديدة للأطفال شرقي السوق."
    assert related(item, f"{BODY}\n\n{STANDING}\n\n{OTHER}") is None


def test_an_item_of_which_only_phrases_recur_is_not_swallowed() -> None:
    words = FLASH.split()
    phrases = [" ".join(words[at : at + 4]) for at in range(0, 20, 4)]
    item = " كما تواترت أنباء ".join(phrases)
    assert related(item, f"{BODY}\n\n{OTHER}") is None


def test_passages_are_counted_apart_only_if_nothing_of_them_is_the_same() -> None:
    one, two = BODY.split()[:20], OTHER.split()[:20]
    assert differences(one, two).apart == 20
    assert differences(one, [*one[10:], *one[:10]]).apart == 0
