"""What one crawl is asked to do: the arguments of the spider, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crawler.errors import OperatorError
from crawler.text.site import Site

MODES = ("incremental", "backfill", "url", "worker")
ARGUMENTS = ("mode", "since", "until", "url")


@dataclass(frozen=True, slots=True)
class CrawlPlan:
    """The site and the work; ``since`` and ``until`` are UTC, inclusive, None where open."""

    site: Site
    mode: str
    since: datetime | None = None
    until: datetime | None = None
    url: str | None = None

    @classmethod
    def read(
        cls,
        home: str | None,
        arguments: Mapping[str, str],
        *,
        hosts: list[str],
        timezone: str,
    ) -> Self:
        """The plan, or OperatorError with one sentence for the first thing that is wrong."""
        site = _site(home, hosts)
        _check_names(arguments)
        url = arguments.get("url")
        mode = arguments.get("mode", "url" if url else "incremental")
        if mode not in MODES:
            raise OperatorError(f"mode={mode} is unknown; use one of {', '.join(MODES)}.")
        _check_combination(mode, url, arguments)
        if url and not site.owns(url):
            raise OperatorError(
                f"url={url} is outside the site {site.home}; give an address of that site, "
                "or change ALKARMEL_URL."
            )
        zone = read_zone(timezone)
        since = read_day("since", arguments.get("since"), zone)
        until = read_day("until", arguments.get("until"), zone, end=True)
        if since and until and since > until:
            raise OperatorError(
                f"since={arguments['since']} is after until={arguments['until']}; swap them."
            )
        return cls(site, mode, since, until, url)

    def excludes(self, moment: datetime | None) -> bool:
        """Whether a date lies outside since and until; an unknown one does not."""
        if moment is None:
            return False
        return bool((self.since and moment < self.since) or (self.until and moment > self.until))


def _site(home: str | None, hosts: list[str]) -> Site:
    if not home:
        raise OperatorError(
            "ALKARMEL_URL is not set; set it to the address of the site's home page "
            "(ALKARMEL_URL=https://…), or run `make demo` to see a crawl of the bundled replica."
        )
    try:
        return Site(home, tuple(hosts))
    except ValueError as error:
        raise OperatorError(str(error)) from None


def _check_names(arguments: Mapping[str, str]) -> None:
    for name in arguments:
        if name not in ARGUMENTS:
            raise OperatorError(f"-a {name} is unknown; the arguments are {', '.join(ARGUMENTS)}.")


def _check_combination(mode: str, url: str | None, arguments: Mapping[str, str]) -> None:
    if mode == "url" and not url:
        raise OperatorError("mode=url needs the address: -a url=https://….")
    if url and mode != "url":
        raise OperatorError(f"url={url} and mode={mode} exclude each other; leave one out.")
    given = [name for name in ("since", "until") if arguments.get(name)]
    if given and mode != "backfill":
        raise OperatorError(
            f"{given[0]}={arguments[given[0]]} belongs to a backfill; add -a mode=backfill."
        )


def read_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise OperatorError(
            f"ALKARMEL_TIMEZONE={name} is not a time zone; write it like Asia/Hebron."
        ) from None


def read_day(name: str, value: str | None, zone: ZoneInfo, *, end: bool = False) -> datetime | None:
    """The first moment of a day in the zone, or its last one."""
    if not value:
        return None
    try:
        day = date.fromisoformat(value) + timedelta(days=1 if end else 0)
        moment = datetime.combine(day, time.min, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise OperatorError(f"{name}={value} is not a date; write it like 2019-12-31.") from None
    return moment - timedelta(microseconds=1) if end else moment
