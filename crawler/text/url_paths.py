"""Paths: what in the path of a canonical address does not say which page is meant."""

import re
from urllib.parse import quote

_INDEXES = frozenset(
    f"{stem}.{extension}"
    for stem in ("index", "default")
    for extension in ("php", "html", "htm", "asp", "aspx", "jsp", "shtml")
)
# The number behind these words counts containers of many pages, and the segment behind the
# number says which of them is meant; everywhere else it only decorates.
_CONTAINERS = frozenset(
    quote(word).lower()
    for word in (
        *(
            "issue",
            "issues",
            "volume",
            "vol",
            "edition",
            "editions",
            "page",
            "pages",
            "tag",
            "tags",
        ),
        *("archive", "archives", "part", "season", "series", "chapter", "عدد", "العدد", "صفحة"),
    )
)
# Pages of their own below an article or a section.
_SUBPAGES = frozenset({"comments", "feed", "rss", "atom", "edit", "gallery", "photos", "video"})
# A page number, a UUID, or what ends in an id of five digits or more: no mere slug.
_NUMBER = re.compile(r"(?:[a-z]{1,4}[-_]?)?\d+(?:\.\w+)?|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}")
_ID_AT_END = re.compile(r"[-_]\d{5,}(?:\.\w+)?\Z")
_SESSION_FOLDER = re.compile(r"\(S\(\w+\)\)", re.ASCII)  # ASP.NET without cookies


def identity_path(path: str, has_query: bool) -> str:
    """The path that all spellings of one page's address share.

    Without doubled and trailing slashes, session folders, AMP and print variants, the file name
    of a directory's index (where no query makes it a script) and the slug of a numbered page.
    ``/print/5`` and ``print.php?id=5`` stay: the name of the page that they print is unknown.
    """
    segments = [segment for segment in path.split("/") if segment]
    if segments and _SESSION_FOLDER.fullmatch(segments[0]):
        del segments[0]
    while len(segments) > 1 and segments[0].lower() == "amp":
        del segments[0]
    while segments and _is_variant(segments, has_query):
        segments.pop()
    if _has_mere_slug(segments):
        segments.pop()
    return "/" + "/".join(segments)


def _is_variant(segments: list[str], has_query: bool) -> bool:
    """Whether the last segment only names a form in which the page before it is served."""
    last = segments[-1].lower()
    if last in _INDEXES:
        return not has_query
    if last == "print":
        # A newspaper may have a section of that name, but hardly behind a number.
        return any(map(str.isdigit, segments))
    return last == "amp" and len(segments) > 1


def _has_mere_slug(segments: list[str]) -> bool:
    """``/post/123/any-slug``: one number, a word before it, one slug behind it."""
    if len(segments) < 3 or not segments[-2].isdigit() or is_year(segments[-2]):
        return False
    if any(map(str.isdigit, segments[:-2])) or segments[-3].lower() in _CONTAINERS:
        return False
    slug = segments[-1].lower()
    return not (slug in _SUBPAGES or _NUMBER.fullmatch(slug) or _ID_AT_END.search(slug))


def is_year(number: str) -> bool:
    """Whether a number in an address more likely dates than counts."""
    return len(number) == 4 and 1900 <= int(number) <= 2100
