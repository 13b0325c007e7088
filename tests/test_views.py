"""The analysts' views: what each says of a small archive whose every row is known."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import Archive
from tests.rows import FIRST_FETCH, PRINTED, SITE, History, add_page, add_run, address

MIDNIGHT = datetime(2020, 10, 9, 21, tzinfo=UTC)  # on the site's clock, which is three hours ahead
TEXTS = (
    "افتتحت وزارة الصحة مستشفى جديدا في مدينة نابلس بعد عامين من العمل المتواصل.",
    "فاز فريق طولكرم بكأس الدوري بعد مباراة طويلة انتهت بركلات الترجيح.",
    "ارتفعت أسعار الزيتون في أسواق رام الله مع بداية موسم القطاف هذا العام.",
    "نظمت بلدية جنين معرضا للكتاب شارك فيه ناشرون من خمس دول عربية.",
    "أعلنت شركة الكهرباء قطع التيار عن أحياء في الخليل لأعمال الصيانة.",
)


class Newspaper(History):
    """An archive in one transaction, which is taken back at the end of a test."""

    def print(self, number: int, published_at: datetime | None = PRINTED, **fields: Any) -> int:
        precision = fields.pop("published_precision", "minute" if published_at else None)
        self.see(
            address(number),
            **{"title": f"خبر {number}", "body": TEXTS[number % len(TEXTS)]} | fields,
            published_at=published_at,
            published_precision=precision,
            published_text=published_at and "نص التاريخ",
        )
        return int(self.value("SELECT id FROM articles WHERE url = :url", url=address(number)))

    def repeat(self, number: int, original: int) -> None:
        self.rows(
            "UPDATE articles SET duplicate_of_id = :original, duplicate_similarity = 0.9"
            " WHERE id = :number RETURNING id",
            number=number,
            original=original,
        )

    def value(self, query: str, **values: Any) -> Any:
        return self.rows(query, **values)[0][0]

    def view(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.rows(query, **values)]


@pytest.fixture
def paper(connection: sa.Connection) -> Newspaper:
    return Newspaper(connection)


# --- days, and the clock they are counted by ------------------------------------------------------


def test_days_are_those_of_the_sites_clock(paper: Newspaper) -> None:
    paper.print(1, MIDNIGHT - timedelta(minutes=1))
    paper.print(2, MIDNIGHT)
    paper.print(3, MIDNIGHT, published_precision="day")
    by_day = "SELECT day, articles FROM analyst.coverage_by_day ORDER BY day"
    assert paper.view(by_day) == [(date(2020, 10, 9), 1), (date(2020, 10, 10), 2)]
    printed = "SELECT printed_at FROM analyst.stories ORDER BY printed_at LIMIT 1"
    assert paper.value(printed) == datetime(2020, 10, 9, 23, 59)
    for zone, days in (("UTC", 1), (None, 1), ("Asia/Tokyo", 1), ("Asia/Hebron", 2)):
        add_run(paper.connection, timezone=zone)
        assert len(paper.view(by_day)) == days, zone


def test_a_day_without_articles_is_shown(paper: Newspaper) -> None:
    for number, day in enumerate((1, 1, 4, 8)):
        paper.print(number, PRINTED + timedelta(days=day), section="دولي" if number else "محليات")
    paper.print(9, None)
    coverage = paper.view("SELECT articles FROM analyst.coverage_by_day ORDER BY day")
    assert [articles for (articles,) in coverage] == [2, 0, 0, 1, 0, 0, 0, 1]
    first = PRINTED.date()
    assert paper.view("SELECT * FROM analyst.gaps ORDER BY 1") == [
        (first + timedelta(days=2), first + timedelta(days=3), 2),
        (first + timedelta(days=5), first + timedelta(days=7), 3),
    ]
    sections = "SELECT section, count(*), sum(articles) FROM analyst.coverage_by_section GROUP BY 1"
    assert sorted(paper.view(sections)) == [("دولي", 8, 3), ("محليات", 1, 1)]
    assert paper.view("SELECT section, days FROM analyst.section_gaps ORDER BY days") == [
        ("دولي", 2),
        ("دولي", 3),
    ]


def test_the_share_of_a_section_is_of_its_month(paper: Newspaper) -> None:
    for number, (section, days) in enumerate((("دولي", 0), ("دولي", 1), (None, 2), ("دولي", 40))):
        paper.print(number, PRINTED + timedelta(days=days), section=section)
    shares = "SELECT month, section, articles, share::text FROM analyst.sections_by_month"
    assert paper.view(f"{shares} ORDER BY month, section NULLS LAST") == [
        (date(2020, 10, 1), "دولي", 2, "0.6667"),
        (date(2020, 10, 1), None, 1, "0.3333"),
        (date(2020, 11, 1), "دولي", 1, "1.0000"),
    ]


def test_hours_are_of_articles_that_print_one(paper: Newspaper) -> None:
    paper.print(1)  # a Saturday, 10:51 on the site's clock
    paper.print(2, MIDNIGHT, published_precision="day")
    hours = "SELECT weekday, hour, articles FROM analyst.hours_of_publication"
    assert len(paper.view(hours)) == 7 * 24
    assert paper.view(f"{hours} WHERE articles > 0") == [(6, 10, 1)]


# --- from publication to the archive --------------------------------------------------------------


def test_freshness_tells_what_could_come_in_time_from_what_could_not(paper: Newspaper) -> None:
    paper.rows("UPDATE runs SET started_at = :at RETURNING id", at=FIRST_FETCH - timedelta(days=9))
    seen = FIRST_FETCH
    for number, delay in enumerate((15, 16, 60 * 24, 60 * 24 * 8)):
        paper.print(number, seen - timedelta(minutes=delay))
    paper.print(7, seen - timedelta(days=10))
    paper.print(8, seen - timedelta(hours=8), published_precision="day")
    paper.print(9, seen + timedelta(minutes=5))  # the site's clock is ahead of ours
    found = "SELECT is_live, published_precision, up_to::text, articles FROM analyst.freshness"
    assert sorted(paper.view(found), key=str) == [
        (False, "minute", "30 days", 1),
        (True, "day", "1 day", 1),
        (True, "minute", "00:15:00", 2),
        (True, "minute", "01:00:00", 1),
        (True, "minute", "1 day", 1),
        (True, "minute", "30 days", 1),
    ]
    by_day = paper.view(
        "SELECT sum(articles), sum(within_an_hour), min(median_delay)"
        " FROM analyst.freshness_by_day WHERE published_precision = 'minute'"
    )
    assert by_day == [(5, 3, timedelta(minutes=15))]


# --- stories and reprints -------------------------------------------------------------------------


def test_a_story_is_told_once_and_knows_its_reprints(paper: Newspaper) -> None:
    first = paper.print(0, agency="وكالات")
    later = paper.print(1, PRINTED + timedelta(hours=2), agency="الكرمل")
    last = paper.print(2, PRINTED + timedelta(days=1))
    alone = paper.print(3)
    paper.repeat(later, first)
    paper.repeat(last, first)
    stories = "SELECT id, reprints, last_reprint_at FROM analyst.stories ORDER BY id"
    assert paper.view(stories) == [(first, 2, PRINTED + timedelta(days=1)), (alone, 0, None)]
    found = "SELECT article_id, original_id, delay, similarity, agency, original_agency"
    assert paper.view(f"{found} FROM analyst.reprints ORDER BY delay LIMIT 1") == [
        (later, first, timedelta(hours=2), 0.9, "الكرمل", "وكالات")
    ]


def test_sources_count_every_article_once(paper: Newspaper) -> None:
    named = (("وكالات", "غزة"), ("وكالات", "غزة"), ("وكالات", None), (None, "غزة"), (None, None))
    ids = [
        paper.print(number, agency=agency, dateline=place)
        for number, (agency, place) in enumerate(named)
    ]
    paper.repeat(ids[1], ids[0])
    agencies = "SELECT agency, articles, share::text, reprints, places FROM analyst.agencies"
    assert sorted(paper.view(agencies), key=str) == [
        ("وكالات", 3, "0.6000", 1, 1),
        (None, 2, "0.4000", 0, 1),
    ]
    places = "SELECT dateline, articles, agencies FROM analyst.places"
    assert sorted(paper.view(places), key=str) == [("غزة", 3, 1), (None, 2, 1)]
    assert paper.value("SELECT sum(articles) FROM analyst.sources") == 5


# --- edits and removals ---------------------------------------------------------------------------


def test_an_edit_shows_its_words(paper: Newspaper) -> None:
    told = "أشخاص في حادث سير قرب نابلس ظهر اليوم الأحد."
    paper.see(title="مقتل 3 في حادث", body=f"قتل 3 {told}")
    paper.see(hours=3, title="مقتل 4 في حادث", body=f"قتل 4 {told}")
    paper.see(hours=9, title="مقتل 4 في حادث", body=f"قتل 4 {told} تصحيح.")
    edits = paper.rows("SELECT * FROM analyst.edits ORDER BY revision")
    assert [edit.revision for edit in edits] == [2, 3]
    assert edits[0].title_diff == "مقتل [-3-] {+4+} في حادث"
    assert edits[0].body_diff == "قتل [-3-] {+4+} أشخاص في حادث … ظهر اليوم الأحد."
    assert edits[1].title_diff is None
    assert edits[1].body_diff == "قتل 4 أشخاص … ظهر اليوم الأحد. {+تصحيح.+}"
    assert edits[1].seen_at - edits[1].last_seen_before == timedelta(hours=6)
    changes = "SELECT edits, edited_articles, removals, returns FROM analyst.changes_by_day"
    assert paper.view(changes) == [(2, 1, 0, 0)]


def test_a_removal_is_missed_then_removed_then_returned(paper: Newspaper) -> None:
    article = paper.print(1)
    paper.rows(
        "INSERT INTO removals (article_id, missed_at, reason) VALUES (:id, :at, 'HTTP 404')"
        " RETURNING article_id",
        id=article,
        at=FIRST_FETCH,
    )
    state = "SELECT state, reason FROM analyst.removed_articles"
    assert paper.view(state) == [("missed", "HTTP 404")]
    for column, found in (("gone_at", "removed"), ("returned_at", "returned")):
        paper.rows(f"UPDATE removals SET {column} = missed_at + interval '1 day' RETURNING 1")
        assert paper.view(state) == [(found, "HTTP 404")]
    changes = "SELECT day, edits, removals, returns FROM analyst.changes_by_day ORDER BY day"
    assert paper.view(changes) == [(date(2026, 1, 1), 0, 1, 0), (date(2026, 1, 2), 0, 0, 1)]


def test_the_article_of_a_time_is_in_the_schema_of_analysts_too(paper: Newspaper) -> None:
    paper.see(body=TEXTS[0])
    paper.see(hours=2, body=TEXTS[1])
    at = FIRST_FETCH + timedelta(hours=1)
    query = "SELECT body FROM analyst.article_as_of((SELECT url FROM articles), :at)"
    assert paper.view(query, at=at) == [(TEXTS[0],)]
    assert paper.view(query, at=FIRST_FETCH - timedelta(hours=1)) == []


# --- crawls and the ledger ------------------------------------------------------------------------


def test_a_day_without_a_crawl_is_shown_and_a_killed_crawl_has_no_figures(
    paper: Newspaper,
) -> None:
    paper.rows("DELETE FROM runs RETURNING 1")
    stats = {"downloader/request_count": 12, "article/new": 3, "log_count/ERROR": 1}
    began = {"outcome": "finished", "started_at": FIRST_FETCH}
    done = add_run(
        paper.connection, **began, stats=stats, finished_at=FIRST_FETCH + timedelta(hours=1)
    )
    began = {"outcome": "interrupted", "started_at": FIRST_FETCH + timedelta(days=2)}
    killed = add_run(paper.connection, **began, finished_at=FIRST_FETCH + timedelta(days=3))
    page_id = add_page(paper.connection, address(1))
    for status in (200, 304, 404, 429, 503):
        paper.rows(
            "INSERT INTO captures (page_id, run_id, url, fetched_at, http_status, payload_digest)"
            " VALUES (:page, :run, 'https://alkarmel.example/', :at, :status, 'sha256:0')"
            " RETURNING id",
            page=page_id,
            run=done,
            at=FIRST_FETCH,
            status=status,
        )
    history = "SELECT run_id, duration, requests, new_articles, changed_articles, errors"
    assert paper.view(f"{history} FROM analyst.run_history ORDER BY run_id") == [
        (done, timedelta(hours=1), 12, 3, 0, 1),
        (killed, timedelta(days=1), None, None, None, None),
    ]
    # What works on the archive alone is no crawl.
    add_run(paper.connection, **began, mode="regroup", finished_at=FIRST_FETCH + timedelta(days=3))
    health = paper.rows("SELECT * FROM analyst.crawl_health ORDER BY day")
    assert [tuple(row)[1:9] for row in health] == [
        (1, 1, 0, 0, 12, 3, 0, 1),
        (0, 0, 0, 0, 0, 0, 0, 0),
        (1, 0, 0, 1, 0, 0, 0, 0),
    ]
    assert tuple(health[0])[9:] == (5, 1, 1, 1, 1, 1)


def test_the_ledger_has_every_state_and_counts_every_address(paper: Newspaper) -> None:
    for number in range(3):
        add_page(paper.connection, address(number))
    add_page(paper.connection, address(3), state="rejected", reason="listing", next_fetch_at=None)
    states = dict(paper.view("SELECT state, pages FROM analyst.ledger_states"))
    assert len(states) == 7 and sum(states.values()) == 4
    assert (states["pending"], states["rejected"], states["gone"]) == (3, 1, 0)
    reasons = "SELECT state, reason, pages, due FROM analyst.ledger ORDER BY pages"
    assert paper.view(reasons) == [("rejected", "listing", 1, 0), ("pending", None, 3, 3)]


# --- a whole archive ------------------------------------------------------------------------------


def test_a_crawl_says_in_which_zone_it_reads_times(demo_archive: Archive) -> None:
    assert demo_archive.rows("SELECT DISTINCT timezone FROM runs") == [("Asia/Hebron",)]
    assert demo_archive.value("SELECT analyst.site_zone()") == "Asia/Hebron"


@pytest.mark.parametrize(
    "figure",
    [
        "SELECT sum(articles) FROM analyst.coverage_by_day",
        "SELECT sum(articles) FROM analyst.coverage_by_section",
        "SELECT sum(articles) FROM analyst.sections_by_month",
        "SELECT sum(articles) FROM analyst.freshness",
        "SELECT sum(articles) FROM analyst.agencies",
        "SELECT sum(articles) FROM analyst.places",
        "SELECT sum(1 + reprints) FROM analyst.stories",
        "SELECT count(*) + (SELECT count(*) FROM analyst.reprints) FROM analyst.stories",
        "SELECT sum(pages) FROM analyst.ledger_states",
        "SELECT sum(new_articles) FROM analyst.run_history",
        "SELECT sum(new_articles) FROM analyst.crawl_health",
    ],
)
def test_the_views_agree_on_how_many_articles_there_are(demo_archive: Archive, figure: str) -> None:
    assert demo_archive.value(figure) == demo_archive.value("SELECT count(*) FROM articles")


def test_every_run_of_the_demo_ended_well(demo_archive: Archive) -> None:
    outcomes = "SELECT DISTINCT spider, outcome FROM analyst.run_history"
    assert demo_archive.rows(outcomes) == [(SITE, "finished")]
