"""What travels from the pages to the database: articles, addresses, and what became of pages."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class AnswerHead(NamedTuple):
    """The head of an answer as the server sent it, or as near as the handler can tell."""

    reason: str  # of the status line; often ""
    headers: tuple[tuple[bytes, bytes], ...]  # in their order and case, repeated ones repeated


@dataclass(slots=True)
class Capture:
    """One response as it was received: the provenance of what was read from it."""

    url: str  # the address that answered, after redirects
    fetched_at: datetime  # UTC
    http_status: int
    payload_digest: str  # "sha256:" and the hex digest of the payload as received
    page_id: int | None = None  # the ledger row that asked for it
    etag: str | None = None
    last_modified: str | None = None
    warc_file: str | None = None  # None: not kept
    warc_offset: int | None = None
    warc_length: int | None = None
    revisit_of_id: int | None = None  # the capture that holds the same payload
    id: int | None = None  # its row, where it has one already


@dataclass(slots=True)
class ArticleItem:
    """One article as its page prints it; absent is None, never ""."""

    url: str  # canonical
    address: str | None = None  # of url, as the page's canonical link prints it; None: no such link
    title: str | None = None
    body: str | None = None  # paragraphs separated by one blank line
    published_at: datetime | None = None  # UTC
    published_text: str | None = None  # as printed
    published_precision: str | None = None  # "minute" or "day"
    modified_at: datetime | None = None  # UTC
    section: str | None = None
    dateline: str | None = None  # the place: القدس
    agency: str | None = None  # the credited source: الكرمل
    author: str | None = None
    image_url: str | None = None
    language: str | None = None
    links: list[str] = field(default_factory=list)  # related articles, absolute, in page order
    extraction: dict[str, str] = field(default_factory=dict)  # field -> the evidence that gave it
    flags: list[str] = field(default_factory=list)  # disagreements between sources that matter
    extractor_version: str | None = None
    word_count: int | None = None
    digest: str | None = None  # of the folded text
    capture: Capture | None = None

    @property
    def provenance(self) -> Capture:
        """The capture; ValueError for an item that did not come from a fetched page."""
        if self.capture is None:
            raise ValueError(f"{self.url} was read from no response")
        return self.capture


@dataclass(slots=True)
class PageOutcome:
    """What became of a fetch that gave no article.

    ``state`` is rejected, gone or excluded; failed is one failed try, after which the ledger
    tries again until the tries are used up; unchanged is the answer to a conditional request.
    """

    page_id: int | None  # None: not asked for by the ledger, as in `scrapy parse`
    state: str
    reason: str
    http_status: int | None = None
    retry_after: float | None = None  # seconds
    published_at: datetime | None = None  # of a page outside since/until
    capture: Capture | None = None  # of the answer, where there was one


@dataclass(frozen=True, slots=True)
class Discovery:
    """An address of an article, and where it was found."""

    url: str  # canonical
    request_url: str  # as printed: what is asked of the site
    found_on: str
    published_at: datetime | None = None  # UTC, where the listing says it
    outside_range: bool = False  # since/until leave it out by that date


@dataclass(frozen=True, slots=True)
class Discoveries:
    """The articles that one listing, feed, sitemap or article names."""

    pages: list[Discovery]
