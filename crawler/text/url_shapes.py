"""The shape of one piece of an address: {n} for a number, {s} for what is named freely."""

import re

from crawler.text.url_paths import is_year

# Words of routes, kept in a shape wherever they stand; any other word behind the first names a
# section, an author or an article.
_ROUTE_WORDS = frozenset(
    "post posts news article articles story stories details detail view item items node content "  # noqa: SIM905
    "category categories section sections tag tags author authors page pages archive video videos "
    "album albums gallery galleries image images search issue issues p id read show".split()
)
_WORD = re.compile(r"[A-Za-z_]+")
_FILE = re.compile(r"(.+)(\.(?:s?html?|php\d?|aspx?|jsp|cfm))", re.IGNORECASE)
_LONGEST_NUMBER = 18  # digits
_UUID = re.compile(r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)


def segment_shape(segment: str, first: bool) -> tuple[str, str | None]:
    """The shape of one segment of a path (``first``: its first), and the number in it."""
    file = _FILE.fullmatch(segment)
    name, extension = (file[1], file[2]) if file else (segment, "")
    if _is_literal(name, first or extension.lower() not in ("", ".html", ".htm", ".shtml")):
        return segment, None
    head = name.rstrip("0123456789")
    word = head[:-1] if head.endswith(("-", "_")) else head
    mark, number = head[len(word) :], name[len(head) :]
    if not _counts(word, mark, number) or _UUID.fullmatch(name):
        return "{s}" + extension, None
    prefix = word if not word or _is_literal(word, first) else "{s}"
    return f"{prefix}{mark}{{n}}{extension}", number


def _is_literal(name: str, first: bool) -> bool:
    return _WORD.fullmatch(name) is not None and (first or name.lower() in _ROUTE_WORDS)


def _counts(word: str, mark: str, number: str) -> bool:
    """Whether the digits at a segment's end are its number: not in «covid-19» or «plan-2030»."""
    if not 0 < len(number) <= _LONGEST_NUMBER:
        return False
    if not word:
        return True
    if not mark:
        return word.lower() in _ROUTE_WORDS
    return len(number) > 2 and not is_year(number)


def value_shape(key: str, value: str) -> tuple[str, str | None]:
    """The shape of one parameter of a query, and its number."""
    if not value:
        return key, None
    if value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER:
        return f"{key}={{n}}", value
    return f"{key}={{s}}", None


def renumbered(printed: str, old: str | None, number: int) -> str:
    """A segment or parameter with ``number`` in the place of its own number ``old``."""
    if old is None:
        return printed
    head, _, tail = printed.rpartition(old)
    return f"{head}{number}{tail}"
