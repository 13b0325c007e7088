"""scrapy db: the database in use: its address, its server, its schema, a shell, dumps."""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from scrapy.exceptions import UsageError

from crawler.archive_command import ArchiveCommand
from crawler.db.dumps import keep_dump, pg_dump
from crawler.db.embedded import EmbeddedPostgres
from crawler.db.postgres_clients import command_on, libpq_url
from crawler.db.postgres_programs import installed_programs
from crawler.db.reader import HOW_TO_ADMIT, READER, admit_reader, check_reader, reader_url
from crawler.db.restoration import check_dump, restore
from crawler.db.schema import upgrade
from crawler.db.session import (
    archive_database,
    check_archive,
    connect,
    database_url,
    existing_archive,
)
from crawler.errors import ENDED_EARLY, OperatorError

ACTIONS = {
    "url": "print an address that psql and SQLAlchemy can use (--reader: of the read-only role)",
    "start": "start the embedded server and keep it up until `stop`",
    "stop": "let the embedded server end",
    "upgrade": "apply the migrations that are missing",
    "psql": "open psql (--reader: as the read-only role); further arguments are psql's",
    "dump": "write a dump (pg_dump, custom format) to standard output or --file FILE; --keep N: "
    "into ARCHIVE_DIR/dumps, where the last of each of N days stays",
    "restore": "put a dump (its FILE) into an empty database: all of it or nothing",
}


class Command(ArchiveCommand):
    takes_arguments = True

    def syntax(self) -> str:
        return f"<{'|'.join(ACTIONS)}> [FILE | arguments of psql or pg_dump]"

    def short_desc(self) -> str:
        return "The database in use: " + ", ".join(ACTIONS)

    def long_desc(self) -> str:
        return "; ".join(f"{action}: {what}" for action, what in ACTIONS.items())

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        _add_own_options(parser)

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        # What follows the action is psql's or pg_dump's, as it stands, but for our own options:
        # Scrapy's parser takes what it knows out of it.
        behind = sys.argv[sys.argv.index(args[0]) + 1 :] if args else []
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        _add_own_options(parser)
        further = parser.parse_known_args(behind)[1]
        # psql would take a «--» from in front of its options for the end of them.
        self.further = further[1:] if further[:1] == ["--"] else further
        self.as_reader: bool = opts.reader
        self.keep: int | None = opts.keep

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        if not args or args[0] not in ACTIONS:
            raise UsageError(f"name one of {', '.join(ACTIONS)}", print_help=False)
        if self.as_reader and args[0] not in ("psql", "url"):
            raise UsageError("--reader goes with psql and url", print_help=False)
        if self.keep is not None and (args[0] != "dump" or self.further or self.keep < 1):
            raise UsageError(
                "--keep goes with dump alone, and is one day or more: dump --keep 7",
                print_help=False,
            )
        if args[1:] and args[0] in ("url", "start", "stop", "upgrade"):
            raise UsageError(f"{args[0]} takes no {args[1]}", print_help=False)
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
        address = self._address
        check_archive(address, self.archive_dir)
        if not address:
            server = self._embedded()
            server.start()
            address = server.url
            if not self.as_reader:
                print(address)
                return
        print(libpq_url(self._login(database_url(address))))

    def _start(self) -> None:
        print(self._embedded().start())

    def _stop(self) -> None:
        print(self._embedded().stop())

    def _upgrade(self) -> None:
        with archive_database(self._address, self.archive_dir) as url:
            engine = connect(url)
            upgrade(engine)
            _admit(engine)
            engine.dispose()
        print("the schema is current")

    def _restore(self) -> None:
        if len(self.further) != 1 or self.further[0].startswith("-"):
            raise UsageError("name the dump: restore FILE", print_help=False)
        dump = Path(self.further[0])
        programs = check_dump(dump)
        with archive_database(self._address, self.archive_dir) as url:
            engine = connect(url)
            restore(dump, programs, engine)
            _admit(engine)
            engine.dispose()
        print(
            f"{dump} is restored; when its WARC files are in {self.archive_dir / 'warc'}, "
            "`scrapy verify` holds the two together"
        )

    def _psql(self) -> None:
        with existing_archive(self._address, self.archive_dir) as address:
            command, environment = command_on(self._login(address), installed_programs() / "psql")
            self._run([*command, *self.further], environment)

    def _dump(self) -> None:
        with existing_archive(self._address, self.archive_dir) as url:
            if self.keep is None:
                command, environment = pg_dump(url)
                self._run([*command, *self.further], environment)
            elif dump := keep_dump(url, self.archive_dir / "dumps", self.keep):
                print(dump)
            else:
                self.exitcode = ENDED_EARLY

    def _login(self, url: sa.URL) -> sa.URL:
        """The address as it is, or the reader's: without the owner's password or certificate."""
        if not self.as_reader:
            return url
        engine = connect(url)
        try:
            check_reader(engine)
        finally:
            engine.dispose()
        return reader_url(url)

    def _run(self, command: list[str], environment: dict[str, str]) -> None:
        # Ctrl-C is the client's: psql takes back its query and goes on.
        handler = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            self.exitcode = subprocess.run(command, env=environment, check=False).returncode
        finally:
            signal.signal(signal.SIGINT, handler)


def _add_own_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reader",
        action="store_true",
        help=f"with psql and url: as {READER}, which reads everything and writes nothing",
    )
    parser.add_argument(
        "--keep",
        type=int,
        metavar="N",
        help="with dump: into a file in ARCHIVE_DIR/dumps, where the last of each of N days stays",
    )


def _admit(engine: sa.Engine) -> None:
    if reason := admit_reader(engine):
        print(f"{reason} {HOW_TO_ADMIT}", file=sys.stderr)
