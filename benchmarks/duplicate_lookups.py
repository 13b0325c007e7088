"""Finding duplicates in a large archive: python -m benchmarks.duplicate_lookups CORPUS.jsonl.gz.

Prints, for archives of 10,000, 100,000 and 1,000,000 texts, what an article's lookup (alone, and
as one of a batch of 64) and the writing of its signature cost: milliseconds of the server
process's CPU, reading from the kernel's cache included, and of the client's clock; and the size
of the index. CORPUS holds one JSON object a line with title and text. Beyond it signatures are
drawn as texts of the same lengths would have them; one in 30 has one of 50 standing sentences.
A text is looked up in the transaction that has written its signature, as a crawl does. An index
that has grown row by row is larger than this one, which is built at once.
"""

import argparse
import gzip
import io
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

import numpy as np
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from crawler.db.duplicate_candidates import (
    COMMON,
    find_candidates,
    keep_signatures,
    signatures_of,
    site_bands,
)
from crawler.db.embedded import EmbeddedPostgres
from crawler.db.schema import upgrade
from crawler.db.session import connect, database_url
from crawler.text.signatures import VALUES
from crawler.text.similarity import VERSION, signature

SIZES = (10_000, 100_000, 1_000_000)
SINGLES, BATCHES, BATCH = 400, 40, 64  # what is measured at each size
STANDING = 50  # sentences
SITE = "alkarmel"
Entry = tuple[bytes, list[int]]


@dataclass(frozen=True)
class Measured:
    """Milliseconds an article: of the server's CPU, and medians of the clock."""

    texts: int
    find_one: tuple[float, float]
    find: tuple[float, float]  # in a batch
    write_one: tuple[float, float]
    write: tuple[float, float]
    candidates: float
    index_bytes: int
    table_bytes: int
    common: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        EmbeddedPostgres(Path(directory)) as server,
    ):
        engine = connect(database_url(server.url))
        upgrade(engine)
        with engine.begin() as connection:  # the articles themselves have no part in this
            connection.execute(
                sa.text("ALTER TABLE signatures DROP CONSTRAINT fk_signatures_article_id_articles")
            )
        made = entries(read_corpus(options.corpus))
        results = []
        stored = 0
        for size in options.sizes:
            fill(engine, stored + 1, islice(made, size - stored))
            results.append(measure(engine, size, islice(made, SINGLES + BATCHES * BATCH)))
            show(results[-1:])
            stored = size
        engine.dispose()
    show(results)


def read_corpus(path: Path) -> list[tuple[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        articles = map(json.loads, lines)
        return [(article["title"], article["text"]) for article in articles if article["text"]]


def entries(corpus: list[tuple[str, str]]) -> Iterator[Entry]:
    """The corpus, then for ever signatures as texts of the same lengths would have."""
    real = [signature(*text) for text in corpus]
    yield from ((made, site_bands(made, SITE)) for made in real)
    dice, draw = Random(1), np.random.default_rng(1)
    standing = [dice.randbytes(8) for _ in range(STANDING)]
    for model in iter(lambda: dice.choice(real), None):
        head, values, passages = model[:4], model[4 : 4 + 2 * VALUES], model[4 + 2 * VALUES :]
        # The least of many hashes is smaller the more there are: a long text's values are alike.
        mean = np.frombuffer(values, "<u2").mean() + 0.5
        drawn = np.minimum(draw.exponential(mean, len(values) // 2), 65_535)
        values = drawn.astype("<u2").tobytes()
        passages = dice.randbytes(len(passages))
        if passages and dice.random() < 1 / 30:
            passages = passages[:-8] + dice.choice(standing)
        made = head + values + passages
        yield made, site_bands(made, SITE)


def fill(engine: sa.Engine, number: int, entries: Iterable[Entry]) -> None:
    """Add signatures at once, and the bands among them that are common."""
    with engine.begin() as connection:
        for memory in ("maintenance_work_mem", "work_mem"):
            connection.execute(sa.text(f"SET LOCAL {memory} = '512MB'"))
        connection.execute(sa.text("SET LOCAL enable_hashagg = off"))  # there are too many groups
        connection.execute(sa.text("DROP INDEX ix_signatures_bands"))
        cursor = connection.connection.cursor()
        entries = iter(entries)
        while rows := list(islice(entries, 10_000)):
            lines = "".join(
                f"{article}\t{VERSION}\t\\\\x{made.hex()}\t{{{','.join(map(str, keys))}}}\n"
                for article, (made, keys) in enumerate(rows, number)
            )
            cursor.copy_expert("COPY signatures FROM STDIN", io.StringIO(lines))
            number += len(rows)
        connection.execute(
            sa.text("CREATE INDEX ix_signatures_bands ON signatures USING gin (bands)"
                    " WITH (fastupdate = off)")
        )  # fmt: skip
        connection.execute(_FIND_COMMON, {"common": COMMON})
        connection.execute(_DROP_COMMON)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM ANALYZE signatures"))
    # Else whoever reads first writes out what was filled in.
    administrator = connect(engine.url.set(username="postgres"))
    with administrator.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("CHECKPOINT"))
    administrator.dispose()


# What storing article by article comes to.
_FIND_COMMON = sa.text(
    "INSERT INTO common_bands SELECT band, count(*) FROM signatures, unnest(bands) AS band"
    " GROUP BY band HAVING count(*) > :common ON CONFLICT DO NOTHING"
)
_DROP_COMMON = sa.text(
    "UPDATE signatures SET bands = ARRAY(SELECT band FROM unnest(bands) AS band"
    " WHERE band NOT IN (SELECT band FROM common_bands))"
    " WHERE bands && (SELECT array_agg(band) FROM common_bands)"
)


def measure(engine: sa.Engine, size: int, entries: Iterable[Entry]) -> Measured:
    """Store and look up further articles, which are taken out again."""
    new = {10**9 + number: made for number, (made, _) in enumerate(entries)}
    numbers, sites = list(new), dict.fromkeys(new, SITE)
    batches = [numbers[at : at + BATCH] for at in range(SINGLES, len(numbers), BATCH)]
    half = len(batches) // 2
    with engine.connect() as connection:
        write, find = Stopwatch(connection), Stopwatch(connection)
        write_one, find_one = Stopwatch(connection), Stopwatch(connection)
        pairs = 0
        for number, batch in enumerate(batches):
            if number == half:  # by now that is in memory which every lookup reads
                write, find = Stopwatch(connection), Stopwatch(connection)
                pairs = 0
            with connection.begin():
                with write.timing(BATCH):
                    keep_signatures(connection, {n: new[n] for n in batch}, sites)
                with find.timing(BATCH):
                    pairs += look_up(connection, batch)
        for one in numbers[:SINGLES]:
            with connection.begin():
                with write_one.timing(1):
                    keep_signatures(connection, {one: new[one]}, sites)
                with find_one.timing(1):
                    look_up(connection, [one])
        with connection.begin():
            index, table, common = connection.execute(_SIZES).one()
            connection.execute(sa.text("DELETE FROM signatures WHERE article_id >= 1000000000"))
    return Measured(
        size,
        find_one.a_text,
        find.a_text,
        write_one.a_text,
        write.a_text,
        pairs / (len(batches) - half) / BATCH,
        index,
        table,
        common,
    )


def look_up(connection: sa.Connection, articles: list[int]) -> int:
    """How many pairs `likely` would have to look at; with the signatures that it needs."""
    pairs, _ = find_candidates(connection, articles)
    if pairs:
        signatures_of(connection, {article for pair in pairs for article in pair})
    return len(pairs)


class Stopwatch:
    """Times what a connection does, by the clock and by what its server process has run."""

    def __init__(self, connection: sa.Connection):
        process = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
        self._schedule = Path(f"/proc/{process}/schedstat")  # nanoseconds on a core come first
        self._ran, self._texts, self._clock = 0, 0, list[float]()

    @contextmanager
    def timing(self, texts: int) -> Iterator[None]:
        ran, begun = self._now(), time.perf_counter()
        yield
        self._clock.append((time.perf_counter() - begun) * 1000 / texts)
        self._ran += self._now() - ran
        self._texts += texts

    def _now(self) -> int:
        return int(self._schedule.read_text().split()[0])

    @property
    def a_text(self) -> tuple[float, float]:
        """Milliseconds: of the server's CPU, and the median of the clock."""
        return self._ran / 1e6 / self._texts, median(self._clock)


_SIZES = sa.text(
    "SELECT pg_relation_size('ix_signatures_bands'), pg_total_relation_size('signatures'),"
    " (SELECT count(*) FROM common_bands)"
)


def show(results: list[Measured]) -> None:
    columns = ("texts", "lookup", "in a batch", "writing", "in a batch", "candidates",
               "index MB", "with table MB", "common")  # fmt: skip
    table = Table(*columns, title="Finding duplicates: ms of CPU (of the clock) an article")
    for each in results:
        table.add_row(
            f"{each.texts:,}",
            *(
                f"{cpu:.2f} ({clock:.2f})"
                for cpu, clock in (each.find_one, each.find, each.write_one, each.write)
            ),
            f"{each.candidates:.2f}",
            f"{each.index_bytes / 2**20:,.0f}",
            f"{each.table_bytes / 2**20:,.0f}",
            f"{each.common:,}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
