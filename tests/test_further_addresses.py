"""Further addresses of an article: what their pages say neither alarms nor changes its history."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db.archived_pages import keep_addresses
from crawler.db.articles import store
from crawler.db.ingestion import ingest
from crawler.drift_watch import Watch
from crawler.items import ArticleItem
from crawler.rechecks import NEVER, RecheckPolicy
from tests.rows import FIRST_FETCH, SITE, History, add_page, address, item, page

TEXT = " ".join(["قال مسؤول إن العمل في الحديقة مستمر"] * 20)
FULL = {"title": "json-ld", "published_at": "json-ld", "section": "json-ld", "image_url": "meta"}
HOURLY = RecheckPolicy.read([(None, 1)])


@pytest.fixture
def history(connection: sa.Connection) -> History:
    return History(connection)


def article(history: History, number: int) -> ArticleItem:
    url = address(number)
    fields = {"title": f"خبر {number}", "body": f"{TEXT} {number}", "extraction": FULL}
    return item(history.page_id(url), url, image_url="https://alkarmel.example/1.jpg", **fields)


def print_version(history: History, number: int, **fields: Any) -> ArticleItem:
    url = f"https://alkarmel.example/print/{number}"
    read = {"title": f"خبر {number}", "body": f"{TEXT} {number}", "section": None}
    seen = item(add_page(history.connection, url), url, **read | fields)
    seen.url = seen.address = address(number)
    return seen


def test_print_versions_that_show_less_are_no_drift(history: History) -> None:
    numbers = range(1, 21)
    store(history.connection, SITE, history.run_id, [article(history, n) for n in numbers])
    prints = [print_version(history, n) for n in numbers]
    prints += [print_version(history, 30, body="اقرأ المزيد"), print_version(history, 31)]
    watch = Watch(SITE)
    watch.kind = "old"
    for seen, sight in zip(prints, watch.see(history.connection, prints), strict=True):
        watch.count(seen, sight)
        assert sight.fate == "passes"
    looks, _ = watch.take_block()
    assert [look.kind for look in looks] == ["old", "old"]  # those whose article is not stored
    assert not watch.judge(history.connection, looks).standing


def test_a_print_version_that_says_nearly_nothing_is_a_duplicate_and_not_held(
    history: History,
) -> None:
    history.store(article(history, 1))
    stub = print_version(history, 1, body="اقرأ المزيد")
    assert Watch(SITE).see(history.connection, [stub])[0].fate == "passes"
    assert history.store(stub) == "duplicate"
    assert page(history.connection, stub.provenance.page_id or 0).state == "duplicate"


@pytest.mark.parametrize("text", [TEXT, f"{TEXT} تحديث"], ids=["unchanged", "changed"])
def test_an_article_whose_page_names_another_address_stays_where_it_is(
    history: History, text: str
) -> None:
    seen = item(history.page_id(address(1)), address(1), body=TEXT)
    store(history.connection, SITE, history.run_id, [seen], HOURLY)
    again = item(seen.provenance.page_id, address(1), body=text, hours=24)
    again.url = again.address = "https://alkarmel.example/ar/post/1"
    keep_addresses(history.connection, [again])
    outcome = "unchanged" if text == TEXT else "changed"
    assert store(history.connection, SITE, history.run_id, [again], HOURLY) == [outcome]
    (row,) = history.rows("SELECT * FROM pages")
    assert (row.url, row.state, row.reason) == (address(1), "archived", None)
    assert row.next_fetch_at > FIRST_FETCH + timedelta(hours=24)
    assert [found.body for found in history.rows("SELECT body FROM articles")] == [text]


def test_an_older_print_version_makes_no_revision(history: History) -> None:
    history.store(article(history, 1))
    older = print_version(history, 1, body=f"{TEXT} نسخة للطباعة")
    before = FIRST_FETCH - timedelta(days=1)
    older.capture = replace(older.provenance, fetched_at=before)
    counts = ingest(history.connection, SITE, history.run_id, [older], "a test", NEVER)
    assert counts == {"duplicate": 1}
    assert len(history.rows("SELECT * FROM revisions")) == 1
