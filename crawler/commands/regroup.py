"""scrapy regroup: finds the duplicates of the whole archive again, by the rules of today."""

import argparse
import os
import time
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing

import sqlalchemy as sa

from crawler.archive_command import ArchiveCommand
from crawler.db.runs import CrawlRun
from crawler.errors import DONE
from crawler.spiders.alkarmel import AlkarmelSpider

SITE = AlkarmelSpider.name
BATCH = 200  # articles compared in one transaction
EXAMPLES = 3  # shown of each kind of change


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[--dry-run]"

    def short_desc(self) -> str:
        return "Find the duplicates of the whole archive again; goes on where it was killed"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--dry-run", action="store_true", help="show the changes, store none")

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        with self.archive() as engine:
            # A crawl goes on finding duplicates by itself, but two of these would not go on
            # where the other is.
            run = None if opts.dry_run else CrawlRun.open(engine, spider=SITE, mode="regroup")
            with engine.connect() as connection:
                summary = _regroup(connection, run.id if run else None)
            if run:
                run.finish(engine, outcome="finished", reason=summary)
        kept = "nothing was stored (--dry-run)" if opts.dry_run else "stored"
        print(f"regroup: {summary}; {kept}")
        self.exitcode = DONE


def _regroup(connection: sa.Connection, run_id: int | None) -> str:
    """Go through the archive, in a rehearsal without a run; what it came to, in words."""
    # Imported here because Scrapy imports every command, whichever is run.
    from crawler.db import regrouping

    with connection.begin():
        if run_id is None:
            regrouping.rehearse(connection)
        regrouping.remember_groups(connection)
        begin = regrouping.take_up(connection, run_id) if run_id else 0
    if begin:
        print(f"Going on after article {begin}, which an earlier pass had reached.")
    begun, count = time.monotonic(), 0
    with closing(_signed(connection, begin)) as batches:
        for signatures in batches:
            with connection.begin():
                regrouping.find_again(connection, signatures, run_id)
            count += len(signatures)
    rate = count / max(time.monotonic() - begun, 0.001)
    with connection.begin():
        changes = regrouping.differences(connection, EXAMPLES)
        now = regrouping.count_groups(connection)
    for name, (number, urls) in changes.items():
        if number:
            print(f"{name}:", *urls, "…" if number > EXAMPLES else "", sep="\n  ")
    return (
        f"{now.articles} articles tell {now.stories} stories; "
        + ", ".join(f"{number} {name}" for name, (number, _) in changes.items())
        + f"; {now.containments} held whole by longer ones; "
        f"{now.common} bands too common to say anything; {rate:.0f} articles/s"
    )


def _signed(
    connection: sa.Connection, after: int
) -> Generator[dict[tuple[int, str], bytes], None, None]:
    """Batch by batch the signatures of the articles after this one, made in all cores."""
    from crawler.db.regrouping import next_texts

    with ProcessPoolExecutor(os.cpu_count()) as pool:
        while True:
            with connection.begin():
                rows = next_texts(connection, after, BATCH)
            if not rows:
                return
            made = pool.map(_sign, [(row.title, row.body) for row in rows], chunksize=20)
            yield {(row.id, row.digest): each for row, each in zip(rows, made, strict=True)}
            after = rows[-1].id


def _sign(text: tuple[str, str]) -> bytes:
    from crawler.text.similarity import signature

    return signature(*text)
