"""Validation: an article has a title and a text; what has not is rejected with the reason."""

from datetime import UTC, datetime, timedelta

from scrapy.exceptions import DropItem

from crawler.items import ArticleItem, PageOutcome
from crawler.text.arabic import has_word

# Zones and clocks that go ahead; a date beyond that was misread.
FUTURE = timedelta(days=1)


class ValidationPipeline:
    """Drops what is no article, and takes away a date that cannot be one.

    A one-sentence urgent item is an article. An article without a readable date stays, with
    its date null: nothing is guessed.
    """

    def process_item(self, item: ArticleItem | PageOutcome) -> ArticleItem | PageOutcome:
        if isinstance(item, ArticleItem):
            if not item.title:
                raise DropItem("no title")
            if not has_word(item.body or ""):
                raise DropItem("no text beside the title")
            _check_date(item)
        return item


def _check_date(item: ArticleItem) -> None:
    fetched_at = item.capture.fetched_at if item.capture else datetime.now(UTC)
    if item.published_at and item.published_at > fetched_at + FUTURE:
        item.published_at = item.published_precision = None
        item.flags = [*item.flags, "published_at: in the future"]
