"""What the counters of a crawl say of it."""

import pytest

from crawler.errors import DONE, ENDED_EARLY, UNREACHABLE
from crawler.verdict import Verdict, judge, summary

FINISHED = {
    "finish_reason": "finished",
    "downloader/request_count": 12,
    "listing/read": 2,
    "page/answered": 9,
}


@pytest.mark.parametrize(
    ("counters", "exit_code", "outcome", "reason"),
    [
        ({}, DONE, "finished", "finished"),
        ({"page/failed": 3, "page/rejected": 2}, DONE, "finished", "finished"),
        ({"page/answered": 0}, DONE, "finished", "finished"),
        ({"listing/read": 0}, DONE, "finished", "finished"),
        ({"listing/read": 0, "page/answered": 0}, UNREACHABLE, "failed", "no answer"),
        ({"article/lost": 2}, ENDED_EARLY, "failed", "2 items could not be stored"),
        ({"spider_exceptions/count": 1}, ENDED_EARLY, "failed", "1 pages could not be read"),
        ({"home/refused": "robots.txt"}, ENDED_EARLY, "failed", "may not be fetched: robots.txt"),
        (
            {"finish_reason": "robots.txt fails", "robots/fault": "robots.txt fails"},
            UNREACHABLE,
            "failed",
            "robots.txt fails",
        ),
        ({"finish_reason": "shutdown"}, ENDED_EARLY, "interrupted", "stopped by a signal"),
        ({"finish_reason": "database lost"}, ENDED_EARLY, "failed", "database lost"),
        ({"finish_reason": "closespider_timeout"}, ENDED_EARLY, "failed", "closespider_timeout"),
        # What we did wrong is told also where the site gave nothing to read.
        (
            {"listing/read": 0, "page/answered": 0, "spider_exceptions/count": 1},
            ENDED_EARLY,
            "failed",
            "could not be read",
        ),
    ],
)
def test_counters_make_a_verdict(
    counters: dict[str, object], exit_code: int, outcome: str, reason: str
) -> None:
    verdict = judge(FINISHED | counters)
    assert (verdict.exit_code, verdict.outcome) == (exit_code, outcome)
    assert reason in verdict.reason


def test_every_fault_is_told() -> None:
    verdict = judge(FINISHED | {"article/lost": 2, "spider_exceptions/count": 1})
    assert verdict.reason == "2 items could not be stored; 1 pages could not be read"


def test_a_worker_that_had_nothing_to_do_is_done() -> None:
    assert judge({"finish_reason": "finished"}) == Verdict(DONE, "finished", "finished")


def test_a_crawl_that_could_not_begin_has_ended_early() -> None:
    verdict = judge({})
    assert (verdict.exit_code, verdict.outcome) == (ENDED_EARLY, "failed")


def test_the_summary_is_one_line_with_every_count() -> None:
    stats = FINISHED | {"article/new": 7, "page/gone": 1, "elapsed_time_seconds": 3.6}
    assert summary("alkarmel", judge(stats), stats) == (
        "alkarmel: finished; 7 new, 0 changed, 0 unchanged, 0 duplicate, 0 rejected, 1 gone, "
        "0 excluded, 0 failed, 0 rechecked; 12 requests in 4 s"
    )


def test_a_crawl_without_counters_has_a_summary_too() -> None:
    assert summary("alkarmel", judge({}), {}).endswith("0 requests in 0 s")
