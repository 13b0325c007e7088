"""The data dictionary is what the comments in the database say, and leaves no column out."""

import re

import pytest
import sqlalchemy as sa

from crawler.db.dictionary import dictionary
from tests.conftest import PROJECT

DICTIONARY = PROJECT / "docs" / "data-dictionary.md"
ARABIC = re.compile(r"[\u0621-\u064a]")


@pytest.fixture
def written(connection: sa.Connection, request: pytest.FixtureRequest) -> str:
    if request.config.getoption("--print-docs"):
        DICTIONARY.write_text(dictionary(connection), encoding="utf-8")
    return DICTIONARY.read_text(encoding="utf-8")


def test_the_dictionary_is_that_of_the_database(connection: sa.Connection, written: str) -> None:
    assert written == dictionary(connection), "`make docs` writes it anew"


def test_every_column_has_a_meaning_and_an_arabic_name(written: str) -> None:
    rows = [line for line in written.splitlines() if line.startswith("| `")]
    assert len(rows) > 200
    for row in rows:
        _, name, arabic, kind, meaning, _ = map(str.strip, re.split(r"(?<!\\)\|", row))
        assert ARABIC.search(arabic), name
        assert kind and re.search(r"[.)]$|joins pages", meaning), name


def test_every_view_and_function_says_what_it_is(connection: sa.Connection, written: str) -> None:
    for heading in re.findall(r"^### .*", written, re.M):
        assert ARABIC.search(heading), heading
    silent = connection.scalars(
        sa.text(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE obj_description(oid, 'pg_proc')"
            " IS NULL AND pronamespace IN ('public'::regnamespace, 'analyst'::regnamespace)"
        )
    ).all()
    assert silent == []
    assert "`search_articles(" in written and "`analyst.article_as_of(" in written
