"""The whole crawl, as a process, of a replica site on loopback into a real PostgreSQL."""

import re
from urllib.parse import urljoin

import pytest
import sqlalchemy as sa

from crawler.text.urls import canonical_url
from tests.conftest import Archive
from tests.site.faults import CHALLENGE, EMPTY_SHELL, SAYS_MISSING, Fault
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
        assert "WARNING" not in crawl.log
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


# --- answers that are no article, though their status is 200


def page_and_article(archive: Archive, url: str) -> sa.Row[tuple[object, ...]]:
    query = (
        "SELECT state, reason, attempts, next_fetch_at > last_fetched_at AS due_later, gone_at, "
        "title, body, revision FROM pages LEFT JOIN articles ON articles.id = article_id "
        "WHERE pages.url = :url"
    )
    return archive.rows(query, url=url)[0]


@pytest.mark.parametrize(
    ("fault", "reason"), [(CHALLENGE, "challenge"), (EMPTY_SHELL, "empty shell")]
)
def test_what_stands_in_a_pages_place_leaves_the_page_to_be_tried_again(
    archive: Archive, fault: Fault, reason: str
) -> None:
    with serve(Site("post", articles=8)) as server:
        url = address_of(server, server.site.truth[2])
        server.site.faults.add(re.compile(f"/+post/{server.site.truth[2].number}"), fault)
        assert archive.crawl(server.url).exit_code == 0
        page = page_and_article(archive, url)
        assert (page.state, page.reason, page.attempts) == ("pending", reason, 1)
        assert page.due_later
        assert archive.states() == {"archived": 7, "pending": 1}
        server.site.faults.clear()
        archive.crawl(server.url, "-a", f"url={url}")
    page = page_and_article(archive, url)
    assert (page.state, page.reason, page.attempts) == ("archived", None, 0)


@pytest.mark.parametrize("fault", [CHALLENGE, EMPTY_SHELL])
def test_what_stands_in_its_place_changes_nothing_of_a_stored_article(
    archive: Archive, fault: Fault
) -> None:
    with serve(Site("post", articles=3)) as server:
        url = address_of(server, server.site.truth[1])
        archive.crawl(server.url)
        before = archive.rows("SELECT * FROM articles ORDER BY id")
        server.site.faults.add("/", fault)
        archive.crawl(server.url, "-a", f"url={url}")
    assert archive.rows("SELECT * FROM articles ORDER BY id") == before
    assert page_and_article(archive, url).state == "archived"
    assert archive.value("SELECT count(*) FROM revisions") == 3


def test_a_stored_article_whose_page_says_that_it_is_missing_is_gone(archive: Archive) -> None:
    with serve(Site("post", articles=3)) as server:
        url = address_of(server, server.site.truth[1])
        archive.crawl(server.url)
        stored = page_and_article(archive, url)
        server.site.faults.add("/", SAYS_MISSING)
        for _ in range(2):  # one look might have met a fault of the site
            archive.crawl(server.url, "-a", f"url={url}", "-s", "GONE_CONFIRMED_AFTER=0")
    page = page_and_article(archive, url)
    assert (page.state, page.reason) == ("gone", "missing page")
    assert page.gone_at is not None
    assert (page.title, page.body, page.revision) == (stored.title, stored.body, 1)


def test_a_number_without_an_article_has_a_template_without_words(archive: Archive) -> None:
    with serve(Site("post", articles=3)) as server:
        archive.crawl(server.url, "-a", f"url={server.url}post/999999")
        page = page_and_article(archive, f"{server.url}post/999999")
    assert (page.state, page.reason) == ("gone", "empty template")
