"""Whether a WARC file still holds what the database says: record by record, to the byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path

from crawler.db.evidence import Expected
from crawler.derivation import Reading, derive
from crawler.pages.article import EXTRACTOR_VERSION
from crawler.warc.reader import Archived, BadRecord, read_all, read_at, warc_path
from crawler.warc.records import MEMBER_HEAD
from crawler.warc.recovery import end_of_last_member
from crawler.warc.writer import Place, host_of, own_host


@dataclass(slots=True)
class Findings:
    """What the check of one file found."""

    captures: int = 0
    texts: int = 0  # that derive again from their captures, word for word
    elsewhere: str | None = None  # the machine that wrote the file, where it is not here
    older: int = 0  # that were read by an earlier version of the reader
    problems: list[str] = field(default_factory=list)


def check_file(
    directory: Path, file: str, expected: Sequence[Expected], readings: Mapping[str, Reading]
) -> Findings:
    """Read the whole file once; each sentence of the problems names file, place and fault.

    The readings are those of the sites, by name.
    """
    reading = readings[expected[0].site]  # a file is of one site
    findings = Findings()
    path = warc_path(directory, file)
    if not path.exists() and (host := host_of(file)) not in (None, own_host()):
        findings.elsewhere = host
        findings.captures = len(expected)
        return findings
    if not path.exists():
        findings.problems.append(f"{file} is missing: {len(expected)} captures are in it")
        return findings
    try:
        whole = end_of_last_member(path)
    except OSError as error:
        findings.problems.append(f"{file} cannot be read ({error.strerror})")
        return findings
    # Of a file that is being written the end may be on its way.
    if path.name == file and whole < path.stat().st_size:
        findings.problems.append(f"{file} at byte {whole}: torn or changed")
    wanted = {each.offset: each for each in expected}
    try:
        with path.open("rb") as raw:
            for offset, length, archived in read_all(path, reading.max_bytes):
                raw.seek(offset)
                if raw.read(10) != MEMBER_HEAD:
                    findings.problems.append(f"{file} at byte {offset}: changed gzip header")
                if capture := wanted.pop(offset, None):
                    _check(capture, length, archived, f"{file} at byte {offset}", reading, findings)
    except BadRecord as error:
        findings.problems.append(str(error))
    for capture in wanted.values():  # behind a fault each record can still be read alone
        place = Place(file, capture.offset, capture.length)
        try:
            archived = read_at(directory, place, reading.max_bytes)
        except BadRecord as error:
            findings.problems.append(f"{error} (capture {capture.capture_id})")
        else:
            at = f"{file} at byte {capture.offset}"
            _check(capture, capture.length, archived, at, reading, findings)
    return findings


def _check(
    capture: Expected,
    length: int,
    archived: Archived | None,
    place: str,
    reading: Reading,
    findings: Findings,
) -> None:
    findings.captures += 1
    if archived is None or archived.kind != ("revisit" if capture.is_revisit else "response"):
        findings.problems.append(f"{place}: the record is not that of capture {capture.capture_id}")
    elif length != capture.length or archived.payload_digest != capture.payload_digest:
        findings.problems.append(f"{place}: not as capture {capture.capture_id} recorded it")
    elif capture.article_url is None:
        return
    elif capture.extractor_version != EXTRACTOR_VERSION:
        findings.older += 1
    elif _text_digest(archived, reading) == capture.text_digest:
        findings.texts += 1
    else:
        findings.problems.append(
            f"{place}: {capture.article_url} reads otherwise than it is stored"
        )


def _text_digest(archived: Archived, reading: Reading) -> str | None:
    item = derive(archived, reading)
    if item is None:
        return None
    return md5(f"{item.title}\n{item.body}".encode(), usedforsecurity=False).hexdigest()
