"""How fast the search is: latency, size and writes at several sizes of archive.

    python -m benchmarks.search [--articles FILE] [--rows 10000 100000 1000000] [--folder FOLDER]

FILE (else $NEWS_ARTICLES, else ../shared/corpus/articles.jsonl.gz) has a JSON line per article
with title, text and category, gzipped or not. Each article of the archive is the first half of
one of them and the second half of another. Ten years of them arrive with a month of disorder, as
in a backfill. Their words are put together from those of the halves, as the column would have
them: to stem a million texts for every run would take the time and show nothing. Where rows
written per second are measured, the words are made from the texts.

The server has shared_buffers of 1 GB and is otherwise as installed; the data are in its or the
system's memory. Milliseconds are wall time of the first 20 rows with their snippets, fetched;
«CPU» is what the server's process took of it, on Linux.
"""

import argparse
import gzip
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.schema import upgrade
from crawler.db.session import connect, database_url
from crawler.text.arabic import clean, words

EACH = 40  # queries of a kind
WRITTEN = 2_000  # rows, in transactions of 20
SERVER = {"shared_buffers": "1GB", "max_wal_size": "8GB", "maintenance_work_mem": "512MB"}
ROWS = """
INSERT INTO articles (url, title, body, published_at, published_precision, section, word_count,
    digest, extractor_version, first_seen_at, last_seen_at, capture_id, words)
SELECT 'https://news.example/' || n, a.title || ' ' || n, a.opening || E'\n\n' || b.ending,
    timestamptz '2025-01-01' - (n / :rows ::float * 3650 + 30 * random()) * interval '1 day',
    'minute', a.section, 100, md5(n::text), '1', now(), now(), 1,
    {words}
FROM generate_series(CAST(:first AS bigint), :last) AS n
JOIN halves AS a ON a.number = n % :halves
JOIN halves AS b ON b.number = (n * 7919 + n / :halves) % :halves
"""
JOINED = "a.words || b.ending_words"
MADE = "search_words(a.title || ' ' || n, a.opening || E'\\n\\n' || b.ending)"


@dataclass(frozen=True)
class Query:
    """What is asked, and of which kind it is."""

    kind: str
    text: str
    since: str | None = None
    until: str | None = None
    section: str | None = None


@dataclass(frozen=True)
class Took:
    """Milliseconds of one query."""

    kind: str
    wall: float
    cpu: float


def articles(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for line in lines:
            article = json.loads(line)
            text = clean(article["text"])
            if len(text) > 100:
                middle = text.find(" ", len(text) // 2)
                yield {
                    "title": clean(article["title"]) or text[:40],
                    "opening": text[:middle],
                    "ending": text[middle:].strip() or "…",
                    "section": article["category"],
                }


def mix(halves: list[dict[str, str]]) -> list[Query]:
    """Queries of each kind, from the words that the articles have."""
    dice = random.Random(7)
    texts = [words(half["opening"]) for half in halves]
    held = Counter(word for text in texts for word in set(text) if re.fullmatch("[ء-ي]{3,}", word))
    ranked = [word for word, _ in held.most_common()]
    common, middle = ranked[:40], ranked[40:1_000]
    rare = [word for word in ranked if held[word] in (2, 3)]
    long_texts = [text for text in texts if len(text) > 20]
    pairs = Counter(pair for text in texts for pair in pairwise(text))
    known = [" ".join(pair) for pair, _ in pairs.most_common(200) if all(p in held for p in pair)]

    def passage() -> str:
        text = dice.choice(long_texts)
        start = dice.randrange(len(text) - 3)
        return " ".join(text[start : start + 3])

    def two(of: list[str]) -> list[str]:
        return dice.sample(of, 2)

    queries = []
    for number in range(EACH):
        year = 2016 + number % 8
        dated = {"since": f"{year}-03-01", "until": f"{year}-06-01"}
        queries += [
            Query("common word", common[number]),
            Query("middling word", dice.choice(middle)),
            Query("rare word", dice.choice(rare)),
            Query("two words", f"{dice.choice(common)} {dice.choice(middle)}"),
            Query("phrase", f'"{passage()}"'),
            Query("common phrase", f'"{known[number]}"'),
            Query("OR", " OR ".join(two(middle))),
            Query("minus", f"{dice.choice(middle)} -{dice.choice(common)}"),
            Query("three months", dice.choice(common + middle), **dated),
            Query("section", dice.choice(middle), section=dice.choice(halves)["section"]),
        ]
    return queries


def load(connection: sa.Connection, halves: list[dict[str, str]], rows: int) -> None:
    connection.execute(sa.text("INSERT INTO runs (spider, mode) VALUES ('x', 'ingest')"))
    connection.execute(
        sa.text(
            "INSERT INTO pages (site, url, request_url, address_shape) VALUES ('x', 'x', 'x', 'x');"
            "INSERT INTO captures (page_id, run_id, url, fetched_at, http_status, payload_digest)"
            " VALUES (1, 1, 'x', now(), 200, 'x');"
            "ALTER TABLE articles ALTER words DROP EXPRESSION;"
            "DROP INDEX ix_articles_words;"
            "CREATE TABLE halves ("
            " number bigint GENERATED ALWAYS AS IDENTITY (MINVALUE 0) PRIMARY KEY,"
            " title text, opening text, ending text, section text,"
            " words tsvector GENERATED ALWAYS AS (search_words(title, opening)) STORED,"
            " ending_words tsvector"
            " GENERATED ALWAYS AS (setweight(search_words(ending, ''), 'B')) STORED)"
        )
    )
    columns = sa.table("halves", *map(sa.column, ("title", "opening", "ending", "section")))
    connection.execute(sa.insert(columns), halves)
    connection.execute(sa.text("ANALYZE halves"))
    values = {"first": 1, "last": rows, "rows": rows, "halves": len(halves)}
    connection.execute(sa.text(ROWS.format(words=JOINED)), values)
    connection.commit()


def seconds(connection: sa.Connection, statement: str, **values: Any) -> float:
    start = time.perf_counter()
    connection.execute(sa.text(statement), values)
    connection.commit()
    return time.perf_counter() - start


def cpu_of(process: int) -> float:
    """Milliseconds that a process has run; 0 where the system does not say."""
    schedule = Path(f"/proc/{process}/schedstat")
    return int(schedule.read_text().split()[0]) / 1e6 if schedule.exists() else 0.0


def ask(connection: sa.Connection, queries: list[Query]) -> list[Took]:
    process = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    statement = sa.text(
        "SELECT * FROM search_articles(:text, :since, :until, :section)"
    ).bindparams(
        sa.bindparam("since", type_=sa.DateTime(timezone=True)),
        sa.bindparam("until", type_=sa.DateTime(timezone=True)),
    )
    took = []
    for query in queries:
        values = {"text": query.text, "section": query.section}
        values |= {"since": query.since, "until": query.until}
        cpu, start = cpu_of(process), time.perf_counter()
        connection.execute(statement, values).all()
        wall = 1e3 * (time.perf_counter() - start)
        took.append(Took(query.kind, wall, cpu_of(process) - cpu))
    return took


def written(connection: sa.Connection, made: str, rows: int, first: int, halves: int) -> float:
    """Rows a second, in transactions of 20."""
    start = time.perf_counter()
    for number in range(first, first + WRITTEN, 20):
        values = {"first": number, "last": number + 19, "rows": rows, "halves": halves}
        connection.execute(sa.text(ROWS.format(words=made)), values)
        connection.commit()
    return WRITTEN / (time.perf_counter() - start)


def percentile(times: list[float], percent: int) -> float:
    return quantiles(times, n=100, method="inclusive")[percent - 1]


def measure(engine: sa.Engine, halves: list[dict[str, str]], rows: int) -> None:
    with engine.connect() as connection:
        load(connection, halves, rows)
        made = "CREATE INDEX ix_articles_words ON articles"
        made += " USING gin (words, search_keys(published_at, section))"
        indexing = seconds(connection, made)
        seconds(connection, "ANALYZE articles")
        sizes = "pg_relation_size('ix_articles_words'), pg_total_relation_size('articles')"
        index, whole = connection.execute(sa.text(f"SELECT {sizes}")).one()
        print(
            f"\n{rows:,} articles, {whole / 1e6:,.0f} MB with all indexes; index of the words ",
            end="",
        )
        print(f"{index / 1e6:,.0f} MB, made in {indexing:.0f} s", flush=True)
        queries = mix(halves)
        ask(connection, queries)  # so that what is read from the disk is read
        report(ask(connection, queries))
        with_index = written(connection, MADE, rows, rows + 1, len(halves))
        seconds(connection, "DROP INDEX ix_articles_words")
        stemmed = written(connection, MADE, rows, rows + 1 + WRITTEN, len(halves))
        plain = written(connection, "''", rows, rows + 1 + 2 * WRITTEN, len(halves))
        print(
            f"rows written per second: {plain:,.0f} without words, {stemmed:,.0f} with words, ",
            end="",
        )
        print(f"{with_index:,.0f} with words and their index", flush=True)


def report(took: list[Took]) -> None:
    print(f"{'ms':<16}{'p50':>8}{'p95':>8}{'most':>8}{'CPU p50':>10}{'CPU p95':>10}")
    kinds = list(dict.fromkeys(one.kind for one in took))
    for kind in [*kinds, "all"]:
        group = [one for one in took if kind in (one.kind, "all")]
        wall, cpu = [one.wall for one in group], [one.cpu for one in group]
        print(
            f"{kind:<16}{median(wall):>8.1f}{percentile(wall, 95):>8.1f}{max(wall):>8.1f}"
            f"{median(cpu):>10.1f}{percentile(cpu, 95):>10.1f}",
            flush=True,
        )


def default_articles() -> Path:
    given = os.environ.get("NEWS_ARTICLES")
    return Path(given) if given else Path("../shared/corpus/articles.jsonl.gz")


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the search.")
    parser.add_argument("--articles", type=Path, default=default_articles())
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="where the server's data go for the while")
    options = parser.parse_args()
    if not options.articles.is_file():
        print(f"There is no {options.articles}: name a file with --articles.", file=sys.stderr)
        return 2
    halves = list(articles(options.articles))
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            with EmbeddedPostgres(Path(folder)) as server:
                _configure(server.url)
            with EmbeddedPostgres(Path(folder)) as server:
                engine = connect(database_url(server.url))
                upgrade(engine)
                measure(engine, halves, rows)
                engine.dispose()
    return 0


def _configure(url: str) -> None:
    administrator = connect(database_url(url).set(username="postgres"))
    with administrator.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for name, value in SERVER.items():
            connection.execute(sa.text(f"ALTER SYSTEM SET {name} = '{value}'"))
    administrator.dispose()


if __name__ == "__main__":
    sys.exit(main())
