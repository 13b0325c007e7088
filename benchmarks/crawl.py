"""CPU and memory of a whole crawl: python -m benchmarks.crawl [--articles 3000] [--rounds 4].

Prints CPU seconds of the crawler for 1,000 articles: Scrapy that is given the addresses and looks
at nothing (the floor), this project without and with evidence (WARC), and the tutorial's shape
(CrawlSpider, one ORM commit an item). Without delay, concurrency 16, site and database on another
core. The crawlers take turns, each round; the tutorial's, which takes longest, has the first alone.
Shown are of each the least CPU and the highest peak of all rounds, and the median of its ratios to
the floor of the same round: trust that. What it took in one round beside what the floor took in
another says more of the machine, the more so as the floor needs less than half of the time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.session import connect, database_url

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = {
    "DOWNLOAD_DELAY": "0",
    "AUTOTHROTTLE_ENABLED": "False",
    "CONCURRENT_REQUESTS": "16",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "16",
    "LOG_LEVEL": "WARNING",
    "COOKIES_ENABLED": "False",  # its list of public suffixes would be downloaded
}
WITHOUT_WARC = ["-s", "WARC_KEEPS="]


@dataclass(frozen=True)
class Measured:
    """One crawler process: CPU, user and system, and time in seconds; peak memory in MB."""

    name: str
    articles: int
    cpu: float
    seconds: float
    peak: float

    @property
    def per_thousand(self) -> float:
        return self.cpu / self.articles * 1000


def main() -> None:
    options = read_options()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})  # inherited by the database, lest it preempt a crawler
    with (
        tempfile.TemporaryDirectory() as directory,
        EmbeddedPostgres(Path(directory)) as server,
        site(options, core=cores[-1]) as home,
    ):
        os.sched_setaffinity(0, {cores[0]})
        addresses = Path(directory) / "addresses.txt"
        addresses.write_text("\n".join(article_addresses(home)))
        rounds: list[list[Measured]] = []
        for number in range(options.rounds):
            results = [
                measure_floor(home, addresses),
                measure_ours(home, server, Path(directory), f"bare_{number}", WITHOUT_WARC),
                measure_ours(home, server, Path(directory), f"ours_{number}", []),
            ]
            if number == 0 and not options.without_tutorial:
                results.append(measure_tutorial(home, server))
            rounds.append(results)
    show(rounds)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--layout", default="post", choices=("table", "post", "semantic"))
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--weight", type=int, default=95_000, help="bytes of a page")
    parser.add_argument("--without-tutorial", action="store_true", help="it takes longest")
    return parser.parse_args()


@contextmanager
def site(options: argparse.Namespace, core: int) -> Iterator[str]:
    """The replica, in a process on that core; gives its address."""
    command = [sys.executable, "-m", "tests.site", "--layout", options.layout, "--port", "0"]
    command += ["--articles", str(options.articles), "--weight", str(options.weight)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {core})
    try:
        assert process.stdout
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def article_addresses(home: str) -> list[str]:
    with urllib.request.urlopen(f"{home}__truth.json") as response:
        return [home + article["address"].lstrip("/") for article in json.load(response)]


def measure_floor(home: str, addresses: Path) -> Measured:
    arguments = ["-a", f"addresses={addresses}"]
    return run("Scrapy, given the addresses", "floor", arguments, count_lines(addresses))


def measure_tutorial(home: str, server: EmbeddedPostgres) -> Measured:
    url = new_database(server, "tutorial")
    arguments = ["-a", f"home={home}", "-a", f"database={url}"]
    return run("CrawlSpider, a commit an item", "tutorial", arguments, url)


def measure_ours(
    home: str, server: EmbeddedPostgres, directory: Path, name: str, arguments: list[str]
) -> Measured:
    url = new_database(server, name)
    environment = {"ALKARMEL_URL": home, "DATABASE_URL": url, "ARCHIVE_DIR": str(directory)}
    title = "this project, without WARC" if arguments else "this project"
    return run(title, "alkarmel", arguments, url, environment)


def new_database(server: EmbeddedPostgres, name: str) -> str:
    url = database_url(server.url)
    administrator = connect(url.set(username="postgres", database="postgres"))
    with administrator.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} OWNER alkarmel"))
    administrator.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def run(
    name: str,
    spider: str,
    arguments: list[str],
    articles: int | str,
    environment: dict[str, str] | None = None,
) -> Measured:
    """Run a spider to its end; ``articles`` is their number, or the database to count them in."""
    command = [sys.executable, "-m", "scrapy", "crawl", spider, *arguments]
    if spider != "alkarmel":
        command = [sys.executable, "-m", f"benchmarks.{spider}", spider, *arguments]
    for setting, value in SETTINGS.items():
        command += ["-s", f"{setting}={value}"]
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **(environment or {})})
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    if status:
        raise SystemExit(f"{name}: the crawl ended with {os.waitstatus_to_exitcode(status)}")
    stored = count_articles(articles) if isinstance(articles, str) else articles
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(name, stored, cpu, seconds, usage.ru_maxrss / 1024)


def count_lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def count_articles(url: str) -> int:
    engine = connect(database_url(url))
    with engine.connect() as connection:
        count: int = connection.execute(sa.text("SELECT count(*) FROM articles")).scalar_one()
    engine.dispose()
    return count


def show(rounds: list[list[Measured]]) -> None:
    """A line a crawler; in each round the floor is the first."""
    columns = ("crawler", "articles", "CPU s / 1,000", "× floor", "seconds", "peak MB")
    table = Table(*columns, title="A crawl without delay, concurrency 16")
    for name in [result.name for result in rounds[0]]:
        pairs = [(each, results[0]) for results in rounds for each in results if each.name == name]
        least = min((each for each, _ in pairs), key=lambda each: each.cpu)
        table.add_row(
            name,
            str(least.articles),
            f"{least.per_thousand:.1f}",
            f"{median(each.per_thousand / floor.per_thousand for each, floor in pairs):.2f}",
            f"{least.seconds:.0f}",
            f"{max(each.peak for each, _ in pairs):.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
