"""The whole crawl, as a process, of a replica site on loopback into a real PostgreSQL."""

from urllib.parse import urljoin

import pytest

from crawler.text.urls import canonical_url
from tests.conftest import Archive
from tests.site.replica import Site, Truth
from tests.site.server import Server, serve

LAYOUTS = ("table", "post", "semantic")
FIELDS = ("title", "body", "published_at", "published_precision", "section", "dateline", "agency")
ARTICLES = 70


@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def address_of(server: Server, truth: Truth) -> str:
    return canonical_url(urljoin(server.url, truth.address))


def stored(archive: Archive) -> dict[str, dict[str, object]]:
    rows = archive.rows("SELECT * FROM articles")
    return {row.url: dict(row._mapping) for row in rows}


def requested_articles(server: Server, since: int = 0) -> list[int]:
    """The numbers of the articles that were asked for, in order."""
    numbers = (
        server.site.number_at(urljoin(server.url, "/" + record.path.lstrip("/")))
        for record in server.requests[since:]
    )
    return [number for number in numbers if number is not None]


def test_a_first_crawl_archives_every_article_and_nothing_else(
    layout: str, archive: Archive
) -> None:
    with serve(Site(layout, articles=ARTICLES)) as server:
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        truth = {address_of(server, article): article for article in server.site.truth}
        found = stored(archive)
    assert found.keys() == truth.keys()
    for name in FIELDS:
        wrong = {
            url: (found[url][name], getattr(article, name))
            for url, article in truth.items()
            if found[url][name] != getattr(article, name)
        }
        assert not wrong, f"{name} of {len(wrong)} articles: {next(iter(wrong.items()))}"
    assert archive.value("SELECT count(*) FROM revisions") == len(truth)
    assert archive.value("SELECT count(*) FROM pages WHERE state IN ('pending', 'failed')") == 0
    assert crawl.output.splitlines()[-1].startswith(f"alkarmel: finished; {len(truth)} new,")


def test_a_second_crawl_stores_nothing_and_asks_for_no_article(
    layout: str, archive: Archive
) -> None:
    with serve(Site(layout, articles=ARTICLES)) as server:
        archive.crawl(server.url)
        before = archive.rows("SELECT * FROM articles ORDER BY id")
        asked = len(server.requests)
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        assert requested_articles(server, since=asked) == []
    assert archive.rows("SELECT * FROM articles ORDER BY id") == before
    assert archive.rows("SELECT outcome FROM runs") == [("finished",), ("finished",)]


def test_a_later_crawl_fetches_what_is_new_and_stops_at_what_is_known(
    layout: str, archive: Archive
) -> None:
    with serve(Site(layout, articles=ARTICLES)) as server:
        archive.crawl(server.url)
        first = len(server.requests)
        new = server.site.publish(3)
        archive.crawl(server.url)
        assert sorted(requested_articles(server, since=first)) == new
        assert len(server.requests) - first < first / 2
    assert archive.value("SELECT count(*) FROM articles") == ARTICLES + 3
