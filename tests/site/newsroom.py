"""What a site has published, newest first, and the changes that editors make to it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from threading import RLock

from tests.site.articles import Article, Block
from tests.site.composing import NEWEST_NUMBER, compose, place_of, published, section_of
from tests.site.stock import PLACES

# The tag cloud of such a site holds more tags than one needs: three for every place.
TAG_FORMS = ("{}", "أخبار {}", "صور من {}")
TAGS = tuple(form.format(place) for form in TAG_FORMS for place in PLACES)


class Newsroom:
    """The articles of a site, composed when first asked for.

    ``seed`` is an article told word for word, listed beside ``count`` composed ones at its date.
    ``every`` leaves out numbers between theirs, so that few articles make many days.
    ``version`` counts the changes: whoever keeps rendered pages drops them when it moves.
    """

    def __init__(self, count: int, seed: Article | None = None, every: int = 1):
        self.lock = RLock()
        self.version = 0
        self.seed_number = seed.number if seed else None
        self._articles = {seed.number: seed} if seed else {}
        self._every = every
        others = (n for n in range(NEWEST_NUMBER, 0, -every) if n not in self._articles)
        self._numbers = sorted([*islice(others, count), *self._articles], reverse=True)
        self._published = set(self._numbers)
        self._removed: set[int] = set()
        self._next = NEWEST_NUMBER + 1

    @property
    def now(self) -> datetime:
        """The site's present, UTC: a little after its newest article, never the clock's."""
        return published(self._next - 1) + timedelta(minutes=self.version + 3)

    def numbers(self, wanted: Callable[[int], bool] | None = None) -> list[int]:
        """Numbers of what is published now, newest first."""
        return list(filter(wanted, self._numbers))

    def get(self, number: int) -> Article | None:
        """The article of this number; None where it was never published or is removed."""
        if number not in self._published:
            return None
        if number not in self._articles:
            self._articles[number] = compose(number)
        return self._articles[number]

    def all(self, numbers: Iterable[int]) -> list[Article]:
        """The articles of these numbers, without those that are not published."""
        return [article for article in map(self.get, numbers) if article]

    def was_removed(self, number: int) -> bool:
        return number in self._removed

    def in_section(self, section_id: int) -> list[int]:
        return self.numbers(lambda number: self._section_id(number) == section_id)

    def with_tag(self, tag: str) -> list[int]:
        return self.numbers(lambda number: tag in self.tags_of(number))

    def tags_of(self, number: int) -> tuple[str, ...]:
        if number == self.seed_number:
            return ()
        place = place_of(number)
        return (place, f"أخبار {place}") if number % 2 else (place,)

    def related_to(self, number: int) -> list[int]:
        """Up to four older articles, the same ever after: also when one of them is removed."""
        ever = (self._published, self._removed)
        reach = 40 * self._every
        older = [n for n in range(number - reach, number) if any(n in part for part in ever)]
        return Random(number).sample(older, min(4, len(older)))

    def publish(self, count: int) -> list[int]:
        """Adds ``count`` new articles at the top; returns their numbers, oldest first."""
        with self.lock:
            added = list(range(self._next, self._next + count))
            self._next += count
            self._numbers = [*reversed(added), *self._numbers]
            self._published.update(added)
            self.version += 1
        return added

    def reprint(self, number: int, *, title: str) -> int:
        """Publishes the text of an article once more, under another headline; its number."""
        body = self._existing(number).body
        (copy,) = self.publish(1)
        blocks = tuple(Block("p", text) for text in body.split("\n\n"))
        self._articles[copy] = replace(compose(copy), title=title, blocks=blocks)
        return copy

    def edit(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        """Rewrites an article; ``body`` is paragraphs separated by one blank line."""
        with self.lock:
            article = self._existing(number)
            blocks = tuple(Block("p", text) for text in body.split("\n\n")) if body else ()
            self._articles[number] = replace(
                article,
                title=title or article.title,
                blocks=blocks or article.blocks,
                modified_at=self.now,
            )
            self.version += 1

    def remove(self, number: int) -> None:
        with self.lock:
            self._existing(number)
            self._numbers = [n for n in self._numbers if n != number]
            self._published.discard(number)
            self._removed.add(number)
            self.version += 1

    def restore(self, number: int) -> None:
        """Shows an article again that was removed."""
        with self.lock:
            self._removed.remove(number)
            self._published.add(number)
            self._numbers = sorted(self._published, reverse=True)
            self.version += 1

    def _existing(self, number: int) -> Article:
        article = self.get(number)
        if article is None:
            raise KeyError(f"No article {number} is published on this site.")
        return article

    def _section_id(self, number: int) -> int:
        article = self._articles.get(number)
        return article.section.id if article else section_of(number).id
