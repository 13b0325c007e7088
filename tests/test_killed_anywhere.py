"""A crawl that is killed again and again, with its database, ends as one that nobody disturbed.

KILLS=300 SEED=7 pytest tests/test_killed_anywhere.py kills more often, at other moments.
"""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.session import connect, database_url
from tests.conftest import Archive, ended, run_scrapy
from tests.site.replica import Site
from tests.site.server import serve

KILLS = int(os.environ.get("KILLS", "15"))
SEED = int(os.environ.get("SEED", "1"))
VICTIMS = ("crawler", "crawler", "crawler", "process", "server")  # one of the server's, or all

COMPARED = """
SELECT a.url, a.title, a.body, a.published_at, a.published_precision, a.section, a.dateline,
       a.agency, a.revision, a.digest,
       (SELECT count(*) FROM revisions r WHERE r.article_id = a.id) AS revisions,
       (SELECT array_agg(l.url ORDER BY position) FROM links l WHERE l.article_id = a.id) AS links
FROM articles a ORDER BY a.url
"""


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # It was quicker.
        os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


class Victims:
    """The processes of one crawl and its embedded server."""

    def __init__(self, archive: Archive, dice: random.Random):
        self.archive = archive
        self.dice = dice
        self.killed: Counter[str] = Counter()

    def strike(self, crawl: subprocess.Popen[str]) -> None:
        victim = self.dice.choice(VICTIMS)
        postmaster = self._postmaster()
        processes = children(postmaster) if postmaster else []
        if victim == "process" and processes:
            kill(self.dice.choice(processes))
        elif victim == "server" and postmaster:
            for pid in (postmaster, *processes):
                kill(pid)
        else:
            victim = "crawler"
            kill(crawl.pid)
        self.killed[victim] += 1

    def _postmaster(self) -> int:
        """0 where none is up."""
        file = self.archive.directory / "postgres/data/postmaster.pid"
        with suppress(FileNotFoundError, IndexError, ValueError):  # It is being written.
            return int(file.read_text().split()[0])
        return 0


def embedded(directory: Path) -> Archive:
    """An archive with a server of its own, which can be killed."""
    nowhere = sa.make_url("postgresql+psycopg2://")
    return Archive(nowhere, directory, sa.create_engine(nowhere))


def crawl(archive: Archive, home: str, *more: str) -> subprocess.Popen[str]:
    arguments = ("-s", "DATABASE_PATIENCE=2", "-s", "DOWNLOAD_DELAY=0.005", *more)
    return archive.start(home, *arguments, DATABASE_URL="")


def contents(archive: Archive) -> tuple[list[sa.Row[Any]], Counter[str], Counter[str]]:
    """The articles, the states of the ledger and the outcomes of the crawls."""
    with EmbeddedPostgres(archive.directory) as server:
        engine = connect(database_url(server.url))
        with engine.connect() as connection:
            articles = list(connection.execute(sa.text(COMPARED)))
            states = Counter(connection.scalars(sa.text("SELECT state FROM pages")))
            outcomes = Counter(connection.scalars(sa.text("SELECT outcome FROM runs")))
        engine.dispose()
    return articles, states, outcomes


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")
def test_an_archive_killed_at_random_moments_is_the_undisturbed_one(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    disturbed = embedded(tmp_path / "disturbed")
    undisturbed = embedded(tmp_path / "undisturbed")
    victims = Victims(disturbed, dice)
    with serve(Site("semantic", articles=150)) as server:
        running: subprocess.Popen[str] | None = None
        while sum(victims.killed.values()) < KILLS:
            if running is None or running.poll() is not None:
                if running is not None:
                    ended(running)
                    server.site.publish(3)  # so that there is always something left to do
                running = crawl(disturbed, server.url)
                asked = len(server.requests)
                # Most strikes are for the crawl itself, some for its first and last second.
                while dice.random() < 0.99 and len(server.requests) == asked:
                    assert running.poll() in (None, 0, 1)
                    time.sleep(0.05)
            time.sleep(dice.uniform(0, 2))
            if running.poll() is None:
                victims.strike(running)
        assert running is not None
        kill(running.pid)
        ended(running)
        assert ended(crawl(disturbed, server.url)).exit_code == 0
        assert ended(crawl(undisturbed, server.url)).exit_code == 0

    articles, states, outcomes = contents(disturbed)
    expected, expected_states, _ = contents(undisturbed)
    print(f"killed: {dict(victims.killed)}; crawls: {dict(outcomes)}; articles: {len(articles)}")
    assert articles == expected
    assert states == expected_states
    assert set(outcomes) <= {"finished", "interrupted", "failed"}
    verified = run_scrapy(disturbed.environment(DATABASE_URL=""), "verify")
    assert verified.returncode == 0, verified.stdout
    assert f"{len(articles)} of {len(articles)} articles derived again" in verified.stdout
