"""The data dictionary in Markdown, out of the comments that the database itself holds."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

NAMES = Path(__file__).with_name("arabic_names.toml")
HEAD = """\
# Data dictionary

Written by `make docs` from the database's own comments (psql shows them by `\\d+ articles`, DBeaver
beside each column); change it there, by a migration. Times are UTC, whatever the client shows.
Questions with their SQL are in [queries.md](queries.md).
"""
SCHEMAS = {
    "analyst": (
        "Views",
        "The schema `analyst`: names and columns stay as they are. Days are those of the site's "
        "clock.",
    ),
    "public": ("Tables", "The schema `public`: what the crawls write."),
}
RELATIONS = sa.text("""
    SELECT oid, relname AS name, obj_description(oid, 'pg_class') AS comment
    FROM pg_class
    WHERE relnamespace = to_regnamespace(:schema) AND relkind IN ('r', 'v')
        AND relname <> 'alembic_version'
    ORDER BY relname
""")
COLUMNS = sa.text("""
    SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
           col_description(attrelid, attnum) AS comment
    FROM pg_attribute
    WHERE attrelid = :relation AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
""")
FUNCTIONS = sa.text("""
    SELECT nspname || '.' || proname AS name, pg_get_function_arguments(pg_proc.oid) AS arguments,
           pg_get_function_result(pg_proc.oid) AS result,
           obj_description(pg_proc.oid, 'pg_proc') AS comment
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname IN ('analyst', 'public') AND NOT EXISTS (
        SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e'  -- of an extension
    )
    ORDER BY nspname, proname
""")


def dictionary(connection: sa.Connection) -> str:
    """Every view, table, column and function; KeyError for a column without an Arabic name."""
    parts = [HEAD]
    for schema, (heading, about) in SCHEMAS.items():
        parts.append(f"## {heading}\n\n{about}\n")
        relations = connection.execute(RELATIONS, {"schema": schema}).all()
        parts += [_relation(connection, schema, relation) for relation in relations]
    parts.append("## Functions\n")
    parts += [_function(function) for function in connection.execute(FUNCTIONS)]
    return "\n".join(parts)


def _relation(connection: sa.Connection, schema: str, relation: sa.Row[Any]) -> str:
    is_view = schema == "analyst"
    name = f"{schema}.{relation.name}" if is_view else relation.name
    heads = ["column", "بالعربية", "type", "meaning"]
    lines = [heads, ["---"] * len(heads)]
    for column in connection.execute(COLUMNS, {"relation": relation.oid}):
        kind = column.type.replace("timestamp with time zone", "timestamptz").replace(
            "timestamp without time zone", "timestamp"
        )
        may_be_null = "" if is_view or column.required else ", or null"
        lines.append(
            [
                f"`{column.name}`",
                arabic_name(name, column.name),
                f"{kind}{may_be_null}",
                column.comment,
            ]
        )
    title = f"### {name} · {_names()['relations'][name]}"
    return f"{title}\n\n{relation.comment}\n\n{_table(lines)}\n"


def _function(function: sa.Row[Any]) -> str:
    name = function.name.removeprefix("public.")
    return f"**`{name}({function.arguments})`** → `{function.result}`. {function.comment}\n"


def _table(lines: Iterable[list[str]]) -> str:
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str | None) -> str:
    return (text or "").replace("|", r"\|")


def arabic_name(relation: str, column: str) -> str:
    """The name of a column of this table or view, or else that of all columns called so."""
    columns = _names()["columns"]
    name: str = columns.get(f"{relation}.{column}") or columns[column]
    return name


@cache
def _names() -> dict[str, dict[str, str]]:
    with NAMES.open("rb") as file:
        return tomllib.load(file)
