"""What an operator can cause and mend: one sentence, one exit code."""

from scrapy.exceptions import IgnoreRequest

DONE = 0
ENDED_EARLY = 1
CANNOT_START = 2
UNREACHABLE = 3
ALREADY_RUNNING = 75  # EX_TEMPFAIL of sysexits.h: cron may simply try again


class OperatorError(Exception):
    """One clear sentence that names the value, the reason and what to do."""

    exit_code = CANNOT_START


class EvidenceLost(Exception):
    """The WARC file could not be written; what cannot be proved is not archived."""


class NotAsked(IgnoreRequest):
    """The crawl ended before a request's turn came: its page stays as it was, due again."""


class AnotherCrawlRunning(OperatorError):
    """A second crawl of an archive that is being crawled."""

    exit_code = ALREADY_RUNNING
