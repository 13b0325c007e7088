"""What pages say about themselves to machines."""

import json

import pytest

from crawler.pages.document import Document
from crawler.pages.structured import Claim, Metadata, read_metadata

URL = "https://alkarmel.test/news/123"
ARTICLE = {
    "@type": "NewsArticle",
    "headline": "وقف إطلاق نار",
    "datePublished": "2020-10-10T10:51:00+03:00",
    "dateModified": "2020-10-10T12:00:00+03:00",
    "articleSection": ["عربي ودولي", "أخبار"],
    "author": {"@type": "Person", "name": "سناء طه"},
    "image": {"@type": "ImageObject", "url": "https://alkarmel.test/a.jpg"},
    "articleBody": "نص الخبر.",
    "inLanguage": "ar",
}


def read(markup: str) -> Metadata:
    return read_metadata(Document(markup.encode(), URL))


def script(data: object) -> str:
    source = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return f'<script type="application/ld+json">{source}</script>'


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "وقف إطلاق نار"),
        ("published", "2020-10-10T10:51:00+03:00"),
        ("modified", "2020-10-10T12:00:00+03:00"),
        ("section", "عربي ودولي"),
        ("author", "سناء طه"),
        ("image", "https://alkarmel.test/a.jpg"),
        ("body", "نص الخبر."),
        ("language", "ar"),
    ],
)
def test_json_ld_gives(field: str, value: str):
    assert read(script(ARTICLE)).first(field) == Claim(value, "json-ld")


@pytest.mark.parametrize(
    "data",
    [
        [{"@type": "Organization", "name": "x"}, ARTICLE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, ARTICLE]},
        {"@type": "WebPage", "mainEntity": ARTICLE},
        {"@type": "WebPage", "mainEntityOfPage": ARTICLE},
        {**ARTICLE, "@type": ["Article", "ReportageNewsArticle"]},
        {**ARTICLE, "@type": "https://schema.org/LiveBlogPosting"},
    ],
    ids=["list", "graph", "main entity", "main entity of page", "two types", "type as address"],
)
def test_article_is_found_in(data: object):
    assert read(script(data)).first("title") == Claim("وقف إطلاق نار", "json-ld")


@pytest.mark.parametrize(
    "source",
    [
        '{"@type": "NewsArticle", "headline": "خبر",}',
        '{"@type": "NewsArticle", "headline": "خبر", "tags": ["a",],}',
        '<!-- {"@type": "NewsArticle", "headline": "خبر"} -->',
        '//<![CDATA[\n{"@type": "NewsArticle", "headline": "خبر"}\n//]]>',
        '{"@type": "NewsArticle", "headline": "خبر", "description": "سطر\nوسطر\tآخر"}',
        '{"@type": "NewsArticle", "headline": "خبر"};',
    ],
    ids=["trailing comma", "commas", "comment", "cdata", "control characters", "semicolon"],
)
def test_broken_json_is_read_all_the_same(source: str):
    assert read(script(source)).first("title") == Claim("خبر", "json-ld")


def test_date_survives_a_headline_that_breaks_the_json():
    broken = (
        '{"@type": "NewsArticle", "headline": "قال "نعم" ومضى", '
        '"datePublished": "2020-10-10T10:51:00Z"}'
    )
    metadata = read(script(broken))
    assert metadata.first("published") == Claim("2020-10-10T10:51:00Z", "json-ld")
    assert metadata.first("title") is None


HOPELESS = ["", "{", "null", "[[[", '"text"', "[" * 50_000, '{"@graph": 7}']


@pytest.mark.parametrize("source", HOPELESS)
def test_hopeless_json_says_nothing(source: str):
    assert read(script(source)).first("title") is None


def test_organization_as_author_is_the_agency():
    metadata = read(script({**ARTICLE, "author": {"@type": "Organization", "name": "وفا"}}))
    assert metadata.author == []
    assert metadata.first("agency") == Claim("وفا", "json-ld")


def test_article_with_the_address_of_the_page_is_its_own():
    other = {**ARTICLE, "headline": "خبر آخر", "url": "/news/9", "articleBody": "أطول"}
    own = {"@type": "NewsArticle", "headline": "هذا الخبر", "url": "/news/123"}
    assert read(script([other, own])).first("title") == Claim("هذا الخبر", "json-ld")


def test_articles_with_different_headlines_are_counted():
    cards = [{**ARTICLE, "headline": f"خبر {n}"} for n in range(5)]
    assert read(script(cards)).articles == 5


def test_meta_tags_come_after_json_ld_and_keep_their_order():
    metadata = read(
        '<meta name="twitter:title" content="ثالث"><meta property="og:title" content="ثان">'
        + script(ARTICLE)
    )
    assert [claim.value for claim in metadata.title] == ["وقف إطلاق نار", "ثان", "ثالث"]


@pytest.mark.parametrize(
    ("markup", "field", "value"),
    [
        ('<meta property="og:type" content="article">', "type", "article"),
        ('<meta property="rnews:name og:title" content="خبر">', "title", "خبر"),
        ('<meta property="og:title" content="قال &amp;quot;لا&amp;quot;">', "title", 'قال "لا"'),
        ('<meta name="Date" content="2020-10-10">', "published", "2020-10-10"),
        ('<meta property="article:section" content="رياضة">', "section", "رياضة"),
        ('<link rel="canonical" href="/news/123">', "url", "/news/123"),
        ('<html lang="ar"><p>x</p>', "language", "ar"),
    ],
)
def test_meta_tag_gives(markup: str, field: str, value: str):
    assert read(markup).first(field) == Claim(value, "meta")


def test_address_is_no_author():
    assert read('<meta property="article:author" content="https://fb.test/me">').author == []


def test_microdata_is_heard():
    metadata = read(
        '<div itemscope><h1 itemprop="headline">خبر <b>عاجل</b></h1>'
        '<time itemprop="datePublished" datetime="2020-10-10">السبت</time></div>'
    )
    assert metadata.first("title") == Claim("خبر عاجل", "microdata")
    assert metadata.first("published") == Claim("2020-10-10", "microdata")
