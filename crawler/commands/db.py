"""scrapy db: the database in use: its address, its server, its schema, a shell, a dump."""

import argparse
import os
import signal
import subprocess
import sys

import sqlalchemy as sa
from scrapy.exceptions import UsageError

from crawler.archive_command import ArchiveCommand
from crawler.db.embedded import EmbeddedPostgres
from crawler.db.schema import upgrade
from crawler.db.session import archive_database, connect, database_url
from crawler.errors import OperatorError

ACTIONS = {
    "url": "print an address that psql and SQLAlchemy can use",
    "start": "start the embedded server and keep it up until `stop`",
    "stop": "let the embedded server end",
    "upgrade": "apply the migrations that are missing",
    "psql": "open psql; further arguments are psql's",
    "dump": "write a dump (pg_dump, custom format) to standard output or --file",
}


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return f"<{'|'.join(ACTIONS)}> [arguments of psql or pg_dump]"

    def short_desc(self) -> str:
        return "The database in use: " + ", ".join(ACTIONS)

    def long_desc(self) -> str:
        return "; ".join(f"{action}: {what}" for action, what in ACTIONS.items())

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        # What follows the action is psql's or pg_dump's, as it stands: Scrapy's parser takes its
        # own options out of it.
        self.further = sys.argv[sys.argv.index(args[0]) + 1 :] if args else []

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        if not args or args[0] not in ACTIONS:
            raise UsageError(f"name one of {', '.join(ACTIONS)}", print_help=False)
        getattr(self, f"_{args[0]}")()

    @property
    def _address(self) -> str | None:
        address: str | None = self.settings["DATABASE_URL"]
        return address

    def _embedded(self) -> EmbeddedPostgres:
        if self._address:
            raise OperatorError(
                "DATABASE_URL is set, so no embedded server is used; "
                "start and stop that server where it runs, or unset DATABASE_URL."
            )
        return EmbeddedPostgres(self.archive_dir)

    def _url(self) -> None:
        """Leaves the embedded server up, so that the address can be used."""
        if self._address:
            print(_libpq_url(self._address))
            return
        server = self._embedded()
        server.start()
        print(server.url)

    def _start(self) -> None:
        print(self._embedded().start())

    def _stop(self) -> None:
        print(self._embedded().stop())

    def _upgrade(self) -> None:
        with archive_database(self._address, self.archive_dir) as url:
            engine = connect(url)
            upgrade(engine)
            engine.dispose()
        print("the schema is current")

    def _psql(self) -> None:
        self._run_program("psql", self.further)

    def _dump(self) -> None:
        self._run_program("pg_dump", ["--format=custom", *self.further])

    def _run_program(self, program: str, arguments: list[str]) -> None:
        """Run a client of the server's version on the database, while the server is up."""
        with archive_database(self._address, self.archive_dir) as url:
            path = EmbeddedPostgres(self.archive_dir).bin / program
            # The password travels in the environment: arguments are public on a machine.
            password = url.password or url.query.get("password")
            environment = {**os.environ, "PGCLIENTENCODING": "UTF8"}
            if password:
                environment["PGPASSWORD"] = str(password)
            command = [str(path), f"--dbname={_without_password(url)}", *arguments]
            # Ctrl-C is the client's: psql takes back its query and goes on.
            handler = signal.signal(signal.SIGINT, lambda *_: None)
            try:
                self.exitcode = subprocess.run(command, env=environment, check=False).returncode
            finally:
                signal.signal(signal.SIGINT, handler)


def _libpq_url(address: str) -> str:
    """The address as libpq wants it: without SQLAlchemy's driver."""
    return _rendered(database_url(address).set(drivername="postgresql"))


def _without_password(url: sa.URL) -> str:
    bare = sa.URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    )
    return _rendered(bare.difference_update_query(("password",)))


def _rendered(url: sa.URL) -> str:
    """SQLAlchemy writes a blank of the query as a plus sign, which libpq takes for one."""
    address, mark, query = url.render_as_string(hide_password=False).partition("?")
    return address + mark + query.replace("+", "%20")
