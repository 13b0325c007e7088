"""The one page of the real site, from a text file that stays outside the project.

Form: the header's clock, the title, a date line «10/10/2020 [ 10:51 ]», the title again, the
paragraphs, and «» اقرأ ايضاً» where the related links begin; blank lines between them.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from tests.site.articles import HEBRON, Article, Block
from tests.site.composing import INTERVAL, NEWEST_AT, NEWEST_NUMBER
from tests.site.sections import WORLD

PROJECT = Path(__file__).resolve().parents[2]
USUAL_PLACE = PROJECT.parent / "shared" / "seed" / "article.txt"
DATE_LINE = re.compile(r"(\d+)/(\d+)/(\d{4}) \[ (\d+):(\d+) \]")
CREDITS = re.compile(r"(?P<dateline>[^-\n]{2,20}) - (?P<agency>[^-\n]{2,20}) - (?P<text>.+)")
LAST_LINE = "» اقرأ ايضاً"


def find_seed_article() -> Path | None:
    """The file that ``SEED_ARTICLE`` names, or the usual one where it exists."""
    named = os.environ.get("SEED_ARTICLE")
    if named:
        return Path(named)
    return USUAL_PLACE if USUAL_PLACE.is_file() else None


def read_seed_article(path: Path) -> Article:
    """The article in this file; ValueError says what is missing, OSError where unreadable."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line]
    dated = next((i for i, line in enumerate(lines) if DATE_LINE.fullmatch(line)), 0)
    if dated == 0 or LAST_LINE not in lines or lines[dated - 1] != lines[dated + 1]:
        raise ValueError(
            f"{path} is no seed article: it needs a title, a date line such as "
            f"«10/10/2020 [ 10:51 ]», the title again, paragraphs and a last line «{LAST_LINE}»."
        )
    paragraphs = lines[dated + 2 : lines.index(LAST_LINE)]
    return _article(lines[dated - 1], lines[dated], paragraphs)


def _article(title: str, printed: str, paragraphs: list[str]) -> Article:
    credits = CREDITS.match(paragraphs[0])
    first = credits["text"] if credits else paragraphs[0]
    moment = _moment(printed)
    return Article(
        number=NEWEST_NUMBER - (NEWEST_AT - moment) // INTERVAL,
        title=title,
        blocks=tuple(Block("p", text) for text in (first, *paragraphs[1:])),
        published_at=moment,
        precision="minute",
        section=WORLD,
        dateline=credits["dateline"] if credits else None,
        agency=credits["agency"] if credits else None,
        slug_title=title,
        printed=printed,
    )


def _moment(printed: str) -> datetime:
    date = DATE_LINE.fullmatch(printed)
    if date is None:
        raise ValueError(f"No date line: {printed!r}")
    day, month, year, hour, minute = map(int, date.groups())
    return datetime(year, month, day, hour, minute, tzinfo=HEBRON).astimezone(UTC)
