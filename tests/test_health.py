"""`scrapy health`: each check well and ill on a real database, and what the command says of it."""

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from crawler import health
from crawler.arrivals import arrivals
from crawler.examination import Examination
from crawler.health import Check
from crawler.warc.records import Exchange
from crawler.warc.usage import usage
from crawler.warc.writer import WarcWriter
from tests.conftest import Archive, run_scrapy
from tests.rows import SITE, add_page, add_run, address, archive_article
from tests.site.replica import Site
from tests.site.server import serve

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = ZoneInfo("Asia/Hebron")
SETTLED = {"article/new": 30, "article/unchanged": 60, "page/failed": 2}


@pytest.fixture
def now(connection: sa.Connection) -> datetime:
    """The one moment of the transaction."""
    moment: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
    return moment


def add_crawl(connection: sa.Connection, ended: datetime, **columns: Any) -> int:
    times = {"started_at": ended - timedelta(minutes=5), "finished_at": ended}
    return add_run(connection, **{"outcome": "finished", "stats": SETTLED} | times | columns)


@pytest.fixture
def healthy(connection: sa.Connection, now: datetime) -> sa.Connection:
    """An archive in which nothing is wrong, with something of everything that is asked for."""
    for hours in range(1, 6):
        add_crawl(connection, now - hours * HOUR)
    run_id = add_crawl(connection, now - HOUR, outcome="failed", stats=None)
    archive_article(connection, run_id, 1)
    add_page(connection, address(2), next_fetch_at=now - HOUR)
    add_page(connection, address(3), next_fetch_at=now + 9 * DAY)
    add_page(connection, address(4), state="rejected", reason="no article")
    schedule(connection, now - DAY)
    return connection


def schedule(connection: sa.Connection, at: datetime) -> None:
    connection.execute(
        sa.text("UPDATE pages SET next_fetch_at = :at WHERE state = 'archived'"), {"at": at}
    )


def examine(
    connection: sa.Connection, now: datetime, directory: Path = Path("/nowhere"), **changes: Any
) -> dict[str, Check]:
    """The checks by name."""
    measures: dict[str, Any] = {
        "archive_dir": directory,
        "zone": ZONE,
        "limits": health.LIMITS,
        "max_age": 26 * HOUR,
        "least_free": 0,
        "max_bytes": 10**7,
        "now": now,
    }
    examination = Examination(**measures | changes)
    checks = [*examination.archive(connection), *examination.room()]
    return {check.name: check for check in checks}


def ill(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if not check.ok]


def test_a_healthy_archive_is_healthy(healthy: sa.Connection, now: datetime) -> None:
    checks = examine(healthy, now)
    assert ill(checks) == []
    assert list(checks) == [
        *("schema", "last_crawl_age", "failed_crawls", "failed_pages", "new_articles"),
        *("recheck_overdue", "pending_pages", "held_pages", "database_size"),
        *("clock_database", "clock_site", "warc_size", "free_space"),
    ]
    assert checks["last_crawl_age"].value == pytest.approx(3600)
    assert checks["failed_crawls"].value == pytest.approx(1 / 6)
    assert checks["failed_pages"].value == pytest.approx(2 / 92)
    assert checks["recheck_overdue"].value == pytest.approx(86_400)


def all_crawls(**columns: Any) -> Callable[[sa.Connection, datetime], object]:
    def change(connection: sa.Connection, now: datetime) -> None:
        assignments = ", ".join(f"{name} = {value}" for name, value in columns.items())
        connection.execute(sa.text(f"UPDATE runs SET {assignments}"))

    return change


def hold_a_page(connection: sa.Connection, now: datetime) -> None:
    add_page(connection, address(9), state="rejected", reason="drift")


def leave_a_page(connection: sa.Connection, now: datetime) -> None:
    add_page(connection, address(9), next_fetch_at=now - 49 * HOUR)


ILLS: dict[str, tuple[Callable[[sa.Connection, datetime], object], str]] = {
    "last_crawl_age": (
        all_crawls(finished_at="finished_at - interval '26 hours'", stats="NULL"),
        "27 h ago; limit 26 h",
    ),
    "failed_crawls": (
        lambda connection, now: add_crawl(connection, now, outcome="interrupted"),
        "2 of 7 in a day; limit 25% of 4+",
    ),
    "failed_pages": (
        all_crawls(stats="""'{"article/new": 80, "page/failed": 20}'"""),
        "120 of 600 in a day; limit 10% of 20+",
    ),
    "pending_pages": (leave_a_page, "1 due for 48 h and not fetched; limit 0"),
    "recheck_overdue": (
        lambda connection, now: schedule(connection, now - 8 * DAY),
        "for 8 days; limit 7 days",
    ),
    "held_pages": (hold_a_page, "1 pages are held for drift: scrapy release"),
}


@pytest.mark.parametrize("name", ILLS)
def test_one_ill_is_one_bad_check(healthy: sa.Connection, now: datetime, name: str) -> None:
    change, says = ILLS[name]
    change(healthy, now)
    checks = examine(healthy, now)
    assert ill(checks) == [name]
    assert checks[name].says == says


# --- crawls -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["url", "worker"])
def test_a_crawl_that_looks_for_nothing_new_is_no_success(
    connection: sa.Connection, now: datetime, mode: str
) -> None:
    add_crawl(connection, now - HOUR, mode=mode)
    checks = examine(connection, now)
    assert ill(checks) == ["last_crawl_age"]
    assert checks["last_crawl_age"].says == "none has succeeded yet; limit 26 h"


def test_an_archive_without_crawls_is_not_well(connection: sa.Connection, now: datetime) -> None:
    add_run(connection, mode="ingest")
    assert ill(examine(connection, now)) == ["last_crawl_age"]


def test_a_crawl_that_runs_too_long_is_named(connection: sa.Connection, now: datetime) -> None:
    add_crawl(connection, now - 50 * HOUR)
    add_run(connection, started_at=now - 49 * HOUR)
    says = examine(connection, now)["last_crawl_age"].says
    assert says == "50 h ago; one is running since 49 h ago; limit 26 h"


def test_each_site_has_its_own_checks(connection: sa.Connection, now: datetime) -> None:
    add_crawl(connection, now - HOUR)
    add_crawl(connection, now - 3 * DAY, spider="another")
    found = list(
        Examination(Path("/nowhere"), ZONE, health.LIMITS, 26 * HOUR, 0, 1, now).archive(connection)
    )
    assert [(each.site, each.name) for each in found if not each.ok] == [
        ("another", "last_crawl_age")
    ]
    assert {each.site for each in found} == {None, SITE, "another"}


def test_few_crawls_and_few_pages_are_no_share(connection: sa.Connection, now: datetime) -> None:
    add_crawl(connection, now - HOUR, stats={"page/failed": 19})
    add_crawl(connection, now - HOUR, outcome="failed", stats=None)
    assert ill(examine(connection, now)) == []


# --- the ledger ---------------------------------------------------------------------------------


def test_pages_may_wait_for_the_crawl_that_discovered_them(
    healthy: sa.Connection, now: datetime
) -> None:
    leave_a_page(healthy, now)
    run_id = add_run(healthy, mode="backfill", started_at=now - 7 * DAY)
    assert ill(examine(healthy, now)) == []
    begin_now = sa.text("UPDATE runs SET started_at = :at WHERE id = :id")
    healthy.execute(begin_now, {"at": now, "id": run_id})
    assert ill(examine(healthy, now)) == ["pending_pages"]


def test_a_page_that_is_being_fetched_is_not_stuck(healthy: sa.Connection, now: datetime) -> None:
    claim = {"claimed_by": add_run(healthy), "claimed_until": now + HOUR}
    add_page(healthy, address(9), next_fetch_at=now - 9 * DAY, **claim)
    assert ill(examine(healthy, now)) == []


def test_limits_can_be_changed(healthy: sa.Connection, now: datetime) -> None:
    limits = health.read_limits({"failed_pages": 0.01, "recheck_overdue": "3600"})
    assert ill(examine(healthy, now, limits=limits)) == ["failed_pages", "recheck_overdue"]


# --- new articles -------------------------------------------------------------------------------


def add_articles(connection: sa.Connection, times: list[datetime], **columns: Any) -> None:
    """Articles that were printed, and fetched, at these times."""
    run_id = add_crawl(connection, times[-1])
    page_id = add_page(connection, address(0), state="excluded", reason="x", next_fetch_at=None)
    capture = connection.execute(
        sa.text(
            "INSERT INTO captures (page_id, run_id, url, fetched_at, http_status, payload_digest)"
            " VALUES (:page, :run, 'x', now(), 200, 'x') RETURNING id"
        ),
        {"page": page_id, "run": run_id},
    ).scalar_one()
    texts = [
        {"url": address(1000 + number), "at": at, "printed": at, "precision": "minute"} | columns
        for number, at in enumerate(times)
    ]
    connection.execute(
        sa.text(
            "WITH article AS (INSERT INTO articles (url, title, body, published_at, word_count,"
            " published_precision, digest, extractor_version, first_seen_at, last_seen_at,"
            " capture_id) VALUES (:url, 'x', 'x', :printed, 1, :precision, :url, '1', :at, :at,"
            f" {capture}) RETURNING id, url) INSERT INTO pages (site, url, request_url, state,"
            " address_shape, article_id, next_fetch_at)"
            f" SELECT '{SITE}', url, url, 'archived', '/post/{{n}}', id, NULL FROM article"
        ),
        texts,
    )


def every_half_hour(end: datetime, weeks: int, silent: timedelta) -> list[datetime]:
    count = weeks * 7 * 48
    times = [end - number * HOUR / 2 for number in range(count, 0, -1)]
    return [at for at in times if at < end - silent]


@pytest.mark.parametrize(("silent", "bad"), [(HOUR, []), (12 * HOUR, ["new_articles"])])
def test_a_site_that_falls_silent_is_noticed(
    connection: sa.Connection, now: datetime, silent: timedelta, bad: list[str]
) -> None:
    add_articles(connection, every_half_hour(now, 10, silent))
    add_crawl(connection, now)
    checks = examine(connection, now)
    assert ill(checks) == bad
    if bad:
        assert checks["new_articles"].says == (
            "0 in the 12 h before the last crawl, usually 24 at this hour of the week; limit 2"
        )


def test_what_no_crawl_has_looked_for_is_not_missed(
    connection: sa.Connection, now: datetime
) -> None:
    """The last look was twenty hours ago, and everything was there then."""
    looked = now - 20 * HOUR
    add_articles(connection, every_half_hour(now, 10, 20 * HOUR))
    add_crawl(connection, looked)
    check = examine(connection, now)["new_articles"]
    assert check.ok and check.value == 24


def test_a_day_without_an_hour_counts_from_the_first_fetch(
    connection: sa.Connection, now: datetime
) -> None:
    times = every_half_hour(now, 10, HOUR)
    add_articles(connection, times, printed=None, precision=None)
    add_crawl(connection, now)
    assert examine(connection, now)["new_articles"].value is None  # undated ones tell nothing
    connection.execute(
        sa.text(
            "UPDATE articles SET published_at = date_trunc('day', first_seen_at),"
            " published_precision = 'day'"
        )
    )
    check = examine(connection, now)["new_articles"]
    assert check.ok and check.value == 22


END = datetime(2026, 10, 30, 9, tzinfo=UTC)  # a Friday, after clocks were put back in Hebron


def weekly(counts: list[int], hours: int = 6) -> list[datetime]:
    """So many articles in the hours before END and before the same hour of weeks before it."""
    moments = []
    for weeks, count in enumerate(counts):
        local = END.astimezone(ZONE) - timedelta(weeks=weeks)
        step = timedelta(hours=hours) / (count + 1)
        moments += [local.astimezone(UTC) - step * (number + 1) for number in range(count)]
    return sorted(moments)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([60, 60, 62, 58, 60, 61, 59, 60, 60], (60, 60, True)),
        ([20, 60, 62, 58, 60, 61, 59, 60, 60], (20, 60, True)),  # a feast
        ([2, 60, 62, 58, 60, 61, 59, 60, 60], (2, 60, False)),
        ([2, 60, 600, 0, 60, 0, 59, 60, 60], (2, 60, False)),  # a war week, two outages
        ([0, 3, 2, 4, 3, 2, 3, 3, 2], None),  # too few to tell
        ([0, 60, 60, 60], None),  # too short a history
        ([], None),
    ],
)
def test_usual_is_what_this_weekday_and_hour_brought(
    counts: list[int], expected: tuple[int, int, bool] | None
) -> None:
    found = arrivals(weekly(counts), END, ZONE)
    assert (found and (found.count, found.usual, found.count >= found.least)) == expected


def test_windows_follow_the_clocks_of_the_site() -> None:
    """The articles come in one hour; clocks that go back must not move it out of the window."""
    summer, winter = datetime(2026, 10, 9, 9), datetime(2026, 10, 30, 9)
    offsets = [moment.replace(tzinfo=ZONE).utcoffset() for moment in (summer, winter)]
    assert offsets[0] != offsets[1]
    # All of a week's articles stand just inside the six hours before nine o'clock.
    moments = sorted(
        (datetime(2026, 10, 30, 3, tzinfo=ZONE) - timedelta(weeks=weeks)).astimezone(UTC)
        + timedelta(seconds=number)
        for weeks in range(9)
        for number in range(60)
    )
    found = arrivals(moments, datetime(2026, 10, 30, 9, tzinfo=ZONE).astimezone(UTC), ZONE)
    assert found and (found.count, found.hours, found.usual) == (60, 6, 60)


# --- room and clocks ----------------------------------------------------------------------------


@pytest.fixture
def warc(tmp_path: Path, healthy: sa.Connection, now: datetime) -> Iterator[Callable[..., None]]:
    """Writes an answer with these headers, as if it had just come."""
    directory = tmp_path / "warc"
    directory.mkdir()
    writer = WarcWriter(directory, "test", {}, 10**9)
    page_id = healthy.execute(sa.text("SELECT min(id) FROM pages")).scalar_one()
    run_id = healthy.execute(sa.text("SELECT min(id) FROM runs")).scalar_one()

    def write(**headers: str) -> None:
        fields = [(name.capitalize(), value) for name, value in headers.items()]
        exchange = Exchange(
            address(1), now, "GET", [], b"", "HTTP/1.1", 200, "", fields, b"<p>", page_id=page_id
        )
        (place,) = writer.write([exchange])
        healthy.execute(
            sa.text(
                "INSERT INTO captures (page_id, run_id, url, fetched_at, http_status,"
                " payload_digest, warc_file, warc_offset, warc_length)"
                " VALUES (:page, :run, :url, :now, 200, 'x', :file, :offset, :length)"
            ),
            {
                "page": page_id,
                "run": run_id,
                "url": address(1),
                "now": now,
                "file": place.file,
                "offset": place.offset,
                "length": place.length,
            },
        )

    yield write
    writer.close()


def http_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_differs_from_the_site_s_is_noticed(
    healthy: sa.Connection, now: datetime, tmp_path: Path, warc: Callable[..., None], minutes: int
) -> None:
    for _ in range(3):
        warc(date=http_date(now - timedelta(minutes=minutes)))
    checks = examine(healthy, now, tmp_path)
    assert ill(checks) == ["clock_site"]
    assert checks["clock_site"].value == pytest.approx(minutes * 60, abs=1)


def test_an_old_answer_of_a_cache_says_nothing_of_clocks(
    healthy: sa.Connection, now: datetime, tmp_path: Path, warc: Callable[..., None]
) -> None:
    warc(date=http_date(now - HOUR))  # a cache that hides its age
    warc(date=http_date(now - HOUR), age="3600")
    warc(date="yesterday")
    warc()
    check = examine(healthy, now, tmp_path)["clock_site"]
    assert check.ok and check.value == pytest.approx(0, abs=1)


def test_without_answers_the_site_s_clock_is_not_judged(
    healthy: sa.Connection, now: datetime
) -> None:
    check = examine(healthy, now)["clock_site"]
    assert check.ok and check.value is None


@pytest.mark.parametrize(("ahead", "ok"), [(0.2, True), (-299, True), (301, False), (-301, False)])
def test_a_clock_that_differs_from_the_database_s_is_noticed(ahead: float, ok: bool) -> None:
    assert health.clock_database(ahead, 300).ok is ok


def test_the_room_is_measured(
    healthy: sa.Connection, now: datetime, tmp_path: Path, warc: Callable[..., None]
) -> None:
    warc()
    size = sum(path.stat().st_size for path in (tmp_path / "warc").iterdir())
    checks = examine(healthy, now, tmp_path)
    assert checks["warc_size"].value == size
    assert checks["database_size"].value and checks["database_size"].value > 1_000_000
    assert checks["free_space"].ok
    # A disk that is filled before the days are over, and one on which no crawl begins.
    days = 2 * (checks["free_space"].value or 0) / size
    limits = health.read_limits({"free_days": days})
    assert ill(examine(healthy, now, tmp_path, limits=limits)) == ["free_space"]
    assert ill(examine(healthy, now, tmp_path, least_free=2**62)) == ["free_space"]


# --- the command --------------------------------------------------------------------------------


def run_health(archive: Archive, *arguments: str, **environment: str) -> tuple[int, str, str]:
    run = run_scrapy(archive.environment(**environment), "health", *arguments)
    return run.returncode, run.stdout, run.stderr


def test_after_a_crawl_all_is_well_in_every_form(archive: Archive, tmp_path: Path) -> None:
    with serve(Site("post", articles=12)) as server:
        assert archive.crawl(server.url).exit_code == 0
    exit_code, output, errors = run_health(archive)
    assert (exit_code, errors) == (0, "")
    assert all(re.match(r"ok  [a-z_]+( of alkarmel)?: .", line) for line in output.splitlines())
    assert "ok  last_crawl_age of alkarmel: " in output
    assert re.search(r"clock_site: .* by (12|20) answers' Date", output)
    file = tmp_path / "archive.prom"
    exit_code, output, _ = run_health(archive, "--json", "--prometheus", str(file))
    report = json.loads(output)
    assert report["healthy"] is True and exit_code == 0
    values = {check["name"]: check["value"] for check in report["checks"]}
    assert values["warc_size"] > 10_000
    metrics = read_metrics(file)
    assert metrics["alkarmel_healthy"] == 1
    assert metrics['alkarmel_ok{check="failed_pages",site="alkarmel"}'] == 1
    assert metrics["alkarmel_warc_size_bytes"] == values["warc_size"]
    assert metrics['alkarmel_last_crawl_age_seconds_limit{site="alkarmel"}'] == 26 * 3600
    assert len([name for name in metrics if name.startswith("alkarmel_ok{")]) == len(values)


def read_metrics(file: Path) -> dict[str, float]:
    """The samples; each line must be one that a collector can read, each metric typed once."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert list(file.parent.glob(f".{file.name}*")) == []
    lines = file.read_text().splitlines()
    types = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(types) == len(set(types))
    samples = [line for line in lines if not line.startswith("#")]
    label = r'[a-z_]+="[a-z_]+"'
    for line in samples:
        assert re.fullmatch(rf"([a-z_]+)(\{{{label}(,{label})*\}})? [-+.e\d]+", line), line
        assert re.split(r"[{ ]", line)[0] in types
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in samples)}


def test_an_ill_archive_is_exit_1(archive: Archive, tmp_path: Path) -> None:
    with archive.engine.begin() as connection:
        add_crawl(connection, datetime.now(UTC) - 2 * HOUR)
    assert run_health(archive)[0] == 0
    file = tmp_path / "archive.prom"
    exit_code, output, errors = run_health(archive, "--max-age", "90m", "--prometheus", str(file))
    assert (exit_code, errors) == (1, "")
    assert [line for line in output.splitlines() if not line.startswith("ok ")] == [
        "bad last_crawl_age of alkarmel: 2 h ago; limit 90 min"
    ]
    assert read_metrics(file)["alkarmel_healthy"] == 0


@pytest.mark.parametrize(
    ("revision", "to_do"), [("0003", "run `scrapy db upgrade`"), ("9999", "install the newer")]
)
def test_another_schema_is_the_one_thing_said_of_the_database(
    archive: Archive, revision: str, to_do: str
) -> None:
    with archive.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    exit_code, output, _ = run_health(archive)
    assert exit_code == 1
    lines = output.splitlines()
    assert lines[0].startswith(f"bad schema: at revision {revision}, not ") and to_do in lines[0]
    assert [line.split()[1] for line in lines[1:]] == ["warc_size:", "free_space:"]


def test_where_there_is_no_archive_none_is_made(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "archive.prom"
    exit_code, output, errors = run_health(
        archive, "--prometheus", str(file), "--json", DATABASE_URL=""
    )
    assert exit_code == 2
    sentence = f"There is no archive in {archive.directory} yet; crawl first, "
    assert errors.startswith(sentence) and len(errors.splitlines()) == 1
    assert json.loads(output)["error"].startswith(sentence)
    assert read_metrics(file)["alkarmel_healthy"] == 0
    assert not archive.directory.exists()


def test_a_database_without_an_archive_says_so(archive: Archive, empty_database: sa.URL) -> None:
    url = empty_database.render_as_string(hide_password=False)
    assert run_health(archive, DATABASE_URL=url) == (
        2,
        "",
        "There is no archive in this database yet; crawl first.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--max-age", "soon"], "--max-age soon"),
        (["-s", 'HEALTH_LIMITS={"clocks": 1}'], "'clocks'"),
        (["-s", 'HEALTH_LIMITS={"clock": "x"}'], "clock='x'"),
        (["--prometheus", "/proc/archive.prom"], "/proc/archive.prom"),
    ],
)
def test_bad_input_is_one_sentence(archive: Archive, arguments: list[str], named: str) -> None:
    exit_code, output, errors = run_health(archive, *arguments)
    assert (exit_code, output) == (2, "")
    assert named in errors and len(errors.splitlines()) == 1


def _become_nobody() -> None:
    if os.geteuid() == 0:
        os.setuid(65_534)


def test_files_that_may_not_be_looked_at_are_not_taken_for_none(tmp_path: Path) -> None:
    directory = tmp_path / "warc"
    assert usage(directory).files == 0
    directory.mkdir(mode=0)
    with (
        ProcessPoolExecutor(1, get_context("fork"), _become_nobody) as pool,
        pytest.raises(PermissionError),
    ):
        pool.submit(usage, directory).result()
