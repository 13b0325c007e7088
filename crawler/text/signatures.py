"""Signatures: what the archive keeps of a text to find its reprints among a million others.

A signature is read years after it was written, so its making is defined here to the last byte;
whatever changes it changes VERSION. A text is folded and cut into words. Its shingles are the
pairs of neighbours among the words that carry meaning (longer than three letters, or numbers:
`content`), its passages are the openings and the ends of its sentences.

    word      CRC-32 of its UTF-8 bytes
    shingle   mix(first * A + second * B), the low 32 bits
    value i   the least of shingle * multiplier(i) + summand(i) over all shingles, its high 16 bits
    passage   BLAKE2b, eight bytes, of six words joined by one space

all integers unsigned, modulo 2**64 or 2**32, kept little-endian. Layout: version (1 byte), 0,
number of passages (2 bytes), VALUES values of 2 bytes, passages of 8 bytes.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from crawler.text.arabic import fold_lines

VERSION = 1
BANDS = 32
ROWS = 3  # values in a band
VALUES = BANDS * ROWS
PASSAGE_WORDS = 6
MOST_SENTENCES = 40  # of one text; a list of a thousand names needs no thousand keys

LEAST_ESTIMATE = 0.25  # well under the limit of relation(): 96 values err by 0.05

_HEADER = struct.Struct("<BxH")
_BAND = struct.Struct("<HHH")
_NO_VALUES = bytes(2 * VALUES)
_TOKEN = re.compile(r"\d+(?:[.,:/]\d+)+|\w+|[.!?](?= |$)|¶")
_U64 = np.uint64
_U32 = np.uint32


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    x = (x ^ (x >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> _U64(27))) * _U64(0x94D049BB133111EB)
    return x ^ (x >> _U64(31))


_STREAM = _mix(np.arange(1, 2 * VALUES + 1, dtype=_U64) * _U64(0x9E3779B97F4A7C15))
_MULTIPLIERS = _STREAM[:VALUES].astype(_U32) | _U32(1)
_SUMMANDS = _STREAM[VALUES:].astype(_U32)


def sentences(body: str) -> list[list[str]]:
    """The folded words of each sentence; a paragraph's end is a sentence's end."""
    found, words = list[list[str]](), list[str]()
    # «و قال» is «وقال».
    folded = " ¶ ".join(fold_lines(body)).replace(" و ", " و")
    for piece in folded.split(" "):
        if piece.isalnum():  # as most are
            words.append(piece)
            continue
        for token in _TOKEN.findall(piece):
            if token not in ".!?¶":
                words.append(token)
            elif words:
                found.append(words)
                words = []
    return [*found, words] if words else found


def content(word: str) -> bool:
    """Whether a folded word says what a text is about: في, من, على and their like do not."""
    return len(word) > 3 or word[0].isdigit()


def signature(title: str, body: str) -> bytes:
    """The signature of a text; the title counts only where the body holds no word."""
    parts = sentences(body) or sentences(title)
    telling = [list(filter(content, part)) for part in parts]
    words = list(chain.from_iterable(telling))
    if len(words) < 2:
        words = [word for part in parts for word in part]
    keys = _passages(telling)
    return _HEADER.pack(VERSION, len(keys)) + _values(words).tobytes() + b"".join(keys)


def _values(words: list[str]) -> NDArray[np.uint16]:
    if not words:
        return np.zeros(0, dtype="<u2")
    hashes = np.array([crc32(word.encode()) for word in words], dtype=_U64)
    following = hashes[1:] if len(hashes) > 1 else hashes
    pairs = hashes[: len(following)] * _U64(0x9FB21C651E98DF25) + following * _U64(
        0xD6E8FEB86659FD93
    )
    shingles = _mix(pairs).astype(_U32)
    least = np.full(VALUES, 0xFFFFFFFF, dtype=_U32)
    for start in range(0, len(shingles), 4096):  # a book of a page stays within a few MB
        block = shingles[start : start + 4096, None] * _MULTIPLIERS
        block += _SUMMANDS
        np.minimum(least, block.min(axis=0), out=least)
    return (least >> _U32(16)).astype("<u2")


def _passages(telling: list[list[str]]) -> list[bytes]:
    keys: dict[bytes, None] = {}
    for words in telling[:MOST_SENTENCES]:
        if len(words) >= PASSAGE_WORDS:
            keys[_passage(words[:PASSAGE_WORDS])] = None
        if len(words) >= 2 * PASSAGE_WORDS:
            keys[_passage(words[-PASSAGE_WORDS:])] = None
    return list(keys)


def _passage(words: list[str]) -> bytes:
    return blake2b(" ".join(words).encode(), digest_size=8).digest()


def _split(signature: bytes) -> tuple[bytes, bytes]:
    """Values and passages."""
    version, count = _HEADER.unpack_from(signature)
    if version != VERSION:
        raise ValueError(f"A signature of version {version}, not {VERSION}")
    end = len(signature) - 8 * count
    return signature[_HEADER.size : end], signature[end:]


def _numbers(passages: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(passages) // 8}q", passages)


def bands(signature: bytes) -> list[int]:
    """The keys of which reprints share one or more: signed, 64 bits, distinct.

    BANDS of them for whole texts, the others for passages (a short text within a long one).
    ValueError for a signature of another version.
    """
    values, keys = _split(signature)
    packed = (
        band << 48 | third << 32 | second << 16 | first
        for band, (first, second, third) in enumerate(_BAND.iter_unpack(values))
    )
    return [*packed, *_numbers(keys)]


def estimated(a: bytes, b: bytes) -> float:
    """The estimated Jaccard similarity of two texts' content shingles, 0 to 1."""
    first, second = (np.frombuffer(_split(each)[0], dtype="<u2") for each in (a, b))
    if not len(first) or not len(second):
        return 0.0
    return float((first == second).mean())


def worth_comparing(a: bytes, b: bytes) -> bool:
    """`likely` for two texts."""
    return bool(likely([(0, 1)], {0: a, 1: b}))


def likely(
    pairs: Sequence[tuple[int, int]], signatures: Mapping[int, bytes]
) -> list[tuple[int, int]]:
    """Those pairs of texts that may be found related: by estimate, or by half of one's passages.

    One pair in five that shares a band is; ValueError for a signature of another version. All are
    compared in one go, in a few KB of memory a pair.
    """
    places = {number: place for place, number in enumerate(signatures)}
    split = [_split(each) for each in signatures.values()]
    # A text without words has no values, and resembles none.
    worded = np.array([bool(values) for values, _ in split], dtype=bool)
    table = np.frombuffer(b"".join(values or _NO_VALUES for values, _ in split), dtype="<u2")
    table = table.reshape(-1, VALUES)
    passages = np.array([len(keys) // 8 for _, keys in split], dtype=np.intp)
    shared = _shared_passages([keys for _, keys in split])

    both = np.fromiter(map(places.__getitem__, chain.from_iterable(pairs)), dtype=np.intp)
    first, second = both.reshape(-1, 2).T
    alike = np.count_nonzero(table[first] == table[second], axis=1)
    alike = (alike >= LEAST_ESTIMATE * VALUES) & worded[first] & worded[second]
    fewer = np.minimum(passages[first], passages[second])
    common = np.bitwise_count(shared[first] & shared[second]).sum(axis=1)
    alike |= (fewer > 0) & (fewer <= 2 * common)
    return [pairs[place] for place in np.flatnonzero(alike).tolist()]


def _shared_passages(keys: Sequence[bytes]) -> NDArray[np.uint64]:
    """A row of bits for each text: which it has of the passages that two or more of them have."""
    owners = np.repeat(np.arange(len(keys)), [len(each) // 8 for each in keys])
    _, numbers, holders = np.unique(
        np.frombuffer(b"".join(keys), dtype="<u8"), return_inverse=True, return_counts=True
    )
    places = np.cumsum(holders > 1) - 1
    is_shared = holders[numbers] > 1
    rows, columns = owners[is_shared], places[numbers[is_shared]]
    bits = np.zeros((len(keys), np.count_nonzero(holders > 1) // 64 + 1), dtype=_U64)
    np.bitwise_or.at(bits, (rows, columns // 64), _U64(1) << (columns % 64).astype(_U64))
    return bits
