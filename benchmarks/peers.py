"""The readers of others, each told what it can use: the page's address, language and text.

They are imported when they are asked for and need no place in the project: see
requirements-peers.txt. A reader that raises has read nothing.
"""

from datetime import datetime
from functools import cache
from importlib import import_module, metadata
from typing import Any

import lxml.html

from benchmarks.reading_scores import Page, Reader, Reading
from crawler.pages.blocks import read_blocks


def trafilatura(page: Page) -> Reading:
    read = import_module("trafilatura").bare_extraction
    found = read(page.html, url=page.url, with_metadata=True, include_comments=False)
    return Reading(found.title, found.text, moment(found.date)) if found else Reading()


def readability(page: Page) -> Reading:
    document = import_module("readability").Document(page.text, url=page.url)
    return Reading(document.short_title(), words(document.summary()))


def newspaper(page: Page) -> Reading:
    module = import_module("newspaper")
    article = module.Article(page.url, language=newspaper_language(page.language))
    article.config.fetch_images = False
    article.download(input_html=page.text)
    article.parse()
    return Reading(article.title, article.text, moment(article.publish_date))


@cache
def newspaper_language(language: str | None) -> str:
    known = import_module("newspaper.utils").get_available_languages()
    return language if language and language in known else "en"


def goose(page: Page) -> Reading:
    found = goose_of(page.language).extract(url=page.url, raw_html=page.text)
    published = found.publish_datetime_utc or found.publish_date
    return Reading(found.title, found.cleaned_text, moment(published))


@cache
def goose_of(language: str | None) -> Any:
    words_of = {"ar": "StopWordsArabic", "zh": "StopWordsChinese", "ko": "StopWordsKorean"}
    options: dict[str, object] = {"enable_image_fetching": False}
    if language in words_of:
        options["stopwords_class"] = getattr(import_module("goose3.text"), words_of[language])
    return import_module("goose3").Goose(options)


def resiliparse(page: Page) -> Reading:
    tree = import_module("resiliparse.parse.html").HTMLTree.parse(page.text)
    extract = import_module("resiliparse.extract.html2text").extract_plain_text
    return Reading(tree.title, extract(tree, main_content=True, alt_texts=False))


def newsplease(page: Page) -> Reading:
    read = import_module("newsplease").NewsPlease.from_html
    found = read(page.text, url=page.url, fetch_images=False)
    return Reading(found.title, found.maintext, moment(found.date_publish))


# The name of the distribution, and its reader.
PEERS: dict[str, Reader] = {
    "trafilatura": trafilatura,
    "readability-lxml": readability,
    "newspaper4k": newspaper,
    "goose3": goose,
    "resiliparse": resiliparse,
    "news-please": newsplease,
}


def version(name: str) -> str | None:
    """None where a peer is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def forgiving(reader: Reader) -> Reader:
    """The same reader, with nothing read where it raises: every kind of error is theirs."""

    def read(page: Page) -> Reading:
        try:
            return reader(page)
        except Exception:  # noqa: BLE001
            return Reading()

    return read


def moment(value: datetime | str | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def words(markup: str) -> str:
    """The text of a piece of HTML, a line for each block."""
    root = lxml.html.document_fromstring(markup or "<html/>")
    return "\n".join(block.text for block in read_blocks(root, lambda element: False))
