"""Planted reprints: what desks do to a text of others before they print it, edit by edit.

Each edit takes an article, the texts of others to borrow words and sentences from, and the dice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.!?؟])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Article:
    """An article of the corpus, or one made of it."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Others:
    """What is borrowed from: words as often as they stand in the corpus (no digits), articles."""

    words: list[str]
    articles: list[Article]


Edit = Callable[[Article, Others, Random], Article | None]


def sentences(body: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.split(body) if sentence.strip()]


def length(body: str) -> int:
    return len(_WORD.findall(body))


def with_other_words(body: str, share: float, others: Others, dice: Random) -> str:
    """The given share of the words, numbers and names among them, replaced by chance words."""
    found = list(_WORD.finditer(body))
    for word in sorted(dice.sample(found, round(share * len(found))), key=lambda word: -word.end()):
        body = body[: word.start()] + dice.choice(others.words) + body[word.end() :]
    return body


def words_changed(share: float) -> Edit:
    def edit(article: Article, others: Others, dice: Random) -> Article:
        return replace(article, body=with_other_words(article.body, share, others, dice))

    return edit


def phrases_changed(article: Article, others: Others, dice: Random) -> Article:
    """Two phrases of two words each, replaced by chance words: the lightest hand of an editor."""
    body = article.body
    for at in sorted(dice.sample(range(length(body) // 2), 2), reverse=True):
        for word in list(_WORD.finditer(body))[2 * at : 2 * at + 2][::-1]:
            body = body[: word.start()] + dice.choice(others.words) + body[word.end() :]
    return replace(article, body=body)


def other_title(article: Article, others: Others, dice: Random) -> Article:
    return replace(article, title=dice.choice(others.articles).title)


def spelling(article: Article, others: Others, dice: Random) -> Article:
    """Hamzas, ta marbuta, alef maksura, digits and quotes as another desk writes them."""
    swaps: list[dict[int, str]] = [
        {ord(alef): "ا" for alef in "أإآ"},
        {ord("ة"): "ه"},
        {ord("ى"): "ي", ord("ي"): "ى"},
        {ord(str(digit)): "٠١٢٣٤٥٦٧٨٩"[digit] for digit in range(10)},
        {ord('"'): "«", ord("،"): ",", ord("-"): "–"},
        {ord("م"): "مـ"},
        {ord("د"): "دَ"},
    ]
    title, body = article.title, article.body
    for swap in dice.sample(swaps, 4):
        title, body = title.translate(swap), body.translate(swap)
    return Article(title, body.replace("مـ ", "م "))


def mistyped(article: Article, others: Others, dice: Random) -> Article:
    """One word in thirty loses a letter."""

    def typed(word: re.Match[str]) -> str:
        if len(word[0]) < 4 or word[0].isdigit() or dice.random() > 1 / 30:
            return word[0]
        at = dice.randrange(1, len(word[0]))
        return word[0][:at] + word[0][at + 1 :]

    return replace(article, body=_WORD.sub(typed, article.body))


_LINES = ("رام الله - الكرمل:", "القدس المحتلة - وكالات -", "خاص/ متابعة:", "تونس (وات) -")
_ENDS = ("المصدر: وكالات", "نقلا عن مواقع إخبارية", "© جميع الحقوق محفوظة للوكالة", "انتهى/ م.ع")


def agency_line(article: Article, others: Others, dice: Random) -> Article:
    """Another place and agency before the text, another credit behind it."""
    body = f"{dice.choice(_LINES)} {article.body}\n\n{dice.choice(_ENDS)}"
    return replace(article, body=body)


def lead_rewritten(article: Article, others: Others, dice: Random) -> Article | None:
    """The first sentence turned around in its middle, a fifth of its words others; new title."""
    first, *rest = sentences(article.body)
    if not rest or length(first) > 0.6 * length(article.body):
        return None
    words = first.rstrip(".").split()
    turned = words[len(words) // 2 :] + words[: len(words) // 2]
    lead = with_other_words(" ".join(turned), 0.2, others, dice)
    return Article(dice.choice(others.articles).title, " ".join([lead + ".", *rest]))


def dropped(share: float) -> Edit:
    """The last sentences left out, up to the given share of the words."""

    def edit(article: Article, others: Others, dice: Random) -> Article | None:
        kept, whole = sentences(article.body), length(article.body)
        while len(kept) > 1 and length(" ".join(kept[:-1])) >= (1 - share) * whole:
            kept.pop()
        body = " ".join(kept)
        return replace(article, body=body) if length(body) < 0.95 * whole else None

    return edit


def updated(in_front: bool) -> Edit:
    """A later version: another title, and a sentence or two more before or behind."""

    def edit(article: Article, others: Others, dice: Random) -> Article | None:
        donor = dice.choice(others.articles)
        more = [s for s in sentences(donor.body) if length(s) <= 0.45 * length(article.body)]
        if not more:
            return None
        parts = [more[0], article.body] if in_front else [article.body, more[0]]
        return Article(donor.title, "\n\n".join(parts))

    return edit


def all_at_once(article: Article, others: Others, dice: Random) -> Article | None:
    """Agency line, spelling, one word in twenty, and up to a fifth dropped at the end."""
    changed = agency_line(spelling(article, others, dice), others, dice)
    return words_changed(0.05)(dropped(0.2)(changed, others, dice) or changed, others, dice)


def flash(share: float) -> Edit:
    """The flash that came before: the first sentence alone, some of its words others."""

    def edit(article: Article, others: Others, dice: Random) -> Article | None:
        first, *_ = sentences(article.body)
        if length(first) < 12 or length(article.body) < 1.8 * length(first):
            return None
        return replace(article, body=with_other_words(first, share, others, dice))

    return edit


def round_up(article: Article, others: Others, dice: Random) -> Article:
    """A report that holds the whole text in the midst of two others."""
    before, after = dice.sample(others.articles, 2)
    return Article(before.title, "\n\n".join([before.body, article.body, after.body]))


REPRINT, EITHER = {"reprint"}, {"reprint", "contains", "contained"}
# The edit, and the relations that are right.
EDITS: dict[str, tuple[Edit, set[str]]] = {
    "other title": (other_title, REPRINT),
    "spelling": (spelling, REPRINT),
    "typing errors": (mistyped, REPRINT),
    "agency line": (agency_line, REPRINT),
    "lead rewritten": (lead_rewritten, REPRINT),
    "two phrases": (phrases_changed, REPRINT),
    "5 % of words": (words_changed(0.05), REPRINT),
    "10 % of words": (words_changed(0.10), REPRINT),
    "15 % of words": (words_changed(0.15), REPRINT),
    "20 % of words": (words_changed(0.20), REPRINT),
    "up to 30 % dropped": (dropped(0.3), EITHER),
    "up to 60 % dropped": (dropped(0.6), EITHER),
    "updated at the end": (updated(False), EITHER),
    "updated in front": (updated(True), EITHER),
    "all at once": (all_at_once, REPRINT),
    "flash": (flash(0.0), EITHER),
    "flash, 5 % of words": (flash(0.05), EITHER),
    "round-up": (round_up, EITHER),
}
