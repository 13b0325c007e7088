"""What happens on the demo's site between one crawl and the next: the same in every demo."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from tests.site.articles import HEBRON
from tests.site.replica import Site

# The first crawl leaves every article due; the second looks at each once, as its number of looks is
# theirs; the third looks a second time at what the second missed.
ALL_DUE = ("-s", "RECHECKS=[[null, 0.0001]]", "-s", "RECHECKS_PER_CRAWL=0")
CONFIRMED_AT_ONCE = ("-s", "GONE_CONFIRMED_AFTER=0")
SILENT_DAYS = (date(2020, 10, 4), date(2020, 10, 5))  # on which the site printed nothing


def demo_site(seed_article: Path | None = None) -> Site:
    """A month of a site, five articles a day, with two days of silence."""
    site = Site("post", articles=180, seed_article=seed_article, every=11)
    for article in site.truth:
        if article.published_at.astimezone(HEBRON).date() in SILENT_DAYS:
            site.remove(article.number)
    return site


def crawls_of_the_demo(site: Site) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is new on the site, and the arguments of the crawl that is to see it."""
    yield "the site as it is", ALL_DUE
    looks = ("-s", f"RECHECKS_PER_CRAWL={len(site.truth)}")
    removed = _change(site)
    yield "edits, removals, reprints and new articles", (*CONFIRMED_AT_ONCE, *looks)
    site.restore(removed[0])
    yield "what was missing, for a second time", CONFIRMED_AT_ONCE


def _change(site: Site) -> list[int]:
    """Returns the numbers of what was removed."""
    articles = [article for article in site.truth if article.number != site.seed_number]
    long = [article for article in articles if article.body.count("\n\n") > 3]
    figure, shorter, longer, renamed, corrected = (long[n] for n in (3, 9, 17, 26, 40))
    site.edit(figure.number, body=_other_figure(figure.body))
    site.edit(shorter.number, body="\n\n".join(shorter.body.split("\n\n")[:-2]))
    site.edit(
        longer.number,
        body=f"{longer.body}\n\nوقال ناطق باسم البلدية في وقت لاحق إن العمل مستمر حتى المساء.",
    )
    site.edit(renamed.number, title=f"بعد ساعات من الانتظار: {renamed.title}")
    site.edit(
        corrected.number,
        title=f"(مصحح) {_other_figure(corrected.title)}",
        body=f"{_other_figure(corrected.body)}\n\nتصحيح: ورد في نسخة سابقة رقم غير دقيق.",
    )
    for article in (long[12], long[30], long[51], long[33]):
        copy = site.reprint(article.number, title=f"نقلا عن مراسلينا: {article.title}")
        if article in (long[12], long[51]):
            site.edit(copy, body=article.body.rpartition("\n\n")[0])
    site.publish(6)
    removed = [long[n].number for n in (6, 21, 45, 70)]
    for number in removed:
        site.remove(number)
    return removed


def _other_figure(text: str) -> str:
    """The text with its first number raised by seven."""
    return re.sub(r"\d+", lambda match: str(int(match[0]) + 7), text, count=1)
