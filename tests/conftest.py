"""A real PostgreSQL, real replica sites and real crawls for the tests that need them."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.schema import upgrade
from crawler.db.session import connect, database_url
from tests.site.days import crawls_of_the_demo, demo_site
from tests.site.server import serve


def pytest_addoption(parser: pytest.Parser) -> None:
    help = "write into the documents what their queries print now, and the dictionary"
    parser.addoption("--print-docs", action="store_true", help=help)


PROJECT = Path(__file__).resolve().parent.parent
FAST = ("DOWNLOAD_DELAY=0", "AUTOTHROTTLE_ENABLED=False", "RETRY_TIMES=1", "LOG_LEVEL=INFO")
PATIENCE = 120  # seconds that a crawl of a test may take


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A server of the tests' own, as its administrator of databases sees it."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        url = database_url(server.url)
        administrator = connect(url.set(username="postgres", database="postgres"))
        administrator = administrator.execution_options(isolation_level="AUTOCOMMIT")
        with administrator.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE migrated OWNER alkarmel"))
        migrated = connect(url.set(database="migrated"))
        upgrade(migrated)
        migrated.dispose()
        yield administrator
        administrator.dispose()


def _new_database(postgres: sa.Engine, template: str) -> Iterator[sa.URL]:
    name = f"test_{uuid.uuid4().hex}"
    with postgres.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} OWNER alkarmel TEMPLATE {template}"))
    yield postgres.url.set(username="alkarmel", database=name)
    with postgres.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def empty_database(postgres: sa.Engine) -> Iterator[sa.URL]:
    """A database without tables."""
    yield from _new_database(postgres, "template0")


@pytest.fixture
def database(postgres: sa.Engine) -> Iterator[sa.URL]:
    """A database with the schema and no rows."""
    yield from _new_database(postgres, "migrated")


@pytest.fixture
def engine(database: sa.URL) -> Iterator[sa.Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def scratch(postgres: sa.Engine) -> Iterator[sa.Engine]:
    """A database with the schema for transactions that are never committed."""
    for url in _new_database(postgres, "migrated"):
        engine = connect(url)
        yield engine
        engine.dispose()


@pytest.fixture
def connection(scratch: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction, in which no time passes and after which nothing is left."""
    with scratch.connect() as connection:
        yield connection


@dataclass
class Archive:
    """An archive that is crawled by processes of its own, and read with SQL."""

    url: sa.URL
    directory: Path
    engine: sa.Engine
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(
        self, home: str, *arguments: str, spider: str = "alkarmel", **environment: str
    ) -> subprocess.Popen[str]:
        """`scrapy crawl alkarmel` of the site at ``home``, as a process."""
        command = [sys.executable, "-m", "scrapy", "crawl", spider]
        for setting in FAST:
            command += ["-s", setting]
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=PROJECT,
            env=self.environment(**{"ALKARMEL_URL": home} | environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def crawl(
        self, home: str, *arguments: str, spider: str = "alkarmel", **environment: str
    ) -> "Crawl":
        return ended(self.start(home, *arguments, spider=spider, **environment))

    def environment(self, **more: str) -> dict[str, str]:
        ours = ("ALKARMEL_", "CRAWLER_", "ARCHIVE_", "DATABASE_URL", "SEED_ARTICLE")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        return (
            inherited
            | {
                "DATABASE_URL": self.url.render_as_string(hide_password=False),
                "ARCHIVE_DIR": str(self.directory),
            }
            | more
        )

    def rows(self, query: str, **parameters: Any) -> list[sa.Row[Any]]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(query), parameters))

    def value(self, query: str, **parameters: Any) -> Any:
        return self.rows(query, **parameters)[0][0]

    def article(self, url: str) -> sa.Row[Any]:
        """An article, with what the ledger says of its page."""
        (row,) = self.rows(
            "SELECT articles.*, pages.state, pages.reason, pages.next_fetch_at FROM articles"
            " JOIN pages USING (url) WHERE url = :url",
            url=url,
        )
        return row

    def look(self, home: str, url: str, *arguments: str) -> None:
        """Crawl one page."""
        crawl = self.crawl(home, "-a", f"url={url}", *arguments)
        assert crawl.exit_code == 0, crawl.log

    def states(self) -> dict[str, int]:
        return dict(map(tuple, self.rows("SELECT state, count(*) FROM pages GROUP BY 1")))


@pytest.fixture(scope="session")
def demo_archive(
    postgres: sa.Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """What `make demo` makes: what the documents print is read from it."""
    for url in _new_database(postgres, "migrated"):
        archive = Archive(url, tmp_path_factory.mktemp("demo"), connect(url))
        site = demo_site()
        with serve(site) as server:
            for _, arguments in crawls_of_the_demo(site):
                crawl = archive.crawl(server.url, *arguments)
                assert crawl.exit_code == 0, crawl.log
        yield archive
        archive.engine.dispose()


def alembic(archive: Archive, *arguments: str) -> str:
    """What alembic, called in the project's root with DATABASE_URL, says."""
    process = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=PROJECT,
        env=archive.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def run_scrapy(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Any scrapy command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass(frozen=True)
class Crawl:
    """A crawl that has ended."""

    exit_code: int
    output: str
    log: str


def ended(process: subprocess.Popen[str]) -> Crawl:
    output, log = process.communicate(timeout=PATIENCE)
    return Crawl(process.returncode, output, log)


@pytest.fixture
def archive(database: sa.URL, engine: sa.Engine, tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(database, tmp_path / "archive", engine)
    yield archive
    for process in archive.processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.communicate()
