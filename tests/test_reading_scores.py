"""Pages that others made are read no worse than before: the figures last reached are the floors.

The pages are their publishers' and stay outside the project; $SAVED_NEWS_PAGES names their folder.
"""

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import pytest

from benchmarks.reading_scores import (
    Score,
    default_folder,
    ours,
    printed_zones,
    same_day,
    same_minute,
    saved_pages,
    score,
    share,
    token_f1,
)

PROJECT = Path(__file__).parents[1]

# Group: mean body F1, share of right titles, share of right days. When a figure rises, so does
# its floor.
FLOORS = {"arabic": (0.996, 1.0, 1.0), "all": (0.972, 0.90, 0.98)}
MEASURES = ["body", "title", "day"]
WRONG_DATES = 1  # a date was given, and it is another day's; none of them on an Arabic page


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    folder = default_folder()
    if not (folder / "pages.jsonl").is_file():
        pytest.skip(f"There are no saved pages in {folder}; SAVED_NEWS_PAGES names another folder.")
    return [score(page, ours) for page in saved_pages(folder)]


@pytest.mark.parametrize("group", FLOORS)
@pytest.mark.parametrize("measure", MEASURES)
def test_pages_of_others_are_read_no_worse_than_before(
    group: str, measure: str, scores: list[Score]
):
    rows = [s for s in scores if s.arabic or group == "all"]
    reached = {
        "body": mean(s.body for s in rows),
        "title": share([s.title for s in rows]),
        "day": share([s.day for s in rows]),
    }
    assert reached[measure] is not None
    assert reached[measure] >= FLOORS[group][MEASURES.index(measure)]


def test_no_more_dates_are_wrong_than_before(scores: list[Score]):
    wrong = [s for s in scores if s.wrong_date]
    assert len(wrong) <= WRONG_DATES
    assert not [s.file for s in wrong if s.arabic]


# --- the measures, and the script around them


def test_body_is_measured_by_its_words():
    assert token_f1("واحد اثنان ثلاثة", "ثلاثة اثنان واحد") == 1
    assert token_f1("واحد اثنان", "واحد ثلاثة") == 0.5
    assert token_f1("", "واحد") == 0


def test_days_are_the_same_whatever_zone_they_are_given_in():
    evening = datetime(2020, 10, 9, 22, 30, tzinfo=UTC)
    assert same_day(evening, "2020-10-09") and same_day(evening, "2020-10-10")
    assert not same_day(evening, "2020-10-11")


def test_the_day_may_be_that_of_the_zone_that_the_page_stamps_it_in():
    found = datetime(2020, 10, 9, 2, 30, tzinfo=UTC)
    page = '{"datePublished": "2020-10-08T22:30:00-04:00", "dateModified": "2020-10-01T02:30:00Z"}'
    assert same_day(found, "2020-10-08", printed_zones(page, found))
    assert not same_day(found, "2020-10-08", printed_zones("2020-10-08T22:31:00-04:00", found))


def test_minutes_are_the_same_whatever_zone_they_are_given_in():
    evening = datetime(2020, 10, 9, 22, 30, tzinfo=UTC)
    assert same_minute(evening, "2020-10-10T01:30:20+03:00")
    assert not same_minute(evening, "2020-10-10T01:31:00+03:00")


def reading(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.reading", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_benchmark_scores_any_folder_of_pages(tmp_path: Path):
    saved = PROJECT / "tests/saved_pages/json-ld-portal/page.json"
    about = json.loads(saved.read_text(encoding="utf-8"))
    expected = json.loads(saved.with_name("expected.json").read_text(encoding="utf-8"))
    html = gzip.decompress(saved.with_name("page.html.gz").read_bytes())
    (tmp_path / "page.html.gz").write_bytes(gzip.compress(html))
    line = {
        "file": "page.html.gz",
        "url": about["url"],
        "title": expected["title"],
        "body": expected["body"],
        "date": expected["published_at"],
    }
    (tmp_path / "pages.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    done = reading("--pages", str(tmp_path), "--only", "ours")
    assert done.returncode == 0
    assert "All, 1 pages" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("ours"))
    assert row.split()[1:6] == ["1.000", "100%", "100%", "100%", "0"]


def test_benchmark_without_pages_says_so(tmp_path: Path):
    done = reading("--pages", str(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and str(tmp_path) in done.stderr
