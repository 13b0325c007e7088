"""An article derived again from an archived response: the reader and the pipelines, no engine."""

from collections.abc import Mapping
from dataclasses import dataclass

from scrapy.exceptions import DropItem
from scrapy.settings import BaseSettings

from crawler.items import ArticleItem, Capture
from crawler.pages.article import read_document
from crawler.pages.document import Document
from crawler.pipelines.cleaning import CleaningPipeline
from crawler.pipelines.fingerprint import FingerprintPipeline
from crawler.pipelines.validation import ValidationPipeline
from crawler.warc.reader import Archived


@dataclass(frozen=True, slots=True)
class Reading:
    """What of a site's settings decides how its pages are read; can be sent to other processes."""

    timezone: str
    selectors: Mapping[str, str]
    max_bytes: int  # of an unpacked body

    @classmethod
    def of(cls, settings: BaseSettings) -> "Reading":
        return cls(
            settings["SITE_TIMEZONE"],
            dict(settings.getdict("SITE_SELECTORS")),
            settings.getint("DOWNLOAD_MAXSIZE"),
        )


def derive(archived: Archived, reading: Reading) -> ArticleItem | None:
    """The item that a crawl would have stored for this response; None where it holds no article."""
    document = Document(archived.body, archived.url, archived.headers)
    item = read_document(
        document,
        fetched_at=archived.fetched_at,
        selectors=reading.selectors,
        timezone=reading.timezone,
    )
    if item is None:
        return None
    item.capture = Capture(
        archived.url, archived.fetched_at, archived.status, archived.payload_digest or ""
    )
    try:
        CleaningPipeline(reading.timezone).process_item(item)
        ValidationPipeline().process_item(item)
    except DropItem:
        return None
    FingerprintPipeline().process_item(item)
    return item
