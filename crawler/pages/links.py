"""What a page, a sitemap or a feed names: one address and what is said about it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from crawler.text.arabic import fold_spaces

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SPACE_BEFORE_ZONE = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")


@dataclass(frozen=True, slots=True)
class Link:
    """An address as printed, made absolute, without its fragment."""

    url: str
    text: str = ""  # the words of the link, white space folded
    modified_at: datetime | None = None  # UTC
    published_at: datetime | None = None  # UTC


def absolute_url(href: str, base: str) -> str | None:
    """The http(s) address that ``href`` means on a page at ``base``, without its fragment.

    None for other schemes, for fragments of the page itself and for what no address can be.
    """
    href = href.strip()
    if not href or href.startswith("#"):
        return None
    scheme = _SCHEME.match(href)
    if scheme and scheme[0].lower() not in ("http:", "https:"):
        return None
    try:
        return urljoin(base, href).partition("#")[0]
    except ValueError:  # "http://[": urllib's word for a malformed host
        return None


def read_time(text: str) -> datetime | None:
    """A time in one of the machines' formats (ISO 8601, RFC 822), in UTC; None for others.

    A time without a zone is taken as UTC, a day as its first moment; a month or a year alone
    is no time. Good enough to say which address is newer, too coarse to be an article's date.
    """
    text = _SPACE_BEFORE_ZONE.sub("", fold_spaces(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:
        return None
    # 0001-01-01 and 1970-01-01 are the empty date fields of .NET and of Unix.
    return at if at.year > 1970 else None
