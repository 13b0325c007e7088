"""How well and how fast article pages are read: ours beside the readers of others.

    python -m benchmarks.reading [--pages FOLDER] [--only NAME...] [--worst N]

FOLDER is of the form that reading_scores.py tells of; else $SAVED_NEWS_PAGES, else
../shared/pages. Speed is CPU time, each page parsed anew, on one core where the system can hold
us to one.
"""

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.peers import PEERS, forgiving, version
from benchmarks.reading_scores import (
    Page,
    Reader,
    Score,
    default_folder,
    ours,
    saved_pages,
    score,
    share,
)

OURS = "ours"
REQUIREMENTS = "benchmarks/requirements-peers.txt"
_CLEARLY = 0.02  # body F1; less is a matter of a word or two


def readers(names: list[str]) -> dict[str, Reader]:
    """Ours and the peers that are installed; the others are named on stderr."""
    missing = [name for name in PEERS if name in names and version(name) is None]
    if missing:
        print(
            f"Not installed and left out: {', '.join(missing)}. In an environment of their own: "
            f"pip install -r requirements.txt; pip install -r {REQUIREMENTS}",
            file=sys.stderr,
        )
    peers = {name: forgiving(read) for name, read in PEERS.items() if name in names}
    found = {f"{name} {version(name)}": read for name, read in peers.items() if version(name)}
    return ({OURS: ours} if OURS in names else {}) | found


def scores_of(reader: Reader, pages: list[Page]) -> list[Score]:
    """Scores of all pages, after some that are read to have imports and tables loaded.

    A peer reads the Arabic ones, because some load tables late and whatever they keep of a page
    can only favour them; ours gets no page that is among the few of that row.
    """
    arabic = [page for page in pages if page.truth.arabic and reader is not ours]
    for page in (pages[0], *arabic):
        reader(page)
    return [score(page, reader) for page in pages]


def table(scores: dict[str, list[Score]]) -> str:
    heads = f"{'body F1':>9}{'title':>8}{'day':>8}{'minute':>8}{'wrong dates':>13}{'pages/s':>9}"
    lines = [f"{'':<24}{heads}"]
    for name, rows in scores.items():
        dated = any(s.dated for s in rows)  # two peers read no dates
        shares = {
            "title": share([s.title for s in rows]),
            "day": share([s.day for s in rows]) if dated else None,
            "minute": share([s.minute for s in rows]) if dated else None,
        }
        percents = "".join(f"{'-' if v is None else f'{v:.0%}':>8}" for v in shares.values())
        wrong = sum(s.wrong_date for s in rows) if dated else "-"
        speed = len(rows) / max(sum(s.seconds for s in rows), 1e-6)
        body = mean(s.body for s in rows)
        lines.append(f"{name:<24}{body:>9.3f}{percents}{wrong:>13}{speed:>9.0f}")
    return "\n".join(lines)


def beaten(scores: dict[str, list[Score]]) -> list[str]:
    """The pages on which a peer's body is better than ours, the widest gap first."""
    lines: list[tuple[float, str]] = []
    peers = {name: rows for name, rows in scores.items() if name != OURS}
    for index, mine in enumerate(scores[OURS]):
        best, name = max(((rows[index].body, name) for name, rows in peers.items()))
        if best > mine.body + _CLEARLY:
            lines.append((mine.body - best, f"{mine.body:.3f}  {best:.3f} {name:<24}{mine.file}"))
    return [line for _, line in sorted(lines)]


def main() -> int:
    parser = argparse.ArgumentParser(description="Score article readers over saved pages.")
    parser.add_argument("--pages", type=Path, default=default_folder())
    parser.add_argument("--only", nargs="+", choices=[OURS, *PEERS], default=[OURS, *PEERS])
    parser.add_argument("--worst", type=int, default=0, help="also list our N worst pages")
    options = parser.parse_args()
    if not (options.pages / "pages.jsonl").is_file():
        print(
            f"No pages.jsonl in {options.pages}: name a folder of saved pages with --pages.",
            file=sys.stderr,
        )
        return 2
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    logging.disable()  # peers tell of every page that they cannot read
    warnings.simplefilter("ignore")
    pages = saved_pages(options.pages)
    scores = {name: scores_of(reader, pages) for name, reader in readers(options.only).items()}
    _report(scores, options.worst)
    return 0


def _report(scores: dict[str, list[Score]], worst: int) -> None:
    arabic = {name: [s for s in rows if s.arabic] for name, rows in scores.items()}
    for title, group in (("Arabic", arabic), ("All", scores)):
        count = len(next(iter(group.values())))
        if count:
            print(f"{title}, {count} pages\n{table(group)}\n")
    if OURS in scores and len(scores) > 1:
        print(f"Pages on which a peer's body F1 is better by more than {_CLEARLY} (ours, theirs):")
        print("\n".join(beaten(scores)) or "none")
    for row in sorted(scores.get(OURS, []), key=lambda s: s.body)[:worst]:
        print(f"{row.body:.3f} title {row.title} day {row.day}  {row.file}")


if __name__ == "__main__":
    sys.exit(main())
