"""Articles composed from the stock: the same number always gives the same article."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from tests.site.articles import HEBRON, WEEKDAYS, Article, Block
from tests.site.sections import SECTIONS, Section
from tests.site.sections.urgent import URGENT
from tests.site.sentences import HEADINGS, LIST_ITEMS, LIST_OPENINGS, RECURRING_TITLES, SHARED
from tests.site.stock import (
    AGENCIES,
    DATELINES,
    DRAWN,
    FAMILIES,
    MEN,
    MEN_ROLES,
    PLACES,
    REPORTERS,
    WOMEN,
    WOMEN_ROLES,
)

NEWEST_NUMBER = 52_480
NEWEST_AT = datetime(2020, 10, 23, 10, 40, tzinfo=UTC)
INTERVAL = timedelta(minutes=24)  # 60 articles a day


class Words(dict[str, str]):
    """The words of one sentence: those of the story, and others drawn once when first named."""

    def __init__(self, story: dict[str, str], rng: Random):
        super().__init__(story)
        self.rng = rng

    def __missing__(self, key: str) -> str:
        drawn = self.rng.choice(DRAWN[key])
        while drawn == self["p"]:
            drawn = self.rng.choice(DRAWN[key])
        self[key] = drawn
        return drawn


def section_of(number: int) -> Section:
    return SECTIONS[(number * 5 + number // 8) % len(SECTIONS)]


def place_of(number: int) -> str:
    """The place that a story is about, known without composing it."""
    return PLACES[(number * 31 + number // 7) % len(PLACES)]


def published(number: int) -> datetime:
    """When an article appeared: one every 24 minutes, give or take ten."""
    jitter = timedelta(minutes=number * 7919 % 21 - 10)
    moment = NEWEST_AT - INTERVAL * (NEWEST_NUMBER - number) + jitter
    # In the hour that autumn repeats, the printed clock cannot tell which one it means:
    # nothing is published in the second.
    return moment.astimezone(HEBRON).replace(fold=0).astimezone(UTC)


def compose(number: int) -> Article:
    """The article of this number; numbers may also lie outside a site's range."""
    rng = Random(number)
    section = section_of(number)
    story = _story(number, section, rng)
    opening = Words(story, rng)
    urgent = number % 15 == 4
    openings = URGENT if urgent else section.openings
    title, lead = (template.format_map(opening) for template in rng.choice(openings))
    if number % 30 == 13:
        title = rng.choice(RECURRING_TITLES)
    by_day = number % 29 == 0
    moment = published(number)
    dateline, agency, author = _credits(number, rng)
    return Article(
        number=number,
        title=title,
        blocks=(Block("p", lead), *(() if urgent else _rest(number, section, story, rng))),
        published_at=_start_of_day(moment) if by_day else moment,
        precision="day" if by_day else "minute",
        section=section,
        dateline=dateline,
        agency=agency,
        author=author,
        slug_title=title,
        has_image=number % 3 != 1,
    )


def _story(number: int, section: Section, rng: Random) -> dict[str, str]:
    actor, actor_gender = rng.choice(section.actors)
    woman = rng.random() < 0.4
    name, surname = rng.choice(WOMEN if woman else MEN), rng.choice(FAMILIES)
    role = rng.choice(WOMEN_ROLES if woman else MEN_ROLES)
    return {
        "p": place_of(number),
        "day": WEEKDAYS[published(number).astimezone(HEBRON).weekday()],
        "writer": f"{rng.choice(WOMEN)} {rng.choice(FAMILIES)}",
        "a": actor,
        "s": f"{role} {name} {surname}",
        "surname": surname,
        **_agreement("a", actor_gender == "f"),
        **_agreement("s", woman),
    }


def _agreement(whom: str, feminine: bool) -> dict[str, str]:
    forms = ("ت", "ت", "ها") if feminine else ("", "ي", "ه")
    return dict(zip((f"{whom}t", f"{whom}y", f"{whom}h"), forms, strict=True))


def _credits(number: int, rng: Random) -> tuple[str | None, str | None, str | None]:
    """Dateline, agency and author: an author stands where else the agency does."""
    if number % 11 == 6:
        return None, None, None
    dateline = rng.choice(DATELINES)
    if number % 9 == 5:
        return dateline, None, rng.choice(REPORTERS)
    return dateline, rng.choice(AGENCIES), None


def _rest(number: int, section: Section, story: dict[str, str], rng: Random) -> list[Block]:
    details = rng.sample(section.details, rng.randint(2, 6))
    sentences = details + rng.sample(SHARED, rng.randint(3, 9))
    rng.shuffle(sentences)
    texts = _tell(sentences, story, rng)
    count = min(rng.randint(2, 11), len(texts))
    cuts = [0, *sorted(rng.sample(range(1, len(texts)), count - 1)), len(texts)]
    blocks = [Block("p", " ".join(texts[start:end])) for start, end in pairwise(cuts)]
    if number % 10 == 7:
        _insert_headings(blocks, story, rng)
    if number % 10 == 3:
        blocks += _list(story, rng)
    return blocks


def _tell(sentences: list[str], story: dict[str, str], rng: Random) -> list[str]:
    """The sentences filled in; whoever speaks is introduced once, then goes by the surname."""
    told = []
    for sentence in sentences:
        told.append(sentence.format_map(Words(story, rng)))
        if "{s}" in sentence:
            story = {**story, "s": story["surname"]}
    return told


def _insert_headings(blocks: list[Block], story: dict[str, str], rng: Random) -> None:
    for position, heading in zip((len(blocks) - 1, 0), rng.sample(HEADINGS, 2), strict=True):
        blocks.insert(position, Block("h", heading.format_map(Words(story, rng))))


def _list(story: dict[str, str], rng: Random) -> list[Block]:
    items = [item.format_map(Words(story, rng)) for item in rng.sample(LIST_ITEMS, 4)]
    return [Block("p", rng.choice(LIST_OPENINGS)), *(Block("li", item) for item in items)]


def _start_of_day(moment: datetime) -> datetime:
    local = moment.astimezone(HEBRON)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
