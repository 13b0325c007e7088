"""The checks of `scrapy health`: what was found, what it may be, and whether that is well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crawler.arrivals import Arrivals
from crawler.db.health import SiteCrawls
from crawler.errors import OperatorError
from crawler.warc.usage import Usage

HOUR, DAY = 3_600, 86_400  # seconds
MB, GB = 1e6, 1e9  # bytes
YEARS = 3_650  # days that nobody counts
# What the setting HEALTH_LIMITS may change; docs/operations.md says what to do about each.
LIMITS = {
    "failed_crawls": 0.25,  # share of the crawls of a day that ended with 1 or 3, or were killed
    "failed_pages": 0.1,  # share of the pages of a day that gave no answer, or a challenge
    "pending_pages": 0,  # pages that have been due for two days
    "recheck_overdue": 7 * DAY,  # seconds
    "free_days": 14,  # days that the free space must last
    "clock": 300,  # seconds
}
PENDING_PATIENCE = timedelta(days=2)
FEW_CRAWLS, FEW_PAGES = 4, 20  # of a day: a share of fewer says nothing


@dataclass(frozen=True, slots=True)
class Check:
    """One answer; value and limit are in ``unit``, None where there is none to give."""

    name: str
    ok: bool
    says: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""  # seconds, bytes, ratio; empty: a number of things
    site: str | None = None  # where the archive holds several, each has its own


def read_limits(changes: Mapping[str, object]) -> dict[str, float]:
    """LIMITS with what the setting changes; OperatorError for a name or number that is none."""
    limits = dict(LIMITS)
    for name, value in changes.items():
        if name not in limits:
            raise OperatorError(
                f"HEALTH_LIMITS names {name!r}; there are only: {', '.join(limits)}."
            )
        try:
            limits[name] = float(str(value))
        except ValueError:
            raise OperatorError(f"HEALTH_LIMITS: {name}={value!r} is not a number.") from None
    return limits


# --- crawls -------------------------------------------------------------------------------------


def no_crawl() -> Check:
    return Check("last_crawl_age", False, "there was none in this archive", unit="seconds")


def last_crawl(crawls: SiteCrawls, now: datetime, max_age: timedelta) -> Check:
    """Whether a whole look at the site has succeeded lately; one page alone is none."""
    limit = max_age.total_seconds()
    running = crawls.running_since
    also = f"; one is running since {_ago(_seconds(now - running))}" if running else ""
    if crawls.finished is None:
        says = f"none has succeeded yet{also}; limit {_span(limit)}"
        return Check("last_crawl_age", False, says, None, limit, "seconds", crawls.site)
    age = _seconds(now - crawls.finished)
    says = f"{_ago(age)}{also if age > limit else ''}; limit {_span(limit)}"
    return Check("last_crawl_age", age <= limit, says, age, limit, "seconds", crawls.site)


def failed_crawls(crawls: SiteCrawls, limit: float) -> Check:
    share = crawls.ended_badly / crawls.ended if crawls.ended else 0.0
    ok = share <= limit or crawls.ended < FEW_CRAWLS
    says = f"{crawls.ended_badly} of {crawls.ended} in a day; limit {limit:.0%} of {FEW_CRAWLS}+"
    return Check("failed_crawls", ok, says, share, limit, "ratio", crawls.site)


def failed_pages(crawls: SiteCrawls, limit: float) -> Check:
    share = crawls.failed / crawls.settled if crawls.settled else 0.0
    ok = share <= limit or crawls.settled < FEW_PAGES
    says = f"{crawls.failed} of {crawls.settled} in a day; limit {limit:.0%} of {FEW_PAGES}+"
    return Check("failed_pages", ok, says, share, limit, "ratio", crawls.site)


def new_articles(found: Arrivals | None, site: str) -> Check:
    name = "new_articles"
    if found is None:
        says = "too few articles, or weeks of them, to know what is usual"
        return Check(name, True, says, site=site)
    says = (
        f"{found.count} in the {found.hours} h before the last crawl, "
        f"usually {found.usual:.0f} at this hour of the week; limit {found.least:.0f}"
    )
    return Check(name, found.count >= found.least, says, found.count, found.least, site=site)


# --- the ledger ---------------------------------------------------------------------------------


def pending_pages(count: int, limit: float) -> Check:
    says = f"{count} due for {_span(_seconds(PENDING_PATIENCE))} and not fetched; limit {limit:.0f}"
    return Check("pending_pages", count <= limit, says, count, limit)


def recheck_overdue(oldest_due: datetime | None, now: datetime, limit: float, site: str) -> Check:
    late = max(0.0, _seconds(now - oldest_due)) if oldest_due else 0.0
    says = f"{f'for {_span(late)}' if late else 'none'}; limit {_span(limit)}"
    return Check("recheck_overdue", late <= limit, says, late, limit, "seconds", site)


def held_pages(count: int) -> Check:
    says = f"{count} pages are held for drift: scrapy release" if count else "none; limit 0"
    return Check("held_pages", not count, says, count, 0)


# --- room ---------------------------------------------------------------------------------------


def warc_size(found: Usage) -> Check:
    says = f"{_bytes(found.size)} in {found.files} files, {_bytes(found.growth)} a day; no limit"
    return Check("warc_size", True, says, found.size, None, "bytes")


def free_space(free: int, growth: float, days: float, least: int) -> Check:
    """``least`` is what a crawl needs to start; before that the disk must last some days."""
    needed = least + days * growth
    lasting = max(0.0, (free - least) / growth) if growth else YEARS
    lasts = f", enough for {lasting:.0f} days" if lasting < YEARS else ""
    says = f"{_bytes(free)}{lasts}; limit {_bytes(needed)} ({days:.0f} days and {_bytes(least)})"
    return Check("free_space", free >= needed, says, free, needed, "bytes")


def database_size(size: int) -> Check:
    return Check("database_size", True, f"{_bytes(size)}; no limit", size, None, "bytes")


# --- schema and clocks --------------------------------------------------------------------------


def schema(revision: str, wanted: str, is_known: bool) -> Check:
    if revision == wanted:
        return Check("schema", True, f"at revision {revision}, which is this program's")
    to_do = "run `scrapy db upgrade`" if is_known else "install the newer program"
    return Check("schema", False, f"at revision {revision}, not {wanted}: {to_do}")


def clock_database(ahead: float, limit: float) -> Check:
    says = f"{_difference(ahead)} the database's; limit {_span(limit)}"
    return Check("clock_database", abs(ahead) <= limit, says, ahead, limit, "seconds")


def clock_site(differences: Sequence[float], limit: float) -> Check:
    """``differences`` of the last answers: seconds from their Date header to our clock's time.

    An answer out of a cache that does not say its age has an old Date, so the smallest is what
    counts; it still holds the way of the answer and the second to which Date is rounded. Which
    of the two clocks is wrong nobody can know from here.
    """
    name = "clock_site"
    if not differences:
        return Check(name, True, "no answer of the last day is in the WARC files, so not compared")
    ahead = min(differences)
    says = (
        f"{_difference(ahead)} the site's, by {len(differences)} answers' Date; "
        f"limit {_span(limit)}"
    )
    return Check(name, abs(ahead) <= limit, says, ahead, limit, "seconds")


# --- words --------------------------------------------------------------------------------------


def _seconds(span: timedelta) -> float:
    return span.total_seconds()


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / HOUR:.0f} h" if seconds < 3 * DAY else f"{seconds / DAY:.0f} days"


def _ago(seconds: float) -> str:
    return f"{_span(max(0.0, seconds))} ago"


def _difference(ahead: float) -> str:
    return f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'}"


def _bytes(size: float) -> str:
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / MB:.1f} MB"
