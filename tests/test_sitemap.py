"""Sitemaps: read in every form they come in, and never trusted."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pages.sitemap import NotASitemap, SitemapTooLarge, read_sitemap

URL = "https://news.example/sitemap.xml"
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACES = (
    b' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    b' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    b' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    b' xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"'
)


def urlset(entries: str) -> bytes:
    return DECLARATION + b"<urlset" + NAMESPACES + b">" + entries.encode() + b"</urlset>"


def addresses(body: bytes, url: str = URL) -> list[str]:
    return [link.url for link in read_sitemap(body, url).links]


def test_an_index_names_its_sitemaps():
    sitemap = read_sitemap(
        b"<sitemapindex" + NAMESPACES + b"><sitemap><loc> https://news.example/s1.xml.gz\n</loc>"
        b"<lastmod>2020-10-10T10:51:00+03:00</lastmod></sitemap>"
        b"<sitemap><loc>/s2.xml</loc></sitemap></sitemapindex>",
        URL,
    )
    assert sitemap.kind == "index"
    assert [(link.url, link.modified_at) for link in sitemap.links] == [
        ("https://news.example/s1.xml.gz", datetime(2020, 10, 10, 7, 51, tzinfo=UTC)),
        ("https://news.example/s2.xml", None),
    ]


def test_a_news_entry_has_its_title_and_date():
    (link,) = read_sitemap(
        urlset(
            "<url><loc>https://news.example/post/1</loc><lastmod>2020-10-11</lastmod><news:news>"
            "<news:publication><news:name>الوكالة</news:name></news:publication>"
            "<news:publication_date>2020-10-10T07:51Z</news:publication_date>"
            "<news:title>افتتاح  معرض الكتاب</news:title></news:news></url>"
        ),
        URL,
    ).links
    assert link.text == "افتتاح معرض الكتاب"
    assert link.published_at == datetime(2020, 10, 10, 7, 51, tzinfo=UTC)
    assert link.modified_at == datetime(2020, 10, 11, tzinfo=UTC)


def test_images_and_videos_are_no_pages_and_date_nothing():
    (link,) = read_sitemap(
        urlset(
            "<url><image:image><image:loc>https://news.example/a.jpg</image:loc>"
            "<image:title>صورة</image:title></image:image><video:video><video:title>فيديو"
            "</video:title><video:publication_date>2019-01-01</video:publication_date>"
            "</video:video><loc>https://news.example/post/1</loc></url>"
        ),
        URL,
    ).links
    assert (link.url, link.text, link.published_at) == ("https://news.example/post/1", "", None)


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset><url><loc>/post/1</loc></url></urlset>",
        b'<s:urlset xmlns:s="http://any.example/"><s:url><s:loc>/post/1</s:loc></s:url></s:urlset>',
        b"<s:urlset><s:url><s:loc>/post/1</s:loc></s:url></s:urlset>",
        b"\n\n \xef\xbb\xbf" + DECLARATION + b"<urlset><url><loc>/post/1</loc></url></urlset>",
        b"<br />\n<b>Warning</b>: x in y.php\n"
        + DECLARATION
        + b"<urlset><url><loc>/post/1</loc></url></urlset>",
        b'<?xml version="1.0" encoding="utf-16"?><urlset><url><loc>/post/1</loc></url></urlset>',
        b"<urlset><url><loc><![CDATA[/post/1]]></loc></url></urlset>",
        b"<!-- <html> --><urlset><url><loc>/post/1</loc><x>&nbsp;&bogus;</x></url></urlset>",
        gzip.compress(b"<urlset><url><loc>/post/1</loc></url></urlset>"),
        b"https://news.example/post/1\r\n\r\nnot an address\n",
        b'<rss version="2.0"><channel><item><link>/post/1</link></item></channel></rss>',
        gzip.compress(b"<feed><entry><link href='/post/1'/></entry></feed>"),
    ],
)
def test_each_form_is_read(body):
    sitemap = read_sitemap(body, URL)
    assert sitemap.kind == "urlset"
    assert [link.url for link in sitemap.links] == ["https://news.example/post/1"]


def test_stray_ampersands_do_not_change_addresses():
    body = urlset("<url><loc>/n.php?id=1&cat=2&amp;x=3</loc></url>")
    assert addresses(body) == ["https://news.example/n.php?id=1&cat=2&x=3"]


def test_arabic_addresses_survive_a_wrong_or_absent_charset():
    xml = '<?xml version="1.0"?><urlset><url><loc>/post/أخبار-القدس-اليوم</loc></url></urlset>'
    expected = ["https://news.example/post/أخبار-القدس-اليوم"]
    assert addresses(xml.encode("windows-1256")) == expected
    assert addresses(xml.encode().replace(b"?>", b' encoding="windows-1256"?>', 1)) == expected


@pytest.mark.parametrize(
    "entry", ["<url><loc>/1</url>", "<url><loc>/1</loc><lastmod></url>", "<url><loc>/1</loc>"]
)
def test_an_entry_that_was_never_closed_hides_none(entry):
    body = urlset(entry + "<url><loc>/2</loc></url><url><loc>/3</loc></url>")
    assert sorted(addresses(body)) == [f"https://news.example/{n}" for n in (1, 2, 3)]


@pytest.mark.parametrize("cut", ["<url><loc>https://news.example/post/2", "<url><loc>/post/22</lo"])
def test_a_cut_sitemap_is_read_without_the_address_that_was_cut(cut):
    body = urlset("<url><loc>/post/1</loc></url>" + cut).removesuffix(b"</urlset>")
    assert addresses(body) == ["https://news.example/post/1"]


def test_a_cut_gzip_file_is_read_as_far_as_it_goes():
    packed = gzip.compress(urlset("".join(f"<url><loc>/post/{n}</loc></url>" for n in range(9999))))
    found = addresses(packed[: len(packed) // 2])
    assert 1_000 < len(found) < 9_999
    assert found == [f"https://news.example/post/{n}" for n in range(len(found))]


def test_a_gzip_bomb_raises_before_it_is_unpacked():
    with pytest.raises(SitemapTooLarge, match="more than 1,000,000 bytes"):
        read_sitemap(gzip.compress(b"\n" * 20_000_000), URL, max_size=1_000_000)


def test_entities_are_neither_expanded_nor_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("geheim")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    body = (
        f'<!DOCTYPE urlset [<!ENTITY l0 "ha">{laughs}<!ENTITY file SYSTEM "file://{secret}">]>'
        "<urlset><url><loc>/post/1</loc></url><url><loc>/&l11;&file;</loc></url></urlset>"
    )
    found = addresses(body.encode())
    assert found[0] == "https://news.example/post/1"
    assert "haha" not in found[1]
    assert "geheim" not in found[1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Not found",
        b"<!doctype html><html><body><p>404<br></body></html>",
        b'{"error": 404}',
        b"\x1f\x8bdamaged",
        gzip.compress(b"x" * 100)[:12],
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"\xff" * 50,
    ],
)
def test_what_is_no_sitemap_raises(body):
    with pytest.raises(NotASitemap, match=r"news\.example/sitemap\.xml"):
        read_sitemap(body, URL)


def test_an_empty_urlset_is_a_sitemap_without_links():
    assert addresses(urlset("")) == []


@pytest.mark.parametrize("loc", ["", " ", "mailto:a@b.example", "javascript:x", "http://[", "#a"])
def test_what_is_no_web_address_is_left_out(loc):
    assert addresses(urlset(f"<url><loc>{loc}</loc></url><url><loc>/1</loc></url>")) == [
        "https://news.example/1"
    ]


@pytest.mark.parametrize(
    "lastmod", ["", "yesterday", "2020", "2020-10", "0001-01-01T00:00:00+02:00", "1970-01-01"]
)
def test_no_date_is_made_up(lastmod):
    body = urlset(f"<url><loc>/1</loc><lastmod>{lastmod}</lastmod></url>")
    assert read_sitemap(body, URL).links[0].modified_at is None


@given(st.binary(max_size=300) | st.text(alphabet="<>/urlsetc&;![CDAT]-? \n\"='ما", max_size=200))
def test_any_bytes_are_a_sitemap_or_none(body):
    body = body if isinstance(body, bytes) else b"<urlset><url>" + body.encode()
    try:
        links = read_sitemap(body, URL).links
    except (NotASitemap, SitemapTooLarge):
        links = []
    assert all(link.url.startswith("http") for link in links)
