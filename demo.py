"""make demo: the real crawl of the bundled replica site, and what came of it."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from crawler.db.session import archive_database, connect
from tests.site.days import crawls_of_the_demo, demo_site
from tests.site.seed import find_seed_article
from tests.site.server import serve

PROJECT = Path(__file__).resolve().parent
DEMO = PROJECT / ".demo"
SCRAPY = Path(sys.executable).with_name("scrapy")

QUERIES = {
    "Pages by state": "SELECT state, count(*) AS pages FROM pages GROUP BY 1 ORDER BY 2 DESC",
    "Articles by section": (
        "SELECT coalesce(section, '(none)') AS section, count(*) AS articles,"
        " to_char(min(published_at), 'YYYY-MM-DD') AS first,"
        " to_char(max(published_at), 'YYYY-MM-DD') AS last"
        " FROM articles GROUP BY 1 ORDER BY 2 DESC, 1"
    ),
}


def main() -> int:
    DEMO.mkdir(exist_ok=True)
    port = site_port()
    replica = demo_site(find_seed_article())
    with serve(replica, port=port) as site:
        print(f"The replica site is at {site.url}; the archive is in {DEMO.name}/.", flush=True)
        for news, arguments in crawls_of_the_demo(replica):
            print(f"Crawling {news}:", flush=True)
            if exit_code := crawl(site.url, arguments):
                return exit_code
    show()
    return 0


def site_port() -> int:
    """The same port each time, where it is free: the address of a site is its identity."""
    file = DEMO / "port"
    wanted = int(file.read_text()) if file.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    file.write_text(str(port))
    return port


def crawl(url: str, arguments: Sequence[str]) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"ALKARMEL_URL": url, "ARCHIVE_DIR": str(DEMO), "DATABASE_URL": ""}
    # Loopback needs no politeness.
    pace = ["-s", "DOWNLOAD_DELAY=0", "-s", "AUTOTHROTTLE_ENABLED=False"]
    command = [str(SCRAPY), "crawl", "alkarmel", "--logfile", str(DEMO / "crawl.log"), *pace]
    command += arguments
    return subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode


def show() -> None:
    console = Console()
    with archive_database(None, DEMO) as url:
        engine = connect(url)
        with engine.connect() as connection:
            for title, query in QUERIES.items():
                console.print(table_of(title, connection.execute(sa.text(query))))
        engine.dispose()
    console.print("Look at it with SQL:  ARCHIVE_DIR=.demo .venv/bin/scrapy db psql")


def table_of(title: str, rows: sa.CursorResult[tuple[object, ...]]) -> Table:
    table = Table(*rows.keys(), title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    return table


if __name__ == "__main__":
    sys.exit(main())
