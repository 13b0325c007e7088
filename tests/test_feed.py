"""Feeds: every family of RSS and Atom, and what only pretends to be one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.pages.feed import NotAFeed, read_feed
from crawler.pages.links import read_time

URL = "https://news.example/rss.php?id=17"
AT = datetime(2020, 10, 10, 7, 51, tzinfo=UTC)


def rss(item: str) -> bytes:
    return f'<rss version="2.0"><channel><link>/</link><item>{item}</item></channel></rss>'.encode()


FAMILIES = {
    "RSS 2.0": """<?xml version="1.0"?><rss version="2.0"><channel><title>الوكالة</title>
        <link>https://news.example/</link><image><link>https://news.example/</link></image>
        <item><title>عودة  القطارات</title><link> https://news.example/post/1 </link>
        <pubDate>Sat, 10 Oct 2020 10:51:00 +0300</pubDate></item></channel></rss>""",
    "RSS 0.91": """<rss version="0.91"><channel><item><title>عودة القطارات</title>
        <link>/post/1</link><pubDate>10 Oct 2020 07:51 GMT</pubDate></item></channel></rss>""",
    "RSS 1.0": """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="/"><link>/</link></channel><item rdf:about="/post/1">
        <title>عودة القطارات</title><link>/post/1</link><dc:date>2020-10-10T10:51+03:00</dc:date>
        </item></rdf:RDF>""",
    "Atom": """<feed xmlns="http://www.w3.org/2005/Atom"><link href="/"/><entry>
        <title type="html">عودة القطارات</title><link rel="edit" href="/edit/1"/>
        <link rel="enclosure" href="/a.mp3"/><link rel="alternate" type="text/html" href="/post/1"/>
        <published>2020-10-10T07:51:00.123Z</published></entry></feed>""",
    "Atom 0.3": """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry>
        <title>عودة القطارات</title><link rel="alternate" href="/post/1"/>
        <issued>2020-10-10T10:51:00 +03:00</issued></entry></feed>""",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_read(family):
    (link,) = read_feed(FAMILIES[family].encode(), URL)
    assert link.url == "https://news.example/post/1"
    assert link.text == "عودة القطارات"
    assert link.published_at is not None
    assert link.published_at.replace(microsecond=0) == AT


def test_the_times_of_writing_and_changing_are_told_apart():
    (link,) = read_feed(
        b"<feed><entry><link href='/1'/><published>2020-10-10T07:51Z</published>"
        b"<updated>2020-10-12T00:00Z</updated></entry></feed>",
        URL,
    )
    assert (link.published_at, link.modified_at) == (AT, datetime(2020, 10, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("<guid>https://news.example/post/1</guid>", "https://news.example/post/1"),
        ("<guid isPermaLink='false'>https://news.example/post/1</guid>", None),
        ("<guid>post-1</guid>", None),
        ("<link/><guid>https://news.example/post/1</guid>", "https://news.example/post/1"),
        ("<link><![CDATA[/n.php?id=1&c=2]]></link>", "https://news.example/n.php?id=1&c=2"),
        ("<link><![CDATA[/n.php?id=1&amp;c=2]]></link>", "https://news.example/n.php?id=1&c=2"),
        ("<link>/n.php?id=1&copy=2</link>", "https://news.example/n.php?id=1&copy=2"),
        ("<atom:link href='/self' rel='self'/><link>/1</link>", "https://news.example/1"),
        (
            "<link>https://counter.example/~r/1</link><feedburner:origLink>/1</feedburner:origLink>",
            "https://news.example/1",
        ),
        ("<title>بلا عنوان</title>", None),
        ("<link>mailto:a@b.example</link>", None),
    ],
)
def test_address_of_an_item(item, expected):
    assert [link.url for link in read_feed(rss(item), URL)] == ([expected] if expected else [])


@pytest.mark.parametrize(
    "title",
    ["ا &amp; ب &quot;ج&quot;", '<![CDATA[ا & ب "ج"]]>', "ا &amp;amp; ب &amp;quot;ج&amp;quot;"],
)
def test_titles_are_unescaped_however_often_they_were_escaped(title):
    (link,) = read_feed(rss(f"<link>/1</link><title>{title}</title>"), URL)
    assert link.text == 'ا & ب "ج"'


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n\r\n  " + FAMILIES["RSS 2.0"].encode(),
        "\ufeff".encode() + FAMILIES["RSS 2.0"].encode(),
        b"<br />\n<b>Notice</b>: x\n" + FAMILIES["RSS 2.0"].encode(),
        FAMILIES["RSS 2.0"].replace("?>", ' encoding="windows-1256"?>', 1).encode(),
        FAMILIES["RSS 2.0"].replace("?>", ' encoding="utf-8"?>', 1).encode("windows-1256"),
        FAMILIES["RSS 2.0"].replace("?>", ' encoding="utf-16"?>', 1).encode(),
        FAMILIES["RSS 2.0"].encode("utf-16"),
        FAMILIES["RSS 2.0"].encode().split(b"</channel>")[0] + b"<item><link>/post/22",
    ],
)
def test_damaged_feeds_are_read(body):
    assert [(link.url, link.text) for link in read_feed(body, URL)] == [
        ("https://news.example/post/1", "عودة القطارات")
    ]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<!DOCTYPE html><html><body>home</body></html>", "<html>"),
        (b"<urlset></urlset>", "<urlset>"),
        (b"", "text without markup"),
        (b'{"items": []}', "text without markup"),
    ],
)
def test_what_is_no_feed_raises(body, what):
    with pytest.raises(NotAFeed, match=what):
        read_feed(body, URL)


def test_an_empty_feed_has_no_links():
    assert read_feed(b"<rss><channel></channel></rss>", URL) == []


@pytest.mark.parametrize("date", ["", "أمس", "2020", "32 Oct 2020", "Sat, 99 Foo 2020 1:2:3 GMT"])
def test_unreadable_dates_are_none(date):
    (link,) = read_feed(rss(f"<link>/1</link><pubDate>{date}</pubDate>"), URL)
    assert link.published_at is None


@given(st.text(alphabet="<>/itemlnk&;![CDAT]-?='\" 0:+\x00ما", max_size=200))
def test_any_item_is_read_or_passed_over(text):
    for link in read_feed(rss(text), URL):
        assert link.url.startswith("http")


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9TZ:+. ,/-]{4,30}|\w{3}, \d+ \w{3} \d+ [\d:]+ \S+")
)
def test_any_text_is_a_time_in_utc_or_none(text):
    at = read_time(text)
    assert at is None or at.tzinfo is UTC
