"""Pages that are no articles are known, each by its reason; pages much like them are articles."""

import json
import sys
from datetime import UTC, datetime
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.db.models import Page
from crawler.items import ArticleItem
from crawler.pages.article import read_article
from crawler.pages.document import Document
from crawler.pages.listing import ListingPage
from crawler.pages.rejection import OUTCOMES, rejection
from tests.conftest import PROJECT

SITE = "http://site.test"
VISIT = datetime(2020, 10, 23, 10, 43, tzinfo=UTC)
DATE = "<div>10/10/2020 [ 10:51 ]</div>"
SENTENCE = "وقال مسؤول في البلدية إن العمل في الشارع الرئيسي ينتهي مع نهاية الشهر الجاري."
SCRIPT = "<script src=/app.js></script>"
BANNER = "<div class=cookie-consent>نستخدم ملفات تعريف الارتباط لتحسين تجربتك.</div>"
LOGIN_BOX = (
    "<form class=login action=/login><input name=user><input type=password name=word></form>"
)
MENU = "<nav><a href=/>الرئيسية</a> <a href=/category/1>محليات</a> <a href=/login>دخول</a></nav>"


def headlines(count: int = 8, text: str = "خبر آخر من أخبار هذا اليوم رقم") -> str:
    return "".join(f"<div><a href=/post/{n}>{text} {n}</a></div>" for n in range(100, 100 + count))


def page(content: str, title: str = "الكرمل الإخباري", head: str = "") -> str:
    return (
        f"<html><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body>{MENU}{content}<footer>جميع الحقوق محفوظة</footer></body></html>"
    )


MANY = headlines()


def json_ld(**members: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(members)}</script>'


def read(markup: str, path: str = "/post/123") -> ArticleItem | None:
    return read_article(markup.encode(), SITE + path, fetched_at=VISIT)


def reason(markup: str | bytes, path: str = "/post/123") -> str:
    html = markup.encode() if isinstance(markup, str) else markup
    return rejection(ListingPage(Document(html, SITE + path)))


PAGES = [
    ("home page", "/", page(headlines(20))),
    ("home page", "/index.php", page(headlines(20))),
    ("home page", "/post/123", page(headlines(20), head=f"<link rel=canonical href={SITE}/>")),
    ("listing", "/post/123", page(headlines())),
    ("listing", "/politics/", page(f"<h1>سياسة</h1>{headlines()}{BANNER}")),
    ("listing", "/category/4", page("<h1>ثقافة</h1>" + headlines(2))),
    ("listing", "/category/4?page=99", page("<h1>ثقافة</h1>")),
    ("listing", "/news", page(f"<h1>أخبار</h1>{headlines()}{LOGIN_BOX}")),
    (
        "listing",
        "/x",
        page("", head="".join(json_ld(**{"@type": "NewsArticle", "headline": n}) for n in "123")),
    ),
    ("tag listing", "/tags/3/غزة", page(headlines())),
    ("tag listing", "/t/3", page(headlines(), title="وسم: غزة | الكرمل")),
    ("tag listing", "/t/3", page(headlines(), title="Tag: Gaza")),
    ("author listing", "/post/author/41/x", page(headlines())),
    ("author listing", "/p/41", page(headlines(), head=json_ld(**{"@type": "ProfilePage"}))),
    ("search", "/search?q=x", page("<h1>بحث</h1>")),
    ("search", "/?s=غزة", page(headlines())),
    ("search", "/find", page(headlines(), title="نتائج البحث عن: غزة")),
    ("search", "/find", page(headlines(), title="Search results for: Gaza - Karmel")),
    ("search", "/find", page("<h1>Search results</h1>" + headlines(3))),
    ("gallery", "/alboms/7", page("<h1>من المدينة</h1>")),
    ("gallery", "/media", page("<h1>معرض الصور</h1>" + headlines())),
    ("gallery", "/media", page("".join(f"<a href=/p/{n}><img src={n}.jpg></a>" for n in range(9)))),
    ("login", "/members", page(f"<h1>تسجيل الدخول</h1>{LOGIN_BOX}")),
    ("login", "/members", page(LOGIN_BOX.replace("class=login ", ""), title="الكرمل")),
    ("login", "/post/123", page("<h1>خبر اليوم</h1><p>يجب تسجيل الدخول لقراءة هذا المقال.</p>")),
    ("login", "/post/123", page("<p>Please log in to continue reading this story.</p>")),
    ("no article", "/page/about", page(f"<h1>من نحن</h1><p>{SENTENCE}</p>{headlines()}")),
    ("no article", "/post/123", page("<p>صفحة ما.</p>")),
    ("no article", "/post/123", "nothing here"),
    # --- the site says that the page is missing, or answers with nothing in the places of a story
    ("missing page", "/post/123", page("<h1>الصفحة غير موجودة</h1>")),
    ("missing page", "/post/123", page("<h2>عذراً!</h2><p>هذه الصفحة غير متوفرة حالياً.</p>" + MANY)),
    ("missing page", "/post/123", page("<div>الخبر المطلوب غير موجود أو تم حذفه</div>" + MANY)),
    ("missing page", "/post/123", page("<div>لم يتم العثور على الصفحة التي تبحث عنها.</div>")),
    ("missing page", "/post/123", page("<p>لا يوجد خبر بهذا الرقم</p>")),
    ("missing page", "/post/123", page(headlines(), title="404 - الكرمل")),
    ("missing page", "/post/123", page(headlines(), title="الكرمل | Page not found")),
    ("missing page", "/post/123", page("<h1>Oops! That page can’t be found.</h1>" + headlines())),
    ("missing page", "/post/123", page(f"<p>This article is no longer available.</p>{LOGIN_BOX}")),
    (
        "empty template",
        "/post/123",
        page(f"<div><h2 class=title></h2><span class=date> </span><div></div></div>{headlines()}"),
    ),
    # --- something stands in the page's place: to be tried again
    ("challenge", "/post/123", page("", title="Just a moment...")),
    ("challenge", "/post/123", page("<h2>Checking your browser before accessing site.test</h2>")),
    ("challenge", "/post/123", page("<p>يرجى التأكد من أنك لست روبوتا قبل المتابعة.</p>")),
    ("challenge", "/post/123", page("<p>جارٍ التحقق من اتصالك…</p>" + SCRIPT)),
    ("challenge", "/post/123", "<script>window._cf_chl_opt={cType:'managed'}</script>"),
    ("consent", "/post/123", page("<h1>قبل المتابعة</h1><p>نستخدم ملفات الارتباط.</p>")),
    ("consent", "/post/123", page("<p>We and our 812 partners use cookies.</p>" + SCRIPT)),
    ("interstitial", "/post/123", page("<p>سيتم تحويلك إلى الخبر خلال خمس ثوان</p>")),
    ("interstitial", "/post/123", page("", head="<meta http-equiv=refresh content='0; url=/ad'>")),
    ("interstitial", "/post/123", page("<h1>الموقع تحت الصيانة</h1><p>سنعود قريبا.</p>")),
    ("interstitial", "/post/123", page("<h1>Site under maintenance</h1>")),
    ("server error", "/post/123", "<h1>Error establishing a database connection</h1>"),
    ("server error", "/post/123", "<b>Warning</b>: mysql_connect(): Too many connections"),
    ("server error", "/post/123", page("<p>عذرا، حدث خطأ غير متوقع.</p>")),
    ("parked domain", "/post/123", "<title>site.test is for sale</title>" + SCRIPT),
    ("parked domain", "/post/123", page("<h1>هذا النطاق معروض للبيع</h1>")),
    ("parked domain", "/", "<title>Account Suspended</title><p>Contact your hosting provider.</p>"),
    ("parked domain", "/x", "<script src='https://www.sedoparking.com/frmpark/x.js'></script>"),
    ("empty shell", "/post/123", f"<div id=root></div>{SCRIPT}"),
    ("empty shell", "/post/123", page(f"<div id=app>جاري التحميل…</div>{SCRIPT}")),
    ("empty shell", "/post/123", page("<p>You need to enable JavaScript to run this app.</p>")),
    ("empty shell", "/post/123", f"<body>{json_ld(**{'@type': 'NewsArticle', 'headline': 'x'})}"),
    ("empty shell", "/post/123", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "path", "markup"), PAGES, ids=[f"{p[0]}-{n}" for n, p in enumerate(PAGES)]
)
def test_a_page_that_is_no_article_has_its_reason(expected: str, path: str, markup: str) -> None:
    assert read(markup, path) is None
    assert reason(markup, path) == expected


def test_every_reason_has_a_page() -> None:
    assert {expected for expected, _, _ in PAGES} == OUTCOMES.keys()


def test_every_reason_is_documented_for_readers_of_the_table() -> None:
    comment = Page.__table__.c.reason.comment
    assert comment is not None
    documented = comment.partition("one of: ")[2].partition(".")[0].split(", ")
    assert sorted(documented) == sorted(OUTCOMES)
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    table = readme.split("## Pages that are no article")[1].split("\n## ")[0]
    assert not [reason for reason in OUTCOMES if f"`{reason}`" not in table]


# --- near misses: articles about such pages, short articles, and articles beside such parts


def article(title: str, *paragraphs: str, head: str = "", after: str = "") -> str:
    text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return page(f"<h1>{title}</h1>{DATE}<div class=text>{text}</div>{after}", title, head)


ARTICLES = {
    "missing page quoted in the title": article(
        "«الصفحة غير موجودة».. رسالة تفاجئ طلبة التوجيهي عند إعلان النتائج",
        "رام الله - الكرمل - ظهرت رسالة «الصفحة غير موجودة» لآلاف الطلبة صباح اليوم.",
    ),
    "missing page named in the one sentence": article(
        "التعليم: رسالة الصفحة غير موجودة سببها الضغط",
        "أعلنت وزارة التعليم أن عبارة «الصفحة غير موجودة» التي ظهرت للطلبة سببها ضغط على الموقع.",
    ),
    "page that was deleted": article(
        "فيسبوك يحذف صفحة وكالة شهاب",
        "تم حذف الصفحة الرسمية لوكالة شهاب على فيسبوك مساء أمس بعد حملة تبليغات.",
    ),
    "404 killed": article("404 شهداء في غزة", "404 شهداء سقطوا في القطاع منذ مساء أمس."),
    "error 404 explained": article("خطأ 404: ماذا يعني وكيف تتعامل معه", *[SENTENCE] * 9),
    "login breach": article(
        "تسجيل الدخول إلى منصة الضرائب مكشوف للقراصنة",
        "كشف باحثون أن صفحة تسجيل الدخول إلى منصة الضرائب تسرب كلمات المرور منذ شهر.",
    ),
    "search for the missing": article(
        "نتائج البحث عن المفقودين في بيروت: العثور على ثلاثة", "عثر المنقذون على ثلاثة أشخاص."
    ),
    "blocked site": article(
        "حجب موقع إخباري في رام الله",
        "تم حظر الوصول إلى الموقع بقرار من النائب العام، بحسب ما قالت نقابة الصحفيين.",
    ),
    "cookies": article(
        "ملفات تعريف الارتباط: ماذا تعرف المواقع عنك؟",
        "تستخدم معظم المواقع ملفات تعريف الارتباط لتتبع الزوار، بحسب دراسة جديدة.",
    ),
    "one sentence": article("عاجل: إغلاق حاجز حوارة", "قوات الاحتلال تغلق حاجز حوارة."),
    "photo story": article("صور: من أسواق القدس", *[f"مشهد رقم {n} من سوق القطن." for n in "123"]),
    "live blog": article(
        "تغطية مباشرة", *[SENTENCE] * 9, head=json_ld(**{"@type": "LiveBlogPosting"})
    ),
    "login box": article("افتتاح شارع", SENTENCE, after=LOGIN_BOX + "<p>سجل الدخول للتعليق.</p>"),
    "consent banner": BANNER + article("افتتاح شارع", SENTENCE),
    "consent paragraph above the text": article(
        "افتتاح شارع",
        "نستخدم ملفات تعريف الارتباط.",
        SENTENCE,
        head="<meta property=og:type content=article>",
    ),
    "page that loads itself again": article(
        "افتتاح شارع", SENTENCE, head="<meta http-equiv=refresh content=300>"
    ),
    "refresh that leads to the same page": article(
        "افتتاح شارع", SENTENCE, head="<meta http-equiv=refresh content='300; url=/post/123'>"
    ),
    "challenge script of a page that passed": article(
        "افتتاح شارع",
        SENTENCE,
        after="<script src=/cdn-cgi/challenge-platform/h/b/scripts/jsd/main.js></script>",
    ),
    "word in English": article(
        "Access denied: how reporters were kept out of the valley",
        "Access to the page was denied for a week, the union of journalists said on Tuesday.",
    ),
    "domain for sale": article(
        "Domain of a newspaper is for sale",
        "The domain of the oldest paper in town is for sale, its owner said.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("markup", ARTICLES.values(), ids=ARTICLES)
def test_an_article_much_like_such_a_page_is_read(markup: str) -> None:
    assert read(markup) is not None


def test_an_undated_article_is_known_by_its_title_in_the_address() -> None:
    title = "بلدية رام الله تعيد فتح الشارع الرئيسي أمام المركبات"
    markup = page(f"<h1>{title}</h1><div><p>{SENTENCE * 16}</p></div>")
    assert read(markup, "/post/" + title.replace(" ", "-")) is not None
    assert read(markup, "/" + "من-نحن") is None


@pytest.mark.parametrize(
    "notice",
    ["يجب تسجيل الدخول لقراءة هذا المقال.", "هذا المحتوى متاح للمشتركين فقط.", "الخبر غير متوفر."],
)
def test_what_stands_in_the_place_of_the_text_is_not_stored(notice: str) -> None:
    about = {"@type": "NewsArticle", "headline": "افتتاح شارع", "datePublished": "2020-10-10"}
    head = json_ld(**about) + "<meta property=og:type content=article>"
    assert read(article("افتتاح شارع", notice, head=head)) is None
    assert read(article("افتتاح شارع", SENTENCE, head=head)) is not None


# --- any bytes


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [b"<h1>", b"<h1></h1>", b"<div>", b"</div>", b"<a href='http://['>", b"<img>",
             b"<meta http-equiv=refresh content=';url='>", b"<input type=password>", b"<script>",
             b"<link rel=canonical href='http://['>", "الصفحة غير موجودة".encode(), b"</script>",
             b"<title>", b"<meta ", b"404 ", b"\xff\xfe",
             b'<script type="application/ld+json">{"@type":["ProfilePage"]}']
        )
        | st.binary(max_size=20),
        max_size=25,
    )
)  # fmt: skip
def test_any_bytes_have_a_reason(pieces: list[bytes]) -> None:
    assert reason(b"".join(pieces)) in OUTCOMES


@pytest.mark.parametrize(
    "unit", ["<h1></h1>", "<p>عذرا ", "<p>the page was was was ", "<a href=/x><img>", "<div>"]
)
def test_work_grows_with_the_page_and_no_faster(unit: str) -> None:
    def work(size: int) -> int:
        """Calls, those of C included."""
        calls = 0

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        html = (unit * (size // len(unit))).encode()
        sys.setprofile(count)
        try:
            reason(html)
        finally:
            sys.setprofile(None)
        return calls

    assert work(400_000) < 5 * work(100_000)
