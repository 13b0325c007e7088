"""Article pages of every kind are read right, and pages that are no articles are known."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import ArticleItem
from crawler.pages.article import read_article
from crawler.text.urls import canonical_url
from tests.site import Site, get

BASE = "http://site.test"
VISIT = datetime(2020, 10, 23, 10, 43, tzinfo=UTC)
TITLE = "وقف إطلاق نار بين أرمينيا وأذربيجان"
FIRST = "القدس - الكرمل - اتّفقت أذربيجان وأرمينيا على وقف لإطلاق النار اعتبارًا من ظهر اليوم السبت."
SECOND = "وقال لافروف إنّه سيتمّ التوافق لاحقًا على المعايير المحدّدة لاتّفاق وقف النار بين البلدين."
THIRD = "ولم يعلن عن شروط وقف إطلاق النار."
DATE = "10/10/2020 [ 10:51 ]"


def read(markup: str, path: str = "/post/123", **options: Any) -> ArticleItem | None:
    return read_article(markup.encode(), BASE + path, fetched_at=VISIT, **options)


def article(
    body: str = f"<p>{FIRST}</p><p>{SECOND}</p>",
    *,
    head: str = "",
    title: str = f"<h1>{TITLE}</h1>",
    date: str = f"<div class=d>{DATE}</div>",
    before: str = "",
    after: str = "",
) -> str:
    return (
        f"<html><head><meta charset=utf-8>{head}</head><body><div class=bar>{before}</div>"
        f"<div id=page>{title}{date}<div class=text>{body}</div></div>{after}</body></html>"
    )


def body_of(markup: str) -> str | None:
    item = read(markup)
    assert item is not None
    return item.body


# --- the replica: every article of every layout, every page that is none


@pytest.fixture(scope="module", params=["table", "post", "semantic"])
def site(request: pytest.FixtureRequest) -> Site:
    return Site(layout=request.param, articles=120)


@pytest.fixture(scope="module")
def items(site: Site) -> dict[int, ArticleItem | None]:
    return {truth.number: fetch(site, truth.address) for truth in site.truth}


def fetch(site: Site, path: str) -> ArticleItem | None:
    answer = site.layout.answer(get(path))
    html = b"".join(answer.parts)
    return read_article(html, BASE + path, fetched_at=VISIT, headers=dict(answer.headers))


@pytest.mark.parametrize(
    "field", ["title", "published_at", "published_precision", "published_text", "image"]
)
def test_every_article_of_the_replica_has_its(
    field: str, site: Site, items: dict[int, ArticleItem | None]
):
    wrong = {}
    for truth in site.truth:
        item = items[truth.number]
        if field == "image":
            found = item and item.image_url
            wanted = truth.image and urljoin(BASE, truth.image)
        else:
            found, wanted = item and getattr(item, field), getattr(truth, field)
        if found != wanted:
            wrong[truth.number] = (found, wanted)
    assert not wrong


def test_every_article_of_the_replica_has_its_body(
    site: Site, items: dict[int, ArticleItem | None]
):
    for truth in site.truth:
        item = items[truth.number]
        credits = (truth.dateline, truth.author or truth.agency)
        prefix = "".join(f"{credit} - " for credit in credits if credit)
        assert item is not None
        assert item.body == prefix + truth.body


def test_every_article_of_the_replica_has_its_related_articles(
    site: Site, items: dict[int, ArticleItem | None]
):
    address = {truth.number: canonical_url(BASE + truth.address) for truth in site.truth}
    for truth in site.truth:
        item = items[truth.number]
        assert item is not None
        found = [canonical_url(link) for link in item.links]
        assert found == [address[number] for number in truth.related]


def test_semantic_pages_tell_section_author_and_agency():
    site = Site(layout="semantic", articles=60)
    for truth in site.truth:
        item = fetch(site, truth.address)
        assert item is not None
        assert (item.section, item.author) == (truth.section, truth.author)
        assert item.agency == (None if truth.author else truth.agency)


NO_ARTICLES = {
    "table": [
        "/", "/index.php", "/section.php?cat=1", "/section.php?cat=2&page=2", "/archive.php",
        "/archive.php?page=3", "/tag.php?t=3", "/page.php?name=about", "/page.php?name=contact",
        "/page.php?name=advertise", "/news.php?id=1",
    ],
    "post": [
        "/", "/category/1", "/category/3?page=2", "/allNews", "/allNews?page=99", "/tags/3",
        "/page/about", "/page/contact", "/page/advertise", "/post/1", "/post/999999",
    ],
    "semantic": [
        "/", "/section/politics/", "/section/local/?page=2", "/archive/", "/tag/غزة/", "/about/",
        "/contact/", "/advertise/", "/login", "/search", "/search?q=x", "/2020/10/23/none-1/",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "path"), [(layout, path) for layout, paths in NO_ARTICLES.items() for path in paths]
)
def test_page_of_the_replica_is_no_article(layout: str, path: str):
    assert fetch(Site(layout=layout, articles=120), path) is None


# --- the title


def test_json_ld_headline_is_the_title():
    item = read(article(head=json_ld(headline="عنوان آخر لوقف إطلاق النار")))
    assert item is not None
    assert item.title == "عنوان آخر لوقف إطلاق النار"
    assert item.extraction["title"] == "json-ld"


def json_ld(**members: str) -> str:
    data = json.dumps({"@type": "NewsArticle", **members})
    return f'<script type="application/ld+json">{data}</script>'


@pytest.mark.parametrize(
    "head",
    [
        f'<meta property="og:title" content="{TITLE} - الكرمل">',
        f'<meta property="og:title" content="الكرمل | {TITLE}">',
        f'<meta property="og:site_name" content="الكرمل"><title>{TITLE} | الكرمل</title>',
        f"<title>الكرمل :: {TITLE} :: عربي ودولي</title>",
        "<title>الكرمل - موقع الكرمل الإخباري</title>",
        "",
    ],
)
def test_title_comes_without_the_name_of_the_site(head: str):
    item = read(article(head=head))
    assert item is not None
    assert item.title == TITLE


@pytest.mark.parametrize(
    "title",
    [
        f"<h2 class=single-post-title>{TITLE}</h2>",
        f"<table><tr><td><b><font size=5>{TITLE}</font></b></td></tr></table>",
        f'<p class="news-title">{TITLE}</p>',
        f"<div>{TITLE}</div><div>{TITLE}</div>",
    ],
    ids=["h2", "bold cell", "class", "printed twice"],
)
def test_title_without_h1_is_known_by_its_looks(title: str):
    item = read(article(title=title, head="<title>موقع الكرمل</title>"))
    assert item is not None
    assert (item.title, item.extraction["title"]) == (TITLE, "shape")
    assert item.body == f"{FIRST}\n\n{SECOND}"


def test_titles_without_a_common_word_raise_a_flag():
    item = read(article(head='<meta property="og:title" content="الكرمل الإخباري">'))
    assert item is not None
    assert item.flags == ["titles-differ"]


# --- the date


@pytest.mark.parametrize(
    "date",
    [
        f"<div>{DATE}</div>",
        f"<div>تاريخ النشر: <span>{DATE}</span></div>",
        "<p class=datetime>السبت 10 أكتوبر 2020 10:51 ص بتوقيت القدس المحتلة</p>",
        '<div class="post-meta"><span>السبت 10 أكتوبر 2020</span><span>10:51 ص</span></div>',
        "<div>10:51<br>2020-10-10</div>",
        '<time datetime="2020-10-10T10:51:00+03:00">قبل أسبوعين</time>',
    ],
)
def test_date_beside_the_title_is_the_articles(date: str):
    item = read(article(date=date))
    assert item is not None
    assert item.published_at == datetime(2020, 10, 10, 7, 51, tzinfo=UTC)
    assert item.extraction["published_at"] == "shape"


def test_clock_of_the_header_is_not_the_date():
    clock = "الجمعة 23 أكتوبر 2020الساعة 13:43 مساءً بتوقيت القدس المحتلة"
    item = read(article(before=clock))
    assert item is not None
    assert item.published_text == DATE


def test_clock_of_the_visit_right_above_the_title_dates_nothing():
    clock = "<div>الجمعة 23 أكتوبر 2020 13:43 بتوقيت القدس المحتلة</div>"
    head = json_ld(headline=TITLE)
    item = read(article(title=f"{clock}<h1>{TITLE}</h1>", date="", head=head))
    assert item is not None
    assert (item.published_at, item.published_text) == (None, None)


def test_dates_of_polls_related_boxes_and_prose_are_not_the_articles():
    prose = f"<p>{FIRST} وكان ذلك يوم 1 تشرين الأول 2020 في الاجتماع الذي عقد في المدينة.</p>"
    after = (
        "<div class=related><h3>مواضيع ذات صلة</h3><a href=/post/9>خبر آخر من أخبار اليوم</a>"
        "<span>01/09/2020</span></div><div class=poll>ينتهي: 22/10/2020</div>"
    )
    item = read(article(prose, date="", after=after, head=json_ld(headline=TITLE)))
    assert item is not None
    assert item.published_at is None


def test_stated_time_wins_and_the_printed_words_stay():
    item = read(article(head=json_ld(headline=TITLE, datePublished="2020-10-10T10:50:58+03:00")))
    assert item is not None
    assert item.published_at == datetime(2020, 10, 10, 7, 50, 58, tzinfo=UTC)
    assert (item.published_text, item.extraction["published_at"]) == (DATE, "json-ld")


def test_stated_day_yields_to_the_printed_minute():
    item = read(article(head=json_ld(headline=TITLE, datePublished="2020-10-10")))
    assert item is not None
    assert (item.published_precision, item.extraction["published_at"]) == ("minute", "shape")


def test_dates_that_lie_days_apart_raise_a_flag():
    item = read(article(head=json_ld(headline=TITLE, datePublished="2020-10-20T10:00:00+03:00")))
    assert item is not None
    assert item.flags == ["dates-differ"]


@pytest.mark.parametrize(
    "stated",
    [
        "1970-01-01T00:00:00Z",
        "2031-01-01T00:00:00Z",
        "0001-01-01",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_impossible_stated_time_is_passed_over(stated: str):
    item = read(article(head=json_ld(headline=TITLE, datePublished=stated)))
    assert item is not None
    assert item.published_at == datetime(2020, 10, 10, 7, 51, tzinfo=UTC)


# --- the body


@pytest.mark.parametrize(
    "furniture",
    [
        "<nav><ul><li>الرئيسية والسياسة والاقتصاد والرياضة والثقافة والصحة.</li></ul></nav>",
        "<figure><img src=a.jpg><figcaption>جنود على خط الجبهة في إقليم ناغورني قره باغ المتنازع "
        "عليه، أمس.</figcaption></figure>",
        '<div class="share-buttons">شارك هذا الخبر مع أصدقائك على مواقع التواصل الاجتماعي.</div>',
        "<p>شارك</p>",
        '<div class="tags">كلمات مفتاحية : <a href=/t/1>أرمينيا</a></div>',
        "<p>كلمات مفتاحية : أرمينيا، أذربيجان</p>",
        "<div>رابط مختصر: http://site.test/post/123</div>",
        "<div>عدد القراءات: 1234</div>",
        "<p>جميع الحقوق محفوظة لموقع الكرمل 2020</p>",
        '<div class="newsletter">اشترك في نشرتنا البريدية ليصلك كل جديد كل صباح إلى بريدك.</div>',
        '<p><a href="/post/9">خبر آخر عن ناغورني قره باغ والمفاوضات الجارية في موسكو</a></p>',
        f"<h2>{TITLE}</h2>",
        '<div style="display: none">نص مخفي لا يراه القارئ في الصفحة ولا يخص هذا الخبر أبدا.</div>',
        "<script>document.write('نص من البرنامج لا يخص الخبر')</script>",
    ],
)
def test_body_leaves_out(furniture: str):
    title = f"{furniture}" if furniture.startswith("<h2>") else ""
    markup = article(f"{title}<p>{FIRST}</p>{'' if title else furniture}<p>{SECOND}</p>")
    assert body_of(markup) == f"{FIRST}\n\n{SECOND}"


def test_comments_end_the_text():
    comments = "<h3>التعليقات</h3><p>كلام أحد القراء الذي علق على الخبر تعليقا طويلا جدا.</p>"
    assert body_of(article(f"<p>{FIRST}</p><p>{SECOND}</p>{comments}")) == f"{FIRST}\n\n{SECOND}"


@pytest.mark.parametrize(
    "piece",
    [
        "<h3>شروط الاتفاق</h3>",
        "<blockquote>سيتيح الوقف تبادل أسرى حرب وأشخاص آخرين وجثث القتلى.</blockquote>",
        "<ul><li>تبادل الأسرى</li></ul>",
        "<div>لقاء قصير</div>",
        '<p>وأكّد <a href="/tag/k">الكرملين</a> أن الاتصالات مستمرة.</p>',
        "<p>إعلان وقف النار جاء بعد عشر ساعات من المفاوضات بين الوزيرين في موسكو.</p>",
        "<p>شارك في اللقاء وزراء ثلاث دول.</p>",
    ],
    ids=["sub-heading", "quote", "list", "short line", "link", "«إعلان»", "«شارك»"],
)
def test_body_keeps(piece: str):
    words = lxml.html.fromstring(piece).text_content()
    expected = f"{FIRST}\n\n{words}\n\n{SECOND}"
    assert body_of(article(f"<p>{FIRST}</p>{piece}<p>{SECOND}</p>")) == expected


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (f"{FIRST}<br><br>{SECOND}<br><br>{THIRD}", f"{FIRST}\n\n{SECOND}\n\n{THIRD}"),
        (f"{FIRST}<br>{SECOND}", f"{FIRST}\n\n{SECOND}"),
        (
            f"<font>{FIRST}<br/>\n<br/><b>شروط</b><br><br>{SECOND}</font>",
            f"{FIRST}\n\nشروط\n\n{SECOND}",
        ),
        ("القدس - الكرمل -<br>" + SECOND, f"القدس - الكرمل - {SECOND}"),
        (
            f"<p><span>{FIRST[:40]}</span><span>{FIRST[40:]}</span></p>{SECOND}",
            f"{FIRST}\n\n{SECOND}",
        ),
    ],
    ids=["two breaks", "one break", "bold line", "broken for looks", "word across spans"],
)
def test_paragraphs_stay_paragraphs(markup: str, expected: str):
    assert body_of(article(markup)) == expected


def test_paragraphs_in_boxes_of_their_own_are_one_text():
    boxes = "".join(f"<div class=box><div class=p>{text}</div></div>" for text in (FIRST, SECOND))
    many = boxes + f"<div class=box><div class=p>{THIRD}</div></div>" + boxes
    assert body_of(article(many)) == "\n\n".join([FIRST, SECOND, THIRD, FIRST, SECOND])


def test_text_in_a_box_named_like_furniture_is_read():
    markup = article(f'<div class="print-area social">{f"<p>{FIRST}</p>" * 4}</div>')
    assert body_of(markup) == "\n\n".join([FIRST] * 4)


def test_one_sentence_beats_a_ticker_and_a_box_of_excerpts():
    cards = "".join(
        f"<div><a href=/post/{n}>خبر آخر رقم {n} من أخبار اليوم</a><p>{FIRST} {FIRST}</p></div>"
        for n in range(6)
    )
    ticker = (
        "<div>" + " *** ".join(f"عنوان آخر رقم {n} في شريط الأخبار" for n in range(20)) + "</div>"
    )
    markup = article(f"<p>{THIRD}</p>", before=ticker, after=f"<div class=most>{cards}</div>")
    assert body_of(markup) == THIRD


# --- related links, section, author, image, language


def test_related_links_stand_behind_their_heading():
    box = (
        "<p>» اقرأ ايضاً</p><ul><li><a href='/post/5/slug'>خبر خامس</a></li>"
        "<li><a href='/post/6'>خبر سادس</a></li><li><a href='https://other.test/1'>إعلان</a></li></ul>"
        "<p>تابعوا المزيد</p><a href='/post/7'>خبر سابع</a>"
    )
    item = read(article(f"<p>{FIRST}</p><p>{SECOND}</p>{box}"))
    assert item is not None
    assert item.links == [f"{BASE}/post/5/slug", f"{BASE}/post/6"]
    assert item.body == f"{FIRST}\n\n{SECOND}"


@pytest.mark.parametrize(
    "before",
    [
        '<ol class="breadcrumb"><li><a href="/">الرئيسية</a></li><li><a href="/category/3/x">اقتصاد'
        f"</a></li><li>{TITLE}</li></ol>",
        '<a href="/category/3/x">اقتصاد</a>',
    ],
)
def test_section_is_printed_beside_the_title(before: str):
    item = read(article(title=f"<div>{before}</div><h1>{TITLE}</h1>"))
    assert item is not None
    assert (item.section, item.extraction["section"]) == ("اقتصاد", "shape")


def test_author_is_named_by_a_line_and_never_guessed():
    named = read(article(date=f"<div>{DATE}</div><div>بقلم: سناء طه</div>"))
    unnamed = read(article())
    assert named is not None
    assert unnamed is not None
    assert (named.author, unnamed.author) == ("سناء طه", None)


def test_picture_of_the_article_is_preferred_to_the_sites_logo():
    head = '<meta property="og:image" content="/uploads/logo.png">'
    item = read(article(f'<img src="/uploads/1.jpg"><p>{FIRST}</p><p>{SECOND}</p>', head=head))
    assert item is not None
    assert item.image_url == f"{BASE}/uploads/1.jpg"


def test_language_is_arabic_where_nothing_is_stated_and_letters_are():
    item = read(article())
    assert item is not None
    assert (item.language, item.extraction["language"]) == ("ar", "shape")


# --- selectors


def test_selectors_of_the_site_outweigh_the_shape():
    markup = article(
        f"<p>{FIRST}</p><p>{SECOND}</p>",
        after=f"<h4 id=t>عنوان من المحدد</h4><div id=b><p>{THIRD}</p></div><i id=d>9/10/2020</i>"
        "<u id=s>ثقافة</u><u id=a>كاتبة</u><img id=i src=/x.jpg>"
        "<div id=r><a href=/post/8>ث</a></div>",
    )
    selectors = {
        "title": "#t", "body": "#b", "published": "#d", "section": "#s", "author": "#a",
        "image": "#i", "related": "#r",
    }  # fmt: skip
    item = read(markup, selectors=selectors)
    assert item is not None
    assert (item.title, item.body, item.section) == ("عنوان من المحدد", THIRD, "ثقافة")
    assert (item.author, item.image_url) == ("كاتبة", f"{BASE}/x.jpg")
    assert (item.published_text, item.links) == ("9/10/2020", [f"{BASE}/post/8"])
    chosen = {"title", "body", "published_at", "section", "author", "image_url", "links"}
    assert {name for name, source in item.extraction.items() if source == "selector"} == chosen


def test_selectors_that_find_nothing_leave_the_page_to_its_shape():
    item = read(article(), selectors={"title": ".none", "body": ".none"})
    assert item is not None
    assert (item.title, item.body) == (TITLE, f"{FIRST}\n\n{SECOND}")


# --- what is an article


def test_one_sentence_with_title_and_date_is_an_article():
    item = read(article(f"<p>{THIRD}</p>"))
    assert item is not None
    assert item.body == THIRD


def test_photo_story_of_three_lines_is_an_article():
    photos = "".join(f"<img src={n}.jpg><p>مشهد رقم {n} من المدينة القديمة.</p>" for n in (1, 2, 3))
    item = read(article(photos))
    assert item is not None
    assert item.body == "\n\n".join(f"مشهد رقم {n} من المدينة القديمة." for n in (1, 2, 3))


def test_live_blog_is_an_article():
    updates = "".join(
        f"<div class=update><h4>10:{n}</h4><p>{SECOND}</p></div>" for n in range(10, 20)
    )
    head = '<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"%s"}</script>'
    item = read(article(updates, head=head % TITLE))
    assert item is not None
    assert item.body is not None
    assert item.body.count(SECOND) == 10


def test_text_that_only_machines_can_read_is_taken():
    item = read(f"<body><div id=app></div>{json_ld(headline=TITLE, articleBody=FIRST)}</body>")
    assert item is not None
    assert (item.body, item.extraction["body"]) == (FIRST, "json-ld")


@pytest.mark.parametrize(
    ("path", "markup"),
    [
        ("/page/about", article(date="", title="<h1>من نحن في موقع الكرمل</h1>")),
        ("/post/5", article("", date="", title="<h2></h2>")),
        ("/post/5", article("<p>عذرا، الصفحة التي تبحث عنها غير موجودة أو تم حذفها.</p>")),
        ("/404", article(title="<h1>404 Not Found</h1>", date="")),
        ("/", "<html><body>Just a moment... Checking your browser before accessing.</body></html>"),
        ("/post/5", "<html><body><div id=root></div><script>load()</script></body></html>"),
        ("/category/3/x", article()),
        ("/search/word/page/3522", article()),
    ],
    ids=["about", "empty template", "soft 404", "404", "challenge", "shell", "category", "search"],
)
def test_page_is_no_article(path: str, markup: str):
    assert read(markup, path) is None


def test_listing_of_excerpts_with_dates_is_no_article():
    cards = "".join(
        f"<div class=card><h3><a href=/post/{n}>خبر رقم {n} من أخبار هذا اليوم</a></h3>"
        f"<span>{DATE}</span><p>{FIRST}</p></div>"
        for n in range(8)
    )
    assert read(f"<h1>أخبار اليوم</h1><div>{cards}</div>", "/news") is None


def test_page_of_several_whole_articles_is_none():
    scripts = "".join(json_ld(headline=f"{TITLE} {n}") for n in range(4))
    assert read(article(head=scripts), "/ar/posts?url=x") is None


# --- any bytes


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"<p>", b"<div class=related>", b"<table><tr><td>", b"<br>", b"</div>", b"<a href='http://['>",
             b"<base href='http://['>", b"<time datetime='99'>", b"\xff\xfe", DATE.encode(),
             b"<h1>",
             FIRST.encode(), TITLE.encode("cp1256"), b'<script type="application/ld+json">',
             b'{"@type":"NewsArticle","headline":[1],"url":"http://["}', b"</script>", b"<title>"]
        ) | st.binary(max_size=20),
        max_size=25,
    )
)  # fmt: skip
def test_no_bytes_raise(pieces: list[bytes]):
    read_article(b"".join(pieces), f"{BASE}/post/1", fetched_at=VISIT)


# --- the title where sources word it differently

OTHER_WORDS = "وقف القتال بين أرمينيا وأذربيجان: ما الذي تم الاتفاق عليه في موسكو؟"
CUT_TITLE = TITLE[:26]


@pytest.mark.parametrize(
    ("head", "heading", "source"),
    [
        ({"headline": f"{CUT_TITLE}..."}, f"<h1>{TITLE}</h1>", "json-ld"),
        ({"og": f"{CUT_TITLE}…"}, f"<h2>{TITLE}</h2>", "meta"),
        ({"og": TITLE}, f"<h1><span>خاص بالكرمل</span> {TITLE}</h1>", "meta"),
        ({"headline": OTHER_WORDS, "og": TITLE}, f"<h1>{TITLE}</h1>", "meta"),
        (
            {"headline": OTHER_WORDS, "og": TITLE},
            f"<ul class=breadcrumb><li><h1>{OTHER_WORDS}</h1></ul><h2>{TITLE}</h2>",
            "meta",
        ),
        ({"headline": TITLE, "og": OTHER_WORDS}, f"<h1>{TITLE}</h1>", "json-ld"),
        ({"headline": "الكرمل", "og": TITLE, "site": "الكرمل"}, f"<h1>{TITLE}</h1>", "meta"),
    ],
    ids=["cut json-ld", "cut meta", "kicker", "printed", "trail", "json-ld", "name of the site"],
)
def test_title_is_worded_as_the_page_prints_it(head: dict[str, str], heading: str, source: str):
    item = read(article(head=titles(**head), title=heading))
    assert item is not None
    assert (item.title, item.extraction["title"]) == (TITLE, source)
    assert item.body == f"{FIRST}\n\n{SECOND}"
    assert item.flags == []


def titles(*, headline: str = "", og: str = "", site: str = "") -> str:
    properties = {"og:title": og, "og:site_name": site}
    metas = (f'<meta property="{n}" content="{v}">' for n, v in properties.items() if v)
    return "".join(metas) + (json_ld(headline=headline) if headline else "")


def test_headline_that_shares_no_word_with_the_printed_one_raises_a_flag():
    item = read(article(head=json_ld(headline="كلمات لا تخص هذا الخبر")))
    assert item is not None
    assert item.flags == ["titles-differ"]


def test_microdata_of_another_article_raise_no_flag():
    card = "<div itemscope><h3 itemprop=headline>افتتاح معرض للكتاب</h3></div>"
    item = read(article(head=titles(og=TITLE), before=card))
    assert item is not None
    assert item.flags == []


# --- dates near the article that are not its own


@pytest.mark.parametrize(
    "piece",
    [
        "<figure><img src=a.jpg><figcaption>أرشيف | 06.12.2010 | رويترز</figcaption></figure>",
        "<p>صورة تعود إلى لقاء سابق بين الوزيرين في مدينة جنيف السويسرية، في 6.12.2010 تحديدا.</p>",
    ],
    ids=["caption", "sentence"],
)
def test_date_between_title_and_text_may_tell_of_another_day(piece: str):
    head = json_ld(headline=TITLE)
    item = read(article(date=piece, head=head))
    assert item is not None
    assert item.published_at is None


def test_date_below_the_text_is_the_articles_until_another_heading():
    own = f"<p>تاريخ النشر: {DATE}</p>"
    card = "<h4>خبر آخر من أخبار اليوم</h4><p>09/10/2020</p>"
    below = read(article(f"<p>{FIRST}</p><p>{SECOND}</p></div>{own}", date=""))
    card_only = read(
        article(f"<p>{FIRST}</p><p>{SECOND}</p></div>{card}", date="", head=json_ld(headline=TITLE))
    )
    assert below is not None
    assert card_only is not None
    assert (below.published_text, card_only.published_at) == (DATE, None)


def test_printed_day_of_the_last_change_is_no_disagreement():
    stated = {"datePublished": "2020-10-01T10:00:00+03:00", "dateModified": "2020-10-10"}
    item = read(article(head=json_ld(headline=TITLE, **stated)))
    assert item is not None
    assert item.flags == []
    assert (item.published_at, item.published_text) == (
        datetime(2020, 10, 1, 7, tzinfo=UTC),
        None,
    )


def test_date_below_the_label_of_a_change_is_not_that_of_publication():
    lines = "<div>10/10/2020</div><div>آخر تحديث:</div><div>11/10/2020 11:20</div>"
    item = read(article(date=lines))
    assert item is not None
    assert (item.published_text, item.published_precision) == ("10/10/2020", "day")


@pytest.mark.parametrize("stated", [VISIT.isoformat(), "2020-10-23"])
def test_time_of_the_visit_in_the_metadata_yields_to_the_printed_date(stated: str):
    item = read(article(head=f'<meta name="date" content="{stated}">'))
    assert item is not None
    assert (item.published_text, item.extraction["published_at"]) == (DATE, "shape")
    assert item.flags == ["dates-differ"]


def test_day_of_the_visit_above_the_title_is_the_articles_where_the_line_says_so():
    lines = {"نشر في": "23/10/2020", "اليوم": None}
    for label, printed in lines.items():
        line = f"<div>{label}: 23/10/2020 - الكرمل الإخباري</div>"
        item = read(article(title=f"{line}<h1>{TITLE}</h1>", date="", head=json_ld(headline=TITLE)))
        assert item is not None
        assert item.published_text == printed


def test_clock_and_day_inside_the_text_are_its_date_line():
    line = "<p>السبت 10.10.20 | 10:51 | الكرمل</p>"
    item = read(article(f"{line}<p>{FIRST}</p><p>{SECOND}</p>", date=""))
    assert item is not None
    assert item.published_at == datetime(2020, 10, 10, 7, 51, tzinfo=UTC)


# --- section and author that are none


def test_links_of_an_article_named_after_its_trail_are_no_trail():
    links = "".join(f"<a href=/post/{n}>رابط {n}</a>" for n in range(9))
    markup = article(f"<p>{FIRST}</p><p>{SECOND}</p><div>{links}</div>")
    item = read(markup.replace("<div id=page>", "<article class=url-breadcrumb><div>"))
    assert item is not None
    assert item.section is None


@pytest.mark.parametrize("credit", ["(رويترز)", "(أبوظبي - البيان)"])
def test_credit_in_brackets_is_no_author(credit: str):
    item = read(article(head=f'<meta name=author content="{credit}">'))
    assert item is not None
    assert item.author is None


@pytest.mark.parametrize(
    ("line", "section"),
    [
        (f"{DATE} | القسم: محليات | القراءات 44", "محليات"),
        (f"{DATE}    عدد الزيارات 444    القسم محليات", "محليات"),
        ("القسم الثاني من الحوار", None),
    ],
)
def test_section_is_read_beside_its_label(line: str, section: str | None):
    item = read(article(date=f"<div>{line}</div>", head=json_ld(headline=TITLE)))
    assert item is not None
    assert item.section == section
