"""What belongs to the text is read wherever it stands, and what stands among it is left out."""

from datetime import UTC, datetime

import pytest

from crawler.pages.article import read_article

VISIT = datetime(2020, 10, 23, 10, 43, tzinfo=UTC)
TITLE = "وقف إطلاق نار بين أرمينيا وأذربيجان"
LEAD = "اتّفاق برعاية موسكو يدخل حيّز التنفيذ ظهر السبت ويشمل تبادل الأسرى وجثامين القتلى"
FIRST = "القدس - الكرمل - اتّفقت أذربيجان وأرمينيا على وقف لإطلاق النار اعتبارًا من ظهر اليوم السبت."
SECOND = "وقال لافروف إنّه سيتمّ التوافق لاحقًا على المعايير المحدّدة لاتّفاق وقف النار بين البلدين."
THIRD = "وأعلنت الوزارة أنّ المحادثات التي جرت في موسكو دامت أكثر من عشر ساعات متواصلة بين الوفدين."
OTHER = "قالت وزارة الصحة إنّ عدد الإصابات المسجّلة في القدس خلال يوم واحد بلغ نحو مئة وعشرين إصابة."
DESCRIBED = f'<meta property="og:description" content="{LEAD[:60]}…">'
TEXT = f"<p>{FIRST}</p><p>{SECOND}</p><p>{THIRD}</p>"


def body_of(text: str, *, head: str = "", above: str = "", after: str = "") -> str | None:
    html = (
        f"<html><head><meta charset=utf-8><title>{TITLE}</title>{head}</head><body>"
        f"<div class=page><div class=top><h1>{TITLE}</h1>{above}</div>"
        f"<div>10/10/2020 [ 10:51 ]</div><div class=text>{text}</div></div>{after}</body></html>"
    )
    item = read_article(html.encode(), "http://site.test/post/123", fetched_at=VISIT)
    assert item is not None
    return item.body


def paragraphs(*texts: str) -> str:
    return "\n\n".join(texts)


WHOLE = paragraphs(FIRST, SECOND, THIRD)


# --- text outside its box


@pytest.mark.parametrize("tag", ["h2", "div", "p"])
def test_standfirst_above_the_text_leads_it(tag: str):
    body = body_of(TEXT, head=DESCRIBED, above=f"<{tag} class=sub>{LEAD}</{tag}>")
    assert body == paragraphs(LEAD, WHOLE)


def test_line_below_the_title_that_nothing_calls_its_description_is_no_standfirst():
    assert body_of(TEXT, above=f"<h2 class=sub>{LEAD}</h2>") == WHOLE


def test_teaser_that_the_text_says_again_is_read_once():
    head = f'<meta name="description" content="{FIRST}">'
    assert body_of(TEXT, head=head, above=f"<div class=sub>{FIRST}</div>") == WHOLE
    cut = f"{FIRST[:70]}…"
    assert body_of(TEXT, head=head, above=f"<div class=sub>{cut}</div>") == WHOLE


def test_first_paragraph_in_a_box_of_its_own_is_read():
    text = f"<p>{SECOND}</p><p>{THIRD}</p><p>{OTHER}</p>"
    assert body_of(text, above=f"<p>{FIRST}</p>") == paragraphs(FIRST, SECOND, THIRD, OTHER)


def test_caption_above_the_text_is_no_paragraph_of_it():
    above = f"<div><img src=/1.jpg><p>{OTHER}</p></div>"
    assert body_of(TEXT, above=above) == WHOLE


# --- another article


def test_second_full_article_below_the_first_is_not_read():
    second = (
        "<div class=page><div class=top><h1>إصابات جديدة في القدس</h1></div>"
        f"<div class=text>{f'<p>{OTHER}</p>' * 8}</div></div>"
    )
    assert body_of(TEXT, after=second) == WHOLE


def test_headings_of_the_titles_own_rank_stay_in_the_text():
    text = f"<p>{FIRST}</p><h1>ردود الفعل</h1><p>{SECOND}</p><h1>ما بعد الاتفاق</h1><p>{THIRD}</p>"
    assert body_of(text) == paragraphs(FIRST, "ردود الفعل", SECOND, "ما بعد الاتفاق", THIRD)


# --- boxes among the paragraphs

CARD = (
    "<div class=item><div><a href=/post/9><img src=/9.jpg></a><h4><a href=/post/9>{}</a></h4>"
    "<p>عقد المجلس جلسته الأسبوعية صباح اليوم وناقش جملة من القضايا المدرجة.</p><span>9/10/2020"
    "</span></div></div>"
)


@pytest.mark.parametrize("count", [1, 3])
def test_cards_of_other_articles_among_the_paragraphs_are_left_out(count: int):
    cards = "".join(CARD.format(f"عنوان خبر آخر من أخبار الكرمل {n}") for n in range(count))
    text = f"<p>{FIRST}</p><div class=box>{cards}</div><p>{SECOND}</p><p>{THIRD}</p>"
    assert body_of(text) == WHOLE


def test_sections_whose_headings_are_links_are_read():
    sections = [(f"عنوان الفقرة الطويلة رقم {n}", OTHER + " " + THIRD + f" {n}.") for n in range(2)]
    text = "".join(
        f"<div class=sec><h3><a href=/p/{n}>{heading}</a></h3><p>{words}</p></div>"
        for n, (heading, words) in enumerate(sections)
    )
    body = body_of(f"<p>{FIRST}</p>{text}")
    assert body == paragraphs(FIRST, *(words for _, words in sections))


def test_short_text_beside_an_image_is_a_caption():
    caption = "<div class=pic><img src=/1.jpg><div>لافروف في موسكو أمس السبت (أ ف ب)</div></div>"
    assert body_of(f"<p>{FIRST}</p>{caption}<p>{SECOND}</p>{caption}<p>{THIRD}</p>") == WHOLE


def test_photo_story_keeps_its_lines():
    lines = [FIRST, SECOND, THIRD]
    text = "".join(f"<div class=pic><img src=/1.jpg><div>{line}</div></div>" for line in lines)
    assert body_of(text) == WHOLE


def test_paragraph_box_with_an_image_in_it_is_text():
    text = (
        f"<div><img src=/1.jpg>{FIRST}</div><div>{SECOND}</div><div>{THIRD}</div><div>{OTHER}</div>"
    )
    assert body_of(text) == paragraphs(FIRST, SECOND, THIRD, OTHER)


def test_rules_for_comments_below_the_text_are_left_out():
    rules = (
        "<p>يرحّب الموقع بالنقاش المفيد، وكي لا تُراجع التعليقات قبل نشرها ننصحكم بمراجعة شروط "
        "الاستخدام للتعرّف إليها جيّدًا قبل الكتابة.</p>"
    )
    assert body_of(TEXT + f"<div>{rules}</div>") == WHOLE


# --- names that only look like the page's own


def test_widgets_of_a_page_builder_hold_the_text():
    text = "".join(
        f'<div class="elementor-element elementor-element-{n} elementor-widget '
        f'elementor-widget-text-editor"><div><p>{words}</p></div></div>'
        for n, words in enumerate([FIRST, SECOND, THIRD, OTHER])
    )
    assert body_of(text) == paragraphs(FIRST, SECOND, THIRD, OTHER)


def test_id_made_of_a_heading_marks_nothing():
    text = f'<p>{FIRST}</p><div id="talks-on-social-media-and-comments"><p>{SECOND}</p></div>'
    assert body_of(text + f"<p>{THIRD}</p>") == WHOLE


def test_parts_inside_one_that_holds_the_text_are_still_left_out():
    menu = "".join(f"<li><a href=/{n}>القسم {n}</a></li>" for n in range(9))
    inner = f"<div class=tags><p>{OTHER}</p></div><ul>{menu}</ul>"
    assert body_of(f"<div class=print-area>{TEXT}{inner}</div>") == WHOLE


def test_quoted_post_of_a_social_network_is_read():
    quote = f"<div class=social-media-embed><blockquote><p>{OTHER}</p></blockquote></div>"
    assert body_of(f"<p>{FIRST}</p>{quote}<p>{SECOND}</p>") == paragraphs(FIRST, OTHER, SECOND)


def test_element_of_a_sites_own_in_a_paragraph_does_not_break_it():
    text = f"<p>{FIRST} <site-note>انظر <b>الهامش</b></site-note> {SECOND}</p><p>{THIRD}</p>"
    assert body_of(text) == paragraphs(f"{FIRST} انظر الهامش {SECOND}", THIRD)
