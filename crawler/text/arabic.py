"""Arabic text: the form that is stored, the form that is compared and searched, its words."""

import re
import unicodedata
from functools import lru_cache

# The folding, as plain data, so that SQL can be built from the same tables:
#   lower(translate(normalize(text, NFKC), FOLDED_FROM, FOLDED_TO)), DROPPED removed,
#   normalize(…, NFKC) again, white space runs to one space, both ends trimmed.
# Each letter with the letters that are written for it.
LETTERS = {
    "ا": "أإآٱٲٳٵ",
    # One hamza for both seats: مسؤول and مسئول, زملائه and زملاؤه are the same word. Folding
    # the seats to و and ي instead would join قائد with قايد and فئة with فيه.
    "ء": "ؤئٴۂۓ",
    "ي": "ىیېۍے",
    "ه": "ةەہھۃۀ",
    "ك": "کڪ",
    "i": "İ",
    "σ": "ς",
}
DIGITS = {str(digit): "٠١٢٣٤٥٦٧٨٩"[digit] + "۰۱۲۳۴۵۶۷۸۹"[digit] for digit in range(10)}
PUNCTUATION = {
    '"': "«»“”„‟",
    "'": "‘’‚‛`′‹›",
    "-": "‐‑‒–—―−",
    ",": "،٬",
    ".": "۔٫",
    ";": "؛",
    "?": "؟",
    "%": "٪",
    "*": "٭",
    "(": "﴾",
    ")": "﴿",
}
_TWINS = {
    twin: folded
    for table in (LETTERS, DIGITS, PUNCTUATION)
    for folded, twins in table.items()
    for twin in twins
}
# Ordinary Arabic prose is full of these; of the others most texts hold none.
_COMMON_TWINS = {twin: _TWINS[twin] for twin in "أإآؤئىة،؛؟«»"}
_RARE_TWINS = {twin: folded for twin, folded in _TWINS.items() if twin not in _COMMON_TWINS}
_RARE_TWIN = re.compile(f"[{''.join(_RARE_TWINS)}]")
FOLDED_FROM = "".join(_TWINS)
FOLDED_TO = "".join(_TWINS.values())

# Character classes, written so that Python and PostgreSQL regular expressions both read them.
MARKS = r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08ca-\u08ff"
INVISIBLE = (
    r"\u0001-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u06dd\u115f\u1160"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc"
    r"\U000e0001-\U000e01ef"
)
TATWEEL = r"\u0640"
DROPPED = MARKS + TATWEEL + INVISIBLE
_OTHER_SPACES = (
    r"\u0009\u000b-\u000d\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
)
SPACES = r"\u000a\u0020" + _OTHER_SPACES

# Python strings can hold two things that PostgreSQL's cannot: NUL and halves of surrogate pairs.
# One at a time: a search for a class alone takes half as long as one for a run of it.
_DROPPED = re.compile(rf"[\x00\ud800-\udfff{DROPPED}]")
# Whatever is not ASCII, a plain Arabic letter or a common twin: most lines hold none of it.
_UNCOMMON = re.compile(r"[^ -_a-~\u0621-\u063a\u0641-\u064a،؛؟«»]")


def fold(text: str) -> str:
    """The one folding for comparing and searching; idempotent.

    Compatibility forms (NFKC), tashkeel, tatweel, spellings of alef, hamza, ى/ي and ة/ه,
    Persian and Urdu letters, Arabic and Persian digits, punctuation, case, invisible controls
    and white space no longer tell two texts apart. Lower-cased rather than case-folded:
    PostgreSQL has no case folding before version 18.
    """
    is_common = _UNCOMMON.search(text) is None
    if not is_common:
        text = unicodedata.normalize("NFKC", text)
    # One plain search a twin takes a quarter of the time of regular expressions or str.translate.
    for twin, folded in _COMMON_TWINS.items():
        text = text.replace(twin, folded)
    if is_common:
        return fold_spaces(text.lower())
    if _RARE_TWIN.search(text):
        for twin, folded in _RARE_TWINS.items():
            text = text.replace(twin, folded)
    # PostgreSQL lower-cases Σ to σ everywhere, Python to ς at the end of a word.
    text = text.lower().replace("ς", "σ")
    # A mark that was dropped may have kept two characters from being composed.
    return fold_spaces(unicodedata.normalize("NFKC", _DROPPED.sub("", text)))


def fold_spaces(text: str) -> str:
    """One plain space for any white space; none at the ends."""
    # No other white space than a plain space is printable: most lines need no taking apart.
    if "  " not in text and text.isprintable():
        return text.strip()
    return " ".join(text.split())


# The lines of the last pages: those of menus and tickers stand on every page of a site, those of an
# article are asked for again when its batch is stored.
_LINES_REMEMBERED = 4_096


@lru_cache(maxsize=_LINES_REMEMBERED)
def fold_line(text: str) -> str:
    """`fold`, remembered: for the lines of a page, asked for again and again."""
    return fold(text)


def fold_lines(text: str) -> list[str]:
    """`fold` line by line: of an article most lines were lines of its page."""
    return [fold_line(line) for line in text.split("\n")]


_NOT_LETTERS = re.compile(r"[\W_]+")
_COMMON_SIGNS = ' "-:.,?!/|()'


@lru_cache(maxsize=1_024)  # of titles, and what may be one
def letters(text: str) -> str:
    """What two prints of one title share: folded letters and digits alone."""
    folded = fold_line(text)
    for sign in _COMMON_SIGNS:
        folded = folded.replace(sign, "")
    return folded if folded.isalnum() else _NOT_LETTERS.sub("", folded)


# Presentation forms are glyphs, not spelling: lam-alef as one sign, letters by their place in
# the word. The honorifics (ﷺ), ﷽ and ﷼ are signs of their own and stay.
_PRESENTATION_FORM = re.compile(r"[\ufb50-\ufd3d\ufd50-\ufdf9\ufe70-\ufefc]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_HIDDEN = re.compile(rf"[\x00{INVISIBLE}]")
_PICTURE = r"\u2190-\u2bff\U0001f000-\U0001faff"
# A ZWNJ inside a word spells Persian (می‌شود); a ZWJ or a variation sign belongs to its picture.
_MEANINGFUL = re.compile(
    rf"(?<=[\u0620-\u06d3{MARKS}])\u200c(?=[\u0620-\u064a\u066e-\u06d3])"
    rf"|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])|(?<=[{_PICTURE}])\ufe0f"
)
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028]")
_OTHER_SPACE = re.compile(f"[{_OTHER_SPACES}]")
_SPACE_RUN = re.compile("   *")  # beginning with plain spaces, which are found faster than a run
_LINE_RUN = re.compile("\n\n\n+")
# Whatever any of these would change, beside runs of spaces and lines.
_UNCLEAN = re.compile(
    rf"[\ud800-\udfff\ufb50-\ufd3d\ufd50-\ufdf9\ufe70-\ufefc\x00{INVISIBLE}{_OTHER_SPACES}]"
)


def clean(text: str) -> str:
    """The form in which text is stored: as the writer spelled it, in NFC; idempotent.

    Tashkeel and tatweel stay. Invisible controls, NUL and halves of surrogate pairs go,
    presentation forms become letters, any space becomes one plain space. A line break stays one
    "\\n"; paragraphs are separated by exactly one blank line.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")  # addresses and their like
    if _UNCLEAN.search(text):
        text = _without_unclean(text)
    text = _SPACE_RUN.sub(" ", unicodedata.normalize("NFC", text))
    lines = text.replace(" \n", "\n").replace("\n ", "\n")
    return _LINE_RUN.sub("\n\n", lines).strip(" \n")


def _without_unclean(text: str) -> str:
    """The text without hidden signs, glyphs and other spaces than plain ones, in NFC."""
    if _SURROGATE.search(text):
        # Joins the two halves of one character, drops a half that stands alone.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = _PRESENTATION_FORM.sub(_letters, text)
    text = _LINE_END.sub("\n", text).replace("\u2029", "\n\n")
    return _OTHER_SPACE.sub(" ", unicodedata.normalize("NFC", _HIDDEN.sub(_kept, text)))


def _letters(form: re.Match[str]) -> str:
    """The letters of a presentation form; a free-standing mark loses its carrier."""
    return unicodedata.normalize("NFKC", form[0]).lstrip(" ـ") or "ـ"


def _kept(sign: re.Match[str]) -> str:
    return sign[0] if _MEANINGFUL.match(sign.string, sign.start()) else ""


# \w leaves out the marks that stand inside Arabic words, and takes a line of tatweel for one.
_WORD = re.compile(rf"\d+(?:[.,:/٫٬]\d+)+|[^\W_][\w{MARKS}\u0300-\u036f\u200c\u200d]*")


def words(text: str) -> list[str]:
    """The words of ``text`` as written, numbers such as 12,00 and 10:51 in one piece."""
    found: list[str] = []
    for piece in text.split():
        if piece.isalnum():  # as most are
            found.append(piece)
        else:
            found += _WORD.findall(piece)
    return [word for word in found if word.strip("ـ")] if "ـ" in text else found


def has_word(text: str) -> bool:
    """Whether `words` finds any; reads no further than the first."""
    return any(match[0].strip("ـ") for match in _WORD.finditer(text))
