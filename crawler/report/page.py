"""The report as one HTML page: charts, and beside each the figures and the SQL that gives them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from crawler.db.report import MOST_DAYS, Answer, Figures
from crawler.report import charts

KEPT_CHARS = 60  # at each end of a stretch that an edit left as it was


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of the page, with what stands under it."""

    name: str  # of the figures, and anchor of the part
    heading: str
    explanation: str
    answer: Answer
    drawings: dict[str, str]  # SVG, wide and narrow; empty: no chart
    hidden: tuple[str, ...] = ()  # columns that are addresses of the others, or their keys


def render(figures: Figures, site: str, made_at: datetime) -> str:
    """The whole page. ``site`` is the name of the archive's site, ``made_at`` aware."""
    environment = Environment(
        loader=PackageLoader("crawler.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "shown": lambda value: _shown(value, figures.zone),
        "shortened": _shortened,
    }
    return environment.get_template("report.html").render(
        site=site,
        made_at=made_at.astimezone(UTC),
        zone=figures.zone,
        totals=figures.totals,
        parts=list(_parts(figures)),
        edits=figures.edits,
    )


def _parts(figures: Figures) -> Iterator[Part]:
    tables = figures.tables
    days = tables["days"]
    trend = days if len(days.rows) <= MOST_DAYS else tables["weeks"]
    yield _part("days", "Articles a day", CALENDAR, days, charts.calendar)
    yield _part("trend", "The same as a line", TREND, trend, charts.line)
    yield _part("sections", "Sections", SECTIONS, tables["sections"], charts.sections)
    yield _part("hours", "Hours of publication", HOURS, tables["hours"], charts.hours)
    yield _part("freshness", "Freshness", FRESHNESS, tables["freshness"], charts.freshness)
    yield _part("changes", "Edits and removals", CHANGES, tables["changes"], charts.changes)
    yield _part("edits", "Last edits", EDITS, tables["edits"])
    yield _part("removed", "Last removals", REMOVED, tables["removed"])
    yield _part("reprints", "Last reprints", REPRINTS, tables["reprints"])
    yield _part("states", "Completeness", STATES, tables["states"], _states)
    yield _part("reasons", "States and reasons", REASONS, tables["reasons"])
    yield _part("gaps", "Longest gaps", GAPS, tables["gaps"])
    yield _part("health", "Crawls", HEALTH, tables["health"], charts.crawls)
    yield _part("places", "Places", PLACES, tables["places"], _places)
    yield _part("agencies", "Sources", AGENCIES, tables["agencies"], _agencies)


CALENDAR = "One cell a day on the site's clock, the darker the more; a red frame: no article."
TREND = "Each point a day; of a history longer than two years, a week."
SECTIONS = "Articles by month and section as printed."
HOURS = "Articles by weekday and hour, of pages that print a time."
FRESHNESS = "From the printed time to the archive, of articles that appeared since the first crawl."
CHANGES = "As they were seen, by day."
EDITS = "Newest first; the date leads to what changed."
REMOVED = "Articles that the site no longer has, newest first; their texts are kept."
REPRINTS = "Articles that repeat an earlier one, newest first."
STATES = "Every address of an article that was ever found is in one of these states."
REASONS = "Why addresses are in their states; due: the next crawl may fetch them."
GAPS = "Days without any article, between the first day and the last."
HEALTH = "Crawls by day and outcome; the table has what they asked and met."
PLACES = "Places that open the texts."
AGENCIES = "Credited sources."


_states = partial(charts.ranking, name="state", value="pages")
_places = partial(charts.ranking, name="place")
_agencies = partial(charts.ranking, name="agency")


def _part(
    name: str,
    heading: str,
    explanation: str,
    answer: Answer,
    chart: Callable[[Sequence[charts.Row]], charts.Spec] | None = None,
) -> Part:
    drawings: dict[str, str] = {}
    if chart and answer.rows:
        spec = chart(answer.dicts())
        drawings = {size: charts.draw(spec, width) for size, width in charts.WIDTHS.items()}
    keys = ("url", "original_url", "article_id", "revision")
    hidden = tuple(column for column in answer.columns if column in keys)
    return Part(name, heading, explanation, answer, drawings, hidden)


def _shortened(words: str) -> str:
    if len(words) <= 2 * KEPT_CHARS:
        return words
    return f"{words[:KEPT_CHARS]} … {words[-KEPT_CHARS:]}"


def _shown(value: Any, zone: str) -> str:
    """A value in words: times on the site's clock, numbers plain, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.2f}"
    return str(value) if isinstance(value, str) else charts.delay_words(value)
