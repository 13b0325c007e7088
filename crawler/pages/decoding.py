"""From bytes to text: the bytes decide, headers and meta tags are witnesses."""

import codecs
import re
from collections.abc import Mapping
from functools import cache, partial

# What the web calls these labels (WHATWG Encoding, section 4.2) where Python's codecs differ.
_WEB_NAMES = {
    "iso8859-1": "windows-1252",
    "cp1252": "windows-1252",
    "ascii": "windows-1252",
    "cp1256": "windows-1256",
    "cp1251": "windows-1251",
    "iso8859-6": "iso-8859-6",
    "iso8859-9": "windows-1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
# The encodings that pages come in; Python also knows "idna", "base64" and EBCDIC. UTF-16 is
# missing because a label that could be read is not written in it.
_WEB_CODECS = re.compile(
    r"utf-8|ascii|cp(?:125\d|866|874|932|949)|iso8859-\d+|koi8-[rtu]|mac-(?:roman|cyrillic)|tis-620"
    r"|gb2312|gbk|gb18030|big5|big5hkscs|euc_(?:jp|kr)|shift_jis|iso2022_jp"
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Labels that servers send by default: they say nothing about bytes that are not UTF-8.
_DEFAULT_LABELS = {"utf-8", "windows-1252", None}
_ARABIC_LABELS = {"windows-1256", "iso-8859-6"}

_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w:.-]+)""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([\w:.-]+)""")
_META_AREA = 4096  # bytes; WHATWG looks at 1024, old pages put scripts before the meta tag
_ASCII = bytes(range(0x80))
# A search for runs of high bytes takes eight times as long as splitting at all others.
_BLANK_ASCII = bytes.maketrans(_ASCII, b" " * len(_ASCII))


def decode_html(html: bytes, headers: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The text of a page and the name of the encoding that it was read with.

    Never raises and never adds U+FFFD: bytes that mean nothing in the chosen encoding (a
    character cut by a server's ``substr``, a torn end) are left out, as are NUL characters.
    """
    for bom, name in _BOMS:
        if html.startswith(bom):
            return _clean(html[len(bom) :].decode(name, "ignore")), name
    text = _utf8(html)
    if text is not None:
        return _clean(repair_double_encoding(text)), "utf-8"
    name = _legacy_encoding(html, _declared_encoding(html, headers))
    return _clean(_decode(html, name)), name


def utf8_markup(html: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """What `decode_html` reads, in UTF-8: the very bytes where nothing about them is wrong."""
    if b"\x00" not in html and not html.startswith(codecs.BOM_UTF8):
        try:
            text = html.decode("utf-8")
        except UnicodeDecodeError:
            pass  # Not all of it is UTF-8: decode_html looks closer.
        else:
            if repair_double_encoding(text) is text:
                return html
    return decode_html(html, headers)[0].encode("utf-8", "replace")


def _clean(text: str) -> str:
    # libxml2 ends the document at a NUL.
    return text.replace("\x00", "")


def _utf8(html: bytes) -> str | None:
    """The text where the bytes are UTF-8, torn characters left out; else None."""
    try:
        return html.decode("utf-8")
    except UnicodeDecodeError as error:
        text = html.decode("utf-8", "ignore")
        if error.reason == "unexpected end of data":  # a download cut inside a character
            return text
    dropped = len(html) - len(text.encode("utf-8"))
    above_ascii = len(html.translate(None, _ASCII))
    # By chance UTF-8 keeps less than a tenth of the high bytes of a legacy Arabic page.
    return text if above_ascii > 5 * dropped else None


def _declared_encoding(html: bytes, headers: Mapping[str, str] | None) -> str | None:
    """The first label that names a known encoding, the header before the page's own."""
    header = next((v for k, v in (headers or {}).items() if k.lower() == "content-type"), "")
    head = html[:_META_AREA]
    labels = _CHARSET.findall(header.encode("utf-8", "ignore"))
    labels += _XML_ENCODING.findall(head) + _CHARSET.findall(head)
    names = [name for name in map(_codec_name, labels) if name]
    # A label that somebody wrote into the page outweighs a server's default.
    return next((name for name in names if name not in _DEFAULT_LABELS), None)


def _codec_name(label: bytes) -> str | None:
    try:
        name = codecs.lookup(label.decode("ascii", "ignore")).name
    except LookupError:
        return None
    return _WEB_NAMES.get(name, name) if _WEB_CODECS.fullmatch(name) else None


def _legacy_encoding(html: bytes, declared: str | None) -> str:
    """The encoding of bytes that are not UTF-8."""
    if declared not in _DEFAULT_LABELS | _ARABIC_LABELS:
        return declared or "windows-1252"
    high = html.translate(None, _ASCII)
    # Arabic words are runs of high bytes; Western ones have single accents between ASCII.
    in_words = sum(len(run) for run in html.translate(_BLANK_ASCII).split() if len(run) >= 3)
    if declared not in _ARABIC_LABELS and in_words * 2 < len(high):
        return "windows-1252"
    # The letters غ, ف, ق and ك of windows-1256 mean nothing in iso-8859-6, and what stands there
    # for ق, ه, و, ى and ي are accented Latin letters in windows-1256.
    windows = sum(map(high.count, (b"\xdb", b"\xdd", b"\xde", b"\xdf")))
    iso = sum(map(high.count, (b"\xe2", b"\xe7", b"\xe8", b"\xe9", b"\xea")))
    if windows == iso:
        return declared or "windows-1256"
    return "iso-8859-6" if iso > 4 * windows else "windows-1256"


def _decode(html: bytes, name: str) -> str:
    if name == "windows-1252":
        return html.decode("cp1252", _C1_HANDLER)
    return html.decode(name, "ignore")


def _c1_control(error: UnicodeError) -> tuple[str, int]:
    # The five bytes that Microsoft left free are C1 controls on the web; no text needs them.
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


_C1_HANDLER = "crawler.c1-controls"
codecs.register_error(_C1_HANDLER, _c1_control)


# Arabic's two commonest letters as they stand in bytes that were encoded twice («Ø§», «ظ„»).
_TWICE_ENCODED = {
    codec: tuple(letter.encode("utf-8").decode(codec).encode("utf-8") for letter in "ال")
    for codec in ("cp1252", "cp1256")
}


def repair_double_encoding(text: str) -> str:
    """The text with UTF-8 that was once read as windows-1252 or windows-1256 read rightly.

    Left alone unless those two letters stand there double-encoded at least four times, which
    neither a Western nor an Arabic text ever prints.
    """
    if "§" not in text and "„" not in text:  # how the letters end in either codec
        return text
    encoded = text.encode("utf-8", "ignore")  # counting in bytes is many times as fast
    for codec, letters in _TWICE_ENCODED.items():
        if sum(map(encoded.count, letters)) >= 4:
            return _misread_sequences(codec).sub(partial(_read_again, codec), text)
    return text


@cache
def _bytes_of(codec: str) -> dict[str, int]:
    return {bytes([byte]).decode(codec, _C1_HANDLER): byte for byte in range(0x80, 0x100)}


@cache
def _misread_sequences(codec: str) -> re.Pattern[str]:
    """Two or more UTF-8 sequences in a row, as ``codec`` shows them, or one that stands alone."""

    def characters(first: int, last: int) -> str:
        found = (char for char, byte in _bytes_of(codec).items() if first <= byte <= last)
        return f"[{re.escape(''.join(found))}]"

    tail = characters(0x80, 0xBF)
    one = f"(?:{characters(0xC2, 0xDF)}{tail}|{characters(0xE0, 0xEF)}{tail}{{2}})"
    # One alone only between other signs: «الحفاظ،» is Arabic, and ظ، would be a sequence.
    return re.compile(rf"{one}{{2,}}|(?<![^\W\d_a-zA-Z]){one}(?![^\W\d_a-zA-Z])")


# What is found alone and right: Western letters and signs, Arabic, and dashes and quotation marks.
_LIKELY = re.compile("[\x80-\xff\u0600-\u06ff\u2000-\u206f]")


def _read_again(codec: str, match: re.Match[str]) -> str:
    try:
        text = bytes(map(_bytes_of(codec).__getitem__, match[0])).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]
    return text if len(text) > 1 or _LIKELY.match(text) else match[0]
