"""Revisions: what an edit is, what it changed, and the article as it stood at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from crawler.db.articles import store
from crawler.db.schema import alembic_config, upgrade
from crawler.db.session import connect
from crawler.items import ArticleItem
from tests.conftest import Archive
from tests.rows import (
    FIRST_FETCH,
    OTHER,
    PAGE,
    PRINTED,
    SITE,
    History,
    add_page,
    add_run,
    address,
    item,
)
from tests.site.replica import Site
from tests.site.server import serve

HOUR = timedelta(hours=1)


@pytest.fixture
def history(connection: sa.Connection) -> History:
    return History(connection)


# --- what is an edit ---------------------------------------------------------------------------

BODY = "قال رئيس الوزراء إن الهدنة بدأت.\n\nوأضاف أن 3 آلاف نازح عادوا."


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("\n\n", "\n"),
        BODY.replace("\n\n", " "),
        BODY.replace(" ", "\n\n"),
        BODY.replace(" ", "  "),
        BODY.replace(" ", "\u00a0"),
        BODY.replace("بدأت.", "بدأت ."),
        BODY.replace("الهدنة", "\u200fالهدنة\u200e"),
        BODY.replace("الهدنة", "اله\u200cدنة"),
        BODY.replace("الهدنة", "اله\u2060د\ufeffنة\u200b"),
    ],
)
def test_white_space_and_invisible_characters_are_no_edit(history: History, body: str) -> None:
    history.see(body=BODY, title="عنوان الخبر", section="شؤون عربية")
    assert history.see(body=body, title="عنوان  الخبر\u200f", section="شؤون\u00a0عربية") == (
        "unchanged"
    )
    assert history.article.body == BODY


@pytest.mark.parametrize(
    "body",
    [
        BODY.replace("إن", "ان"),
        BODY.replace("بدأت", "بدات"),
        BODY.replace("رئيس", "رئيسُ"),
        BODY.replace("الهدنة", "الهدنه"),
        BODY.replace("الهدنة", "الهـدنة"),
        BODY.replace("3", "٣"),
        BODY.replace("بدأت.", "بدأت!"),
    ],
)
def test_a_change_of_spelling_is_an_edit(history: History, body: str) -> None:
    history.see(body=BODY)
    assert history.see(body=body, hours=1) == "changed"
    revision = history.last_revision
    assert (revision.body, revision.changed) == (body, ["body"])
    assert (revision.words_added, revision.words_removed) == (1, 1)


def dated(at: timedelta, text: str, precision: str = "minute") -> dict[str, Any]:
    """What a page prints so long before the first visit."""
    return {
        "published_at": FIRST_FETCH - at,
        "published_text": text,
        "published_precision": precision,
    }


@pytest.mark.parametrize(
    "later",
    [
        dated(HOUR * 2 - timedelta(minutes=40), "منذ 5 ساعات"),
        dated(HOUR * 3, "قبل 12 ساعة"),
        dated(HOUR * 26, "منذ 3 أيام", "day"),
        dated(HOUR * 12, "2026/01/01", "day"),
    ],
)
def test_a_time_that_runs_with_the_clock_is_no_edit(
    history: History, later: dict[str, Any]
) -> None:
    first = dated(HOUR * 2, "منذ ساعتين")
    history.see(**first)
    assert history.see(**later, hours=3) == "unchanged"
    assert history.see(**later, hours=3, title="عنوان آخر") == "changed"
    for name, value in first.items():
        assert getattr(history.article, name) == value
    assert history.last_revision.changed == ["title"]
    assert history.last_revision.published_at == first["published_at"]


@pytest.mark.parametrize(
    "later",
    [
        dated(HOUR * 2 + timedelta(minutes=1), "2026/01/01 09:59"),
        dated(-HOUR * 24 * 3, "منذ ساعة"),
        dated(HOUR * 36, "2025/12/31", "day"),
    ],
)
def test_another_date_is_an_edit(history: History, later: dict[str, Any]) -> None:
    history.see(**dated(HOUR * 2, "منذ ساعتين"))
    assert history.see(**later, hours=90) == "changed"
    assert history.last_revision.changed == ["published_at"]
    assert history.article.published_text == later["published_text"]


def test_a_date_that_is_printed_more_exactly_is_an_edit(history: History) -> None:
    history.see(**dated(HOUR * 12, "2026/01/01", "day"))
    assert history.see(**dated(HOUR * 2, "2026/01/01 10:00"), hours=1) == "changed"


# --- what it changed ---------------------------------------------------------------------------


def test_a_first_revision_changed_nothing(history: History) -> None:
    history.see()
    revision = history.last_revision
    assert (revision.changed, revision.words_added, revision.words_removed) == (None, None, None)
    assert revision.origin == "site"


def test_a_revision_says_what_changed_and_how_much(history: History) -> None:
    history.see(body=BODY)
    history.see(
        hours=1,
        body=BODY.replace("3 آلاف نازح", "ثلاثة آلاف نازح ونازحة"),
        title="اتفاق على هدنة جديدة",
        section="عربي",
        published_at=PRINTED + HOUR,
    )
    revision = history.last_revision
    assert revision.changed == ["title", "body", "published_at", "section"]
    assert (revision.words_added, revision.words_removed) == (3, 1)
    assert revision.origin == "site"


def test_a_change_of_date_and_section_changes_no_words(history: History) -> None:
    history.see()
    history.see(hours=1, section="عربي")
    revision = history.last_revision
    assert (revision.changed, revision.words_added, revision.words_removed) == (["section"], 0, 0)


def test_a_revision_keeps_the_date_and_section_that_are_not_printed_any_more(
    history: History,
) -> None:
    history.see()
    history.see(
        hours=1, title="آخر", section=None,
        published_at=None, published_text=None, published_precision=None,
    )  # fmt: skip
    revision = history.last_revision
    assert revision.changed == ["title"]
    assert (revision.published_at, revision.section) == (PRINTED, "دولي")


def test_the_same_response_read_otherwise_is_a_change_of_ours(history: History) -> None:
    first = item(history.page_id(), PAGE)
    history.store(first)
    again = item(history.page_id(), PAGE, hours=1, body="نص أتمّ.", extractor_version="2")
    again.capture = replace(again.provenance, payload_digest=first.provenance.payload_digest)
    assert history.store(again) == "changed"
    assert history.last_revision.origin == "reader"


def test_many_revisions_of_one_batch_have_their_own_counts(history: History) -> None:
    urls = [address(number) for number in range(5)]
    for url in urls:
        history.see(url, title=url)
    seen = [
        item(history.page_id(url), url, hours=1, title=" ".join([url, *["كلمة"] * count]))
        for count, url in enumerate(urls, 1)
    ]
    store(history.connection, SITE, history.run_id, seen)
    counts = history.rows("SELECT words_added FROM revisions WHERE number = 2 ORDER BY article_id")
    assert [row.words_added for row in counts] == [1, 2, 3, 4, 5]


def statements(connection: sa.Connection, work: Callable[[], Any]) -> int:
    """How many statements the work sends, those for many rows counted once."""
    sent: list[str] = []
    listener = lambda *arguments: sent.append(arguments[2])  # noqa: E731
    sa.event.listen(connection, "before_cursor_execute", listener)
    work()
    sa.event.remove(connection, "before_cursor_execute", listener)
    return len(sent)


def test_a_batch_takes_as_many_statements_as_one_article(history: History) -> None:
    def edited(numbers: range, title: str) -> list[ArticleItem]:
        urls = [address(number) for number in numbers]
        return [item(history.page_id(url), url, title=f"{title} {url}") for url in urls]

    for numbers in (range(1), range(1, 40)):
        store(history.connection, SITE, history.run_id, edited(numbers, "قديم"))

    def count(numbers: range) -> int:
        seen = edited(numbers, "جديد")
        work = partial(store, history.connection, SITE, history.run_id, seen)
        return statements(history.connection, work)

    assert count(range(1)) == count(range(1, 40))


# --- the article as it stood -------------------------------------------------------------------


def test_an_article_is_shown_as_it_stood(history: History) -> None:
    for hours, title in [(0, "أول"), (5, "ثان"), (9, "ثالث")]:
        history.see(title=title, hours=hours)
    assert history.as_of(-1) == []
    shown = [history.as_of(hours)[0] for hours in (0, 4, 5, 8, 9, 99)]
    assert [row.title for row in shown] == ["أول", "أول", "ثان", "ثان", "ثالث", "ثالث"]
    assert [row.revision for row in shown] == [1, 1, 2, 2, 3, 3]
    last = shown[-1]
    assert (last.url, last.body, last.section) == (PAGE, history.article.body, "دولي")
    assert last.capture_id == history.article.capture_id


def test_an_article_is_shown_under_its_other_addresses(history: History) -> None:
    history.see()
    assert history.see(OTHER, hours=1) == "duplicate"
    assert [row.url for row in history.as_of(2, OTHER)] == [PAGE]


def test_what_is_unknown_has_no_past(history: History) -> None:
    assert history.as_of(0) == []


# --- an archive from before --------------------------------------------------------------------


def test_an_archive_from_before_gets_its_history_and_loses_nothing(
    empty_database: sa.URL,
) -> None:
    engine = connect(empty_database)

    def migrate(way: Callable[..., None], revision: str) -> None:
        with engine.connect() as connection:
            way(alembic_config(connection), revision)
            connection.commit()

    migrate(command.upgrade, "0003")
    texts = [
        ("قديم", "أ ب ج", PRINTED, "عربي"),
        ("قديم ", "أ ب\n\nج", None, None),
        ("جديد", "أ د ج هـ", PRINTED, "دولي"),
    ]
    with engine.begin() as connection:
        run_id, page_id = add_run(connection), add_page(connection, PAGE)
        connection.execute(
            sa.text(
                "INSERT INTO captures (page_id, run_id, url, fetched_at, http_status,"
                " payload_digest) VALUES (:p, :r, :u, now(), 200, 'sha256:')"
            ),
            {"p": page_id, "r": run_id, "u": PAGE},
        )
        connection.execute(
            sa.text(
                "INSERT INTO articles (url, title, body, word_count, digest, extractor_version,"
                " revision, first_seen_at, last_seen_at, gone_at, capture_id)"
                " SELECT :u, 'جديد', 'أ د ج هـ', 4, '', '1', 3, :t, :t, :t, id FROM captures"
            ),
            {"u": PAGE, "t": FIRST_FETCH},
        )
        connection.execute(
            sa.text("UPDATE pages SET state = 'gone', reason = 'HTTP 410', article_id = articles.id"
                    " FROM articles")
        )  # fmt: skip
        for number, (title, body, at, section) in enumerate(texts, 1):
            connection.execute(
                sa.text(
                    "INSERT INTO revisions (article_id, number, title, body, published_at,"
                    " section, digest, seen_at, capture_id)"
                    " SELECT id, :n, :t, :b, :a, :s, '', :f, capture_id FROM articles"
                ),
                {"n": number, "t": title, "b": body, "a": at, "s": section, "f": FIRST_FETCH},
            )
    before = tables_as_text(engine)
    upgrade(engine)
    with engine.connect() as connection:
        told = connection.execute(
            sa.text("SELECT changed, words_added, words_removed, origin FROM revisions"
                    " ORDER BY number")
        ).all()  # fmt: skip
        assert told == [
            (None, None, None, "site"),
            ([], 0, 0, "site"),
            (["title", "body", "section"], 3, 2, "site"),
        ]
        gone = connection.execute(sa.text("SELECT missed_at, gone_at, reason FROM removals")).all()
        assert gone == [(FIRST_FETCH, FIRST_FETCH, "HTTP 410")]
    migrate(command.downgrade, "0003")
    assert tables_as_text(engine) == before
    with engine.connect() as connection:
        assert not sa.inspect(connection).has_table("removals")
        functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        assert connection.scalar(sa.text(functions)) == 0
    engine.dispose()


def tables_as_text(engine: sa.Engine) -> dict[str, list[str]]:
    with engine.connect() as connection:
        return {
            table: list(connection.scalars(sa.text(f"SELECT t::text FROM {table} AS t ORDER BY 1")))
            for table in ("articles", "revisions", "pages", "captures")
        }


# --- crawls --------------------------------------------------------------------------------------


def test_an_edited_page_is_a_revision_and_its_running_clock_is_none(archive: Archive) -> None:
    with serve(Site("post", articles=6)) as server:
        archive.crawl(server.url)
        truth = server.site.truth[2]
        url = f"{server.url}post/{truth.number}"
        for _ in range(2):
            archive.look(server.url, url)
        # The page has other bytes at each visit: its clock and its counters run.
        assert archive.value("SELECT count(DISTINCT payload_digest) FROM captures JOIN pages"
                             " ON pages.id = page_id WHERE pages.url = :u", u=url) == 3  # fmt: skip
        assert archive.value("SELECT count(*) FROM revisions") == 6
        words = truth.body.split(" ")
        words[5:7] = ["إضافة", "من", "المحرر"]
        server.site.edit(truth.number, body=" ".join(words))
        archive.look(server.url, url)
        server.site.edit(truth.number, title=f"{truth.title} (محدث)")
        archive.look(server.url, url)
    article = archive.article(url)
    assert (article.title, article.body) == (f"{truth.title} (محدث)", " ".join(words))
    rows = archive.rows(
        "SELECT changed, words_added, words_removed, origin FROM revisions"
        " WHERE article_id = :id AND number > 1 ORDER BY number",
        id=article.id,
    )
    assert rows == [(["body"], 3, 2, "site"), (["title"], 1, 0, "site")]
    diff = archive.rows(
        "SELECT op, words FROM revision_diff(:id, 2) WHERE op <> '='", id=article.id
    )
    assert diff == [("-", " ".join(truth.body.split(" ")[5:7])), ("+", "إضافة من المحرر")]
    stood = archive.rows(
        "SELECT past.title, past.body FROM revisions, article_as_of(:url, seen_at) AS past"
        " WHERE revisions.article_id = :id ORDER BY number",
        url=url,
        id=article.id,
    )
    assert stood[0] == (truth.title, truth.body)
    assert stood[-1] == (article.title, article.body)
