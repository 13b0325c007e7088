"""Articles that a site shows no more: missed, gone, back; their text stays."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db import ledger
from crawler.items import PageOutcome
from tests.conftest import Archive
from tests.rows import FIRST_FETCH, OTHER, PAGE, History, page
from tests.site.faults import Fault, Redirect, SoftMissing, Status, Text
from tests.site.replica import Site
from tests.site.server import serve

HOUR = timedelta(hours=1)
GONE_AFTER = timedelta(hours=6)


@pytest.fixture
def history(connection: sa.Connection) -> History:
    return History(connection)


def miss(
    history: History, url: str = PAGE, state: str = "gone", reason: str = "HTTP 404"
) -> sa.Row[Any]:
    """The page after the site has answered that there is nothing."""
    page_id = history.page_id(url)
    ledger.settle(
        history.connection,
        [PageOutcome(page_id, state, reason, 404)],
        attempts_allowed=6,
        backoff=300,
        gone_after=GONE_AFTER,
    )
    return page(history.connection, page_id)


def let_pass(history: History, time: timedelta) -> None:
    history.rows("UPDATE removals SET missed_at = missed_at - :time RETURNING 1", time=time)


def now(history: History) -> Any:
    return history.rows("SELECT now()")[0][0]


def removals(history: History) -> list[sa.Row[Any]]:
    return history.rows("SELECT missed_at, gone_at, returned_at FROM removals ORDER BY missed_at")


def test_an_article_that_is_missing_once_is_to_be_looked_for_again(history: History) -> None:
    history.see()
    row = miss(history)
    assert (row.state, row.reason, row.http_status) == ("archived", None, 404)
    assert row.next_fetch_at == now(history) + GONE_AFTER
    assert history.article.gone_at is None
    assert removals(history) == [(now(history), None, None)]
    assert history.rows("SELECT reason FROM removals") == [("HTTP 404",)]


def test_a_second_finding_that_comes_too_soon_confirms_nothing(history: History) -> None:
    history.see()
    miss(history)
    let_pass(history, GONE_AFTER - timedelta(minutes=1))
    row = miss(history)
    assert (row.state, history.article.gone_at) == ("archived", None)
    assert row.next_fetch_at == now(history) + timedelta(minutes=1)


def test_an_article_that_is_missing_twice_is_gone_and_keeps_its_text(history: History) -> None:
    history.see()
    history.see(OTHER, title="آخر")
    before = history.article
    miss(history)
    let_pass(history, GONE_AFTER)
    row = miss(history, reason="HTTP 410")
    assert (row.state, row.reason) == ("gone", "HTTP 410")
    assert history.article._asdict() == before._asdict() | {"gone_at": now(history)}
    assert removals(history) == [(now(history) - GONE_AFTER, now(history), None)]
    miss(history)
    assert len(removals(history)) == 1
    assert history.rows("SELECT count(*) FROM articles WHERE gone_at IS NULL") == [(1,)]


@pytest.mark.parametrize(
    ("state", "reason", "missing"),
    [
        ("gone", "leads to the home page", True),
        ("rejected", "listing", True),
        ("rejected", "tag listing", True),
        ("rejected", "no article", False),
        ("excluded", "Forbidden by robots.txt", False),
        ("failed", "HTTP 500", False),
    ],
)
def test_what_a_site_answers_instead_of_an_article_it_has_removed(
    history: History, state: str, reason: str, missing: bool
) -> None:
    history.see()
    assert miss(history, state=state, reason=reason).state == "archived"
    let_pass(history, GONE_AFTER)
    assert miss(history, state=state, reason=reason).state == ("gone" if missing else "archived")
    assert len(removals(history)) == missing


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_article_that_is_back_is_gone_no_more_and_both_times_are_kept(
    history: History, confirmed: bool
) -> None:
    history.see()
    miss(history)
    let_pass(history, GONE_AFTER)
    if confirmed:
        miss(history)
    let_pass(history, now(history) - FIRST_FETCH)  # long before it is seen again
    history.rows(
        "UPDATE removals SET gone_at = missed_at + :t WHERE gone_at IS NOT NULL RETURNING 1",
        t=GONE_AFTER,
    )
    ((missed_at, gone_at, _),) = removals(history)
    assert history.see(hours=1) == "unchanged"
    assert history.article.gone_at is None
    assert page(history.connection, history.page_id()).state == "archived"
    assert removals(history) == [(missed_at, gone_at, FIRST_FETCH + HOUR)]
    miss(history)
    assert [row.returned_at for row in removals(history)] == [FIRST_FETCH + HOUR, None]


def test_an_answer_that_it_is_unchanged_is_a_return(history: History) -> None:
    history.see()
    miss(history)
    let_pass(history, GONE_AFTER)
    miss(history, state="unchanged", reason="HTTP 304")
    assert [row.returned_at for row in removals(history)] == [now(history)]


def test_an_observation_from_before_the_removal_is_no_return(history: History) -> None:
    history.see()
    miss(history)
    let_pass(history, GONE_AFTER)
    miss(history)
    history.see(hours=1)  # a January of long ago
    assert history.article.gone_at == now(history)
    assert removals(history)[0].returned_at is None


def test_an_article_that_lost_another_address_is_still_there(history: History) -> None:
    history.see()
    history.see(OTHER)
    assert miss(history, OTHER).state == "gone"
    assert (history.article.gone_at, removals(history)) == (None, [])


def test_a_page_without_an_article_is_gone_at_once(history: History) -> None:
    row = miss(history)
    assert (row.state, row.next_fetch_at) == ("gone", None)
    assert removals(history) == []


def test_a_past_in_which_the_article_was_missing_says_so(history: History) -> None:
    history.see()
    (row,) = history.rows("SELECT id FROM articles")
    hours = {name: FIRST_FETCH + HOUR * n for name, n in [("m", 2), ("g", 8), ("r", 20)]}
    history.rows("INSERT INTO removals (article_id, missed_at, gone_at, returned_at, reason)"
                 " VALUES (:id, :m, :g, :r, 'HTTP 404'), (:id, :r, NULL, NULL, 'HTTP 404')"
                 " RETURNING 1", id=row.id, **hours)  # fmt: skip
    missing = [history.as_of(at)[0].missing_since for at in (1, 2, 9, 19, 20, 30)]
    assert missing == [None, hours["m"], hours["m"], hours["m"], None, None]


# --- crawls --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Status(404), "HTTP 404"),
        (Status(410), "HTTP 410"),
        (Redirect("/"), "leads to the home page"),
        (SoftMissing(), "listing"),
        (Text("<h1>الصفحة المطلوبة غير موجودة</h1>", "text/html; charset=utf-8"), "missing page"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_an_article_that_vanishes_is_gone_when_that_is_confirmed_and_comes_back(
    archive: Archive, fault: Fault, reason: str
) -> None:
    with serve(Site("post", articles=6)) as server:
        archive.crawl(server.url)
        number = server.site.truth[2].number
        url = f"{server.url}post/{number}"
        before = archive.article(url)
        server.site.faults.add(re.compile(f"/+post/{number}"), fault)
        archive.look(server.url, url)
        archive.look(server.url, url)  # hours too soon
        missed = archive.article(url)
        assert (missed.state, missed.gone_at) == ("archived", None)
        (removal,) = archive.rows("SELECT * FROM removals")
        assert removal.reason == reason
        assert missed.next_fetch_at == removal.missed_at + GONE_AFTER
        archive.look(server.url, url, "-s", "GONE_CONFIRMED_AFTER=0")
        gone = archive.article(url)
        assert (gone.state, gone.reason) == ("gone", reason)
        assert gone.gone_at > removal.missed_at
        assert (gone.title, gone.body) == (before.title, before.body)
        server.site.faults.clear()
        archive.look(server.url, url)
    back = archive.article(url)
    assert (back.state, back.reason, back.gone_at) == ("archived", None, None)
    (removal,) = archive.rows("SELECT * FROM removals")
    assert removal.missed_at < removal.gone_at < removal.returned_at
    assert archive.value("SELECT count(*) FROM revisions") == 6


@pytest.mark.parametrize("layout", ["post", "semantic", "table"])
def test_what_editors_remove_is_found_to_be_gone_by_crawls_alone(
    archive: Archive, layout: str
) -> None:
    with serve(Site(layout, articles=8)) as server:
        archive.crawl(server.url)
        truth = server.site.truth[3]
        server.site.remove(truth.number)
        for expected in ("archived", "gone"):
            with archive.engine.begin() as connection:  # the hours pass
                connection.execute(sa.text("UPDATE pages SET next_fetch_at = now()"))
                connection.execute(
                    sa.text("UPDATE removals SET missed_at = missed_at - interval '7 hours'")
                )
            crawl = archive.crawl(server.url)
            assert crawl.exit_code == 0, crawl.log
            rows = archive.rows("SELECT state FROM articles JOIN pages USING (url)"
                                " WHERE articles.title = :title", title=truth.title)  # fmt: skip
            assert rows == [(expected,)]
    rows = archive.rows("SELECT title, body FROM articles WHERE gone_at IS NOT NULL")
    assert rows == [(truth.title, truth.body)]
