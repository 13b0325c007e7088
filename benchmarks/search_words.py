"""How well the search knows words: ours beside PostgreSQL's `arabic` and `simple`.

    python -m benchmarks.search_words [--misses]

Each word of search_families.txt is put as a query to a text of each other word. Recall is the
share of pairs of one family that meet; precision the share of meetings that are of one family,
among all forms and neighbours of the part; a false meeting is one of a form and its neighbour.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from crawler.db.embedded import EmbeddedPostgres
from crawler.db.schema import upgrade
from crawler.db.session import connect, database_url

FAMILIES = Path(__file__).with_suffix("").with_name("search_families.txt")
SEARCHES = {  # a query as $query, a text as $text
    "ours": ("search_query({})", "search_words('', {})"),
    "arabic": ("websearch_to_tsquery('arabic', {})", "to_tsvector('arabic', {})"),
    "simple": ("websearch_to_tsquery('simple', {})", "to_tsvector('simple', {})"),
}


@dataclass(frozen=True)
class Family:
    """Forms of one word, those with another stem, and words that look like them."""

    part: str
    forms: tuple[str, ...]
    broken: tuple[str, ...]
    neighbours: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """How one search does on one part."""

    recall: float
    recall_with_broken: float
    precision: float
    false_meetings: float
    missed: tuple[tuple[str, str], ...]
    wrong: tuple[tuple[str, str], ...]


def families() -> list[Family]:
    lines = FAMILIES.read_text(encoding="utf-8").splitlines()
    cells = [[cell.split() for cell in line.split("|")] for line in lines if line[:1] != "#"]
    return [Family(part, *map(tuple, words)) for (part,), *words in cells]


def meetings(connection: sa.Connection, search: str, words: Sequence[str]) -> set[tuple[str, str]]:
    """Which word as a query finds which other one as a text."""
    query, text = SEARCHES[search]
    statement = sa.text(
        f"WITH words AS MATERIALIZED (SELECT word, {query.format('word')} AS query,"
        f" {text.format('word')} AS text FROM unnest(CAST(:words AS text[])) AS word)"
        " SELECT a.word, b.word FROM words AS a JOIN words AS b"
        " ON b.text @@ a.query AND a.word <> b.word"
    )
    return set(map(tuple, connection.execute(statement, {"words": list(words)})))


def score(connection: sa.Connection, search: str, group: Sequence[Family]) -> Score:
    words = dict.fromkeys(w for f in group for w in (*f.forms, *f.broken, *f.neighbours))
    met = meetings(connection, search, list(words))
    wanted = {pair for f in group for pair in permutations(f.forms, 2)}
    with_broken = {pair for f in group for pair in permutations((*f.forms, *f.broken), 2)}
    apart = {(q, n) for f in group for q in f.forms for n in f.neighbours}
    apart |= {(n, q) for q, n in apart}
    asked = {word for f in group for word in f.forms}
    found = {pair for pair in met if pair[0] in asked}
    return Score(
        recall=len(met & wanted) / len(wanted),
        recall_with_broken=len(met & with_broken) / len(with_broken),
        precision=len(found & with_broken) / max(len(found), 1),
        false_meetings=len(met & apart) / len(apart),
        missed=tuple(sorted(wanted - met)),
        wrong=tuple(sorted(found - with_broken)),
    )


def table(connection: sa.Connection) -> str:
    lines = [f"{'part':<8}{'search':<8}{'recall':>8}{'with broken plurals':>21}{'precision':>11}"]
    lines[0] += f"{'false meetings':>16}"
    for part in ("tuned", "unseen"):
        group = [family for family in families() if family.part == part]
        for search in SEARCHES:
            s = score(connection, search, group)
            lines.append(
                f"{part:<8}{search:<8}{s.recall:>8.1%}{s.recall_with_broken:>21.1%}"
                f"{s.precision:>11.1%}{s.false_meetings:>16.1%}"
            )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Score the search over families of words.")
    parser.add_argument("--misses", action="store_true", help="also name our mistakes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        engine = connect(database_url(server.url))
        upgrade(engine)
        with engine.connect() as connection:
            print(table(connection))
            if options.misses:
                _print_misses(connection)
        engine.dispose()
    return 0


def _print_misses(connection: sa.Connection) -> None:
    for part in ("tuned", "unseen"):
        mine = score(connection, "ours", [f for f in families() if f.part == part])
        print(f"\n{part}: missed", *(f"{one}/{other}" for one, other in mine.missed))
        print(f"{part}: wrong", *(f"{one}/{other}" for one, other in mine.wrong))


if __name__ == "__main__":
    sys.exit(main())
