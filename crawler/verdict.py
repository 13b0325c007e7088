"""How a crawl ended: its exit code, its outcome in words, and its line for the operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crawler.errors import DONE, ENDED_EARLY, UNREACHABLE
from crawler.pages.rejection import OUTCOMES

# Scrapy ends with «finished» whatever happened on the way; these counters tell what did.
OUR_FAULTS = {
    "article/lost": "items could not be stored",
    "spider_exceptions/count": "pages could not be read",
}
COUNTED = {
    "new": "article/new",
    "changed": "article/changed",
    "unchanged": "article/unchanged",
    "duplicate": "article/duplicate",
    "rejected": "page/rejected",
    "gone": "page/gone",
    "excluded": "page/excluded",
    "failed": "page/failed",
    "rechecked": "page/rechecked",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """``outcome`` is finished, failed or interrupted, as in the table of crawls."""

    exit_code: int
    outcome: str
    reason: str


def judge(stats: Mapping[str, Any]) -> Verdict:
    """The verdict on a crawl by its counters; it has none where it could not begin."""
    reason = stats.get("finish_reason")
    if reason is None:
        return Verdict(ENDED_EARLY, "failed", "the crawl could not begin; the log says why")
    if reason == "shutdown":
        return Verdict(ENDED_EARLY, "interrupted", "stopped by a signal")
    if fault := stats.get("robots/fault"):
        return Verdict(UNREACHABLE, "failed", fault)
    if reason != "finished":
        return Verdict(ENDED_EARLY, "failed", str(reason))
    faults = [f"{stats[name]} {what}" for name, what in OUR_FAULTS.items() if stats.get(name)]
    if faults:
        return Verdict(ENDED_EARLY, "failed", "; ".join(faults))
    if refused := stats.get("home/refused"):
        return Verdict(ENDED_EARLY, "failed", f"the home page may not be fetched: {refused}")
    asked = stats.get("downloader/request_count", 0)
    if asked and not stats.get("page/answered", 0) + stats.get("listing/read", 0):
        return Verdict(UNREACHABLE, "failed", "the site gave no answer that could be read")
    drift: str | None = stats.get("drift/alarm")
    in_the_way = _in_the_way(stats)
    if in_the_way and sum(in_the_way.values()) == stats.get("page/answered", 0):
        reasons = ", ".join(f"{reason} ({count})" for reason, count in in_the_way.items())
        shown = f"instead of articles the site showed: {reasons}"
        return Verdict(UNREACHABLE, "failed", f"{shown}; {drift}" if drift else shown)
    if drift:
        return Verdict(ENDED_EARLY, "failed", drift)
    return Verdict(DONE, "finished", "finished")


def _in_the_way(stats: Mapping[str, Any]) -> dict[str, int]:
    """The pages that said nothing of their own: challenges, errors, empty shells."""
    reasons = [reason for reason, outcome in OUTCOMES.items() if outcome == "failed"]
    counts = {reason: stats.get(f"no_article/{reason}", 0) for reason in reasons}
    return {reason: count for reason, count in counts.items() if count}


def summary(name: str, verdict: Verdict, stats: Mapping[str, Any]) -> str:
    """One line: what came of the crawl."""
    counts = ", ".join(f"{stats.get(key, 0)} {word}" for word, key in COUNTED.items())
    if held := stats.get("page/held"):
        counts += f", {held} held"
    seconds = stats.get("elapsed_time_seconds") or 0
    requests = stats.get("downloader/request_count", 0)
    return f"{name}: {verdict.reason}; {counts}; {requests} requests in {seconds:.0f} s"
