"""One, two and three workers on one ledger: python -m benchmarks.workers [--articles 900].

Of a site without a limit: articles a second, from the first answer of all the workers to the
last, beside one worker; and whether an article was asked for twice or lost. The site has a core,
the workers and PostgreSQL have the others: with two cores all workers share one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from benchmarks.crawl import PROJECT, SETTINGS, article_addresses, new_database, site
from crawler.db import ledger
from crawler.db.embedded import EmbeddedPostgres
from crawler.db.schema import upgrade
from crawler.db.session import connect, database_url
from crawler.items import Discovery
from crawler.text.urls import canonical_url


@dataclass(frozen=True)
class Measured:
    """What some workers did together; CPU seconds are the workers' alone."""

    workers: int
    articles: int
    asked_twice: int
    seconds: float
    cpu: float
    per_worker: list[int]

    @property
    def rate(self) -> float:
        return self.articles / self.seconds


def main() -> None:
    options = read_options()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name, site(options, core=cores[-1]) as home:
        if len(cores) > 1:
            os.sched_setaffinity(0, set(cores[:-1]))
        directory = Path(name)
        with EmbeddedPostgres(directory) as server:
            results = [measure(home, server, directory, count) for count in (1, 2, 3)]
    show(results, len(cores))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--articles", type=int, default=900)
    parser.add_argument("--layout", default="post", choices=("table", "post", "semantic"))
    parser.add_argument("--weight", type=int, default=95_000, help="bytes of a page")
    return parser.parse_args()


def measure(home: str, server: EmbeddedPostgres, directory: Path, count: int) -> Measured:
    """Let some workers empty a ledger of their own."""
    url = new_database(server, f"workers_{count}")
    engine = connect(database_url(url))
    addresses = article_addresses(home)
    upgrade(engine)
    with engine.begin() as connection:
        found = [Discovery(canonical_url(each), each, "benchmark") for each in addresses]
        ledger.discover(connection, "alkarmel", found)
    asked = len(requests(home))
    before = os.times()
    workers = [start(home, url, directory / f"host-{n}") for n in range(count)]
    if any(worker.wait() for worker in workers):
        raise SystemExit("A worker ended early; its log is above.")
    after = os.times()
    pages = Counter(path for path in requests(home)[asked:] if not path.endswith("robots.txt"))
    with engine.connect() as connection:
        articles, seconds = connection.execute(
            sa.text(
                "SELECT (SELECT count(*) FROM articles), extract(epoch FROM"
                " max(fetched_at) - min(fetched_at))::float FROM captures"
            )
        ).one()
        shares = connection.scalars(
            sa.text("SELECT count(*) FROM captures GROUP BY run_id ORDER BY 1")
        )
        per_worker = list(shares)
    engine.dispose()
    if articles != len(addresses):
        raise SystemExit(f"{len(addresses) - articles} articles were lost.")
    return Measured(
        count,
        articles,
        asked_twice=pages.total() - len(pages),
        seconds=seconds,
        cpu=after.children_user + after.children_system
        - before.children_user - before.children_system,
        per_worker=per_worker,
    )  # fmt: skip


def requests(home: str) -> list[str]:
    with urllib.request.urlopen(f"{home}__requests.json") as response:
        return [record["path"] for record in json.load(response)]


def start(home: str, url: str, archive_dir: Path) -> subprocess.Popen[bytes]:
    """A worker with a directory of its own, as on a machine of its own."""
    command = [sys.executable, "-m", "scrapy", "crawl", "alkarmel", "-a", "mode=worker"]
    for setting, value in SETTINGS.items():
        command += ["-s", f"{setting}={value}"]
    environment = {"ALKARMEL_URL": home, "DATABASE_URL": url, "ARCHIVE_DIR": str(archive_dir)}
    return subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )


def show(results: list[Measured], cores: int) -> None:
    columns = ("workers", "articles/s", "× one", "CPU s / 1,000", "asked twice", "shares")
    table = Table(*columns, title=f"Workers on a site without a limit; {cores} cores in all")
    for result in results:
        table.add_row(
            str(result.workers),
            f"{result.rate:.0f}",
            f"{result.rate / results[0].rate:.2f}",
            f"{result.cpu / result.articles * 1000:.1f}",
            str(result.asked_twice),
            ", ".join(map(str, result.per_worker)),
        )
    Console().print(table)


if __name__ == "__main__":
    main()
