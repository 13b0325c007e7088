"""How well reprints are found and strangers told apart, over real news text with planted cases.

    python -m benchmarks.duplicates [--corpus FILE] [--part choose|report] [--picture FILE]

FILE is gzipped JSON lines with id, title and text, else $NEWS_CORPUS, else
../shared/corpus/articles.jsonl.gz. Articles that resemble others of the corpus are stored and
looked up like all, but nothing is planted from them: what is right about them only a reader can
say, so what is found among them is counted and shown apart. Of the rest every article belongs to
one of two parts by its id: limits are chosen on the one, figures reported for the other.

The whole road is measured: signature, bands, worth_comparing, relation. `--picture` draws recall
and precision over the limit of similarity (benchmarks/requirements-duplicates.txt).
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from zlib import crc32

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.duplicate_edits import EDITS, Article, Others
from benchmarks.duplicate_strangers import strangers
from crawler.db.duplicate_candidates import COMMON
from crawler.text import similarity
from crawler.text.arabic import words
from crawler.text.similarity import Text, bands, relation, signature, worth_comparing

ASKED = {
    "other title",
    "spelling",
    "typing errors",
    "agency line",
    "lead rewritten",
    "two phrases",
} | {f"{share} % of words" for share in (5, 10, 15)}
ALIKE, HELD = 0.3, 0.6  # Jaccard and share of pairs of words from which corpus texts may be related


@dataclass(slots=True)
class Stored:
    """Texts by their signatures' bands, as the archive keeps them."""

    texts: list[Text]
    signatures: list[bytes]
    holders: dict[int, list[int]]

    @classmethod
    def of(cls, articles: Iterable[Article]) -> "Stored":
        texts = [Text(article.title, article.body) for article in articles]
        signatures = [signature(text.title, text.body) for text in texts]
        holders = defaultdict(list)
        for number, each in enumerate(signatures):
            for band in bands(each):
                holders[band].append(number)
        return cls(texts, signatures, holders)

    def candidates(self, mine: bytes) -> set[int]:
        found = (self.holders.get(band, []) for band in bands(mine))
        return {
            number
            for numbers in found
            if len(numbers) <= COMMON
            for number in numbers
            if worth_comparing(self.signatures[number], mine)
        }


def pairs_of(body: str) -> set[tuple[str, str]]:
    found = similarity._words(body)
    return set(found.pairs)


def read_corpus(path: Path) -> tuple[list[str], list[Article]]:
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [row["id"] for row in rows], [
        Article(row["title"], row["text"].replace("\n", "\n\n")) for row in rows
    ]


def resembling(stored: Stored) -> set[int]:
    """The texts that may be related to others of the corpus, taken widely."""
    found = set[int]()
    for number, mine in enumerate(stored.signatures):
        for other in stored.candidates(mine) - {number}:
            a, b = pairs_of(stored.texts[number].body), pairs_of(stored.texts[other].body)
            shared = len(a & b)
            if shared >= ALIKE * len(a | b) or shared >= HELD * min(len(a), len(b)):
                found |= {number, other}
    return found


@dataclass(frozen=True, slots=True)
class Finding:
    """What one planted text came to: found as its own text's relation, and as others'."""

    kind: str
    right: float | None  # similarity to the text that it was made from; None: not found
    candidate: bool  # whether the signatures led to it
    wrong: tuple[float, ...]  # similarity to texts that it was not made from


def plant(
    stored: Stored, numbers: list[int], articles: list[Article], others: Others
) -> Iterator[Finding]:
    for kind, (edit, kinds) in EDITS.items():
        for number in numbers:
            dice = Random(f"{kind} {number}")
            edited = edit(articles[number], others, dice)
            if edited is None:
                continue
            text = Text(edited.title, edited.body)
            near = stored.candidates(signature(text.title, text.body))
            right, wrong = None, []
            for other in sorted(near):
                found = relation(stored.texts[other], text)
                if found and other == number and found.kind in kinds:
                    right = found.similarity
                elif found and other != number and articles[other].body not in edited.body:
                    wrong.append(found.similarity)
            yield Finding(kind, right, number in near, tuple(wrong))


Case = tuple[str, tuple[Article, Article]]


def merged(cases: Iterable[Case]) -> Iterator[tuple[str, bool, bool]]:
    """Kind, whether the rules relate the two, and whether the signatures lead to it."""
    for kind, pair in cases:
        first, second = (Text(article.title, article.body) for article in pair)
        one, two = (signature(article.title, article.body) for article in pair)
        led = bool(set(bands(one)) & set(bands(two))) and worth_comparing(one, two)
        yield kind, relation(first, second) is not None, led


def cpu(work: Callable[[], object], times: int) -> float:
    """Microseconds of CPU for one of ``times``."""
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / times * 1e6


def print_reprints(findings: list[Finding]) -> None:
    print(f"\n{'planted reprints':24} {'texts':>6} {'led to':>7} {'recall':>7} {'wrong':>6}")
    rows = [(kind, [f for f in findings if f.kind == kind]) for kind in EDITS]
    rows.append(("asked for", [f for f in findings if f.kind in ASKED]))
    rows.append(("all", findings))
    for kind, row in rows:
        right = sum(finding.right is not None for finding in row)
        wrong = sum(len(finding.wrong) for finding in row)
        led = sum(finding.candidate for finding in row)
        print(f"{kind:24} {len(row):6} {led / len(row):7.4f} {right / len(row):7.4f} {wrong:6}")
    right = sum(f.right is not None for f in findings)
    wrong = sum(len(f.wrong) for f in findings)
    print(f"precision {right / (right + wrong):.5f}")


def print_strangers(pairs: list[tuple[str, bool, bool]]) -> None:
    print(f"\n{'planted strangers':32} {'pairs':>6} {'led to':>7} {'merged':>7}")
    counts, led, wrong = Counter[str](), Counter[str](), Counter[str]()
    for kind, found, near in pairs:
        counts[kind] += 1
        led[kind] += near
        wrong[kind] += found
    for kind, count in counts.items():
        print(f"{kind:32} {count:6} {led[kind]:7} {wrong[kind]:7}")
    print(f"{'all':32} {counts.total():6} {led.total():7} {wrong.total():7}")


def print_costs(articles: list[Article]) -> None:
    typical = [article for article in articles if 280 <= len(words(article.body)) <= 320]
    signatures = [signature(article.title, article.body) for article in typical]
    texts = [Text(article.title, article.body) for article in typical]
    changed = [Text(text.title, text.body.replace(" من ", " عن ")) for text in texts]
    cost = {
        "signature": cpu(lambda: [signature(a.title, a.body) for a in typical], len(typical)),
        "bands": cpu(lambda: [bands(each) for each in signatures], len(typical)),
        "worth_comparing": cpu(
            lambda: [worth_comparing(signatures[0], each) for each in signatures], len(typical)
        ),
        "relation of reprints": cpu(
            lambda: [relation(a, b) for a, b in zip(texts, changed, strict=True)], len(typical)
        ),
        "relation of strangers": cpu(
            lambda: [relation(texts[0], other) for other in texts], len(typical)
        ),
    }
    print(f"\nMicroseconds of CPU, {len(typical)} articles of about 300 words:")
    print(", ".join(f"{name} {value:.0f}" for name, value in cost.items()))
    lengths = [len(each) for each in signatures]
    keys = [len(bands(each)) for each in signatures]
    print(f"signature {sum(lengths) / len(lengths):.0f} bytes, {sum(keys) / len(keys):.0f} bands")


def print_own(stored: Stored, numbers: set[int], shown: int) -> None:
    """What is found among the corpus's own texts, and some of it for a reader to judge."""
    found = {}
    for number in sorted(numbers):
        for other in stored.candidates(stored.signatures[number]):
            if other < number:
                pair = stored.texts[other], stored.texts[number]
                if (each := relation(*pair)) is not None:
                    found[other, number] = each
    counts = Counter(each.kind for each in found.values())
    exact = sum(each.similarity == 1 and each.kind == "reprint" for each in found.values())
    print(f"\nthe corpus's own: {dict(counts)}, {exact} of them word for word")
    near = sorted(pair for pair, each in found.items() if each.similarity < 1)
    for one, two in Random(5).sample(near, min(shown, len(near))):
        print(f"\n{found[one, two]}")
        for text in (stored.texts[one], stored.texts[two]):
            print(f"  {text.title} | {text.body[:400]!r}")


def draw(
    picture: Path, numbered: list[tuple[Article, int]], others: Others, cases: list[Case]
) -> None:
    """Shares of planted texts found, and of strangers merged, over the limit of similarity.

    Dashed: the same by similarity alone, without the rules.
    """
    from matplotlib import pyplot

    limits = [limit / 100 for limit in range(10, 96)]
    axes = pyplot.subplots(figsize=(9, 5.5), layout="constrained")[1]
    chosen, similarity.LEAST_JACCARD = similarity.LEAST_JACCARD, 0.0
    planted: dict[str, list[Case]] = {}
    for kind in (*(f"{share} % of words" for share in (5, 10, 15, 20)), "lead rewritten"):
        edit = EDITS[kind][0]
        edits = ((a, edit(a, others, Random(f"{kind} {number}"))) for a, number in numbered)
        planted[kind] = [(kind, (article, edited)) for article, edited in edits if edited]
    planted["strangers merged"] = cases
    for (kind, pairs), colour in zip(planted.items(), "bgrcmk", strict=True):
        found = [similarities(pair) for _, pair in pairs]
        for column, style in enumerate(("-", "--")):
            shares = [sum(f[column] >= limit for f in found) / len(found) for limit in limits]
            axes.plot(limits, shares, style, color=colour, label=None if column else kind)
    similarity.LEAST_JACCARD = chosen
    axes.axvline(chosen, color="grey", linewidth=0.8)
    axes.set(xlabel="least Jaccard similarity of pairs of words", ylabel="share found or merged")
    axes.grid(alpha=0.3)
    axes.legend()
    pyplot.savefig(picture, dpi=120)


def similarities(pair: tuple[Article, Article]) -> tuple[float, float]:
    """Jaccard of two texts, if the rules let them be one story at any, and without the rules."""
    found = relation(*(Text(article.title, article.body) for article in pair))
    a, b = (pairs_of(article.body) for article in pair)
    jaccard = len(a & b) / len(a | b) if a | b else 0.0
    return (found.similarity if found and found.kind == "reprint" else 0.0), jaccard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("NEWS_CORPUS") or "../shared/corpus/articles.jsonl.gz"
    parser.add_argument("--corpus", type=Path, default=Path(default))
    parser.add_argument("--part", choices=("choose", "report"), default="report")
    parser.add_argument("--articles", type=int, help="of the part, for a quick look")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--show", type=int, default=0, help="of the corpus's own reprints")
    options = parser.parse_args()

    ids, articles = read_corpus(options.corpus)
    stored = Stored.of(articles)
    apart = resembling(stored)
    part = int(options.part == "report")
    numbers = [
        number
        for number, each in enumerate(ids)
        if number not in apart and crc32(each.encode()) % 2 == part
    ][: options.articles]
    ours = [articles[number] for number in numbers]
    vocabulary = [w for a in articles for w in words(a.body) if not any(map(str.isdigit, w))]
    others = Others(vocabulary, ours)
    print(
        f"{len(articles)} texts stored; {len(apart)} resemble others; "
        f"planted from {len(numbers)} of the part {options.part!r}"
    )
    findings = list(plant(stored, numbers, articles, others))
    print_reprints(findings)
    cases = list(strangers(options.part, ours, others, Random(options.part)))
    print_strangers(list(merged(cases)))
    print_costs(articles)
    print_own(stored, apart, options.show)
    if options.picture:
        draw(options.picture, [(articles[number], number) for number in numbers], others, cases)


if __name__ == "__main__":
    main()
