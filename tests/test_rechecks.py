"""Looking at archived articles again: when, by what kind of request, and within which budget."""

import re
import signal
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from crawler import settings
from crawler.db import claims, ledger
from crawler.db.articles import store
from crawler.db.schema import alembic_config
from crawler.db.session import connect
from crawler.items import PageOutcome
from crawler.rechecks import SPREAD, RecheckPolicy
from tests.conftest import Archive, ended
from tests.rows import FIRST_FETCH, SITE, add_page, add_run, address, item, page
from tests.site.exchange import Record
from tests.site.faults import Redirect, Status
from tests.site.replica import Site
from tests.site.server import Server, serve

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY = RecheckPolicy.read([(6, 1), (48, 6), (336, 72), (None, 720)])

# --- the table ---------------------------------------------------------------------------------


def test_the_table_of_the_settings_goes_on_for_ever() -> None:
    policy = RecheckPolicy.read(settings.RECHECKS)
    ages = [timedelta(hours=hours) for hours in (0, 1, 10, 100, 1_000, 1e5)]
    intervals = [policy.interval(age) or timedelta(0) for age in ages]
    assert intervals == sorted(intervals)
    assert intervals[0] > timedelta(0)


@pytest.mark.parametrize("table", ["[[6, 1], [null, 24]]", [(6, 1), (None, 24)]])
def test_a_table_can_come_from_the_command_line(table: Any) -> None:
    policy = RecheckPolicy.read(table)
    assert [policy.interval(age) for age in (5 * HOUR, 6 * HOUR, 900 * DAY)] == [HOUR, DAY, DAY]


@pytest.mark.parametrize(("table", "last"), [([(6, 1)], 6), ([], 0), ("", 0)])
def test_what_is_older_than_the_table_is_left_alone(table: Any, last: int) -> None:
    policy = RecheckPolicy.read(table)
    assert policy.interval(timedelta(hours=last)) is None


@pytest.mark.parametrize(
    "table",
    [
        *("[[6, 1], [3, 2]]", "[[6, 1], [6, 2]]", "[[null, 1], [6, 2]]"),
        *("[[6, 0]]", "[[6, -1]]", "[[6]]", "[6, 1]", "[[", "6:1", '[["a", 1]]', "[[6, 1e99]]"),
        *(7, [(6, None)], [(6, float("nan"))]),
    ],
)
def test_a_wrong_table_is_named(table: Any) -> None:
    with pytest.raises(ValueError, match="RECHECKS=") as refusal:
        RecheckPolicy.read(table)
    assert str(table) in str(refusal.value)


def test_a_crawl_with_a_wrong_table_does_not_start(archive: Archive) -> None:
    crawl = archive.crawl("http://127.0.0.1:1/", "-s", "RECHECKS=[[6, 1], [3, 2]]")
    assert crawl.exit_code == 2
    assert "the ages must rise" in crawl.log


# --- when the next look is due -----------------------------------------------------------------


def due_after(connection: sa.Connection, hours: float = 0, **fields: Any) -> timedelta | None:
    """How long an article waits that is looked at ``hours`` after it was first fetched."""
    run_id = add_run(connection)
    page_id = add_page(connection, address(1))
    for later in {0, hours}:
        store(connection, SITE, run_id, [item(page_id, address(1), hours=later, **fields)], POLICY)
    due: datetime | None = page(connection, page_id).next_fetch_at
    return due and due - FIRST_FETCH - timedelta(hours=hours)


def is_about(wait: timedelta | None, interval: timedelta | None) -> bool:
    return bool(wait and interval and abs(wait - interval) <= SPREAD * interval)


@pytest.mark.parametrize("hours", [0, 1, 5.9, 6, 20, 47.9, 48, 300, 336, 5_000, 100_000])
def test_an_article_waits_as_the_table_says_for_its_age(
    connection: sa.Connection, hours: float
) -> None:
    wait = due_after(connection, published_at=FIRST_FETCH - timedelta(hours=hours))
    assert is_about(wait, POLICY.interval(timedelta(hours=hours)))


@pytest.mark.parametrize("hours", [0.0, 7.0, 60.0, 400.0])
def test_without_a_printed_date_the_age_counts_from_the_first_fetch(
    connection: sa.Connection, hours: float
) -> None:
    wait = due_after(connection, hours, published_at=None, published_precision=None)
    assert is_about(wait, POLICY.interval(timedelta(hours=hours)))


def test_a_date_that_lies_ahead_does_not_keep_an_article_young(connection: sa.Connection) -> None:
    wait = due_after(connection, 400, published_at=FIRST_FETCH + 900 * DAY)
    assert is_about(wait, 30 * DAY)


def test_a_printed_day_may_be_its_last_minute(connection: sa.Connection) -> None:
    midnight = FIRST_FETCH - 12 * HOUR
    wait = due_after(connection, published_at=midnight, published_precision="day")
    assert is_about(wait, HOUR)


def test_a_policy_with_an_end_leaves_old_articles_alone(connection: sa.Connection) -> None:
    page_id = add_page(connection, address(1))
    ending = RecheckPolicy.read([(6, 1)])
    store(connection, SITE, add_run(connection), [item(page_id, address(1))], ending)
    assert page(connection, page_id).next_fetch_at is None


def test_what_a_backfill_stored_does_not_come_due_together(connection: sa.Connection) -> None:
    run_id = add_run(connection)
    ids = [add_page(connection, address(number)) for number in range(600)]
    items = [item(i, address(n), title=f"خبر {n}") for n, i in enumerate(ids)]
    store(connection, SITE, run_id, items, POLICY)
    days = connection.scalars(
        sa.text("SELECT extract(epoch FROM next_fetch_at - last_fetched_at) / 86400 FROM pages")
    ).all()
    assert min(days) >= 15
    assert max(days) <= 45
    by_day = [sum(day <= d < day + 1 for d in days) for day in range(15, 45)]
    assert min(by_day) > 0
    assert max(by_day) < 60


def test_another_address_of_an_article_is_not_looked_at_again(connection: sa.Connection) -> None:
    run_id = add_run(connection)
    asked, copy = add_page(connection, address(2)), add_page(connection, address(3))
    store(connection, SITE, run_id, [item(asked, address(1))], POLICY)
    store(connection, SITE, run_id, [item(copy, address(3))], POLICY)
    assert [page(connection, i).state for i in (asked, copy)] == ["duplicate"] * 2
    assert [page(connection, i).next_fetch_at for i in (asked, copy)] == [None] * 2
    own = sa.text("SELECT next_fetch_at - last_fetched_at FROM pages WHERE state = 'archived'")
    assert is_about(connection.scalars(own).one(), 30 * DAY)
    settle(connection, copy, "failed")
    assert page(connection, copy).next_fetch_at is None


def test_an_address_that_begins_to_redirect_stays_its_articles_own(
    connection: sa.Connection,
) -> None:
    run_id = add_run(connection)
    page_id = add_page(connection, address(1))
    store(connection, SITE, run_id, [item(page_id, address(1))], POLICY)
    store(connection, SITE, run_id, [item(page_id, address(2), hours=1)], POLICY)
    row = page(connection, page_id)
    assert (row.state, row.reason) == ("archived", None)
    assert row.next_fetch_at


# --- what becomes of a look --------------------------------------------------------------------


def settle(connection: sa.Connection, page_id: int, state: str, **fields: Any) -> sa.Row[Any]:
    outcome = PageOutcome(page_id, state, f"HTTP {fields}", **fields)
    ledger.settle(connection, [outcome], attempts_allowed=3, backoff=300, rechecks=POLICY)
    return page(connection, page_id)


def archived(connection: sa.Connection, number: int = 1, **columns: Any) -> int:
    """An article of today, with what conditional requests ask by; columns of its page."""
    page_id = add_page(connection, address(number))
    article = item(page_id, address(number), title=f"خبر {number}", published_at=FIRST_FETCH)
    article.provenance.etag, article.provenance.last_modified = '"1"', "Thu, 01 Jan 2026"
    store(connection, SITE, add_run(connection), [article], POLICY)
    if columns:
        connection.execute(sa.update(ledger.Page).where(ledger.Page.id == page_id).values(columns))
    return page_id


def test_an_unchanged_article_is_seen_again_and_due_later(connection: sa.Connection) -> None:
    page_id = archived(connection, attempts=2)
    row = settle(connection, page_id, "unchanged", http_status=304)
    assert (row.state, row.http_status, row.attempts) == ("archived", 304, 0)
    assert (row.etag, row.last_modified) == ('"1"', "Thu, 01 Jan 2026")
    now = connection.scalar(sa.select(sa.func.now()))
    assert is_about(row.next_fetch_at - now, 30 * DAY)
    assert row.last_fetched_at == now
    assert connection.scalars(sa.text("SELECT last_seen_at FROM articles")).all() == [now]


def test_a_look_that_fails_is_tried_again_soon_and_without_end(connection: sa.Connection) -> None:
    page_id = archived(connection)
    waits = []
    for _ in range(9):
        row = settle(connection, page_id, "failed", http_status=500)
        waits.append((row.next_fetch_at - row.last_fetched_at).total_seconds())
    assert waits[:5] == [300, 1_200, 4_800, 19_200, 76_800]
    assert waits[-1] == ledger.LONGEST_WAIT.total_seconds()
    assert (row.state, row.attempts) == ("archived", 9)


@pytest.mark.parametrize("state", ["failed", "rejected", "excluded", "gone"])
def test_after_an_answer_that_was_none_the_whole_page_is_asked_for(
    connection: sa.Connection, state: str
) -> None:
    row = settle(connection, archived(connection), state)
    assert (row.etag, row.last_modified) == (None, None)


# --- claims ------------------------------------------------------------------------------------


def claim(connection: sa.Connection, limit: int = 10) -> list[claims.DuePage]:
    return claims.claim_rechecks(connection, SITE, add_run(connection), limit)


def now(connection: sa.Connection) -> Any:
    return connection.scalar(sa.select(sa.func.now()))


def test_a_claim_says_what_to_ask_by(connection: sa.Connection) -> None:
    page_id = archived(connection, next_fetch_at=now(connection))
    url = address(1)
    assert claim(connection) == [claims.DuePage(page_id, url, url, '"1"', "Thu, 01 Jan 2026")]
    assert claim(connection) == []  # it is claimed


@pytest.mark.parametrize(
    ("columns", "taken"),
    [
        ({}, True),
        ({"state": "gone", "reason": "HTTP 404"}, True),
        ({"state": "duplicate"}, False),
        ({"state": "rejected", "reason": "listing"}, False),
        ({"next_fetch_at": None}, False),
        ({"next_fetch_at": sa.func.now() + timedelta(seconds=1)}, False),
        ({"site": "another"}, False),
    ],
)
def test_what_is_due_is_claimed_where_its_next_look_is_set(
    connection: sa.Connection, columns: dict[str, Any], taken: bool
) -> None:
    archived(connection, **{"next_fetch_at": now(connection)} | columns)
    assert bool(claim(connection)) == taken


def test_of_equal_waits_the_longest_due_come_first(connection: sa.Connection) -> None:
    for number in range(6):
        looked_at = now(connection) - (24 + number) * HOUR
        archived(connection, number, last_fetched_at=looked_at, next_fetch_at=looked_at + DAY)
    assert [due.url for due in claim(connection, 2)] == [address(4), address(5)]


def test_a_budget_that_does_not_reach_delays_each_look_in_proportion(
    connection: sa.Connection,
) -> None:
    """A monthly look that is ten days late waits for the hourly one that is an hour late."""
    for number, (wait, late) in enumerate([(30 * DAY, 10 * DAY), (HOUR, HOUR), (DAY, 6 * HOUR)]):
        due = now(connection) - late
        archived(connection, number, last_fetched_at=due - wait, next_fetch_at=due)
    assert [claim(connection, 1)[0].url for _ in range(3)] == [address(n) for n in (1, 0, 2)]


def test_due_pages_are_found_by_their_index(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO pages (site, url, request_url, state, reason, address_shape,"
            " last_fetched_at, next_fetch_at) SELECT 'alkarmel', 'https://a.example/' || n, 'x',"
            " 'gone', 'HTTP 404', '/', now() - interval '30 days', now() + n * interval '1 minute'"
            " FROM generate_series(-9, 20000) AS n"
        )
    )
    connection.execute(sa.text("ANALYZE pages"))
    scans = sa.text("SELECT pg_stat_get_xact_numscans(CAST(:relation AS regclass))")
    relations = ("pages", "ix_pages_recheck")
    table, index = (connection.scalar(scans, {"relation": name}) for name in relations)
    assert len(claim(connection, 64)) == 10
    assert connection.scalar(scans, {"relation": "pages"}) == table  # never read as a whole
    assert connection.scalar(scans, {"relation": "ix_pages_recheck"}) > index


# --- the migration -----------------------------------------------------------------------------


# 120 articles, by turns ten minutes, five hours and 400 days old.
ARCHIVED_WITHOUT_RECHECKS = """
    INSERT INTO runs (spider, mode) VALUES ('alkarmel', 'incremental');
    INSERT INTO pages (site, url, request_url, address_shape, address_number)
        SELECT 'alkarmel', 'https://a.example/' || n, 'https://a.example/' || n, '/{n}', n
        FROM generate_series(0, 119) AS n;
    INSERT INTO captures (page_id, run_id, url, fetched_at, http_status, payload_digest)
        SELECT pages.id, runs.id, pages.url, now(), 200, 'sha256:00' FROM pages, runs;
    INSERT INTO articles (url, title, body, word_count, digest, extractor_version, first_seen_at,
                          last_seen_at, capture_id)
        SELECT url, 'خبر', 'متن', 1, url, '1', now() - age, now(), captures.id
        FROM captures JOIN pages USING (url), LATERAL (SELECT interval '1 minute' *
            (ARRAY[10, 300, 576000])[address_number % 3 + 1] AS age) AS ages;
    UPDATE pages SET state = 'archived', article_id = articles.id, next_fetch_at = NULL
        FROM articles WHERE articles.url = pages.url;
"""


def test_what_was_archived_before_rechecks_gets_its_time(
    empty_database: sa.URL, tmp_path: Path
) -> None:
    engine = connect(empty_database)
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(sa.text(ARCHIVED_WITHOUT_RECHECKS))
        command.upgrade(config, "0003")
        rows = connection.execute(
            sa.text(
                "SELECT address_number % 3, min(next_fetch_at - now()), max(next_fetch_at - now())"
                " FROM pages GROUP BY 1 ORDER BY 1"
            )
        ).all()
    engine.dispose()
    for (_, first, last), longest in zip(rows, [HOUR, 5 * HOUR, 30 * DAY], strict=True):
        assert timedelta(minutes=-1) < first < longest / 3
        assert longest / 2 < last < longest + timedelta(minutes=1)


# --- crawls ------------------------------------------------------------------------------------


def make_due(archive: Archive) -> None:
    """Let the time pass until every archived article may be looked at again."""
    with archive.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE pages SET next_fetch_at = now() WHERE state = 'archived'"
        )


def looks(server: Server, since: int) -> list[Record]:
    """The requests for articles since so many requests."""
    return [r for r in server.requests[since:] if server.site.number_at(r.path) is not None]


def is_conditional(record: Record) -> bool:
    return not {"if-none-match", "if-modified-since"}.isdisjoint(record.headers)


def test_a_site_with_etags_is_asked_for_what_has_changed_only(archive: Archive) -> None:
    with serve(Site("semantic", articles=30)) as server:
        archive.crawl(server.url)
        captures = archive.value("SELECT count(*) FROM captures")
        make_due(archive)
        edited = server.site.truth[7].number
        server.site.edit(edited, title="عنوان بعد التصحيح")
        asked = len(server.requests)
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        records = looks(server, asked)
        assert all(map(is_conditional, records))
        assert [r.status for r in records].count(304) == len(records) - 1 == 29
        last_line = crawl.output.splitlines()[-1]
        assert "0 new, 1 changed, 29 unchanged" in last_line
        assert "30 rechecked" in last_line
        # The one that has changed is asked for by its new ETag the next time.
        make_due(archive)
        asked = len(server.requests)
        archive.crawl(server.url)
        assert {r.status for r in looks(server, asked)} == {304}
    assert archive.value("SELECT count(*) FROM captures") == captures + 1
    titles = archive.rows("SELECT title FROM revisions WHERE number = 2")
    assert titles == [("عنوان بعد التصحيح",)]
    seen = archive.value(
        "SELECT count(*) FROM articles JOIN runs ON runs.id = 3 WHERE last_seen_at > started_at"
    )
    assert seen == 30
    waits = "SELECT next_fetch_at - now() > interval '14 days', count(*) FROM pages GROUP BY 1"
    assert archive.rows(waits) == [(True, 30)]


def test_a_site_without_etags_is_asked_for_the_pages(archive: Archive) -> None:
    with serve(Site("post", articles=12)) as server:
        archive.crawl(server.url)
        make_due(archive)
        edited = server.site.truth[3].number
        server.site.edit(edited, title="عنوان بعد التصحيح")
        asked = len(server.requests)
        crawl = archive.crawl(server.url)
        assert len(looks(server, asked)) == 12
        assert not any(map(is_conditional, looks(server, asked)))
        assert "0 new, 1 changed, 11 unchanged" in crawl.output
    assert archive.value("SELECT stats ->> 'page/discovered' FROM runs WHERE id = 2") == "0"


def test_a_recheck_keeps_to_its_budget_and_the_next_crawl_goes_on(archive: Archive) -> None:
    with serve(Site("semantic", articles=20)) as server:
        archive.crawl(server.url)
        make_due(archive)
        looked_at: list[list[str]] = []
        for _ in range(3):
            asked = len(server.requests)
            archive.crawl(server.url, "-s", "RECHECKS_PER_CRAWL=8", "-s", "BATCH_SIZE=5")
            looked_at.append([r.path for r in looks(server, asked)])
    assert [len(paths) for paths in looked_at] == [8, 8, 4]
    assert len({path for paths in looked_at for path in paths}) == 20


def test_new_articles_come_before_rechecks(archive: Archive) -> None:
    with serve(Site("semantic", articles=20)) as server:
        archive.crawl(server.url)
        make_due(archive)
        new = server.site.publish(3)
        asked = len(server.requests)
        archive.crawl(server.url, "-s", "CONCURRENT_REQUESTS=1")
        records = looks(server, asked)
        assert sorted(server.site.number_at(r.path) or 0 for r in records[:3]) == new
        assert [is_conditional(r) for r in records] == [False] * 3 + [True] * 20


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("-a", "mode=worker"), 10),
        (("-a", "mode=backfill"), 0),
        (("-s", "RECHECKS_PER_CRAWL=0"), 0),
    ],
)
def test_who_looks_again(archive: Archive, arguments: tuple[str, ...], count: int) -> None:
    with serve(Site("semantic", articles=10)) as server:
        archive.crawl(server.url)
        make_due(archive)
        asked = len(server.requests)
        assert archive.crawl(server.url, *arguments).exit_code == 0
        assert len(looks(server, asked)) == count


def test_one_page_is_asked_for_without_condition(archive: Archive) -> None:
    with serve(Site("semantic", articles=6)) as server:
        archive.crawl(server.url)
        url = archive.value("SELECT url FROM articles LIMIT 1")
        asked = len(server.requests)
        crawl = archive.crawl(server.url, "-a", f"url={url}")
        records = looks(server, asked)
        assert records[-1].status == 200
        assert not any(map(is_conditional, records))
        assert "1 unchanged" in crawl.output


def test_a_look_that_fails_leaves_the_article_and_the_next_sees_the_whole_page(
    archive: Archive,
) -> None:
    with serve(Site("semantic", articles=8)) as server:
        archive.crawl(server.url)
        make_due(archive)
        story = re.compile(r"/\d{4}/")
        server.site.faults.add(story, Status(500))
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        waits = archive.rows(
            "SELECT state, attempts, next_fetch_at - last_fetched_at AS wait FROM pages"
        )
        assert {(row.state, row.attempts) for row in waits} == {("archived", 1)}
        assert {row.wait for row in waits} == {timedelta(seconds=300)}
        server.site.faults.clear()
        make_due(archive)
        asked = len(server.requests)
        archive.crawl(server.url)
        assert {(r.status, is_conditional(r)) for r in looks(server, asked)} == {(200, False)}
    assert archive.rows("SELECT DISTINCT attempts FROM pages") == [(0,)]
    assert archive.value("SELECT count(*) FROM pages WHERE etag IS NULL") == 0


def test_a_site_that_is_down_is_not_asked_for_what_is_stored(archive: Archive) -> None:
    with serve(Site("semantic", articles=8)) as server:
        archive.crawl(server.url)
        make_due(archive)
        server.site.faults.add("/", Status(503))
        asked = len(server.requests)
        assert archive.crawl(server.url).exit_code == 3
        assert looks(server, asked) == []


def test_an_unasked_304_is_a_try_that_failed(archive: Archive) -> None:
    with serve(Site("post", articles=6)) as server:
        number = server.site.truth[2].number
        server.site.faults.add(re.compile(f"/+post/{number}"), Status(304))
        crawl = archive.crawl(server.url)
        assert crawl.exit_code == 0, crawl.log
        row = archive.rows("SELECT state, reason, attempts FROM pages WHERE state <> 'archived'")
    assert row == [("pending", "HTTP 304", 1)]


def test_a_redirect_carries_the_condition_along(archive: Archive) -> None:
    with serve(Site("semantic", articles=6)) as server:
        archive.crawl(server.url)
        make_due(archive)
        server.site.faults.add(re.compile(r"/\d{4}/[^?]*$"), Redirect("?from=elsewhere"))
        plain = "UPDATE pages SET request_url = split_part(request_url, '?', 1)"
        with archive.engine.begin() as connection:  # the home page prints them with a parameter
            connection.exec_driver_sql(plain)
        asked = len(server.requests)
        crawl = archive.crawl(server.url)
        assert "6 unchanged" in crawl.output
        assert sorted(r.status for r in looks(server, asked)) == [302] * 6 + [304] * 6


def test_rechecks_of_a_killed_crawl_are_made_by_the_next(archive: Archive) -> None:
    with serve(Site("semantic", articles=40)) as server:
        archive.crawl(server.url)
        make_due(archive)
        asked = len(server.requests)
        crawl = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.02", "-s", "BATCH_SIZE=10")
        while len(looks(server, asked)) < 15:
            assert crawl.poll() is None
        crawl.send_signal(signal.SIGKILL)
        ended(crawl)
        assert archive.crawl(server.url).exit_code == 0
        assert {r.path for r in looks(server, asked)} == {t.address for t in server.site.truth}
        assert archive.value("SELECT count(*) FROM pages WHERE next_fetch_at <= now()") == 0
    assert archive.value("SELECT stats -> 'page/rechecked' FROM runs WHERE id = 3") < 40
