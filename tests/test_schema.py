"""The schema: migrations from nothing and back, and tables that explain themselves."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from crawler.db.models import Base
from crawler.db.schema import alembic_config, known_revisions, upgrade
from crawler.db.session import connect
from crawler.errors import OperatorError
from tests.conftest import Archive, alembic

TABLES = {"articles", "revisions", "removals", "pages", "captures", "links", "runs", "hosts"}
TABLES |= {"signatures", "common_bands", "reprints", "containments"}
TABLES |= {"expectations"}


@pytest.fixture
def empty(empty_database: sa.URL, tmp_path: Path) -> Archive:
    return Archive(empty_database, tmp_path / "archive", connect(empty_database))


def tables(archive: Archive) -> set[str]:
    return set(sa.inspect(archive.engine).get_table_names()) - {"alembic_version"}


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


def test_the_migrations_are_named_after_their_revisions_in_their_order() -> None:
    newest_first = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    assert known_revisions() == [script.revision for script in newest_first][::-1]


def test_alembic_goes_from_nothing_to_the_models_and_back(empty: Archive) -> None:
    alembic(empty, "upgrade", "head")
    assert tables(empty) == TABLES
    assert "No new upgrade operations" in alembic(empty, "check")
    alembic(empty, "downgrade", "base")
    assert tables(empty) == set()
    # Nothing is left in the way of another beginning.
    alembic(empty, "upgrade", "head")
    assert tables(empty) == TABLES


def test_the_migrations_can_be_read_as_sql(empty: Archive) -> None:
    assert "CREATE TABLE articles" in alembic(empty, "upgrade", "head", "--sql")
    assert tables(empty) == set()


def test_a_crawl_makes_the_schema_and_leaves_one_that_is_there(empty: Archive) -> None:
    upgrade(empty.engine)
    assert tables(empty) == TABLES
    with empty.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO runs (spider, mode) VALUES ('alkarmel', 'url')"))
    upgrade(empty.engine)
    assert empty.value("SELECT count(*) FROM runs") == 1


def test_the_lock_of_the_migrations_is_let_go(empty: Archive) -> None:
    upgrade(empty.engine)
    assert empty.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_a_schema_newer_than_the_program_is_refused_and_left_alone(archive: Archive) -> None:
    with archive.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OperatorError, match="revision '9999', which is newer than this program"):
        upgrade(archive.engine)
    assert archive.value("SELECT version_num FROM alembic_version") == "9999"
    assert archive.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


def test_a_role_that_may_make_no_tables_is_told_so(empty: Archive, postgres: sa.Engine) -> None:
    with postgres.connect() as administrator:
        administrator.execute(sa.text("CREATE ROLE reader LOGIN"))
    reader = connect(empty.url.set(username="reader"))
    try:
        with pytest.raises(OperatorError, match="permission denied for schema public"):
            upgrade(reader)
    finally:
        reader.dispose()
        with postgres.connect() as administrator:
            administrator.execute(sa.text("DROP ROLE reader"))


def test_every_table_and_column_has_its_comment(archive: Archive) -> None:
    tables = archive.rows(
        "SELECT relname, obj_description(oid) AS comment FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname <> 'alembic_version'"
    )
    assert {row.relname for row in tables} == TABLES
    columns = archive.rows(
        "SELECT attrelid::regclass || '.' || attname AS relname,"
        " col_description(attrelid, attnum) AS comment"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname <> 'alembic_version' AND attnum > 0 AND NOT attisdropped"
    )
    assert len(columns) > 60
    for row in [*tables, *columns]:
        assert row.comment, row.relname
        assert re.search(r"[.)]$|joins pages", row.comment), f"{row.relname}: {row.comment}"


def test_comments_in_the_database_are_those_of_the_models(archive: Archive) -> None:
    inspector = sa.inspect(archive.engine)
    for table in Base.metadata.sorted_tables:
        assert inspector.get_table_comment(table.name)["text"] == table.comment
        found = {column["name"]: column["comment"] for column in inspector.get_columns(table.name)}
        assert found == {column.name: column.comment for column in table.columns}


def test_rules_and_indexes_are_those_of_the_models_by_name_and_meaning(archive: Archive) -> None:
    """Alembic's check does not look at the rules (CHECK)."""
    models = archive.engine.execution_options(schema_translate_map={None: "models"})
    with models.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA models"))
        Base.metadata.create_all(connection)

    def found(schema: str) -> set[tuple[str, ...]]:
        rows = archive.rows(
            "SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid) AS meaning"
            " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
            f" WHERE connamespace = '{schema}'::regnamespace"
            " UNION ALL SELECT tablename, indexname, indexdef"
            f" FROM pg_indexes WHERE schemaname = '{schema}'"
        )
        return {
            (table, name, meaning.replace(f"{schema}.", ""))
            for table, name, meaning in rows
            if table != "alembic_version"
        }

    assert len(found("public")) > 100
    assert found("public") == found("models")


def test_constraints_and_indexes_are_named_by_the_convention(archive: Archive) -> None:
    names = archive.rows(
        "SELECT conrelid::regclass::text AS relation, conname AS name, contype::text AS kind"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'"
        " UNION ALL SELECT tablename, indexname, 'i' FROM pg_indexes WHERE schemaname = 'public'"
    )
    prefixes = {"p": "pk", "u": "uq", "c": "ck", "f": "fk", "i": "(ix|pk|uq)"}
    for relation, name, kind in names:
        if relation != "alembic_version":
            assert re.match(rf"{prefixes[kind]}_{relation}(_|$)", name), name
