"""Cleaning: what the page printed becomes what the archive keeps; no word of it is changed."""

import re
from typing import Self

from scrapy.crawler import Crawler

from crawler.items import ArticleItem, PageOutcome
from crawler.text.arabic import clean, fold_line
from crawler.text.dateline import split_dateline
from crawler.text.dates import find_dates
from crawler.text.urls import LONGEST, canonical_url

PARAGRAPH_BREAK = "\n\n"
_SINGLE_LINE = (
    *("title", "published_text", "section", "dateline", "agency", "author"),
    *("language", "image_url"),
)
# «اقرأ أيضا», with or without hamza and arrows, alone in its paragraph.
_RELATED = re.compile(r"\W*(?:اقرا|اقرءا|اقراوا) ايضا\W*")
_DATE_LINE_WORDS = 12  # a clock header is one short line: «الجمعة 23 أكتوبر 2020الساعة 13:43 …»


class CleaningPipeline:
    """Unicode, addresses, the furniture that a selector may have caught, and the dateline."""

    def __init__(self, timezone: str):
        self.timezone = timezone

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.settings["SITE_TIMEZONE"])

    def process_item(self, item: ArticleItem | PageOutcome) -> ArticleItem | PageOutcome:
        if isinstance(item, ArticleItem):
            _clean_text(item)
            _clean_addresses(item)
            if item.body:
                paragraphs = self._own_paragraphs(item, item.body.split(PARAGRAPH_BREAK))
                _split_dateline(item, paragraphs)
                item.body = PARAGRAPH_BREAK.join(paragraphs) or None
        return item

    def _own_paragraphs(self, item: ArticleItem, paragraphs: list[str]) -> list[str]:
        """The paragraphs without what repeats the title, the date or the related links' head."""
        title = fold_line(item.title or "")
        first, last = 0, len(paragraphs)
        while first < last - 1 and (
            fold_line(paragraphs[first]) == title or self._is_date_line(item, paragraphs[first])
        ):
            first += 1
        while last - 1 > first and _RELATED.fullmatch(fold_line(paragraphs[last - 1])):
            last -= 1
        return paragraphs[first:last]

    def _is_date_line(self, item: ArticleItem, paragraph: str) -> bool:
        """Whether a paragraph is a date and little else; sentences hold dates too."""
        if len(paragraph.split()) > _DATE_LINE_WORDS or paragraph.rstrip().endswith((".", "؟")):
            return False
        now = item.provenance.fetched_at if item.capture else None
        if now is None:
            return False
        printed = "".join(
            text for text, _ in find_dates(paragraph, now=now, timezone=self.timezone)
        )
        return bool(printed) and len(printed) >= len(paragraph.strip()) / 2


def _clean_text(item: ArticleItem) -> None:
    for name in (*_SINGLE_LINE, "body"):
        value = getattr(item, name)
        if value is not None:
            cleaned = clean(value)
            setattr(item, name, (cleaned if name == "body" else " ".join(cleaned.split())) or None)


def _clean_addresses(item: ArticleItem) -> None:
    item.url = canonical_url(item.url)
    links = dict.fromkeys(canonical_url(clean(link)) for link in item.links)
    item.links = [link for link in links if link != item.url and len(link) <= LONGEST]


def _split_dateline(item: ArticleItem, paragraphs: list[str]) -> None:
    """Take «القدس - الكرمل - » off the first paragraph; what structured data said stays."""
    dateline = split_dateline(paragraphs[0]) if paragraphs else None
    if dateline is None:
        return
    for name, value in (
        ("dateline", dateline.place),
        ("agency", dateline.agency),
        ("author", dateline.author),
    ):
        if value and not getattr(item, name):
            setattr(item, name, value)
            item.extraction[name] = "dateline"
    paragraphs[:1] = [dateline.rest] if dateline.rest else []
