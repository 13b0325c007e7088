"""Backfill by number: which addresses are guessed, in which order, and at what cost."""

import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db.gaps import FOUND_ON, fill_gaps
from crawler.db.ledger import settle
from crawler.items import PageOutcome
from tests.rows import PRINTED, SITE, add_page, add_run, address, archive_article, pages


def archive(connection: sa.Connection, *numbers: int, **fields: Any) -> None:
    run_id = add_run(connection)
    for number in numbers:
        archive_article(connection, run_id, number, **fields)


def guessed(connection: sa.Connection) -> list[int]:
    """The numbers that were put into the ledger, in the order of its rows."""
    query = "SELECT address_number FROM pages WHERE discovered_on = :found_on ORDER BY id"
    return list(connection.scalars(sa.text(query), {"found_on": FOUND_ON}))


def test_the_numbers_between_known_ones_are_guessed_newest_first(connection: sa.Connection) -> None:
    archive(connection, 10, 16, 13)
    assert fill_gaps(connection, SITE, 100) == 4
    assert guessed(connection) == [15, 14, 12, 11]
    assert pages(connection)[address(15)] == "pending"


def test_a_guessed_address_is_asked_for_as_the_site_prints_its_addresses(
    connection: sa.Connection,
) -> None:
    archive(connection, 1, 2, 4)
    connection.execute(
        sa.text("UPDATE pages SET request_url = replace(url, 'https://', 'http://www.') || '/خبر'")
    )
    fill_gaps(connection, SITE, 10)
    (row,) = connection.execute(
        sa.text("SELECT url, request_url FROM pages WHERE state = 'pending'")
    )
    assert tuple(row) == (address(3), "http://www.alkarmel.example/post/3")


def test_the_budget_is_kept(connection: sa.Connection) -> None:
    archive(connection, 1, 50, 100)
    assert fill_gaps(connection, SITE, 3) == 3
    assert guessed(connection) == [99, 98, 97]


@pytest.mark.parametrize("budget", [48, 49, 50, 97])
def test_the_budget_reaches_over_several_gaps(connection: sa.Connection, budget: int) -> None:
    archive(connection, 1, 50, 100)
    fill_gaps(connection, SITE, budget)
    everything = [*range(99, 50, -1), *range(49, 1, -1)]
    assert guessed(connection) == everything[:budget]


def test_numbers_that_answered_with_nothing_are_not_asked_for_again(
    connection: sa.Connection,
) -> None:
    archive(connection, 1, 2, 9)
    fill_gaps(connection, SITE, 2)
    asked = connection.scalars(sa.text("SELECT id FROM pages WHERE state = 'pending'")).all()
    gone = [PageOutcome(page_id, "gone", "HTTP 404", 404) for page_id in asked]
    settle(connection, gone, attempts_allowed=3, backoff=60)
    fill_gaps(connection, SITE, 2)
    assert guessed(connection) == [8, 7, 6, 5]


def test_an_archive_without_gaps_has_nothing_to_guess(connection: sa.Connection) -> None:
    archive(connection, 1, 2, 3)
    assert fill_gaps(connection, SITE, 10) == 0


def test_two_addresses_with_one_number_are_no_gap(connection: sa.Connection) -> None:
    # A slug before the number is part of the address: /news/slug-123.
    for number, slug in [(101, "a"), (103, "b"), (103, "c"), (105, "d")]:
        url = f"https://alkarmel.example/news/{slug}-{number}"
        archive_page(connection, url)
    assert fill_gaps(connection, SITE, 10) == 2
    assert guessed(connection) == [104, 102]


def archive_page(connection: sa.Connection, url: str, **columns: Any) -> None:
    """A further address of the one article of this test."""
    article = connection.scalar(sa.text("SELECT min(id) FROM articles"))
    if article is None:
        archive(connection, 7)
        article = connection.scalar(sa.text("SELECT min(id) FROM articles"))
    add_page(connection, url, state="archived", article_id=article, **columns)


def test_two_numbers_do_not_enumerate(connection: sa.Connection) -> None:
    archive(connection, 1, 100)
    assert fill_gaps(connection, SITE, 10) == 0


def test_pages_that_are_no_articles_do_not_enumerate(connection: sa.Connection) -> None:
    archive(connection, 1, 10)
    for number in (20, 30, 40):
        add_page(connection, address(number), state="rejected", reason="listing")
    assert fill_gaps(connection, SITE, 10) == 0


def test_another_site_has_numbers_of_its_own(connection: sa.Connection) -> None:
    archive(connection, 1, 5, 9)
    assert fill_gaps(connection, "another", 10) == 0


def test_since_and_until_bound_the_numbers_by_the_dates_of_their_neighbours(
    connection: sa.Connection,
) -> None:
    archive(connection, 1, 3, published_at=PRINTED - timedelta(days=400))
    archive(connection, 11, 13, 15, published_at=PRINTED)
    archive(connection, 21, 23, published_at=PRINTED + timedelta(days=400))
    day = timedelta(days=1)
    fill_gaps(connection, SITE, 100, PRINTED - day, PRINTED + day)
    assert guessed(connection) == [14, 12]
    fill_gaps(connection, SITE, 4, PRINTED - day)
    assert guessed(connection)[2:] == [22, 20, 19, 18]
    fill_gaps(connection, SITE, 100, None, PRINTED)
    assert guessed(connection)[6:] == [10, 9, 8, 7, 6, 5, 4, 2]


def test_a_shape_whose_addresses_only_lead_to_it_is_not_guessed(connection: sa.Connection) -> None:
    archive(connection, 1, 5, 9)
    connection.execute(sa.text("UPDATE pages SET request_url = 'https://alkarmel.example/short'"))
    assert fill_gaps(connection, SITE, 10) == 0


def test_the_cost_does_not_grow_with_the_range(connection: sa.Connection) -> None:
    archive(connection, 1, 40_000_000, 10**12)
    add = "INSERT INTO pages (site, url, request_url, state, reason, next_fetch_at, address_shape,"
    add += (
        " address_number) SELECT 'alkarmel', 'x' || n, 'x', 'gone', 'HTTP 404', NULL, '/post/{n}'"
    )
    connection.execute(sa.text(f"{add}, 10^12 - n FROM generate_series(1, 20000) AS n"))
    connection.execute(sa.text("ANALYZE pages"))
    start = time.monotonic()
    assert fill_gaps(connection, SITE, 500) == 500
    assert time.monotonic() - start < 2
    assert guessed(connection) == list(range(10**12 - 20_001, 10**12 - 20_501, -1))
