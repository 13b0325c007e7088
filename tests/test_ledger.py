"""The ledger in a real PostgreSQL: what is known, what is due, and what became of each page."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db import claims, ledger
from crawler.db.articles import store
from crawler.db.runs import CrawlRun
from crawler.db.session import connect
from crawler.items import PageOutcome
from tests.rows import (
    PRINTED,
    SITE,
    add_page,
    add_run,
    address,
    archive_article,
    found,
    item,
    page,
    pages,
)

PAGE = address(1)
DAY = timedelta(days=1)


def now(connection: sa.Connection) -> Any:
    return connection.scalar(sa.select(sa.func.now()))


# --- discover ----------------------------------------------------------------------------------


def test_a_discovered_address_is_due_at_once(connection: sa.Connection) -> None:
    printed = "http://www.alkarmel.example/post/1/خبر"
    found_one = found(PAGE, request_url=printed, found_on="a feed", published_at=PRINTED)
    assert ledger.discover(connection, SITE, [found_one]) == 1
    (row,) = connection.execute(sa.text("SELECT * FROM pages"))
    assert (row.url, row.request_url, row.discovered_on) == (PAGE, printed, "a feed")
    assert (row.state, row.next_fetch_at, row.published_hint) == (
        "pending",
        now(connection),
        PRINTED,
    )
    assert (row.address_shape, row.address_number) == ("/post/{n}", 1)


def test_an_address_is_discovered_once(connection: sa.Connection) -> None:
    assert ledger.discover(connection, SITE, [found(PAGE)]) == 1
    assert ledger.discover(connection, SITE, [found(PAGE), found(address(2))]) == 1
    assert ledger.discover(connection, SITE, [found(PAGE)]) == 0
    assert ledger.discover(connection, SITE, []) == 0


@pytest.mark.parametrize("together", [True, False])
def test_the_first_discovery_is_the_one_that_counts(
    connection: sa.Connection, together: bool
) -> None:
    discoveries = [found(PAGE, found_on="first"), found(PAGE, found_on="second")]
    for batch in [discoveries] if together else [[one] for one in discoveries]:
        ledger.discover(connection, SITE, batch)
    assert connection.scalars(sa.text("SELECT discovered_on FROM pages")).all() == ["first"]


def test_a_discovery_leaves_a_settled_page_alone(connection: sa.Connection) -> None:
    add_page(connection, PAGE, state="gone", reason="HTTP 404", next_fetch_at=None)
    ledger.discover(connection, SITE, [found(PAGE)])
    assert pages(connection) == {PAGE: "gone"}


def test_what_is_outside_the_range_is_written_down_and_not_due(connection: sa.Connection) -> None:
    discoveries = [found(PAGE, outside_range=True, published_at=PRINTED), found(address(2))]
    assert ledger.discover(connection, SITE, discoveries) == 2
    assert pages(connection) == {PAGE: "excluded", address(2): "pending"}
    assert [due.url for due in claim(connection, add_run(connection))] == [address(2)]


def test_two_crawls_that_discover_the_same_at_once_do_not_lock_each_other_out(
    engine: sa.Engine,
) -> None:
    addresses = [found(address(number)) for number in range(4_000)]
    barrier = Barrier(2)

    def discover(order: int) -> int:
        barrier.wait()
        with engine.begin() as connection:
            return ledger.discover(connection, SITE, addresses[::order])

    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(discover, [1, -1])) == len(addresses)


# --- readmit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hint", "since", "until", "admitted"),
    [
        (PRINTED, None, None, True),
        (PRINTED, PRINTED, PRINTED, True),
        (PRINTED, PRINTED + DAY, None, False),
        (PRINTED, None, PRINTED - DAY, False),
        (None, PRINTED, PRINTED, True),
    ],
)
def test_a_range_takes_in_what_another_left_out(
    connection: sa.Connection, hint: Any, since: Any, until: Any, admitted: bool
) -> None:
    reason = "outside since/until: published 2020-10-10"
    page_id = add_page(connection, PAGE, state="excluded", reason=reason, published_hint=hint,
                       next_fetch_at=None)  # fmt: skip
    ledger.readmit(connection, [PAGE], since, until)
    row = page(connection, page_id)
    if admitted:
        assert (row.state, row.reason, row.next_fetch_at) == ("pending", None, now(connection))
    else:
        assert (row.state, row.reason, row.next_fetch_at) == ("excluded", reason, None)


def test_no_range_takes_in_what_robots_txt_forbids(connection: sa.Connection) -> None:
    reason = "Forbidden by robots.txt"
    add_page(connection, PAGE, state="excluded", reason=reason, next_fetch_at=None)
    ledger.readmit(connection, [PAGE], None, None)
    assert pages(connection) == {PAGE: "excluded"}


# --- claim -------------------------------------------------------------------------------------


def claim(connection: sa.Connection, run_id: int, limit: int = 10) -> list[claims.DuePage]:
    return claims.claim(connection, SITE, run_id, limit)


def add_pages(connection: sa.Connection, count: int, **columns: Any) -> list[int]:
    return [add_page(connection, address(number), **columns) for number in range(count)]


@pytest.mark.parametrize(
    ("limit", "taken"),
    [
        (1, [0]),
        (2, [0, 9]),
        (3, [0, 1, 9]),
        (6, [0, 1, 2, 7, 8, 9]),
        (10, list(range(10))),
        (50, list(range(10))),
    ],
)
def test_half_of_a_claim_is_the_oldest_and_half_the_newest(
    connection: sa.Connection, limit: int, taken: list[int]
) -> None:
    ids = add_pages(connection, 10)
    claimed = claim(connection, add_run(connection), limit)
    assert sorted(due.id for due in claimed) == [ids[index] for index in taken]


def test_a_claim_names_what_to_ask_for_and_is_written_down(connection: sa.Connection) -> None:
    page_id = add_page(connection, PAGE, request_url=f"{PAGE}/خبر")
    run_id = add_run(connection)
    assert claim(connection, run_id) == [claims.DuePage(page_id, PAGE, f"{PAGE}/خبر")]
    row = page(connection, page_id)
    assert (row.claimed_by, row.claimed_until) == (run_id, now(connection) + claims.LEASE)


def test_what_is_claimed_is_not_claimed_again(connection: sa.Connection) -> None:
    add_pages(connection, 3)
    run_id = add_run(connection)
    assert len(claim(connection, run_id)) == 3
    assert claim(connection, run_id) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "rejected", "reason": "listing"},
        {"next_fetch_at": sa.func.now() + timedelta(seconds=1)},
        {"site": "another"},
    ],
)
def test_what_is_not_due_is_not_claimed(connection: sa.Connection, columns: dict[str, Any]) -> None:
    add_page(connection, PAGE, **columns)
    assert claim(connection, add_run(connection)) == []


def test_no_page_is_claimed_by_two_runs(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        ids = add_pages(connection, 300)
    workers = connect(engine.url, pool_size=8)  # each has a connection for its locks beside
    runs = [CrawlRun.open(workers, spider=SITE, mode="worker") for _ in range(4)]
    barrier = Barrier(len(runs))

    def work(run: CrawlRun) -> list[int]:
        barrier.wait()
        taken: list[int] = []
        while True:
            with workers.begin() as connection:
                batch = claim(connection, run.id, 6)
            if not batch:
                return taken
            taken += [due.id for due in batch]

    with ThreadPoolExecutor(len(runs)) as threads:
        taken = [page_id for work_done in threads.map(work, runs) for page_id in work_done]
    for run in runs:
        run.let_go()
    workers.dispose()
    assert sorted(taken) == ids


def test_a_page_that_another_run_is_just_taking_is_passed_over(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_pages(connection, 4)
        runs = [add_run(connection) for _ in range(2)]
    with engine.begin() as first, engine.begin() as second:
        taken = [
            {due.id for due in claim(c, r, 2)} for c, r in zip((first, second), runs, strict=True)
        ]
    assert len(taken[0]) == len(taken[1]) == 2
    assert not taken[0] & taken[1]


def test_a_claim_that_lapsed_is_anybodys_though_its_run_lives(engine: sa.Engine) -> None:
    slow = CrawlRun.open(engine, spider=SITE, mode="worker")
    with engine.begin() as connection:
        quick = add_run(connection, mode="worker")
        past = now(connection) - timedelta(seconds=1)
        page_id = add_page(connection, PAGE, claimed_by=slow.id, claimed_until=past)
        assert [due.id for due in claim(connection, quick)] == [page_id]
        assert page(connection, page_id).claimed_by == quick
    slow.let_go()


def test_the_claims_of_a_dead_run_come_back_and_those_of_a_living_one_do_not(
    engine: sa.Engine,
) -> None:
    living = CrawlRun.open(engine, spider=SITE, mode="worker")
    with engine.begin() as connection:
        mine, dead = add_run(connection, mode="worker"), add_run(connection, mode="worker")
        later = now(connection) + DAY
        lost = add_page(connection, address(1), claimed_by=dead, claimed_until=later)
        add_page(connection, address(2), claimed_by=living.id, claimed_until=later)
        assert [due.id for due in claim(connection, mine)] == [lost]
        outcomes = dict(map(tuple, connection.execute(sa.text("SELECT id, outcome FROM runs"))))
    assert outcomes == {living.id: "running", mine: "running", dead: "interrupted"}
    living.let_go()


# --- settle ------------------------------------------------------------------------------------


def settle(
    connection: sa.Connection, page_id: int, state: str, reason: str = "HTTP 500", **fields: Any
) -> sa.Row[Any]:
    outcome = PageOutcome(page_id, state, reason, **{"http_status": 500} | fields)
    ledger.settle(connection, [outcome], attempts_allowed=6, backoff=300)
    return page(connection, page_id)


def wait(connection: sa.Connection, row: sa.Row[Any]) -> float:
    seconds: float = (row.next_fetch_at - now(connection)).total_seconds()
    return seconds


def test_a_failed_page_waits_four_times_as_long_after_each_try(connection: sa.Connection) -> None:
    page_id = add_page(connection, PAGE)
    waits = [wait(connection, settle(connection, page_id, "failed")) for _ in range(5)]
    assert waits == [300, 1_200, 4_800, 19_200, 76_800]
    row = page(connection, page_id)
    assert (row.state, row.reason, row.attempts, row.http_status) == ("pending", "HTTP 500", 5, 500)


def test_tries_have_an_end(connection: sa.Connection) -> None:
    page_id = add_page(connection, PAGE, attempts=5)
    row = settle(connection, page_id, "failed")
    assert (row.state, row.attempts, row.next_fetch_at) == ("failed", 6, None)


@pytest.mark.parametrize(("asked", "waited"), [(10, 300), (7_200, 7_200), (None, 300)])
def test_retry_after_is_the_least_wait(
    connection: sa.Connection, asked: float | None, waited: float
) -> None:
    row = settle(connection, add_page(connection, PAGE), "failed", retry_after=asked)
    assert wait(connection, row) == waited


def test_no_retry_after_is_too_long_to_be_written(connection: sa.Connection) -> None:
    row = settle(connection, add_page(connection, PAGE), "failed", retry_after=1e20)
    assert wait(connection, row) == ledger.LONGEST_WAIT.total_seconds()


@pytest.mark.parametrize("state", ["rejected", "gone", "excluded"])
def test_an_answer_settles_a_page(connection: sa.Connection, state: str) -> None:
    run_id = add_run(connection)
    page_id = add_page(connection, PAGE, attempts=3, claimed_by=run_id,
                       claimed_until=now(connection) + DAY)  # fmt: skip
    row = settle(connection, page_id, state, "why", http_status=404)
    assert (row.state, row.reason, row.http_status) == (state, "why", 404)
    assert (row.attempts, row.next_fetch_at, row.claimed_by, row.claimed_until) == (0, *[None] * 3)
    assert row.last_fetched_at == now(connection)


def test_the_date_of_a_page_outside_the_range_is_kept(connection: sa.Connection) -> None:
    page_id = add_page(connection, PAGE)
    assert settle(connection, page_id, "excluded", published_at=PRINTED).published_hint == PRINTED
    assert settle(connection, page_id, "excluded").published_hint == PRINTED


@pytest.mark.parametrize("state", ["failed", "rejected", "excluded"])
def test_an_archived_page_stays_archived(connection: sa.Connection, state: str) -> None:
    run_id = add_run(connection)
    page_id = archive_article(connection, run_id, 1)
    for _ in range(8):
        row = settle(connection, page_id, state)
    assert (row.state, row.reason, row.http_status) == ("archived", None, 500)


def test_another_address_of_an_article_keeps_the_reason_that_it_is_one(
    connection: sa.Connection,
) -> None:
    run_id = add_run(connection)
    asked = add_page(connection, address(2))
    store(connection, SITE, run_id, [item(asked, PAGE)])
    row = settle(connection, asked, "failed")
    assert (row.state, row.reason) == ("duplicate", f"leads to {PAGE}")


def test_many_outcomes_are_settled_at_once(connection: sa.Connection) -> None:
    ids = add_pages(connection, 3)
    states = ["gone", "failed", "rejected"]
    outcomes = [PageOutcome(i, state, "why") for i, state in zip(ids, states, strict=True)]
    ledger.settle(connection, outcomes, attempts_allowed=6, backoff=300)
    assert list(pages(connection).values()) == ["gone", "pending", "rejected"]


# --- what the ledger knows ---------------------------------------------------------------------


def test_an_address_that_an_operator_names_is_claimed_whatever_its_state(
    connection: sa.Connection,
) -> None:
    first, second = add_run(connection), add_run(connection)
    named = found(PAGE, request_url=f"{PAGE}?as=named")
    new = claims.page_to_fetch(connection, SITE, named, first)
    assert new.request_url == f"{PAGE}?as=named"
    connection.execute(
        sa.text("UPDATE pages SET state = 'gone', reason = 'HTTP 404', next_fetch_at = NULL")
    )
    assert claims.page_to_fetch(connection, SITE, named, second) == new
    row = page(connection, new.id)
    assert (row.state, row.claimed_by) == ("gone", second)


def test_dates_come_from_the_article_before_the_hint(connection: sa.Connection) -> None:
    run_id = add_run(connection)
    archived = archive_article(connection, run_id, 1)
    connection.execute(sa.text("UPDATE pages SET published_hint = :hint"), {"hint": PRINTED + DAY})
    add_page(connection, address(2), published_hint=PRINTED - DAY)
    add_page(connection, address(3))
    known = [page(connection, archived).url, *map(address, (2, 3, 4))]
    dates = ledger.dates(connection, known)
    assert sorted(map(str, dates)) == sorted(map(str, [PRINTED, PRINTED - DAY, None]))


def test_what_was_discovered_before_a_moment_is_known(connection: sa.Connection) -> None:
    moment = now(connection)
    add_page(connection, address(1), discovered_at=moment - DAY)
    add_page(connection, address(2), discovered_at=moment + DAY)
    asked = [address(number) for number in (1, 2, 3)]
    assert ledger.discovered_before(connection, asked, moment) == {address(1)}
    assert ledger.discovered_before(connection, [], moment) == set()


def test_shapes_are_known_by_what_was_found_at_them(connection: sa.Connection) -> None:
    run_id = add_run(connection)
    for number in (1, 2, 3):
        archive_article(connection, run_id, number)
    home = "https://alkarmel.example"
    for name in ("arab", "world"):
        add_page(connection, f"{home}/section/{name}", state="rejected", reason="listing")
    add_page(connection, f"{home}/about", state="rejected", reason="no article on the page")
    add_page(connection, f"{home}/waiting")
    add_page(connection, f"{home}/lost", state="gone", reason="HTTP 404")
    add_page(connection, f"{home}/elsewhere", site="another", state="rejected", reason="listing")
    assert ledger.kinds_by_shape(connection, SITE) == [
        (address(1), "article", 3),
        (f"{home}/section/arab", "listing", 2),
        (f"{home}/about", "other", 1),
    ]
