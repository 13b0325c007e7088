"""The analysts' read-only role: whether it is there, and the address under which it logs in."""

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from crawler.errors import OperatorError

READER = "archive_reader"
HOW_TO_ADMIT = (
    "The archive works without the role; for it, let an administrator of the server run "
    f"`CREATE ROLE {READER} LOGIN`, then run `scrapy db upgrade`."
)
# Of the owner's address: what says who logs in, and with what.
_CREDENTIALS = ("user", "password", "passfile", "sslcert", "sslkey", "sslpassword")


def admit_reader(engine: sa.Engine) -> str | None:
    """Make the role where it is missing, and let it read what is there; or say why it may not."""
    if _is_admitted(engine):
        return None
    with engine.begin() as connection:
        reason = connection.scalar(sa.text("SELECT analyst.admit_reader()"))
    return reason and f"There is no read-only role {READER} here: {reason}."


def check_reader(engine: sa.Engine) -> None:
    """OperatorError where the role may not read this archive."""
    if not _is_admitted(engine):
        raise OperatorError(
            f"There is no role {READER} that may read this archive; run `scrapy db upgrade`, "
            "which makes it or says what is missing."
        )


def reader_url(url: sa.URL) -> sa.URL:
    """The address for the reader, whose password libpq asks for or finds (PGPASSWORD, .pgpass)."""
    return sa.URL.create(
        url.drivername, READER, None, url.host, url.port, url.database, url.query
    ).difference_update_query(_CREDENTIALS)


def _is_admitted(engine: sa.Engine) -> bool:
    """Whether the role may read the newest view: not so after a restore without privileges."""
    may_read = sa.text(
        "SELECT has_table_privilege(oid, 'analyst.stories', 'SELECT')"
        " FROM pg_roles WHERE rolname = :reader"
    )
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(may_read, {"reader": READER}))
    except DBAPIError:  # no such view: the schema is older
        return False
