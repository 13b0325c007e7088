"""The arguments of a crawl: each mistake is one sentence that names it."""

from datetime import UTC, datetime

import pytest

from crawler.errors import OperatorError
from crawler.plan import CrawlPlan

HOME = "https://alkarmel.example/"


def plan(home: str | None = HOME, timezone: str = "Asia/Hebron", **arguments: str) -> CrawlPlan:
    return CrawlPlan.read(home, arguments, hosts=[], timezone=timezone)


def test_without_arguments_a_crawl_is_incremental() -> None:
    assert plan().mode == "incremental"


def test_an_address_alone_makes_a_crawl_of_one_page() -> None:
    assert plan(url="https://www.alkarmel.example/post/1").mode == "url"


def test_since_and_until_are_whole_days_on_the_clock_of_the_site() -> None:
    bounded = plan(mode="backfill", since="2019-01-01", until="2019-07-31")
    assert bounded.since == datetime(2018, 12, 31, 22, tzinfo=UTC)
    assert bounded.until == datetime(2019, 7, 31, 20, 59, 59, 999_999, tzinfo=UTC)


def test_a_day_is_in_its_own_range() -> None:
    bounded = plan(mode="backfill", since="2019-01-01", until="2019-01-01")
    assert not bounded.excludes(datetime(2019, 1, 1, 12, tzinfo=UTC))
    assert bounded.excludes(datetime(2019, 1, 1, 22, tzinfo=UTC))
    assert not bounded.excludes(None)


@pytest.mark.parametrize(
    ("home", "arguments", "named"),
    [
        (None, {}, "ALKARMEL_URL"),
        ("", {}, "ALKARMEL_URL"),
        ("file:///etc/passwd", {}, "file:///etc/passwd"),
        ("ftp://alkarmel.example/", {}, "ftp://alkarmel.example/"),
        ("alkarmel.example", {}, "alkarmel.example"),
        ("https://", {}, "https://"),
        (HOME, {"mode": "fast"}, "mode=fast"),
        (HOME, {"mode": "url"}, "mode=url"),
        (HOME, {"mod": "backfill"}, "mod"),
        (HOME, {"mode": "backfill", "since": "1/2/2019"}, "since=1/2/2019"),
        (HOME, {"mode": "backfill", "since": "2019-02-30"}, "since=2019-02-30"),
        (HOME, {"mode": "backfill", "until": "9999-12-31"}, "until=9999-12-31"),
        (HOME, {"mode": "backfill", "since": "2020-01-01", "until": "2019-01-01"}, "2020-01-01"),
        (HOME, {"since": "2019-01-01"}, "since=2019-01-01"),
        (HOME, {"url": "https://elsewhere.example/1"}, "https://elsewhere.example/1"),
        (HOME, {"url": HOME + "1", "mode": "backfill"}, "mode=backfill"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(
    home: str | None, arguments: dict[str, str], named: str
) -> None:
    with pytest.raises(OperatorError) as raised:
        plan(home, **arguments)
    assert named in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_time_zone_is_named() -> None:
    with pytest.raises(OperatorError, match="ALKARMEL_TIMEZONE=Asia/Nowhere"):
        plan(timezone="Asia/Nowhere")
