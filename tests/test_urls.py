"""Addresses: one page under many spellings, what is asked for, shapes and numbers."""

import unicodedata
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from w3lib.url import canonicalize_url

from crawler.text.url_escapes import unescaped
from crawler.text.urls import (
    _PLAIN_ADDRESS,
    _split,
    address_shape,
    canonical_url,
    numbered_url,
    request_url,
)

SLUG = "وقف-إطلاق-نار-؟"


@pytest.mark.parametrize(
    "url",
    [
        "https://alkarmel.ps/post/123",
        "http://www.alkarmel.ps/post/123/",
        "http://m.alkarmel.ps/post/123?fbclid=IwAR0&utm_source=fb#comments",
        "https://amp.alkarmel.ps:443/post/123",
        "HTTP://WWW.ALKARMEL.PS.:80//post//123//",
        f"https://alkarmel.ps//post/123/{SLUG}",
        f"https://alkarmel.ps/post/123/{quote(SLUG)}",
        f"https://alkarmel.ps/post/123/{quote(SLUG).lower()}/amp/",
        "https://alkarmel.ps/post/123/any-slug.html?amp=1",
        "https://alkarmel.ps/post/123/print",
        "https://alkarmel.ps/post/123?print=1",
        "https://alkarmel.ps/post/123?outputType=amp",
        "https://alkarmel.ps/amp/post/123",
        "https://alkarmel.ps/a/../post/./123",
        "https://alkarmel.ps/post/123;jsessionid=0A1B?PHPSESSID=1",
        "https://alkarmel.ps/(S(55mfgh55vgblurtywsityvjq))/post/123",
        "https://alkarmel.ps/p%6Fst/123?sid=5f4dcc3b5aa765d61d8327deb882cf99",
        "https://user:secret@alkarmel.ps/post/123?ref=twitter&amp;utm_medium=x",
        " https://alkarmel.ps/post/123\n",
    ],
)
def test_spellings_of_one_address_have_one_identity(url: str) -> None:
    assert canonical_url(url) == "https://alkarmel.ps/post/123"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://alkarmel.ps", "https://alkarmel.ps/"),
        ("https://alkarmel.ps/index.php", "https://alkarmel.ps/"),
        ("https://alkarmel.ps/Default.aspx?utm_source=x", "https://alkarmel.ps/"),
        ("https://x.ps/2013/8/3/syria.clashes/index.html", "https://x.ps/2013/8/3/syria.clashes"),
        ("https://x.ps/news.php?id=5&act=page", "https://x.ps/news.php?act=page&id=5"),
        ("https://x.ps/news.php?cat=2&id=5", "https://x.ps/news.php?id=5"),
        ("https://x.ps/D.aspx?ArticleID=29&CategoryID=5", "https://x.ps/D.aspx?ArticleID=29"),
        ("https://x.ps/news.php?cat=2&page=5", "https://x.ps/news.php?cat=2&page=5"),
        ("https://x.ps/Content.aspx?id=943203", "https://x.ps/Content.aspx?id=943203"),
        ("https://x.ps/details.php?sid=1386900", "https://x.ps/details.php?sid=1386900"),
        ("https://x.ps/?ref=77", "https://x.ps/?ref=77"),
        ("https://x.ps/?q=a%20b", "https://x.ps/?q=a+b"),
        ("https://x.ps/?weekly=&b=", "https://x.ps/?b&weekly"),
        ("https://x.ps/search?q=%c7%e1", "https://x.ps/search?q=%C7%E1"),  # windows-1256
        ("https://x.ps/ا\u0654حمد", "https://x.ps/" + quote("أحمد")),
        ("https://x.ps/cafe%CC%81", "https://x.ps/caf%C3%A9"),
        ("https://x.ps/a%2Fb", "https://x.ps/a%2Fb"),
        ("https://x.ps/Post/A", "https://x.ps/Post/A"),
        ("http://غزة.فلسطين/", "https://xn--ogbrx.xn--ygbi2ammx/"),
        ("http://www.x.ps:8080/a/", "http://www.x.ps:8080/a"),
        ("http://127.0.0.1:8000/a/?b", "http://127.0.0.1:8000/a?b"),
        ("http://127.0.0.1/a", "http://127.0.0.1/a"),
        ("http://localhost/a", "http://localhost/a"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("https://www.ps/", "https://www.ps/"),
        ("https://www.m.x.ps/a", "https://x.ps/a"),
        ("https://team.x.ps/a", "https://team.x.ps/a"),
        ("https://news.m.x.ps/a", "https://news.m.x.ps/a"),
        ("https://x.ps/category/17/slug?page=2", "https://x.ps/category/17?page=2"),
    ],
)
def test_an_address_is_written_in_one_way(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "path",
    [
        "/article/18/04/2022/slug",  # a date
        "/arabic/news/2015/05/30/722045.html",
        "/news/2020/slug",  # a year
        "/issue/12/slug",  # the number of a container
        "/tags/12/slug",
        f"/{quote('عدد')}/12/slug",
        "/page/2/slug",
        "/123/slug",  # no word before it
        "/post/123/slug/more",
        "/post/123/comments",
        "/category/17/page-2",
        "/section/5/slug-987654",  # the number of the article stands in the slug
        "/section/5/0b8c8a6e-5d3a-4a2c-9f60-2d6f1c1a7b11",
        "/ar/article/slug/95/76699",
        "/print/5",
        "/section/print",
        "/amp",
    ],
)
def test_what_may_be_a_page_of_its_own_keeps_its_path(path: str) -> None:
    assert canonical_url(f"https://x.ps{path}") == f"https://x.ps{path}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:void(0)",
        "mailto:a@x.ps",
        "/post/5",
        "//x.ps/a",
        "http://[x/",
        "http://x:99999/",
    ],
)
def test_what_is_no_web_address_is_left_alone(url: str) -> None:
    assert canonical_url(url) == request_url(url) == url


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://www.x.ps/post/5/slug/?b=2&a=1#top", "http://www.x.ps/post/5/slug/?b=2&a=1"),
        ("http://x.ps/a/../b?utm_source=y&id=5", "http://x.ps/b?id=5"),
        ("http://x.ps/a;jsessionid=5?x", "http://x.ps/a?x"),
        (f"http://x.ps/{SLUG}?q=نار نار", f"http://x.ps/{quote(SLUG)}?q={quote('نار نار')}"),
        ("http://x.ps/s?q=%C7%E1", "http://x.ps/s?q=%C7%E1"),
        ("http://x.ps:80/amp/?amp=1", "http://x.ps:80/amp/?amp=1"),
    ],
)
def test_what_is_asked_for_stays_as_printed(url: str, asked: str) -> None:
    assert request_url(url) == asked


@pytest.mark.parametrize(
    ("url", "shape", "number"),
    [
        ("https://x.ps/", "/", None),
        (f"https://x.ps/post/123/{SLUG}", "/post/{n}", 123),
        ("https://x.ps/news.php?id=5", "/news.php?id={n}", 5),
        ("https://x.ps/Content.aspx?id=943203", "/Content.aspx?id={n}", 943203),
        ("https://x.ps/section/politics", "/section/{s}", None),
        ("https://x.ps/category/17/slug", "/category/{n}", 17),
        ("https://x.ps/section/politics/page/2", "/section/{s}/page/{n}", 2),
        ("https://x.ps/2020/10/10/some-slug-123", "/{n}/{n}/{n}/{s}-{n}", None),
        ("https://x.ps/2015/07/20/article_974922.html", "/{n}/{n}/{n}/article_{n}.html", None),
        ("https://x.ps/722045.html", "/{n}.html", 722045),
        ("https://x.ps/news1234.html", "/news{n}.html", 1234),
        ("https://x.ps/news/some-slug-4321", "/news/{s}-{n}", 4321),
        ("https://x.ps/news/covid-19", "/news/{s}", None),
        ("https://x.ps/news/plan-2030", "/news/{s}", None),
        ("https://x.ps/Pages/Details/117999", "/Pages/Details/{n}", 117999),
        ("https://x.ps/public/post/6690/slug", "/public/post/{n}", 6690),
        ("https://x.ps/category/17?page=2", "/category/{n}?page={n}", None),
        ("https://x.ps/index.php?q=ar/Article", "/index.php?q={s}", None),
        ("https://x.ps/ar/posts/0b8c8a6e-5d3a-4a2c-9f60-2d6f1c1a7b11", "/ar/posts/{s}", None),
        ("https://x.ps/20Cgde", "/{s}", None),
        (f"https://x.ps/{SLUG}", "/{s}", None),
        ("https://x.ps/1066713", "/{n}", 1066713),
        ("https://x.ps/post/99999999999999999999", "/post/{s}", None),
    ],
)
def test_addresses_of_one_kind_share_a_shape(url: str, shape: str, number: int | None) -> None:
    assert address_shape(canonical_url(url)) == (shape, number)


@pytest.mark.parametrize(
    ("url", "numbered"),
    [
        (f"http://www.x.ps/post/123/{SLUG}?fbclid=1", "http://www.x.ps/post/4999"),
        ("https://x.ps/news.php?lang=ar&id=5", "https://x.ps/news.php?lang=ar&id=4999"),
        ("https://x.ps/news1234.html", "https://x.ps/news4999.html"),
        ("https://x.ps/news/some-4-slug-4321", "https://x.ps/news/some-4-slug-4999"),
        ("http://127.0.0.1:8000/post/123", "http://127.0.0.1:8000/post/4999"),
        ("https://x.ps/news.php?cat=5&id=5", "https://x.ps/news.php?id=4999"),
        ("https://x.ps/post/123?amp=1", "https://x.ps/post/4999"),
    ],
)
def test_the_enumerating_number_can_be_replaced(url: str, numbered: str) -> None:
    assert numbered_url(url, 4999) == numbered
    assert address_shape(canonical_url(numbered)) == (address_shape(canonical_url(url))[0], 4999)


def test_an_address_without_one_number_cannot_be_renumbered() -> None:
    with pytest.raises(ValueError, match="not exactly one number"):
        numbered_url("https://x.ps/2020/10/10/slug", 9)


PIECES = st.sampled_from(
    (
        *(
            "/",
            "//",
            "post",
            "amp",
            "print",
            "123",
            "2020",
            "..",
            ".",
            ";jsessionid=1",
            "index.php",
        ),
        *("?", "&", "amp=1", "=", "utm_source=x", "id=5", "%D8%A7", "%d9%94", "%C7", "%", "é", "أ"),
        *(
            "e\u0301",
            "ا\u0654",
            "slug",
            "-",
            "#",
            "\\",
            "(S(a))",
            "+",
            "%2F",
            "%26",
            "sid=1",
            "\t",
            " ",
        ),
    )
)
HOSTS = st.sampled_from(
    ["x.ps", "WWW.x.ps", "m.www.x.ps:80", "x.ps:8080", "127.0.0.1", "غزة.فلسطين"]
)
ADDRESSES = st.builds(
    lambda scheme, host, pieces: f"{scheme}://{host}/{''.join(pieces)}",
    st.sampled_from(["http", "https", "HTTPS"]),
    HOSTS,
    st.lists(PIECES, max_size=12),
)


@given(st.one_of(ADDRESSES, st.text(), st.text().map("http://x.ps/".__add__)))
@example("http://x.ps/amp/index.html/print")
@example("http://x.ps/?é&post")
def test_identity_and_request_are_idempotent(url: str) -> None:
    canonical = canonical_url(url)
    assert canonical_url(canonical) == canonical
    assert request_url(request_url(url)) == request_url(url)


@given(ADDRESSES)
def test_what_is_asked_for_has_the_identity_of_what_is_printed(url: str) -> None:
    assert canonical_url(request_url(url)) == canonical_url(url)
    assert canonical_url(url).isascii()


@given(st.from_regex(_PLAIN_ADDRESS, fullmatch=True))
def test_the_short_cut_around_w3lib_says_what_w3lib_says(url: str) -> None:
    parts = _split(url)
    assert parts is not None
    assert urlunsplit(parts) == canonicalize_url(url)


PIECES = ["%", "%D9", "%82", "%d8%a7", "%C3%A9", "%ED%A0%80", "%ff", "%2", "%25", "ا", "e", "/"]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_escapes_are_read_as_the_standard_library_reads_them(address: str) -> None:
    assert unescaped(address) == unquote(address)


@given(st.text(alphabet="ابأآئؤe\u0301\u0653\u0654\u0655é؟-", min_size=1))
def test_raw_escaped_composed_and_decomposed_text_are_one(slug: str) -> None:
    spellings = {
        canonical_url(f"https://x.ps/news/{spelled}")
        for form in (slug, unicodedata.normalize("NFC", slug), unicodedata.normalize("NFD", slug))
        for spelled in (form, quote(form), quote(form).lower())
    }
    assert len(spellings) == 1


@given(ADDRESSES, st.integers(min_value=1, max_value=10**9))
def test_a_renumbered_address_stays_on_its_host(url: str, number: int) -> None:
    if address_shape(canonical_url(url))[1] is not None:
        numbered = numbered_url(url, number)
        assert urlsplit(numbered).netloc == urlsplit(request_url(url)).netloc
