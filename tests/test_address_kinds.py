"""Guessing what an address leads to: the order of evidence, and each rule alone."""

from urllib.parse import quote

import pytest

from crawler.pages import address_kinds
from crawler.pages.address_kinds import AddressKinds
from crawler.pages.document import Document
from crawler.pages.links import Link
from crawler.pages.listing import ListingPage
from crawler.text.urls import canonical_url
from tests.site import Site, get
from tests.site.sections import SECTIONS

SITE = "https://news.example"
HEADLINE = "افتتاح معرض الكتاب السنوي في المدينة"


def guess(path: str, text: str = HEADLINE, *, headline: bool = True, kinds=None) -> str:
    return (kinds or AddressKinds()).guess(Link(SITE + path, text), headline=headline)


ARTICLES = [
    "/post/30500/افتتاح-معرض-الكتاب",
    "/post/29443/",
    "/arabic/news/2015/05/30/722045.html",
    "/article/18/04/2022/slug-of-a-story",
    "/Content.aspx?id=943203",
    "/News_Detail.aspx?ArticleID=229743&CategoryID=5",
    "/index.php?page=article&id=3",
    "/index.php?q=ar/Article/view/12",
    "/ar_page.aspx?id=gwKFLza814155213531agwKFLz",
    "/Pages/Details/117999",
    "/?p=123",
    "/category/politics/a-long-story-of-the-day",
    "/2020/10/10/slug",
    "/one-story-of-the-day",
    "/20Cgde",
    "/post/12/search",
    "/news.php?id=5&lang=ar",
    "/article.php?url=a-story",
    "/news.php?date=2020-10-10&id=5",
    "/events/12/slug",
]
LISTINGS = [
    "/",
    "/category/17/شؤون-الأسرى",
    "/category/18/",
    "//category/27/slug",
    "/categories/1",
    "/tags/12/القدس",
    "/tag/a-tag-of-many-words",
    "/posts/tags/12/القدس",
    "/post/category/6024/slug?page=2",
    "/ar_category.aspx?id=gwKFLz",
    "/ViewPage.aspx?p=JER",
    "/Regions/Details/2?pageNumber=1",
    "/category/news/page/1999/",
    "/allNews",
    "/قسم/رياضة",
    "/تصنيف/12",
    "/news?page=2",
    "/?paged=2",
    "/index.php?cat=5",
    "/2020/10/",
    "/2020/10/10",
]
OTHERS = [
    "/thumb/830x467/uploads//images/a.jpg",
    "/files/report.PDF",
    "/post/12/photo.jpeg",
    "/index.php?act=search&text=x",
    "/home/search?key=x",
    "/search/word/page/3522",
    "/?s=word",
    "/بحث",
    "/" + quote("بحث"),
    "/rss.php?id=17",
    "/feed",
    "/category/politics/feed/",
    "/sitemap.xml",
    "/login",
    "/user/login",
    "/wp-login.php",
    "/wp-json/wp/v2/posts/12",
    "/calendar/2031/12",
    "/news?month=12&year=2031",
    "/news?date=2031-12-01",
    "/category/5?sort=old&page=2",
    "/category/5?filter=news",
    "/post/12?replytocom=34",
    "/post/12?print=1",
    "/print/12",
    "/share/12",
    "/banner/10",
    "/contact-us",
    "/index.php?do=login",
    "/posts?img_url=a&position=0&published_on=2022&title=x&url=/posts/1",
]


@pytest.mark.parametrize("path", ARTICLES)
def test_a_headline_leads_to_an_article(path):
    assert guess(path) == "article"


@pytest.mark.parametrize("path", LISTINGS)
@pytest.mark.parametrize("headline", [True, False])
def test_an_address_that_calls_itself_a_section_is_a_listing(path, headline):
    assert guess(path, headline=headline) == "listing"


@pytest.mark.parametrize("path", OTHERS)
def test_media_accounts_searches_and_variants_are_neither(path):
    assert guess(path) == "other"


@pytest.mark.parametrize("url", ["mailto:a@b.example", "ftp://news.example/1", "http://["])
def test_other_schemes_are_neither(url):
    assert AddressKinds().guess(Link(url, HEADLINE), headline=True) == "other"


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("/news/12345", HEADLINE, "article"),
        ("/palestine", "فلسطين", "listing"),
        ("/section.php?sid=3", "رياضة", "listing"),
        ("/prisoners", "شؤون الأسرى والمحررين في السجون", "listing"),
        ("/post/12", "", "article"),
        ("/story-of-the-day-in-town", "", "article"),
        ("/palestine", "", "listing"),
    ],
)
def test_outside_the_headlines_address_and_words_decide(path, text, expected):
    assert guess(path, text, headline=False) == expected


def learned(*verdicts: tuple[str, int]) -> AddressKinds:
    kinds = AddressKinds()
    for kind, count in verdicts:
        kinds.learn(f"{SITE}/item/{count}", kind, count)
    return kinds


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([("article", 1)], "article"),
        ([("article", 5), ("listing", 5)], "article"),
        ([("article", 5), ("other", 50)], "article"),
        ([("listing", 1)], "listing"),
        ([("listing", 1), ("other", 9)], "listing"),
        ([("other", 3)], "other"),
    ],
)
@pytest.mark.parametrize("headline", [True, False])
def test_a_learned_shape_outweighs_the_form(verdicts, expected, headline):
    assert guess("/item/777", "خبر", headline=headline, kinds=learned(*verdicts)) == expected


@pytest.mark.parametrize("verdicts", [[("other", 2)], [("article", 1), ("listing", 2)]])
def test_a_doubtful_shape_is_decided_by_the_form(verdicts):
    kinds = learned(*verdicts)
    assert guess("/item/777", headline=True, kinds=kinds) == "article"
    assert guess("/item/777", "خبر", headline=False, kinds=kinds) == "listing"


def test_a_section_like_shape_can_be_learned_to_be_articles():
    kinds = AddressKinds()
    kinds.learn(canonical_url(f"{SITE}/section/1/slug"), "article")
    assert guess("/section/2/slug", kinds=kinds) == "article"


def test_patterns_of_the_operator_outweigh_everything():
    kinds = AddressKinds([r"/feed/\d"], [r"/item/", "قسم"], [r"/item/9"])
    kinds.learn(f"{SITE}/item/5", "article", 100)
    assert guess("/feed/12", kinds=kinds) == "article"
    assert guess("/item/5", kinds=kinds) == "listing"
    assert guess("/item/91", kinds=kinds) == "other"
    assert guess("/x/" + quote("قسم"), kinds=kinds) == "listing"


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_bad_pattern_is_named_in_one_sentence(position):
    patterns = [[], [], []]
    patterns[position] = [r"/ok", r"/post/(\d+"]
    with pytest.raises(ValueError, match=r"'/post/\(\\\\d\+' is no regular expression .*: correct"):
        AddressKinds(*patterns)


def test_a_trap_of_ever_new_shapes_fills_no_memory_and_displaces_no_knowledge(monkeypatch):
    monkeypatch.setattr(address_kinds, "SHAPES_KEPT", 50)
    kinds = AddressKinds()
    for n in range(500):
        kinds.learn(f"{SITE}/item/{n}", "listing")
        kinds.learn(f"{SITE}/" + "/".join("x" * (n % 7 + 1) for _ in range(n)), "other")
    assert len(kinds._seen) <= 50
    assert guess("/item/7", "خبر", kinds=kinds) == "listing"


@pytest.mark.parametrize("layout", ["table", "post", "semantic"])
def test_the_replica_home_page_is_guessed_right_with_nothing_learned(layout):
    site = Site(layout, articles=60)
    answer = site.answer(get("/"))
    page = ListingPage(Document(answer.body, "http://site.test/", dict(answer.headers)))
    kinds = AddressKinds()
    guesses = {link.url: kinds.guess(link, headline=True) for link in page.entries}
    assert {url for url, kind in guesses.items() if kind == "article"} == {
        url for url in guesses if site.number_at(url)
    }
    names = {section.name for section in SECTIONS}
    sections = [link for link in page.navigation if link.text in names]
    assert len(sections) == len(names)
    assert {kinds.guess(link, headline=False) for link in sections} == {"listing"}
