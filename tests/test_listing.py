"""Listings: which links are headlines, which are menus, and where the next page is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pages.document import Document
from crawler.pages.links import absolute_url
from crawler.pages.listing import ListingPage
from crawler.pages.pagination import may_be_further_page
from tests.site import Site, get
from tests.site.sections import SECTIONS

PAGE = "https://news.example/category/5"
HEADLINE = "افتتاح معرض الكتاب السنوي في المدينة"


def listing(body: str, url: str = PAGE, head: str = "") -> ListingPage:
    html = f"<html><head>{head}</head><body>{body}</body></html>"
    return ListingPage(Document(html.encode(), url))


def urls(links) -> list[str]:
    return [link.url.removeprefix("https://news.example") for link in links]


def test_a_card_is_one_entry_under_its_headline():
    page = listing(
        f'<div class="card"><a href="/post/12"><img src="a.jpg" alt="صورة"></a>'
        f'<h3><a href="/post/12">\n {HEADLINE} </a></h3>'
        '<a href="/post/12#comments">3</a><a href="/post/12">اقرأ المزيد »</a></div>'
    )
    assert [(link.url, link.text) for link in page.entries] == [
        ("https://news.example/post/12", HEADLINE)
    ]
    assert page.navigation == []


def test_a_printed_headline_is_preferred_to_the_picture_caption():
    caption = "صورة من أرشيف الوكالة لميناء المدينة القديم"
    page = listing(
        f'<a href="/post/12"><img src="a.jpg" alt="{caption}"></a><a href="/post/12">{HEADLINE}</a>'
    )
    assert page.entries[0].text == HEADLINE


def test_a_headline_cut_by_the_listing_is_an_entry():
    page = listing('<a href="/post/7">وزارة الزراعة تعلن بدء مو...</a>')
    assert urls(page.entries) == ["/post/7"]


def test_a_short_headline_with_a_picture_of_the_same_address_is_an_entry():
    page = listing(
        '<a href="/post/8"><img src="a.jpg"></a><a href="/post/8">عودة المطر</a>'
        '<a href="/category/9">رياضة</a>'
    )
    assert urls(page.entries) == ["/post/8"]
    assert urls(page.navigation) == ["/category/9"]


def test_a_short_headline_among_headlines_of_the_same_kind_is_an_entry():
    rows = "".join(f'<a href="/post/{n}/x-{n}">{HEADLINE} {n}</a>' for n in range(4))
    page = listing(
        f'{rows}<a href="/post/9/x-9">جولة المساء</a><a href="/post/7/x-7">التفاصيل</a>'
        '<a href="/tag/5">مطر</a>'
    )
    assert "/post/9/x-9" in urls(page.entries)
    assert urls(page.navigation) == ["/post/7/x-7", "/tag/5"]


def test_a_long_name_among_short_ones_makes_them_no_headlines():
    cloud = "".join(f'<a href="/tag/{n}">مطر</a>' for n in range(9))
    page = listing(f'<a href="/tag/77">{HEADLINE}</a>{cloud}')
    assert urls(page.entries) == ["/tag/77"]


def test_a_picture_alone_is_an_entry_under_its_alternative_text():
    page = listing(f'<a href="/post/9"><img src="a.jpg" alt="{HEADLINE}"></a>')
    assert [link.text for link in page.entries] == [HEADLINE]


def test_a_link_without_words_takes_its_title_or_label():
    page = listing('<a href="/a" title="أخبار"><i></i></a><a href="/b" aria-label="صور"></a>')
    assert [link.text for link in page.navigation] == ["أخبار", "صور"]


def test_words_of_neighbouring_elements_do_not_grow_together():
    page = listing('<a href="/post/3"><span>محدث:</span><b>عودة</b><i>حركة القطارات</i></a>')
    assert page.entries[0].text == "محدث: عودة حركة القطارات"


@pytest.mark.parametrize(
    "box",
    [
        "<nav>{}</nav>",
        "<footer>{}</footer>",
        '<ul class="main-menu">{}</ul>',
        '<div id="MainMenu"><ul>{}</ul></div>',
        '<table class="footer_links"><tr><td>{}</td></tr></table>',
        '<div class="post-navigation">{}</div>',
    ],
)
def test_long_words_in_menus_and_footers_are_no_headlines(box):
    page = listing(box.format(f'<a href="/x">{HEADLINE}</a>'))
    assert (urls(page.entries), urls(page.navigation)) == ([], ["/x"])


@pytest.mark.parametrize("name", ["navy-blue", "documents", "footnote", "availability"])
def test_class_names_that_only_resemble_menus_hide_nothing(name):
    assert listing(f'<div class="{name}"><a href="/x">{HEADLINE}</a></div>').entries


def test_a_menu_that_was_never_closed_does_not_hide_the_page():
    rows = "".join(f'<a href="/post/{n}">{HEADLINE} {n}</a>' for n in range(20))
    assert len(listing(f'<div id="menu"><a href="/x">أخبار</a>{rows}').entries) == 20


def test_an_article_in_the_menu_and_in_the_page_is_an_entry():
    page = listing(f'<nav><a href="/post/1">{HEADLINE}</a></nav><a href="/post/1">{HEADLINE}</a>')
    assert urls(page.entries) == ["/post/1"]


def test_ticker_and_most_read_links_are_entries_too():
    page = listing(
        f'<marquee><a href="/post/1">{HEADLINE}</a></marquee>'
        f'<div class="most-read sidebar"><a href="/post/2">{HEADLINE}</a></div>'
    )
    assert urls(page.entries) == ["/post/1", "/post/2"]


def test_rows_of_an_old_table_layout_are_entries():
    rows = "".join(
        f'<tr><td><font size=2><a href="news.php?id={n}">{HEADLINE} {n}</a></font>' for n in (4, 5)
    )
    page = listing(f"<table><tr><td><table>{rows}</table></table>", "http://news.example/list.php")
    assert [link.url for link in page.entries] == [
        "http://news.example/news.php?id=4",
        "http://news.example/news.php?id=5",
    ]


def test_the_logo_is_no_headline():
    page = listing('<a href="/"><img src="logo.png" alt="وكالة أنباء المدينة على الإنترنت"></a>')
    assert (urls(page.entries), urls(page.navigation)) == ([], ["/"])


def test_links_to_nowhere_are_left_out():
    hrefs = (
        "#",
        "",
        "#top",
        "javascript:void(0)",
        "mailto:a@b.example",
        "tel:12",
        "http://[",
        PAGE,
    )
    page = listing("".join(f'<a href="{href}">{HEADLINE}</a>' for href in hrefs))
    assert page.entries == page.navigation == []


def test_addresses_are_joined_with_the_base_of_the_page():
    page = listing(
        f'<a href="post/1">{HEADLINE}</a><a href="/post/2">{HEADLINE}</a>'
        f'<a href="//cdn.example/3">{HEADLINE}</a><a href=" https://b.example/4#x ">{HEADLINE}</a>'
        f'<a href="/a/../post/5">{HEADLINE}</a>',
        head='<base href="https://www.news.example/ar/">',
    )
    assert [link.url for link in page.entries] == [
        "https://www.news.example/ar/post/1",
        "https://www.news.example/post/2",
        "https://cdn.example/3",
        "https://b.example/4",
        "https://www.news.example/post/5",
    ]


@given(
    href=st.text(alphabet="/.?#=:ab-_ htps", max_size=14),
    base=st.sampled_from(["https://n.example/a/b?x=1/2", "https://n.example", "http://n:8/a/"]),
)
def test_the_short_cut_of_joining_agrees_with_joining(href, base):
    page = listing(f'<a href="{href}">{HEADLINE}</a>', base)
    joined = absolute_url(href, base)
    expected = [] if joined in (None, base) else [joined.rstrip("?")]
    # An empty query is dropped by joining and kept by the short cut.
    assert [link.url.rstrip("?") for link in page.entries + page.navigation] == expected


def test_pages_of_the_listing_are_no_navigation():
    page = listing('<a href="?page=2">2</a><a href="?page=3">3</a><a href="/category/6">رياضة</a>')
    assert urls(page.navigation) == ["/category/6"]


NEXT_PAGES = {
    "rel in the head": (PAGE, '<link rel="next" href="/category/5?page=2">', "?page=2"),
    "rel in a link": (PAGE, '<a rel="next nofollow" href="?page=2">»</a>', "?page=2"),
    "the word": (PAGE, '<a href="?page=2">التالي</a>', "?page=2"),
    "the word with an arrow": (PAGE, '<a href="?page=2">التالية »</a>', "?page=2"),
    "the word stretched": (PAGE, '<a href="?page=2">التــالي</a>', "?page=2"),
    "the word in a label": (PAGE, '<a href="?page=2" aria-label="Next"><i></i></a>', "?page=2"),
    "the word below the listing": (PAGE, '<a href="/category/5/old">الأقدم</a>', f"{PAGE}/old"),
    "the word without numbers": (PAGE, '<a href="?before=abc">التالي</a>', "?before=abc"),
    "more, in place": (PAGE, '<a href="?page=2">المزيد</a>', "?page=2"),
    "an arrow": (PAGE, '<a href="?page=2">›</a>', "?page=2"),
    "an arrow to the left": (f"{PAGE}?page=4", '<a href="?page=5">«</a>', "?page=5"),
    "arrows both ways": (
        f"{PAGE}?page=4",
        '<a href="?page=1">«</a><a href="?page=3">‹</a><a href="?page=5">›</a>'
        '<a href="?page=50">»</a>',
        "?page=5",
    ),
    "the number after the present one": (
        f"{PAGE}?page=2",
        '<a href="?page=1">1</a><b>2</b><a href="?page=4">4</a><a href="?page=3">3</a>',
        "?page=3",
    ),
    "numbers in brackets": (PAGE, '<a href="?page=1">[1]</a> <a href="?page=2">[2]</a>', "?page=2"),
    "Arabic digits": (PAGE, '<b>١</b><a href="?page=2">٢</a><a href="?page=3">٣</a>', "?page=2"),
    "pageNumber": (f"{PAGE}?pageNumber=1", '<a href="?pageNumber=2">2</a>', "?pageNumber=2"),
    "p": (f"{PAGE}?p=2", '<a href="?p=1">1</a><a href="?p=3">3</a>', "?p=3"),
    "beside another parameter": (
        "https://news.example/list.php?page=2&cat=3",
        '<a href="list.php?cat=3&page=1">1</a><a href="list.php?cat=3&page=3">3</a>',
        "https://news.example/list.php?cat=3&page=3",
    ),
    "/page/N": (f"{PAGE}/page/2/", '<a href="/category/5/page/3/">3</a>', f"{PAGE}/page/3/"),
    "/page/N by a picture": (PAGE, '<a href="/category/5/page/2"><i></i></a>', f"{PAGE}/page/2"),
    "offsets in the path": (
        f"{PAGE}/12",
        '<a href="/category/5">1</a><b>2</b><a href="/category/5/24">3</a>'
        '<a href="/category/5/36">4</a>',
        f"{PAGE}/24",
    ),
    "first offset": (PAGE, '<b>1</b><a href="/category/5/12">2</a>', f"{PAGE}/12"),
    "counting from zero": (
        PAGE,
        '<b>1</b><a href="?page=1">2</a><a href="?page=2">3</a>',
        "?page=1",
    ),
    "index script": (
        "https://news.example/",
        '<a href="index.php?page=2">2</a>',
        "https://news.example/index.php?page=2",
    ),
    "encoded and plain": (
        "https://news.example/tag/%D9%82%D8%AF%D8%B3",
        '<a href="/tag/قدس?page=2">2</a>',
        "https://news.example/tag/قدس?page=2",
    ),
}


@pytest.mark.parametrize("case", NEXT_PAGES)
def test_next_page_is_found_by(case):
    url, html, expected = NEXT_PAGES[case]
    head, body = (html, "") if html.startswith("<link") else ("", html)
    expected = expected if expected.startswith("http") else PAGE + expected
    assert listing(body, url, head).next_page == expected


LAST_PAGES = {
    "no pagination": (PAGE, f'<a href="/post/6">{HEADLINE}</a>'),
    "the word without an address": (PAGE, "<a>التالي</a>"),
    "the word in place": (f"{PAGE}?page=9", '<a href="?page=9">التالي</a><a href="#">»</a>'),
    "the word in place, spelled otherwise": (PAGE, '<a href="/category/5/">التالي</a>'),
    "a script": (PAGE, '<a href="javascript:next()">التالي</a>'),
    "only earlier pages": (f"{PAGE}?page=9", '<a href="?page=8">‹</a><a href="?page=1">1</a>'),
    "rel backwards": (f"{PAGE}?page=9", '<a rel="next" href="?page=1">»</a>'),
    "disabled": (f"{PAGE}?page=9", '<li class="disabled"><a href="?page=10">التالي</a></li>'),
    "beyond the last": (f"{PAGE}?page=99", '<a href="?page=1">1</a><a href="?page=9">9</a>'),
    "the last page alone": (PAGE, '<b>1</b> … <a href="?page=50">50</a>'),
    "the first page again": (PAGE, '<a href="?page=1">1</a><a href="?page=1">«</a>'),
}


@pytest.mark.parametrize("case", LAST_PAGES)
def test_last_page_has_no_next_one(case):
    url, html = LAST_PAGES[case]
    assert listing(html, url).next_page is None


NO_PAGES = {
    "more of another section": (PAGE, '<a href="/category/6">المزيد</a>'),
    "the neighbouring section": (PAGE, '<a href="/category/6">رياضة</a>'),
    "articles below the listing": (
        "https://news.example/news",
        f'<a href="/news/7">{HEADLINE}</a>',
    ),
    "plain WordPress addresses": ("https://news.example/", f'<a href="/?p=7">{HEADLINE}</a>'),
    "a static page": ("https://news.example/", '<a href="/page/5">من نحن</a>'),
    "a section of that name": (PAGE, '<a href="/next">Next</a>'),
    "the next article": (f"{PAGE}/story", f'<a rel="next" href="/category/5/tale">{HEADLINE}</a>'),
    "days of a calendar": ("https://news.example/2020/10", '<a href="/2020/10/5">5</a>'),
    "pages of another site": (PAGE, '<a href="https://other.example/category/5?page=2">2</a>'),
}


@pytest.mark.parametrize("case", NO_PAGES)
def test_next_page_is_not(case):
    url, html = NO_PAGES[case]
    page = listing(html, url)
    assert page.next_page is None
    assert len(page.entries + page.navigation) == 1


def test_feeds_are_named_by_the_head():
    page = listing(
        "",
        head='<link rel="alternate" type="application/rss+xml" href="/rss.php?id=17">'
        '<link rel="alternate" type="application/atom+xml" href="atom.xml">'
        '<link rel="alternate" type="application/rss+xml; charset=utf-8" href="/feed">'
        '<link rel="alternate" type="application/rss+xml" href="/rss.php?id=17">'
        '<link rel="alternate" type="application/rss+xml" href="#">'
        '<link rel="alternate" type="application/json" href="/wp-json">',
    )
    assert page.feeds == [
        "https://news.example/rss.php?id=17",
        "https://news.example/category/atom.xml",
        "https://news.example/feed",
    ]


def test_a_page_without_markup_offers_nothing():
    page = ListingPage(Document(b"", PAGE))
    assert (page.entries, page.navigation, page.next_page, page.feeds) == ([], [], None, [])


SECTION_ADDRESSES = {
    "table": "/section.php?cat={id}",
    "post": "/category/{id}",
    "semantic": "/section/{slug}/",
}
ARCHIVES = {"table": "/archive.php", "post": "/allNews", "semantic": "/archive/"}


def walk(site: Site, address: str) -> list[set[int | None]]:
    """The articles named by each page of a listing, along its next pages."""
    pages = []
    url: str | None = f"http://site.test{address}"
    while url and len(pages) < 50:
        answer = site.answer(get(url))
        page = ListingPage(Document(answer.body, url, dict(answer.headers)))
        pages.append({site.number_at(link.url) for link in page.entries})
        url = page.next_page
    return pages


@pytest.fixture(scope="module", params=["table", "post", "semantic"])
def site(request) -> Site:
    return Site(request.param, articles=200)


def test_the_replica_archive_is_walked_to_its_end(site):
    address = ARCHIVES[site.layout.name]
    assert_pages_hold(site, walk(site, address), site.newsroom.numbers())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.slug)
def test_each_replica_section_is_walked_to_its_end(site, section):
    address = SECTION_ADDRESSES[site.layout.name].format(id=section.id, slug=section.slug)
    assert_pages_hold(site, walk(site, address), site.newsroom.in_section(section.id))


def assert_pages_hold(site: Site, pages: list[set[int | None]], numbers: list[int]) -> None:
    size = site.layout.page_size
    listed = [set(numbers[start : start + size]) for start in range(0, len(numbers), size)]
    assert len(pages) == len(listed)
    for found, expected in zip(pages, listed, strict=True):
        assert expected <= found


def test_the_replica_home_page_has_no_next_page_and_names_its_sections(site):
    answer = site.answer(get("/"))
    page = ListingPage(Document(answer.body, "http://site.test/", dict(answer.headers)))
    assert page.next_page is None
    assert {section.name for section in SECTIONS} <= {link.text for link in page.navigation}
    assert set(site.newsroom.numbers()[:10]) <= {site.number_at(link.url) for link in page.entries}


def test_beyond_the_last_page_of_the_replica_there_is_no_next_one(site):
    pages = walk(site, ARCHIVES[site.layout.name] + "?page=999")
    assert len(pages) == 1 or site.layout.name == "semantic"  # which has no ?page=


def test_known_links_are_passed_over():
    card = f'<h3><a href="/post/12">{HEADLINE}</a></h3><h3><a href="/post/13">{HEADLINE}</a></h3>'
    html = f'<nav><a href="/contact">اتصل بنا</a></nav>{card}<a href="?page=2">2</a>'
    known = {f"https://news.example{path}" for path in ("/contact", "/post/12")}
    page = ListingPage(Document(html.encode(), PAGE), known)
    assert (urls(page.entries), page.navigation) == (["/post/13"], [])
    assert page.next_page == f"{PAGE}?page=2"


@pytest.mark.parametrize(
    ("path", "numbered"),
    [("/category/5", True), ("/news?page=2", True), ("/tags/7/غزة", False), ("/about", False)],
)
def test_an_address_that_may_be_a_further_page(path: str, numbered: bool):
    assert may_be_further_page(f"https://news.example{path}") is numbered
