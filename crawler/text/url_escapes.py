"""Escapes in addresses (%D9%82): read, and written in one way."""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

# Runs, not single escapes: an Arabic slug is made of a hundred of them.
_ESCAPES = re.compile("%[0-9A-Fa-f][0-9A-Fa-f](?:%[0-9A-Fa-f][0-9A-Fa-f])*+")
_HIGH_ESCAPES = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])++")
_LOWER_ESCAPE = re.compile("%(?:[a-f]|[0-9A-F][a-f])")
# Neither ASCII nor Arabic letters are parts of one another.
_COMPOSED = re.compile("(?:[^%]|%[0-7][0-9A-F]|%D8%[AB][0-9A-F]|%D9%(?:8[0-9A]|A[0-9]))*+")
# With a letter before it, which it may be an accent of; not the last digit of another escape.
_ESCAPED_TEXT = re.compile(r"(?:(?<!%[0-9A-Fa-f])[A-Za-z])?(?:%[89A-F][0-9A-F])+")


def unescaped(address: str) -> str:
    """``urllib.parse.unquote`` in a quarter of its time: what is no UTF-8 becomes U+FFFD."""
    return _ESCAPES.sub(_text, address) if "%" in address else address


def _text(escapes: re.Match[str]) -> str:
    return bytes.fromhex(escapes[0].replace("%", "")).decode("utf-8", "replace")


def with_letters(address: str) -> str:
    """Letters for the escapes that are UTF-8 beyond ASCII; all other escapes stay."""
    return _HIGH_ESCAPES.sub(_letters, address) if "%" in address else address


def _letters(escapes: re.Match[str]) -> str:
    try:
        return bytes.fromhex(escapes[0].replace("%", "")).decode()
    except UnicodeDecodeError:
        return escapes[0]


def with_upper_escapes(address: str) -> str:
    return _ESCAPES.sub(_upper, address) if _LOWER_ESCAPE.search(address) else address


def _upper(escapes: re.Match[str]) -> str:
    return escapes[0].upper()


def composed(address: str) -> str:
    """NFC in the escapes that are UTF-8, after which raw and escaped text are alike."""
    if _COMPOSED.fullmatch(address) or unicodedata.is_normalized("NFC", unescaped(address)):
        return address
    return _ESCAPED_TEXT.sub(_compose, address)


def _compose(escaped: re.Match[str]) -> str:
    try:
        text = unquote_to_bytes(escaped[0]).decode()
    except UnicodeDecodeError:
        return escaped[0]
    return quote(unicodedata.normalize("NFC", text), safe="")
