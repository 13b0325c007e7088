"""Saved pages, one for each system and trap: every field is read as a person reads the page.

``expected.json`` holds an article's fields as `read_article` gives them, its encoding, and under
"archived" the credits and the first words of the text once the dateline is taken off it; for a
page that is no article, null and the reason.
"""

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from crawler.items import ArticleItem
from crawler.pages.article import read_article
from crawler.pages.decoding import decode_html
from crawler.pages.document import Document
from crawler.pages.listing import ListingPage
from crawler.pages.rejection import rejection
from crawler.pipelines.cleaning import CleaningPipeline

FOLDER = Path(__file__).parent / "saved_pages"
FIELDS = [
    "title", "body", "published_at", "published_text", "published_precision", "modified_at",
    "section", "author", "agency", "image_url", "language", "links", "flags",
]  # fmt: skip


@dataclass(frozen=True)
class SavedPage:
    """The bytes and headers of one answer, and what a person sees on the page."""

    html: bytes
    url: str
    fetched_at: datetime
    headers: dict[str, str]
    expected: dict[str, Any]

    def read(self) -> ArticleItem | None:
        return read_article(self.html, self.url, fetched_at=self.fetched_at, headers=self.headers)

    def article(self) -> ArticleItem:
        item = self.read()
        assert item is not None
        return item

    def archived(self) -> ArticleItem:
        """The article without its dateline, as the archive keeps it."""
        item = self.article()
        CleaningPipeline("Asia/Hebron").process_item(item)
        return item


@cache
def saved_page(name: str) -> SavedPage:
    about = json.loads((FOLDER / name / "page.json").read_text(encoding="utf-8"))
    return SavedPage(
        html=gzip.decompress((FOLDER / name / "page.html.gz").read_bytes()),
        url=about["url"],
        fetched_at=datetime.fromisoformat(about["fetched_at"]),
        headers=about["headers"],
        expected=json.loads((FOLDER / name / "expected.json").read_text(encoding="utf-8")),
    )


NAMES = sorted(path.parent.name for path in FOLDER.glob("*/page.json"))
ARTICLES = [name for name in NAMES if "title" in saved_page(name).expected]
OTHERS = [name for name in NAMES if name not in ARTICLES]


def cases(names: list[str], fields: list[str]) -> list[tuple[str, str]]:
    """Each field of each page."""
    return [(name, field) for name in names for field in fields]


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def test_there_are_pages_of_both_kinds() -> None:
    assert len(ARTICLES) >= 25
    assert len(OTHERS) >= 6


@pytest.mark.parametrize(("name", "field"), cases(ARTICLES, FIELDS))
def test_article_reads_as_expected(name: str, field: str) -> None:
    page = saved_page(name)
    assert plain(getattr(page.article(), field)) == page.expected[field]


@pytest.mark.parametrize(
    ("name", "field"), cases(ARTICLES, ["dateline", "agency", "author", "begins"])
)
def test_dateline_becomes_the_credits_of_the_archived_article(name: str, field: str) -> None:
    page = saved_page(name)
    item, wanted = page.archived(), page.expected["archived"][field]
    found = (item.body or "")[: len(wanted)] if field == "begins" else getattr(item, field)
    assert found == wanted


@pytest.mark.parametrize("name", ARTICLES)
def test_encoding_is_told_by_the_bytes(name: str) -> None:
    page = saved_page(name)
    text, encoding = decode_html(page.html, page.headers)
    assert encoding == page.expected["encoding"]
    assert "\ufffd" not in text


@pytest.mark.parametrize(("name", "field"), cases(OTHERS, ["article"]))
def test_page_is_no_article(name: str, field: str) -> None:
    page = saved_page(name)
    assert page.read() == page.expected[field]


@pytest.mark.parametrize(("name", "field"), cases(OTHERS, ["reason"]))
def test_page_that_is_no_article_has_its_reason(name: str, field: str) -> None:
    page = saved_page(name)
    document = Document(page.html, page.url, page.headers)
    assert rejection(ListingPage(document)) == page.expected[field]
