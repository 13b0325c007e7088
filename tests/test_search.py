"""The search: words of a family meet, queries are read as typed, an index serves them."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.search_words import Score, families, score
from crawler.text.arabic import fold
from tests.rows import History, address

STORABLE = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0"))
BLOCKS = ((0x600, 0x700), (0x750, 0x780), (0x870, 0x900), (0xFB50, 0xFE00), (0xFE70, 0xFF00))
ARABIC = st.text(alphabet=[chr(code) for start, end in BLOCKS for code in range(start, end)])


@pytest.fixture
def history(connection: sa.Connection) -> History:
    return History(connection)


def found(history: History, query: str | None, **options: Any) -> list[sa.Row[Any]]:
    named = "".join(f", {name} => :{name}" for name in options)
    return history.rows(f"SELECT * FROM search_articles(:asked{named})", asked=query, **options)


def titles(history: History, query: str | None, **options: Any) -> set[str]:
    return {row.title for row in found(history, query, **options)}


def publish(history: History, *texts: str, **fields: Any) -> None:
    """An article for each text, which is its title too unless that is given."""
    start = history.rows("SELECT count(*) FROM articles")[0][0] + 1
    for number, text in enumerate(texts, start):
        history.see(address(number), **{"title": text, "body": f"{text}."} | fields)


# --- words


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ARABIC | STORABLE))
def test_the_database_folds_as_the_program_does(
    connection: sa.Connection, texts: list[str]
) -> None:
    query = sa.text("SELECT fold(t) FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY u(t, n)")
    folded = list(connection.execute(query, {"texts": texts}).scalars())
    assert folded == list(map(fold, texts))


def test_the_database_folds_every_letter_as_the_program_does(connection: sa.Connection) -> None:
    """All of the Arabic blocks, and every letter of two cases."""
    codes = {code for start, end in BLOCKS for code in range(start, end)}
    codes |= {code for code in range(0x11000) if chr(code).lower() != chr(code)}
    letters = [f"x{chr(code)}x {chr(code)}" for code in sorted(codes)]
    query = sa.text("SELECT t, fold(t) FROM unnest(CAST(:letters AS text[])) AS t")
    folded = dict(map(tuple, connection.execute(query, {"letters": letters})))
    assert {letter: fold(letter) for letter in letters} == folded


@pytest.mark.parametrize("locale", ["C", "ICU"])
def test_the_locale_of_the_database_makes_no_difference(
    postgres: sa.Engine, connection: sa.Connection, locale: str
) -> None:
    """Each function that reads a text, called in a database with another locale."""
    texts = ["İSTANBUL ÉCOLE ΟΔΟΣ Iı", "فِلَسطين والقُدس ٤٤", "الـوزارة «COVID-19»"]
    collation = {"C": "LOCALE 'C'", "ICU": "LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C'"}[locale]
    name = f"locale_{locale.lower()}"
    with postgres.connect() as administrator:
        try:
            administrator.execute(
                sa.text(f"CREATE DATABASE {name} {collation} ENCODING 'UTF8' TEMPLATE template0")
            )
        except sa.exc.DBAPIError as error:
            pytest.skip(f"no such locale here: {error.orig}")
    functions = connection.scalars(
        sa.text(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname IN ('fold',"
            " 'search_protected_words', 'search_exceptions', 'search_stem', 'search_stems',"
            " 'search_words') ORDER BY oid"
        )
    ).all()
    query = sa.text("SELECT fold(t), search_words(t, t)::text FROM unnest(CAST(:t AS text[])) AS t")
    engine = sa.create_engine(postgres.url.set(database=name))
    try:
        with engine.connect() as other:
            for function in functions:
                other.exec_driver_sql(function.replace("%", "%%"))
            assert (
                other.execute(query, {"t": texts}).all()
                == connection.execute(query, {"t": texts}).all()
            )
    finally:
        engine.dispose()
        with postgres.connect() as administrator:
            administrator.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


def scores(connection: sa.Connection, part: str) -> dict[str, Score]:
    group = [family for family in families() if family.part == part]
    return {search: score(connection, search, group) for search in ("ours", "arabic", "simple")}


@pytest.mark.parametrize(
    ("part", "recall", "precision", "false_meetings"),
    [("tuned", 0.99, 0.94, 0.015), ("unseen", 0.95, 0.96, 0.05)],
)
def test_words_of_a_family_meet_and_their_neighbours_do_not(
    connection: sa.Connection, part: str, recall: float, precision: float, false_meetings: float
) -> None:
    of = scores(connection, part)
    assert of["ours"].recall >= recall, of["ours"].missed
    assert of["ours"].precision >= precision, of["ours"].wrong
    assert of["ours"].false_meetings <= false_meetings
    for other in ("arabic", "simple"):
        assert of["ours"].recall > of[other].recall + 0.4
        assert of["ours"].precision > of[other].precision


def test_there_are_enough_families() -> None:
    assert len(families()) >= 40
    assert sum(len(f.forms) + len(f.neighbours) for f in families()) >= 200
    assert len({f.part for f in families()}) == 2


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("الفلسطينيين والقدس للبنان", ["فلسطين", "قدس", "لبنان"]),
        ("3,500 ٤٤ 10:51", ["3", "500", "44", "10", "51"]),
        ("«القدس» - (رويترز)", ["قدس", "رويترز"]),
        ("COVID-19 Covid", ["covid", "19", "covid"]),
        ("ـــ ... \n", []),
    ],
)
def test_a_text_becomes_stems(connection: sa.Connection, text: str, stems: list[str]) -> None:
    assert connection.scalar(sa.text("SELECT search_stems(:t)"), {"t": text}) == stems


# --- what an article is found by


def test_an_article_is_found_by_title_and_body_the_title_first(history: History) -> None:
    publish(history, "قمح", body="زار الوفد مدينة نابلس.")
    publish(history, "نابلس", body="خبر عن القمح.")
    assert [row.title for row in found(history, "بنابلس")] == ["نابلس", "قمح"]
    assert [row.title for row in found(history, "القمح")] == ["قمح", "نابلس"]
    row = found(history, "نابلس")[0]
    assert row._fields == ("id", "url", "title", "published_at", "rank", "snippet")
    assert row.rank > found(history, "نابلس")[1].rank > 0


def test_an_edit_changes_what_is_found(history: History) -> None:
    history.see(title="نابلس", body="أولى.")
    history.see(title="جنين", body="ثانية.", hours=1)
    assert titles(history, "نابلس") == set()
    assert titles(history, "جنين") == {"جنين"}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("رئيس حكومة", "12"),
        ('"رئيس الحكومة"', "1"),
        ("«رئيس الحكومة»", "1"),
        ("“رئيس الحكومة”", "1"),
        ('"رئيس الحكومة', "1"),  # the second mark is forgotten
        ("حكومة -مجلس", "1"),
        ("حكومة −مجلس", "1"),
        ('رئيس -"رئيس الحكومة"', "2"),
        ("مجلس OR قمح", "23"),
        ("مجلس أو قمح", "23"),
        ("مجلس | قمح", "23"),
        ("مجلس or", "2"),
        ("OR مجلس OR OR", "2"),
        ("حكومة مجلس OR قمح -مجلس", "23"),
        ("القمح من حكومة", ""),
        ("من القمح", "3"),  # «من» is in no text, and does not stand in the way
        ('"من القمح"', ""),
        ("إلى", "1"),  # but is found where it alone is asked for
        ("رئيس-الحكومة", "1"),
        ("-قمح", ""),
        ("قمح OR -مجلس", "3"),
        ("", ""),
        ("   ", ""),
        ('"" - OR () & ! : * \\ \' <->', ""),
        (None, ""),
    ],
)
def test_queries_are_read_as_they_are_typed(
    history: History, query: str | None, numbers: str
) -> None:
    texts = ["رئيس الحكومة إلى القدس", "رئيس مجلس في حكومة", "قمح"]
    publish(history, *texts)
    assert titles(history, query) == {texts[int(number) - 1] for number in numbers}


def test_numbers_are_found_in_both_forms(history: History) -> None:
    publish(history, "لجنة من 44 عضوا", "جائزة ٣٬٥٠٠ دينار")
    assert titles(history, "٤٤") == {"لجنة من 44 عضوا"}
    assert titles(history, "3,500") == {"جائزة ٣٬٥٠٠ دينار"}


def test_the_time_and_the_section_of_articles_can_be_asked_for(history: History) -> None:
    years = range(2018, 2023)
    for year in years:
        publish(history, f"قمح {year}", published_at=datetime(year, 5, 1, tzinfo=UTC))
    publish(history, "قمح بلا تاريخ", published_at=None, published_precision=None, section="اقتصاد")
    assert len(titles(history, "قمح")) == 6
    assert titles(history, "قمح", since=datetime(2021, 5, 1, tzinfo=UTC)) == {
        "قمح 2021",
        "قمح 2022",
    }
    assert titles(history, "قمح", until=datetime(2019, 5, 1, tzinfo=UTC)) == {"قمح 2018"}
    assert titles(history, "قمح", section="إقتصاد") == {"قمح بلا تاريخ"}
    assert titles(history, "قمح", section="رياضة") == set()
    assert len(found(history, "قمح", max_rows=2)) == 2
    assert len(found(history, "قمح", max_rows=None)) == 6
    assert found(history, "قمح", max_rows=0) == []


def test_articles_without_a_date_are_found_where_none_has_one(history: History) -> None:
    publish(history, "قمح", published_at=None, published_precision=None)
    assert titles(history, "القمح") == {"قمح"}
    assert titles(history, "القمح", since=datetime(2000, 1, 1, tzinfo=UTC)) == set()


def test_the_newest_are_ranked_where_very_many_match(history: History) -> None:
    """More matches than are ranked: the oldest, however good, is not looked at."""
    history.rows(
        "INSERT INTO pages (site, url, request_url, address_shape) VALUES ('s', 'u', 'u', 'u')"
        " RETURNING 1"
    )
    publish(history, "قمح قمح قمح", body="قمح", published_at=datetime(2001, 1, 1, tzinfo=UTC))
    history.rows(
        "INSERT INTO articles (url, title, body, published_at, published_precision, word_count,"
        " digest, extractor_version, first_seen_at, last_seen_at, capture_id)"
        " SELECT 'https://alkarmel.example/n/' || n, 'خبر', 'عن القمح ' || n,"
        " timestamptz '2010-01-01' + n * interval '1 hour', 'minute', 3, 'd' || n, '1', now(),"
        " now(), (SELECT min(id) FROM captures) FROM generate_series(1, 500) AS n RETURNING 1"
    )
    assert "قمح قمح قمح" not in titles(history, "قمح")
    assert found(history, "قمح", max_rows=None)[0].title == "قمح قمح قمح"
    assert len(found(history, "قمح", max_rows=501)) == 501


# --- what is shown


def test_the_snippet_shows_the_words_as_printed(history: History) -> None:
    body = "كلام كثير عن أشياء أخرى تماما. " * 20 + "\n\nقالت (وزارةُ الصحّة) إنّ <b>القدس</b>، بخير."
    publish(history, "خبر", body=body)
    (row,) = found(history, "الصحة القدس")
    assert row.snippet.startswith("… ")
    assert "(وزارةُ ⟦الصحّة⟧) إنّ <b>⟦القدس⟧</b>، بخير." in row.snippet
    assert len(row.snippet.split()) == 25


def test_a_snippet_of_an_article_whose_title_matched_is_its_beginning(history: History) -> None:
    publish(history, "قمح", body="أول الكلام وآخره.")
    assert found(history, "قمح")[0].snippet == "أول الكلام وآخره."


def test_signs_that_folding_drops_or_unfolds_do_not_shift_the_marks(history: History) -> None:
    publish(history, "خبر", body="صلى الله على محمد ﷺ ـ وسلم ـ ثم زار القدس وعاد")
    assert "زار ⟦القدس⟧ وعاد" in found(history, "القدس")[0].snippet
    assert found(history, "لله")[0].snippet.startswith("صلى ⟦الله⟧")


# --- nothing breaks it

TYPED = st.lists(
    STORABLE
    | ARABIC
    | st.sampled_from(
        [
            *('"', "«", "»", " ", " ", "-", "OR", "أو", "|", "!", "&", "(", ")", ":*", "<->", "'"),
            *("\\", "قمح", "-قمح", "في", "%", ":x", "\u200f"),
        ]
    )
).map("".join)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
@given(TYPED)
def test_no_query_is_an_error(scratch: sa.Engine, query: str) -> None:
    with scratch.connect() as connection:
        connection.execute(sa.text("SET client_min_messages = error"))
        connection.execute(sa.text("SELECT * FROM search_articles(:q)"), {"q": query}).all()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100
)
@given(STORABLE | ARABIC | TYPED)
def test_any_text_can_be_indexed_and_shown(scratch: sa.Engine, text: str) -> None:
    query = sa.text(
        "SELECT search_words(:t, :t), search_snippet(:t, tsvector_to_array(search_words('', :t)))"
    )
    with scratch.connect() as connection:
        connection.execute(query, {"t": text}).all()


@pytest.mark.parametrize(
    "text",
    ["س" * 100_000, " ".join(map(str, range(300_000))), "𞸀" * 99_999, "ﷺ" * 50_000],
    ids=["one long word", "very many words", "four bytes each", "one sign of four words"],
)
def test_monstrous_texts_are_stored(connection: sa.Connection, text: str) -> None:
    query = sa.text("SELECT length(search_words(:t, :t)), search_snippet(:t, '{س}')")
    assert connection.execute(query, {"t": text}).one()


def test_the_index_serves_the_search(history: History) -> None:
    """The plan inside of the function is not to be had: the same question, asked by itself."""
    history.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    plan = history.rows(
        "EXPLAIN SELECT id FROM articles WHERE words @@ search_query('قمح')"
        " AND search_keys(published_at, section) && '{month 24250}'"
    )
    text = "\n".join(row[0] for row in plan)
    assert re.search(
        r"Bitmap Index Scan on ix_articles_words\n\s+Index Cond:.*@@.*search_keys|&&", text
    )


def test_the_search_is_found_whatever_the_search_path(history: History) -> None:
    publish(history, "قمح")
    history.rows("SELECT set_config('search_path', 'pg_catalog', true)")
    rows = history.rows("SELECT title FROM public.search_articles('القمح')")
    assert [row.title for row in rows] == ["قمح"]
