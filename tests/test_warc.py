"""WARC files: what stands in a record, and what is left of a file after any death."""

import gzip
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.warc.reader import BadRecord, read_all, read_at
from crawler.warc.records import Exchange, Known
from crawler.warc.recovery import SILENCE, recover
from crawler.warc.writer import OPEN, Place, WarcWriter, host_of, own_host

MOMENT = datetime(2026, 11, 20, 7, 51, 2, 123456, tzinfo=UTC)
URL = "https://news.example/post/7/%D8%B9%D8%A7%D8%AC%D9%84?page=1&x=%20"
TEXT = "<p>اتّفقت الأطراف على هدنة.</p>".encode()
LARGE = 10_000_000


def exchange(payload: bytes = TEXT, known: Known | None = None) -> Exchange:
    return Exchange(
        url=URL,
        fetched_at=MOMENT,
        method="GET",
        request_headers=[("User-Agent", "alkarmel-archive/0"), ("Accept-Encoding", "gzip")],
        request_body=b"",
        protocol="HTTP/1.1",
        status=200,
        reason="Sehr gut",
        headers=[("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
        payload=payload,
        ip_address="192.0.2.7",
        known=known,
    )


def writer(directory: Path, max_bytes: int = LARGE) -> WarcWriter:
    return WarcWriter(directory, "alkarmel", {"software": "test", "robots": "obey"}, max_bytes)


def written(directory: Path, *exchanges: Exchange) -> tuple[Path, list[Place]]:
    """A closed file with these exchanges, and the places of their responses."""
    warc = writer(directory)
    places = warc.write(exchanges)
    warc.close()
    return directory / places[0].file, places


def test_an_exchange_is_kept_as_it_went_over_the_wire(tmp_path: Path) -> None:
    path, _ = written(tmp_path, exchange())
    with path.open("rb") as file:
        heads = [
            (record.rec_type, dict(record.rec_headers.headers), record.http_headers)
            for record in ArchiveIterator(file)
        ]
    (_, info, _), (_, response, answer), (_, request, asked) = heads
    assert [kind for kind, _, _ in heads] == ["warcinfo", "response", "request"]
    assert info["WARC-Filename"] == path.name
    assert response["WARC-Target-URI"] == request["WARC-Target-URI"] == URL
    assert response["WARC-Date"] == "2026-11-20T07:51:02.123456Z"
    assert response["WARC-IP-Address"] == "192.0.2.7"
    assert response["WARC-Payload-Digest"] == exchange().digest
    assert request["WARC-Concurrent-To"] == response["WARC-Record-ID"]
    assert answer.statusline == "200 Sehr gut"
    assert [v for k, v in answer.headers if k == "Set-Cookie"] == ["a=1", "b=2"]
    assert asked.statusline == "/post/7/%D8%B9%D8%A7%D8%AC%D9%84?page=1&x=%20 HTTP/1.1"
    assert asked.get_header("Host") == "news.example"


def test_any_record_can_be_read_alone(tmp_path: Path) -> None:
    payloads = [TEXT, TEXT * 1000, b"", os.urandom(5000)]
    _, places = written(tmp_path, *map(exchange, payloads))
    assert [read_at(tmp_path, place, LARGE).body for place in reversed(places)] == payloads[::-1]


def test_a_packed_body_is_kept_packed_and_read_unpacked(tmp_path: Path) -> None:
    packed = exchange(gzip.compress(TEXT))
    packed.headers.append(("Content-Encoding", "gzip"))
    _, [place] = written(tmp_path, packed)
    archived = read_at(tmp_path, place, LARGE)
    assert (archived.body, archived.payload_digest) == (TEXT, packed.digest)


def test_a_body_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    packed = exchange(gzip.compress(bytes(1_000_000)))
    packed.headers.append(("Content-Encoding", "gzip"))
    _, [place] = written(tmp_path, packed)
    with pytest.raises(BadRecord, match="larger than 1000 bytes"):
        read_at(tmp_path, place, 1000)


def test_a_known_payload_is_a_revisit(tmp_path: Path) -> None:
    path, _ = written(tmp_path, exchange(known=Known(1, URL, MOMENT)))
    with path.open("rb") as file:
        revisit = next(r for r in ArchiveIterator(file) if r.rec_type == "revisit").rec_headers
    assert revisit.get_header("WARC-Profile").endswith("/1.1/revisit/identical-payload-digest")
    assert revisit.get_header("WARC-Refers-To-Date") == "2026-11-20T07:51:02.123456Z"
    assert revisit.get_header("WARC-Payload-Digest") == exchange().digest


def test_warcio_finds_nothing_wrong(tmp_path: Path) -> None:
    path, _ = written(tmp_path, exchange(), exchange(known=Known(1, URL, MOMENT)), exchange(b""))
    check = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (check.returncode, check.stdout) == (0, "")


def test_a_file_is_followed_by_the_next_when_it_is_full(tmp_path: Path) -> None:
    warc = writer(tmp_path, max_bytes=1)
    places = [warc.write([exchange()])[0] for _ in range(3)]
    warc.close()
    assert sorted(place.file for place in places) == sorted(
        path.name for path in tmp_path.iterdir()
    )
    assert len({place.file.split("-")[2] for place in places}) == 3  # the serial number


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    warc = writer(tmp_path)
    [place] = warc.write([exchange()])
    assert [path.name for path in tmp_path.iterdir()] == [place.file + OPEN]
    assert read_at(tmp_path, place, LARGE).body == TEXT
    assert list(recover(tmp_path)) == []  # its writer is alive
    warc.close()
    assert [path.name for path in tmp_path.iterdir()] == [place.file]


def test_a_file_that_another_machine_writes_is_left_alone(tmp_path: Path) -> None:
    warc = writer(tmp_path)
    [place] = warc.write([exchange()])
    host = host_of(place.file)
    warc.close()
    # As on a shared directory whose locks do not reach from machine to machine.
    theirs = tmp_path / (place.file.replace(f"-{host}.", f"-{host}-2.") + OPEN)
    (tmp_path / place.file).rename(theirs)
    assert list(recover(tmp_path)) == []
    long_ago = time.time() - SILENCE - 1
    os.utime(theirs, (long_ago, long_ago))
    assert [recovered.torn for recovered in recover(tmp_path)] == [0]
    assert host_of(theirs.name) == f"{host}-2"


def test_a_file_bears_its_machines_name_in_safe_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "عامل/2.local")
    path, _ = written(tmp_path, exchange())
    assert path.name.endswith("-00001------2-local.warc.gz")
    assert host_of(path.name) == own_host() == "-----2-local"
    assert host_of("wget.warc.gz") is None


def test_two_that_begin_a_file_in_the_same_moment_do_not_share_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Standing(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Standing":
            return cls(2026, 11, 20, tzinfo=tz)

    monkeypatch.setattr("crawler.warc.writer.datetime", Standing)
    first, second = writer(tmp_path), writer(tmp_path)
    files = {warc.write([exchange()])[0].file for warc in (first, second)}
    second.close()
    third = writer(tmp_path)
    files |= {third.write([exchange()])[0].file}
    assert len(files) == 3
    for warc in (first, third):
        warc.close()


def test_a_file_torn_at_any_byte_keeps_its_whole_records(tmp_path: Path) -> None:
    path, places = written(tmp_path, exchange(), exchange(TEXT * 9))
    data = path.read_bytes()
    path.unlink()
    ends = [place.offset + place.length for place in places]
    for cut in range(1, len(data)):
        path.with_name(path.name + OPEN).write_bytes(data[:cut])
        [recovered] = recover(tmp_path)
        kept = path.stat().st_size if path.exists() else 0
        assert kept + recovered.torn == cut
        found = [r for r in read_all(path, LARGE) if r[2]] if kept else []
        assert len(found) == sum(end <= cut for end in ends)
        path.unlink(missing_ok=True)


def test_a_full_disk_leaves_no_torn_record(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from tests.test_warc import LARGE, exchange, writer
warc = writer(Path(sys.argv[1]))
warc.write([exchange()])
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    warc.write([exchange(b"".join(b"%d " % n for n in range(5000)))])
except OSError as error:
    print(error.strerror)
warc.write([exchange()])
warc.close()
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout == "File too large\n"
    [path] = tmp_path.iterdir()
    assert [archived.body for *_, archived in read_all(path, LARGE) if archived] == [TEXT, TEXT]


@pytest.mark.parametrize("fault", ["missing", "cut", "flipped", "elsewhere"])
def test_what_is_wrong_with_a_record_is_said_in_a_sentence(tmp_path: Path, fault: str) -> None:
    path, [place] = written(tmp_path, exchange())
    data = bytearray(path.read_bytes())
    if fault == "cut":
        del data[place.offset + 20 :]
    elif fault == "flipped":
        data[place.offset + place.length // 2] ^= 1
    elif fault == "elsewhere":
        place = Place(place.file, 0, place.offset)
    path.write_bytes(data)
    if fault == "missing":
        path.unlink()
    with pytest.raises(BadRecord, match=place.file):
        read_at(tmp_path, place, LARGE)
