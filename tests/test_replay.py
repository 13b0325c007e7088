"""The WARC files replay in pywb, a program that knows nothing of this project."""

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

from crawler.warc.reader import read_at
from crawler.warc.writer import Place
from tests.conftest import PROJECT, Archive
from tests.site.replica import Site
from tests.site.server import serve

PYWB = Path(os.environ.get("PYWB_BIN") or PROJECT / ".venv/replay/bin")
PATIENCE = 60  # seconds until the server answers


@contextmanager
def wayback(directory: Path, warc: Path) -> Iterator[str]:
    """A wayback machine with one collection, which holds one file; gives its address."""
    for command in (["init", "archive"], ["add", "archive", str(warc)]):
        subprocess.run(
            [PYWB / "wb-manager", *command], cwd=directory, check=True, capture_output=True
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [PYWB / "wayback", "--bind", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}/"
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                urllib.request.urlopen(address)
                break
            except URLError:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield f"{address}archive/"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(
    not (PYWB / "wayback").exists(), reason="pywb is not installed: `make test` does it"
)
def test_the_files_of_a_crawl_replay_in_pywb(archive: Archive, tmp_path: Path) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
        url = archive.value("SELECT request_url FROM pages WHERE state = 'archived' LIMIT 1")
        archive.crawl(server.url, "-a", f"url={url}")
    captures = archive.rows("SELECT * FROM captures WHERE revisit_of_id IS NULL ORDER BY id")
    place = Place(captures[0].warc_file, captures[0].warc_offset, captures[0].warc_length)
    warc_directory = archive.directory / "warc"
    with wayback(tmp_path, warc_directory / place.file) as address:
        for capture in captures:
            moment = capture.fetched_at.strftime("%Y%m%d%H%M%S")
            with urllib.request.urlopen(f"{address}{moment}id_/{capture.url}") as replayed:
                body = replayed.read()
            place = Place(capture.warc_file, capture.warc_offset, capture.warc_length)
            assert body == read_at(warc_directory, place, 10_000_000).body
