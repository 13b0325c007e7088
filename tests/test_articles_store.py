"""What a batch of items makes of the archive, in a real PostgreSQL."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from crawler.db.articles import store
from crawler.db.group_commit import GroupCommit
from crawler.db.patience import Patience
from crawler.items import ArticleItem
from crawler.pipelines.fingerprint import FingerprintPipeline
from tests.rows import FIRST_FETCH, PRINTED, SITE, add_page, add_run, address, item, page, pages

PAGE, OTHER = address(1), address(2)
few_examples = settings(deadline=None, max_examples=40)


class Store:
    """The store of one run, and what is in the archive after it."""

    def __init__(self, connection: sa.Connection):
        self.connection = connection
        self.run_id = add_run(connection)

    def __call__(self, *items: ArticleItem) -> list[str]:
        return store(self.connection, SITE, self.run_id, items)

    def see(self, url: str = PAGE, **fields: Any) -> str:
        """What becomes of one observation of an address, whose ledger row is made if need be."""
        return self(self.seen(url, **fields))[0]

    def seen(self, url: str = PAGE, **fields: Any) -> ArticleItem:
        row = self.connection.execute(sa.text("SELECT id FROM pages WHERE url = :u"), {"u": url})
        return item(row.scalar() or add_page(self.connection, url), url, **fields)

    def rows(self, query: str) -> list[sa.Row[Any]]:
        return list(self.connection.execute(sa.text(query)))

    @property
    def article(self) -> sa.Row[Any]:
        (article,) = self.rows("SELECT * FROM articles")
        return article

    @property
    def revisions(self) -> list[sa.Row[Any]]:
        return self.rows("SELECT * FROM revisions ORDER BY article_id, number")


@pytest.fixture
def archive(connection: sa.Connection) -> Store:
    return Store(connection)


# --- new ---------------------------------------------------------------------------------------


def test_a_new_article_is_stored_with_what_the_page_said(archive: Store) -> None:
    seen = archive.seen(
        dateline="القدس",
        agency="الكرمل",
        flags=["dates-differ"],
        extraction={"title": "json-ld"},
        links=[OTHER, address(3)],
    )
    assert archive(seen) == ["new"]
    stored = archive.article
    for name in (
        *("url", "title", "body", "published_at", "published_text", "published_precision"),
        *("section", "dateline", "agency", "flags", "extraction", "digest", "word_count"),
    ):
        assert getattr(stored, name) == getattr(seen, name), name
    assert (stored.first_seen_at, stored.last_seen_at) == (FIRST_FETCH, FIRST_FETCH)
    assert archive.rows("SELECT url, position FROM links ORDER BY position") == [
        (OTHER, 1),
        (address(3), 2),
    ]


def test_what_sql_and_json_write_otherwise_is_stored_as_it_is(archive: Store) -> None:
    odd = "'\"\\ \\u0041 \x01\t%s :rows {} $1 \U0001f54a"
    seen = archive.seen(
        title=f"خبر {odd}",
        body=f"{odd}\n\nقال: «نعم».",
        author=odd,
        flags=[odd, "a,b"],
        extraction={"title": odd},
        published_at=PRINTED.replace(microsecond=123456),
    )
    seen.provenance.etag = odd
    assert archive(seen) == ["new"]
    stored = archive.article
    for name in ("title", "body", "author", "flags", "extraction", "published_at"):
        assert getattr(stored, name) == getattr(seen, name), name
    assert archive.rows("SELECT etag FROM pages") == [(odd,)]


def test_articles_of_one_batch_are_numbered_in_its_order_each_with_its_own_capture(
    archive: Store,
) -> None:
    batch = [archive.seen(address(n), title=f"خبر {n}") for n in range(30, 0, -1)]
    archive(*batch)
    assert archive.rows(
        "SELECT articles.url, captures.url FROM articles"
        " JOIN captures ON captures.id = capture_id ORDER BY articles.id"
    ) == [(each.url, each.url) for each in batch]


def test_a_new_article_is_its_own_first_revision(archive: Store) -> None:
    seen = archive.seen()
    archive(seen)
    (revision,) = archive.revisions
    assert (revision.article_id, revision.number) == (archive.article.id, 1)
    assert (revision.title, revision.body, revision.digest) == (seen.title, seen.body, seen.digest)
    assert revision.capture_id == archive.article.capture_id


def test_the_page_of_a_new_article_is_settled(archive: Store) -> None:
    page_id = add_page(archive.connection, PAGE, attempts=2, claimed_by=archive.run_id,
                       claimed_until=FIRST_FETCH)  # fmt: skip
    seen = item(page_id, PAGE)
    seen.capture = replace(seen.provenance, etag='"1"', last_modified="Thu, 01 Jan 2026")
    archive(seen)
    row = page(archive.connection, page_id)
    assert (row.state, row.reason, row.article_id) == ("archived", None, archive.article.id)
    assert (row.attempts, row.next_fetch_at, row.claimed_by, row.claimed_until) == (0, *[None] * 3)
    assert (row.http_status, row.last_fetched_at) == (200, FIRST_FETCH)
    assert (row.etag, row.last_modified) == ('"1"', "Thu, 01 Jan 2026")


def test_each_observation_has_its_capture(archive: Store) -> None:
    archive.see()
    archive.see(hours=1)
    archive.see(OTHER, hours=2)
    captures = archive.rows("SELECT url, run_id FROM captures ORDER BY id")
    assert captures == [(url, archive.run_id) for url in (PAGE, PAGE, OTHER)]


# --- changed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit",
    [
        {"title": "انهيار الهدنة"},
        {"body": "انهارت الهدنة.\n\nوعاد القتال."},
        {"published_at": PRINTED + timedelta(hours=3)},
        {"section": "عربي"},
    ],
    ids=lambda edit: next(iter(edit)),
)
def test_an_edit_is_a_revision(archive: Store, edit: dict[str, Any]) -> None:
    (name,) = edit
    first = archive.seen()
    archive(first)
    assert archive.see(hours=5, **edit) == "changed"
    stored = archive.article
    assert getattr(stored, name) == edit[name]
    assert stored.revision == 2
    assert stored.last_seen_at == FIRST_FETCH + timedelta(hours=5)
    assert stored.first_seen_at == FIRST_FETCH
    assert [getattr(row, name) for row in archive.revisions] == [getattr(first, name), edit[name]]
    assert archive.revisions[1].capture_id == stored.capture_id


def test_an_edit_of_the_text_changes_the_digest(archive: Store) -> None:
    archive.see()
    archive.see(body="نص آخر.")
    old, new = archive.revisions
    assert old.digest != new.digest == archive.article.digest


@pytest.mark.parametrize(
    "lost",
    [
        {"published_at": None, "published_text": None, "published_precision": None},
        {"published_at": None, "published_text": "أمس", "published_precision": None},
        {"section": None},
    ],
)
@pytest.mark.parametrize("edit", [{}, {"title": "عنوان آخر"}], ids=["unchanged", "changed"])
def test_what_a_page_prints_no_longer_is_kept(
    archive: Store, lost: dict[str, Any], edit: dict[str, Any]
) -> None:
    first = archive.seen()
    archive(first)
    assert archive.see(**lost, **edit) == ("changed" if edit else "unchanged")
    for name in ("published_at", "published_text", "published_precision", "section"):
        assert getattr(archive.article, name) == getattr(first, name)


def test_a_new_date_does_not_keep_the_old_ones_words(archive: Store) -> None:
    archive.see()
    archive.see(published_at=PRINTED + timedelta(days=1), published_text=None)
    assert archive.article.published_text is None


def test_a_date_that_is_printed_later_is_taken(archive: Store) -> None:
    archive.see(published_at=None, published_text=None, published_precision=None)
    assert archive.see() == "changed"
    assert archive.article.published_at == PRINTED


def test_the_links_of_a_changed_page_replace_the_old_ones(archive: Store) -> None:
    archive.see(links=[address(7), address(8)])
    archive.see(title="عنوان آخر", links=[address(9)])
    assert archive.rows("SELECT url, position FROM links") == [(address(9), 1)]


# --- unchanged ---------------------------------------------------------------------------------


def test_the_same_text_again_is_only_seen_again(archive: Store) -> None:
    archive.see()
    before = archive.article._asdict()
    assert archive.see(hours=7) == "unchanged"
    assert archive.article._asdict() == before | {"last_seen_at": FIRST_FETCH + timedelta(hours=7)}
    assert len(archive.revisions) == 1


def test_an_observation_that_was_late_does_not_turn_the_clock_back(archive: Store) -> None:
    archive.see(hours=3)
    archive.see(hours=1)
    assert archive.article.last_seen_at == FIRST_FETCH + timedelta(hours=3)


# --- duplicate ---------------------------------------------------------------------------------


def test_the_same_text_at_another_address_is_a_duplicate(archive: Store) -> None:
    archive.see()
    assert archive.see(OTHER, hours=2) == "duplicate"
    assert archive.article.url == PAGE
    assert archive.article.last_seen_at == FIRST_FETCH  # it was not seen at its own address
    (row,) = archive.rows(f"SELECT * FROM pages WHERE url = '{OTHER}'")
    assert (row.state, row.article_id) == ("duplicate", archive.article.id)
    assert "same text" in row.reason


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (("minute", 0), ("minute", 0), "duplicate"),
        (("minute", 0), ("minute", 1), "new"),
        (("day", 0), ("minute", 10 * 60), "duplicate"),
        (("minute", 10 * 60), ("day", 0), "duplicate"),
        (("day", 0), ("minute", 24 * 60), "new"),
        (("day", 0), ("day", 24 * 60), "new"),
        (None, ("minute", 0), "duplicate"),
        (("day", 0), None, "duplicate"),
        (None, None, "duplicate"),
    ],
)
def test_dates_tell_whether_equal_texts_are_two_stories(
    archive: Store, first: tuple[str, int] | None, second: tuple[str, int] | None, outcome: str
) -> None:
    def printed(date: tuple[str, int] | None) -> dict[str, Any]:
        precision, minutes = date or (None, 0)
        at = PRINTED + timedelta(minutes=minutes) if date else None
        return {"published_at": at, "published_precision": precision}

    archive.see(**printed(first))
    assert archive.see(OTHER, **printed(second)) == outcome


def test_spelling_makes_no_second_story(archive: Store) -> None:
    archive.see(title="إعلان الهدنة", body="أُعلنت الهدنة في غزّة.")
    assert archive.see(OTHER, title="اعلان الهدنه", body="اعلنت الهدنه في غزه.") == "duplicate"


def test_two_stories_with_one_title_stay_two(archive: Store) -> None:
    archive.see(body="النص الأول.")
    assert archive.see(OTHER, body="النص الثاني.") == "new"


def test_a_copy_that_is_edited_is_a_story_of_its_own(archive: Store) -> None:
    archive.see()
    archive.see(OTHER)
    assert archive.see(OTHER, body="نص آخر تماما.") == "new"
    assert pages(archive.connection) == {PAGE: "archived", OTHER: "archived"}


# --- addresses that lead to others -------------------------------------------------------------


def test_an_address_that_was_reached_by_redirect_is_archived_and_the_asking_one_leads_there(
    archive: Store,
) -> None:
    asked = add_page(archive.connection, OTHER)
    arrived = item(asked, PAGE)
    arrived.capture = replace(arrived.provenance, url=f"{PAGE}?from=2", etag='"1"')
    assert archive(arrived) == ["new"]
    rows = {row.url: row for row in archive.rows("SELECT * FROM pages")}
    assert rows[OTHER].state == "duplicate"
    assert rows[OTHER].reason == f"leads to {PAGE}"
    final = rows[PAGE]
    assert (final.state, final.reason, final.next_fetch_at) == ("archived", None, None)
    assert (final.discovered_on, final.request_url) == (OTHER, f"{PAGE}?from=2")
    assert (final.address_shape, final.address_number) == ("/post/{n}", 1)
    assert final.etag == '"1"'
    assert final.article_id == rows[OTHER].article_id == archive.article.id


def test_a_waiting_page_that_another_one_led_to_waits_no_longer(archive: Store) -> None:
    asked = add_page(archive.connection, OTHER)
    waiting = add_page(archive.connection, PAGE, attempts=3, reason="HTTP 500",
                       claimed_by=archive.run_id, claimed_until=FIRST_FETCH)  # fmt: skip
    archive(item(asked, PAGE))
    row = page(archive.connection, waiting)
    assert (row.state, row.reason, row.attempts) == ("archived", None, 0)
    assert (row.next_fetch_at, row.claimed_by) == (None, None)


def test_a_redirect_to_a_stored_article_is_that_article_seen_again(archive: Store) -> None:
    archive.see()
    asked = add_page(archive.connection, OTHER)
    assert archive(item(asked, PAGE, hours=4)) == ["unchanged"]
    assert archive.article.last_seen_at == FIRST_FETCH + timedelta(hours=4)
    assert pages(archive.connection) == {PAGE: "archived", OTHER: "duplicate"}


def test_many_addresses_may_lead_to_one_in_one_batch(archive: Store) -> None:
    asked = [add_page(archive.connection, address(number)) for number in (2, 3, 4)]
    outcomes = archive(*(item(page_id, PAGE) for page_id in asked))
    assert outcomes == ["new", "unchanged", "unchanged"]
    assert sorted(pages(archive.connection).values()) == ["archived", *["duplicate"] * 3]


# --- batches -----------------------------------------------------------------------------------


def test_outcomes_come_in_the_order_of_the_items(archive: Store) -> None:
    archive.see()
    outcomes = archive(
        archive.seen(OTHER),
        archive.seen(address(3), title="ثالث"),
        archive.seen(PAGE, title="عنوان معدل"),
        archive.seen(address(4), title="ثالث"),
        archive.seen(address(3), title="ثالث"),
    )
    assert outcomes == ["duplicate", "new", "changed", "duplicate", "unchanged"]


def test_later_observations_of_an_address_stay_later_in_a_batch(archive: Store) -> None:
    # The second has the text of the first, and so waits for it; the third must wait for both.
    old, copy, edited = archive.seen(PAGE), archive.seen(OTHER), archive.seen(OTHER, title="معدل")
    assert archive(old, copy, edited) == ["new", "duplicate", "new"]


def test_an_empty_batch_is_nothing(archive: Store) -> None:
    assert archive() == []


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"title": " "}, "title_not_empty"),
        ({"body": "\n"}, "body_not_empty"),
        ({"published_precision": None}, "date_has_precision"),
        ({"published_precision": "hour"}, "precision_known"),
        ({"word_count": 0}, "words_counted"),
    ],
)
def test_the_tables_refuse_what_is_no_article(
    archive: Store, wrong: dict[str, Any], constraint: str
) -> None:
    seen = archive.seen()
    for name, value in wrong.items():
        setattr(seen, name, value)
    with pytest.raises(IntegrityError, match=f"ck_articles_{constraint}"):
        archive(seen)


@pytest.mark.parametrize("wrong", [{"title": " "}, {"author": "\0"}, {"author": "\ud800"}])
def test_one_bad_row_costs_one_row(engine: sa.Engine, wrong: dict[str, str]) -> None:
    def write(batch: Sequence[ArticleItem]) -> list[str]:
        with engine.begin() as connection:
            return store(connection, SITE, run_id, batch)

    with engine.begin() as connection:
        run_id = add_run(connection)
        seen = [
            item(add_page(connection, address(number)), address(number), title=f"خبر {number}")
            for number in range(9)
        ]
    for name, value in wrong.items():
        setattr(seen[4], name, value)

    async def commit() -> list[str | BaseException]:
        commits = GroupCommit(write, Patience(0, *[lambda *_: None] * 3), 64)
        return await asyncio.gather(*map(commits.add, seen), return_exceptions=True)

    results = asyncio.run(commit())
    assert isinstance(results.pop(4), Exception)
    assert results == ["new"] * 8
    with engine.connect() as connection:
        states = pages(connection)
        assert states.pop(address(4)) == "pending"
        assert set(states.values()) == {"archived"}
        assert connection.scalar(sa.text("SELECT count(*) FROM captures")) == 8


# --- what holds for any history ----------------------------------------------------------------

titles = st.sampled_from(["عنوان", "عنوان ثان", "عنوان ثالث"])
bodies = st.sampled_from(["نص.", "نص آخر.\n\nفقرة."])
sections = st.sampled_from(["عربي", "دولي", None])
printed = st.sampled_from([None, PRINTED, PRINTED + timedelta(days=2)])


@st.composite
def observations(draw: st.DrawFn) -> dict[str, Any]:
    at = draw(printed)
    return {
        "title": draw(titles),
        "body": draw(bodies),
        "section": draw(sections),
        "published_at": at,
        "published_precision": at and "minute",
        "published_text": at and f"{at:%d/%m/%Y}",
    }


@st.composite
def cut(draw: st.DrawFn, length: int) -> list[slice]:
    """Batches that make up a sequence of this length."""
    ends = sorted(draw(st.sets(st.integers(1, max(1, length - 1)))) | {length})
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


@given(data=st.data(), history=st.lists(observations(), min_size=1, max_size=8))
@few_examples
def test_an_address_has_a_revision_for_its_first_text_and_one_for_each_change(
    scratch: sa.Engine, data: st.DataObject, history: list[dict[str, Any]]
) -> None:
    with scratch.connect() as connection:
        archive = Store(connection)
        seen = [archive.seen(hours=hour, **fields) for hour, fields in enumerate(history)]
        outcomes = [
            outcome for batch in data.draw(cut(len(seen))) for outcome in archive(*seen[batch])
        ]
        # A model of one article: what is printed replaces, what is not printed stays.
        known: dict[str, Any] = {}
        for outcome, fields in zip(outcomes, history, strict=True):
            said = {
                name: fields[name]
                for name in ("title", "body", "section", "published_at")
                if fields[name] is not None
            }
            assert outcome == (
                "new" if not known else "changed" if known != known | said else "unchanged"
            )
            known |= said
        stored = archive.article
        assert {name: getattr(stored, name) for name in known} == known
        assert stored.revision == len(archive.revisions) == 1 + outcomes.count("changed")
        assert stored.digest == archive.revisions[-1].digest
        assert stored.last_seen_at == seen[-1].provenance.fetched_at


@given(
    data=st.data(),
    texts=st.lists(st.tuples(titles, bodies), min_size=1, max_size=7),
    again=st.lists(st.integers(0, 6), max_size=5),
)
@few_examples
def test_the_order_in_which_pages_come_and_how_they_are_batched_do_not_matter(
    scratch: sa.Engine,
    data: st.DataObject,
    texts: list[tuple[str, str]],
    again: list[int],
) -> None:
    with scratch.connect() as connection:
        archive = Store(connection)
        visits = [*range(len(texts)), *(number for number in again if number < len(texts))]
        seen = [
            archive.seen(address(number), title=texts[number][0], body=texts[number][1])
            for number in data.draw(st.permutations(visits))
        ]
        for batch in data.draw(cut(len(seen))):
            archive(*seen[batch])
        stored = archive.rows("SELECT title, body FROM articles")
        assert sorted(stored) == sorted(set(texts))
        states = list(pages(connection).values())
        assert states.count("archived") == len(set(texts))
        assert states.count("duplicate") == len(texts) - len(set(texts))


def test_texts_that_differ_only_in_marks_have_one_digest() -> None:
    plain, pointed = item(None, PAGE, title="غزة"), item(None, PAGE, title="غَزَّة")
    FingerprintPipeline().process_item(plain)
    assert plain.digest == pointed.digest
