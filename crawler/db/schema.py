"""Bring the schema to the code's revision, one crawl at a time."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from crawler.errors import OperatorError

# Imported where something is to be migrated, which is seldom: it takes a tenth of a second.
if TYPE_CHECKING:
    from alembic.config import Config

PROJECT_DIR = Path(__file__).resolve().parents[2]
logger = logging.getLogger(__name__)
logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every look at the schema

MIGRATION_LOCK = 0x616C6B01  # "alk" and the number of the lock
PERMISSION_DENIED = "42501"  # SQLSTATE


def alembic_config(connection: sa.Connection | None = None) -> "Config":
    """Alembic's configuration; a connection given is the one that env.py migrates."""
    from alembic.config import Config

    config = Config(toml_file=PROJECT_DIR / "pyproject.toml")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: sa.Engine) -> None:
    """Apply the migrations that are missing, under a lock that a second crawl waits for.

    Raises OperatorError where the schema is newer than the code, or may not be changed.
    """
    with engine.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATION_LOCK)))
        connection.commit()
        try:
            if _is_behind(connection):
                from alembic import command

                logger.info("Bringing the schema to revision %s.", known_revisions()[-1])
                command.upgrade(alembic_config(connection), "head")
                connection.commit()
        except ProgrammingError as error:
            if getattr(error.orig, "pgcode", None) != PERMISSION_DENIED:
                raise
            reason = str(error.orig).splitlines()[0]
            raise OperatorError(
                f"The tables of the archive cannot be made or changed: {reason}; "
                f"make {engine.url.username or 'the role'} the owner of database "
                f"{engine.url.database}, or name another one in DATABASE_URL."
            ) from None
        finally:
            connection.rollback()
            connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATION_LOCK)))
            connection.commit()


def check_current(engine: sa.Engine) -> None:
    """OperatorError where the schema is not the one that this program knows."""
    with engine.connect() as connection:
        if _is_behind(connection):
            raise OperatorError(
                "The schema of the archive is older than this program, or there is none yet; "
                "run `scrapy db upgrade`, or crawl, and try again."
            )


def has_archive(connection: sa.Connection) -> bool:
    """Whether the database holds an archive, of whatever schema."""
    tables = ("public.articles", "public.alembic_version")
    there = sa.select(*(sa.func.to_regclass(table).is_not(None) for table in tables))
    return any(connection.execute(there).one())


def known_revisions() -> list[str]:
    """The revisions that this program can work with, or bring to the last of them, its own.

    Their migrations' files are named after them.
    """
    migrations = (PROJECT_DIR / "migrations" / "versions").glob("[0-9]*_*.py")
    return sorted(path.name.partition("_")[0] for path in migrations)


def present_revision(connection: sa.Connection) -> str | None:
    """The revision of the schema; None where there is none."""
    if connection.scalar(sa.select(sa.func.to_regclass("alembic_version"))) is None:
        return None
    revision: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return revision


def _is_behind(connection: sa.Connection) -> bool:
    present, known = present_revision(connection), known_revisions()
    if present is not None and present not in known:
        raise OperatorError(
            f"The schema of the archive is at revision {present!r}, which is newer than this "
            "program; install the newer program, or name another archive in DATABASE_URL."
        )
    return present != known[-1]
