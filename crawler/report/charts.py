"""Charts of the report: Vega-Lite specifications, drawn to SVG that needs no script.

Colours of text and lines are the page's own (currentColor), so that one drawing serves light and
dark. Each chart is drawn twice, for a wide page and for a phone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import vl_convert

VEGA_LITE = "6.4"
WIDTHS = {"wide": 900, "narrow": 330}  # pixels of the plot with its axes
COLOR = "#3b82b0"
PALETTE = ["#3b82b0", "#d9822b", "#4c9f5a", "#c2504f", "#8a6fb5", "#94705c", "#cf7fb2", "#6b7280"]
SECTIONS = 8  # that have a colour; of more the smallest share the last one
OTHERS = "(others)"
MONTH = timedelta(days=30)
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]  # isodow 1 to 7

Row = Mapping[str, Any]
Spec = dict[str, Any]


def calendar(days: Sequence[Row]) -> Spec:
    """A cell a day, a row a year, the darker the more articles; days without any are framed."""
    years = len({row["day"].year for row in days})
    encoding = {
        "x": {
            "field": "day",
            "type": "ordinal",
            "timeUnit": "utcweek",
            "title": None,
            "axis": {"labelOverlap": True, "ticks": False, "domain": False},
        },
        "y": {
            "field": "day",
            "type": "ordinal",
            "timeUnit": "utcday",
            "title": None,
            "axis": {"labels": years <= 3, "ticks": False, "domain": False},
        },
        "row": {
            "field": "day",
            "type": "ordinal",
            "timeUnit": "utcyear",
            "title": None,
            "header": {"labelAngle": 0, "labelAlign": "right", "labelColor": "currentColor"},
        },
        "fillOpacity": _depth("articles"),
        "stroke": {
            "condition": {"test": "datum.articles == 0", "value": PALETTE[3]},
            "value": None,
        },
    }
    return {
        "mark": {"type": "rect", "color": COLOR, "strokeWidth": 0.7, "width": {"band": 0.86}},
        "height": {"step": 9},
        "encoding": encoding,
        "spacing": 8,
    } | _data(days)


def line(days: Sequence[Row]) -> Spec:
    return {
        "height": 200,
        "mark": {"type": "line", "color": COLOR, "strokeWidth": 1.5, "point": len(days) < 40},
        "encoding": {"x": _day_axis(), "y": _count("articles")},
    } | _data(days)


def sections(rows: Sequence[Row]) -> Spec:
    """Articles by month, stacked by section; the smaller sections together."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row["section"]] = sums.get(row["section"], 0) + row["articles"]
    largest = sorted(sums, key=lambda name: (-sums[name], name))
    if len(largest) > SECTIONS:
        largest = largest[: SECTIONS - 1]
    months: dict[tuple[Any, str], int] = {}
    for row in rows:
        key = (row["month"], row["section"] if row["section"] in largest else OTHERS)
        months[key] = months.get(key, 0) + row["articles"]
    shown = [{"month": m, "section": s, "articles": n} for (m, s), n in months.items()]
    names = [*largest, *([OTHERS] if len(sums) > len(largest) else [])]
    return {
        "height": 240,
        "mark": "bar",
        "encoding": {
            "x": {
                "field": "month",
                "type": "ordinal",
                "timeUnit": "utcyearmonth",
                "title": None,
                "axis": {"labelOverlap": True, "labelAngle": 0, "format": "%b %Y"},
            },
            "y": _count("articles"),
            "color": {
                "field": "section",
                "type": "nominal",
                "scale": {"domain": names, "range": PALETTE[: len(names)]},
                "legend": {"orient": "bottom", "columns": 4, "title": None},
            },
        },
    } | _data(shown)


def hours(rows: Sequence[Row]) -> Spec:
    named = [{**row, "weekday": WEEKDAYS[row["weekday"] - 1]} for row in rows]
    return {
        "mark": {"type": "rect", "color": COLOR},
        "height": {"step": 18},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "ordinal",
                "title": "hour on the site's clock",
                "axis": {"labelAngle": 0, "labelOverlap": True, "ticks": False, "domain": False},
            },
            "y": {
                "field": "weekday",
                "type": "ordinal",
                "sort": WEEKDAYS,
                "title": None,
                "axis": {"ticks": False, "domain": False},
            },
            "opacity": _depth("articles"),
        },
    } | _data(named)


def freshness(rows: Sequence[Row]) -> Spec:
    named = [{"delay": delay_words(row["up_to"]), "articles": row["articles"]} for row in rows]
    return _bars(named, "delay", sort=[row["delay"] for row in named])


def changes(rows: Sequence[Row]) -> Spec:
    return _stacked(rows, ["edits", "removals", "returns"], PALETTE[1:4])


def crawls(rows: Sequence[Row]) -> Spec:
    return _stacked(
        rows, ["finished", "interrupted", "failed"], [PALETTE[2], PALETTE[1], PALETTE[3]]
    )


def ranking(rows: Sequence[Row], name: str, value: str = "articles") -> Spec:
    return _bars(rows, name, sort=[row[name] for row in rows], value=value)


def draw(spec: Spec, width: int) -> str:
    """The SVG of a specification, about ``width`` pixels wide."""
    is_calendar = "row" in spec["encoding"]
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": {"step": (width - 90) / 53} if is_calendar else width - _margin(spec),
        "background": None,
        "padding": 2,
        "config": {
            "view": {"stroke": None},
            "axis": {
                "labelColor": "currentColor",
                "titleColor": "currentColor",
                "domainColor": "currentColor",
                "tickColor": "currentColor",
                "gridColor": "currentColor",
                "gridOpacity": 0.15,
                "domainOpacity": 0.4,
                "tickOpacity": 0.4,
            },
            "legend": {"labelColor": "currentColor", "titleColor": "currentColor"},
        },
    }
    svg: str = vl_convert.vegalite_to_svg(whole | spec, vl_version=VEGA_LITE)
    return svg


def delay_words(delay: timedelta | None) -> str:
    if delay is None:
        return "longer"
    hours, minutes = divmod(round(delay.total_seconds() / 60), 60)
    if minutes:
        return f"up to {minutes} minutes"
    return f"up to {hours} h" if hours < 48 else f"up to {hours // 24} days"


def _margin(spec: Spec) -> int:
    """Pixels that labels take beside the plot."""
    return 130 if spec["encoding"]["y"]["type"] == "nominal" else 60


def _data(rows: Iterable[Row]) -> Spec:
    return {"data": {"values": [{k: _plain(v) for k, v in row.items()} for row in rows]}}


def _plain(value: Any) -> Any:
    """A value as JSON has it: days as text, sums as numbers."""
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else int(value)


def _day_axis() -> Spec:
    return {
        "field": "day",
        "type": "temporal",
        "scale": {"type": "utc"},
        "title": None,
        "axis": {"labelOverlap": True},
    }


def _count(field: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": field,
        "axis": {"tickMinStep": 1, "tickCount": 5},
    }


def _depth(field: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"type": "sqrt", "range": [0.06, 1]},
        "legend": None,
    }


def _bars(rows: Sequence[Row], name: str, *, sort: list[Any], value: str = "articles") -> Spec:
    return {
        "height": {"step": 18},
        "mark": {"type": "bar", "color": COLOR},
        "encoding": {
            "y": {
                "field": name,
                "type": "nominal",
                "sort": sort,
                "title": None,
                "axis": {"labelLimit": 110, "ticks": False, "domain": False},
            },
            "x": _count(value),
        },
    } | _data(rows)


def _stacked(rows: Sequence[Row], fields: list[str], colors: list[str]) -> Spec:
    """One bar a day, a colour a field."""
    shown = [
        {"day": row["day"], "what": field, "count": row[field]} for row in rows for field in fields
    ]
    last = rows[-1]["day"]
    # A day is narrow also where the archive is young.
    span = [min(rows[0]["day"], last - MONTH), last + timedelta(days=1)]
    return {
        "height": 160,
        "mark": "bar",
        "encoding": {
            "x": _day_axis()
            | {"timeUnit": "utcyearmonthdate"}
            | {"scale": {"type": "utc", "domain": [day.isoformat() for day in span]}},
            "y": _count("count") | {"title": None},
            "color": {
                "field": "what",
                "type": "nominal",
                "scale": {"domain": fields, "range": colors},
                "legend": {"orient": "bottom", "title": None},
            },
        },
    } | _data(shown)
