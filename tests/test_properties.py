"""Properties of reading: no page raises, no date is made up, whatever stands on the page."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.pages.article import read_article
from crawler.pages.document import Document
from crawler.pages.listing import ListingPage
from crawler.text.arabic import clean, fold
from crawler.text.dates import find_dates
from crawler.text.month_names import GREGORIAN_MONTHS
from tests.site import Site, get

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEBRON = ZoneInfo("Asia/Hebron")
HEADERS = [None, {}, {"Content-Type": "text/html; charset=windows-1256"}, {"content-type": "\xff;"}]


def read_everything(html: bytes, headers: dict[str, str] | None, url: str) -> None:
    """Read a page as an article and as a listing, and hold what is read to its promises."""
    item = read_article(html, url, fetched_at=NOW, headers=headers)
    page = ListingPage(Document(html, url, headers))
    assert {link.url for link in page.entries}.isdisjoint(link.url for link in page.navigation)
    assert page.next_page != url
    if item is None:
        return
    assert item.title and item.body
    assert clean(item.title) == item.title and clean(item.body) == item.body
    assert "\n" not in item.title and "\n\n\n" not in item.body
    assert (item.published_at is None) == (item.published_precision is None)
    for moment in (item.published_at, item.modified_at):
        assert moment is None or (moment.tzinfo is UTC and moment <= NOW + timedelta(days=1))


# --- markup that nobody would write

TEXTS = st.sampled_from(
    [
        *("القدس - الكرمل - أعلنت وزارة الصحة، اليوم السبت، تسجيل 12 إصابة جديدة في المحافظات.",),
        *("10/10/2020 [ 10:51 ]", "منذ ساعتين", "31/02/2020", "الأحد 13 ربيع الأول 1442"),
        *("اقرأ أيضا", "التعليقات", "بقلم: سلمى", "التالي", "2", "\u202b\ufeff", "\x00", "&#x0;"),
        *("&#1114112;", "]]>", "<!--", "-->", "<![CDATA[", "<?php ?>", "<", ">", '"'),
    ]
)
VALUES = TEXTS | st.sampled_from(
    [
        *("", "http://[", "//", "javascript:void(0)", "?page=2", "/post/2", "/post/2#c", "\\", "%"),
        *("2020-10-10T10:51:00+03:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *("2020-13-45", "article:published_time", "og:title", "date", "headline articleBody"),
        *("application/ld+json", "article-body", "related", "menu", "breadcrumb", "display:none"),
    ]
)
NAMES = st.sampled_from(
    "html head body title base meta link script style p div span a h1 h2 ul li nav footer article "  # noqa: SIM905
    "section table tr td br img time figure figcaption blockquote form svg template o:p x-y".split()
)
ATTRIBUTES = st.sampled_from(
    "class id href src datetime content property name itemprop type rel style hidden role lang "  # noqa: SIM905
    "width alt title".split()
)
OPENING = st.builds(
    lambda name, pairs: f"<{name}{''.join(f' {k}={q}{v}{q}' for k, q, v in pairs)}>",
    NAMES,
    st.lists(st.tuples(ATTRIBUTES, st.sampled_from(["", "'", '"']), VALUES), max_size=3),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | VALUES | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["@type", "@id", "@value", "name", "url"]), inner)
    ),
    max_leaves=6,
)
MEMBERS = st.sampled_from(
    "@type @graph @id url headline name datePublished dateModified author publisher image "  # noqa: SIM905
    "articleSection articleBody inLanguage mainEntityOfPage itemListElement".split()
)
NODES = st.dictionaries(MEMBERS, JSON, max_size=6).flatmap(
    lambda node: st.sampled_from([node, {"@type": "NewsArticle", **node}, [node], {"@graph": node}])
)


def broken(script: str, at: int, noise: str) -> str:
    """A script cut, or torn open, at a place."""
    return script[: at % (len(script) + 1)] + noise


SCRIPTS = st.builds(
    lambda node, at, noise: (
        '<script type="application/ld+json">'
        + (json.dumps(node) if at is None else broken(json.dumps(node), at, noise))
        + "</script>"
    ),
    NODES,
    st.none() | st.integers(0, 400),
    st.sampled_from(["", '"', "}", ",]", "\\u12", "\x00", "[" * 3_000, '{"a":' * 3_000]),
)
MARKUP = st.lists(OPENING | OPENING | TEXTS | SCRIPTS | NAMES.map("</{}>".format), max_size=30)
ADDRESSES = st.sampled_from(
    ["https://alkarmel.ps/post/123", "https://alkarmel.ps/", "https://alkarmel.ps", ""]
)


@settings(max_examples=300, deadline=None)
@given(MARKUP.map("".join), st.sampled_from(HEADERS), ADDRESSES)
def test_no_markup_raises(markup: str, headers: dict[str, str] | None, url: str) -> None:
    read_everything(markup.encode("utf-8", "replace"), headers, url)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(HEADERS))
def test_no_bytes_raise(html: bytes, headers: dict[str, str] | None) -> None:
    read_everything(html, headers, "https://alkarmel.ps/post/123")


@cache
def replica_pages() -> list[tuple[str, bytes]]:
    sites = [Site(layout, articles=8) for layout in ("table", "post", "semantic")]
    return [
        (truth.address, site.answer(get(truth.address)).body)
        for site in sites
        for truth in site.truth[:2]
    ]


def cut(html: bytes, start: int, end: int, _: bytes) -> bytes:
    return html[:start] + html[end:]


def doubled(html: bytes, start: int, end: int, _: bytes) -> bytes:
    return html[:end] + html[start:]


def overwritten(html: bytes, start: int, end: int, noise: bytes) -> bytes:
    return html[:start] + noise + html[start + len(noise) :]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 5),
    st.lists(
        st.tuples(
            st.sampled_from([cut, doubled, overwritten]),
            st.floats(0, 1),
            st.integers(0, 3_000),
            st.binary(max_size=6) | MARKUP.map("".join).map(str.encode),
        ),
        max_size=4,
    ),
)
def test_no_damaged_page_raises(
    number: int, damages: list[tuple[Callable[..., bytes], float, int, bytes]]
) -> None:
    address, html = replica_pages()[number]
    for damage, place, length, noise in damages:
        start = int(place * len(html))
        html = damage(html, start, start + length, noise)
    read_everything(html, None, f"https://alkarmel.ps{address}")


# --- dates

DATE_PIECES = st.sampled_from(
    [
        *("10/10/2020", "3/4/2021", "2020-10-10", "2020/1/2", "13.12.2019", "٠٣/٠٤/٢٠٢٥", "12"),
        *("2020", "٢٠٢١", "1442", "10:51", "٩:٠٥", "13:43", "00:30:59", "15.30", "T", "20251:05"),
        *("ص", "م", "مساءً", "صباحاً", "ظهرا", "ليلا", "AM", "pm", "الساعة", "في", "عند", "يوم"),
        *("السبت", "الاحد:", "Sat,", "أكتوبر", "تشرين الأول/أكتوبر", "كانون 2", "جويلية", "آذار"),
        *("يونيو/ حزيران", "Oct", "ربيع الأول", "هـ", "م", "[", "]", "(", ")", "|", "-", "–", ","),
        *("،", ":", "/", ".", "منذ", "قبل", "ساعتين", "3", "أيام", "دقائق", "أمس", "اليوم", "ago"),
        *("آخر تحديث", "نشر", "نُشر", "\u200f", "\n", "\xa0", "و", "من", "عام", "خبر", "عاجل"),
    ]
)
LINES = st.lists(st.tuples(DATE_PIECES, st.sampled_from(["", " ", " ", " "])), max_size=9).map(
    lambda pieces: "".join(piece + gap for piece, gap in pieces)
)
RELATIVE = re.compile("منذ|قبل|ago|[أا]مس|اليوم")


def months_named(printed: str) -> set[int]:
    folded = fold(printed)
    return {number for name, number in GREGORIAN_MONTHS.items() if name in folded}


def numbers_in(printed: str) -> set[int]:
    """Of one, two and four digits; day and clock may be glued («2020-10-1013:43»)."""
    found = (re.findall(rf"(?=(\d{{{digits}}}))", printed) for digits in (1, 2, 4))
    return {int(number) for numbers in found for number in numbers}


@settings(max_examples=1_000, deadline=None)
@given(LINES)
@example("2020-10-1013:43")
def test_every_number_of_a_date_is_printed_or_follows_from_the_visit(text: str) -> None:
    for printed, parsed in find_dates(text, now=NOW):
        assert printed in text
        assert parsed.at <= NOW + timedelta(days=1)
        numbers = numbers_in(printed)
        local = parsed.at.astimezone(HEBRON)
        if parsed.precision == "minute" and not RELATIVE.search(printed):
            assert local.minute in numbers | {0}  # «الساعة 9 صباحا»
            assert {local.hour, local.hour % 12, local.hour % 12 + 12} & numbers
        if not parsed.hijri and not RELATIVE.search(printed):
            assert {local.year, local.day} <= numbers
            assert local.month in numbers | months_named(printed)


@given(st.integers(1, 59), st.sampled_from([("دقيقة", 60), ("ساعة", 3600), ("دقائق", 60)]))
def test_a_relative_time_is_the_visit_less_what_is_printed(
    number: int, unit: tuple[str, int]
) -> None:
    name, seconds = unit
    found: list[tuple[str, Any]] = find_dates(f"نشر منذ {number} {name}", now=NOW)
    at = NOW - timedelta(seconds=number * seconds)
    if NOW - at < timedelta(days=1):
        assert [parsed.at for _, parsed in found] == [at]
