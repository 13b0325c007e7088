"""rel=canonical: believed where it names the same article, counted and flagged where not."""

import re
from datetime import UTC, datetime

import pytest

from crawler.items import ArticleItem
from crawler.pages.article import read_article
from crawler.text.urls import canonical_url
from tests.conftest import Archive
from tests.site.faults import Canonical
from tests.site.replica import Site
from tests.site.server import serve

TITLE = "بلدية البيرة تفتتح مكتبة عامة جديدة قرب الحديقة"
SLUG = "بلدية-البيرة-تفتتح-مكتبة-عامة-جديدة"
ARTICLES = re.compile(r"/post/\d+")


def read(url: str, canonical: str) -> ArticleItem:
    text = "<p>افتتحت بلدية البيرة اليوم مكتبة عامة جديدة تضم عشرين ألف كتاب وقاعة للأطفال.</p>"
    page = (
        f'<html><head><title>{TITLE}</title><link rel="canonical" href="{canonical}"></head>'
        f"<body><h1>{TITLE}</h1><p>12/03/2024 10:15</p><div>{text * 4}</div></body></html>"
    )
    item = read_article(page.encode(), url, fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert item is not None
    return item


@pytest.mark.parametrize(
    ("url", "canonical", "expected"),
    [
        ("/mobile-app/post/123", "/post/123", "/post/123"),
        ("/details.php?id=204&from=home", "/news/204", "/news/204"),
        ("/post/123", f"/2024/03/{SLUG}", f"/2024/03/{SLUG}"),
        (
            "/read?story=opening-of-the-library",
            "/news/opening-of-the-library.html",
            "/news/opening-of-the-library.html",
        ),
        ("//m.karmel.example/post/123?x=1", "//www.karmel.example/post/123", "/post/123"),
    ],
)
def test_the_articles_own_address_is_believed(url: str, canonical: str, expected: str) -> None:
    base = "https://karmel.example"
    item = read("https:" + url if url.startswith("//") else base + url, canonical)
    assert item.address is not None
    assert not [flag for flag in item.flags if flag.startswith("canonical")]
    assert item.url == canonical_url(base + expected)


@pytest.mark.parametrize(
    ("url", "canonical", "flag"),
    [
        ("/post/123", "/", "canonical-home-page"),
        ("/post/123", "https://karmel.example/index.php", "canonical-home-page"),
        ("/post/123", "https://agency.example/post/123", "canonical-another-host"),
        ("/post/123", "/post/124", "canonical-another-article"),
        ("/details.php?id=204", "/details.php", "canonical-another-article"),
        ("/details.php?id=204", "/category/5", "canonical-another-article"),
        (
            "/news/opening-of-the-public-library",
            "/news/harvest-of-olives",
            "canonical-another-article",
        ),
    ],
)
def test_another_address_is_not_believed(url: str, canonical: str, flag: str) -> None:
    item = read("https://karmel.example" + url, canonical)
    assert item.address is None
    assert item.url.endswith(url)
    assert flag in item.flags


@pytest.mark.parametrize(
    "canonical",
    # The last one is longer in escapes than an address may be.
    ["", "http://[", "javascript:void(0)", "#", "/post/123/", f"/post/123/x/{'新' * 300}"],
)
def test_a_link_that_says_nothing_is_no_link(canonical: str) -> None:
    item = read("https://karmel.example/post/123", canonical)
    assert item.address is None
    assert item.flags == []


def test_articles_that_all_name_the_home_page_stay_apart(archive: Archive) -> None:
    with serve(Site("post", articles=12)) as server:
        server.site.faults.add(ARTICLES, Canonical("/"))
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
    assert archive.value("SELECT count(*) FROM articles") == 12
    flagged = "SELECT count(*) FROM articles WHERE 'canonical-home-page' = ANY (flags)"
    assert archive.value(flagged) == 12
    counted = "SELECT stats->>'canonical/not_believed/home-page' FROM runs"
    assert archive.value(counted) == "12"


@pytest.mark.parametrize("known", [False, True], ids=["alias first", "article first"])
def test_an_alias_is_a_duplicate_of_the_article_that_it_names(
    archive: Archive, known: bool
) -> None:
    with serve(Site("post", articles=8)) as server:
        truth = server.site.truth[0]
        number, title = truth.number, truth.title
        own = f"{server.url}post/{number}"
        alias = f"{own}?shown_in=app"
        server.site.faults.add(re.compile(rf"/post/{number}\?"), Canonical(f"/post/{number}"))
        for url in [own, alias] if known else [alias, own]:
            crawl = archive.crawl(server.url, "-a", f"url={url}", "-s", "DISCOVER_LINKS=False")
            assert crawl.exit_code == 0, crawl.log
    rows = archive.rows("SELECT url, request_url, state, reason FROM pages ORDER BY length(url)")
    assert [(row.url, row.state) for row in rows] == [(own, "archived"), (alias, "duplicate")]
    assert rows[1].reason == f"names as its own {own}"
    articles = archive.rows("SELECT url, title, revision FROM articles")
    assert [(row.url, row.title, row.revision) for row in articles] == [(own, title, 1)]
