"""Evidence of real crawls: every capture has its record, and `scrapy verify` proves it."""

import re
import resource
from pathlib import Path

import pytest
import sqlalchemy as sa

from crawler.warc.reader import read_all
from crawler.warc.writer import Place, own_host
from tests.conftest import Archive, ended, run_scrapy
from tests.site.faults import Redirect
from tests.site.replica import Site
from tests.site.server import serve

LARGE = 10_000_000


def verify(archive: Archive) -> tuple[int, str]:
    run = run_scrapy(archive.environment(), "verify")
    assert run.stderr == ""
    return run.returncode, run.stdout


def warc_files(archive: Archive) -> list[Path]:
    return sorted((archive.directory / "warc").iterdir())


def test_every_capture_of_a_crawl_is_proved_by_its_record(archive: Archive) -> None:
    with serve(Site("table", articles=30)) as server:
        archive.crawl(server.url)
    captures = archive.value("SELECT count(*) FROM captures WHERE warc_file IS NOT NULL")
    assert captures == archive.value("SELECT count(*) FROM captures") >= 30
    assert verify(archive) == (
        0,
        f"verify: 1 files, {captures} captures, 30 of 30 articles derived again; "
        "all is as it was received\n",
    )


def test_a_flipped_byte_is_named_with_its_file_and_capture(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
    row = archive.rows("SELECT * FROM captures ORDER BY id LIMIT 1 OFFSET 5")[0]
    place = Place(row.warc_file, row.warc_offset, row.warc_length)
    path = archive.directory / "warc" / place.file
    data = bytearray(path.read_bytes())
    data[place.offset + place.length // 2] ^= 1
    path.write_bytes(data)
    exit_code, output = verify(archive)
    assert exit_code == 1
    assert f"{place.file} at byte {place.offset}: " in output
    assert re.search(rf"\bcapture {row.id}\b", output)
    assert "11 of 12 articles derived again" in output


def test_a_missing_file_is_named(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
    [path] = warc_files(archive)
    path.unlink()
    exit_code, output = verify(archive)
    assert exit_code == 1
    assert output.startswith(f"{path.name} is missing: ")


def test_what_another_machine_wrote_is_said_to_be_there(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
    [path] = warc_files(archive)
    with archive.engine.begin() as connection:
        theirs = path.name.replace(f"-{own_host()}.", "-second-host.")
        connection.execute(sa.text("UPDATE captures SET warc_file = :file"), {"file": theirs})
    exit_code, output = verify(archive)
    assert exit_code == 1
    assert "1 files with 12 captures, written on second-host, are not in" in output
    assert run_scrapy(archive.environment(), "verify", "--own").returncode == 0
    path.rename(path.with_name(theirs))
    assert verify(archive)[0] == 0


def test_a_file_that_cannot_be_read_is_named(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
    [path] = warc_files(archive)
    path.unlink()
    path.mkdir()
    exit_code, output = verify(archive)
    assert exit_code == 1
    assert output.startswith(f"{path.name} cannot be read (Is a directory)\n")


def test_an_edited_text_is_found_though_every_record_is_whole(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
    with archive.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE articles SET body = body || ' زيادة' WHERE id = (SELECT min(id) FROM articles)"
        )
    url = archive.value("SELECT url FROM articles ORDER BY id LIMIT 1")
    exit_code, output = verify(archive)
    assert exit_code == 1
    assert f"{url} reads otherwise than it is stored" in output


def test_an_unchanged_page_is_kept_as_a_revisit(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
        url = archive.value("SELECT request_url FROM pages WHERE state = 'archived' LIMIT 1")
        for _ in range(2):
            assert archive.crawl(server.url, "-a", f"url={url}").exit_code == 0
    first, second, third = archive.rows(
        "SELECT * FROM captures WHERE page_id = (SELECT id FROM pages WHERE request_url = :url) "
        "ORDER BY id",
        url=url,
    )
    assert second.payload_digest == third.payload_digest == first.payload_digest
    assert (first.revisit_of_id, second.revisit_of_id, third.revisit_of_id) == (
        None,
        first.id,
        first.id,
    )
    assert verify(archive)[0] == 0


def test_each_hop_of_a_redirect_is_kept(archive: Archive) -> None:
    with serve(Site("post", articles=12)) as server:
        number = server.site.truth[-1].number
        target = f"{server.url}post/{server.site.truth[0].number}"
        server.site.faults.add(re.compile(f"/+post/{number}"), Redirect(target))
        archive.crawl(server.url)
    [path] = warc_files(archive)
    statuses = [
        archived.status
        for *_, archived in read_all(path, LARGE)
        if archived and f"/post/{number}" in archived.url
    ]
    assert statuses == [302]


def test_listings_and_feeds_are_kept_where_asked_for(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url, "-s", "WARC_KEEPS=page,listing,feed,sitemap,robots")
    [path] = warc_files(archive)
    kept = {
        archived.url.removeprefix(server.url) for *_, archived in read_all(path, LARGE) if archived
    }
    assert {"", "robots.txt"} <= kept
    assert any("feed" in address or "rss" in address for address in kept)
    assert any("sitemap" in address for address in kept)


def test_nothing_is_kept_where_nothing_is_wanted(archive: Archive) -> None:
    with serve(Site("semantic", articles=12)) as server:
        assert archive.crawl(server.url, "-s", "WARC_KEEPS=").exit_code == 0
    assert not (archive.directory / "warc").exists()
    assert archive.value("SELECT count(*) FROM articles") == 12
    assert "12 without a WARC record" in verify(archive)[1]


def test_a_full_disk_ends_the_crawl_and_costs_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(Site("post", articles=40)) as server:
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limit[1]))  # what a child may write
        try:
            process = archive.start(server.url)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        crawl = ended(process)
        assert crawl.exit_code == 1
        assert "WARC file not writable: File too large" in crawl.output
        stored = archive.value("SELECT count(*) FROM articles")
        assert 0 < stored < 40
        assert archive.value("SELECT count(*) FROM pages WHERE attempts > 0") == 0
        assert verify(archive)[0] == 0
        assert archive.crawl(server.url).exit_code == 0
    assert archive.value("SELECT count(*) FROM articles") == 40
    assert verify(archive)[0] == 0


def test_what_a_killed_crawl_left_open_is_closed_and_said_so(archive: Archive) -> None:
    with serve(Site("post", articles=60)) as server:
        crawl = archive.start(server.url, "-s", "DOWNLOAD_DELAY=0.02")
        while sum("/post/" in record.path for record in server.requests) < 20:
            assert crawl.poll() is None
        crawl.kill()
        ended(crawl)
        [open_file] = warc_files(archive)
        assert open_file.name.endswith(".warc.gz.open")
        with open_file.open("ab") as file:
            file.write(b"\x1f\x8b\x08torn")
        second = archive.crawl(server.url)
    assert second.exit_code == 0
    name = open_file.name.removesuffix(".open")
    assert re.search(rf"Closed \S*{name}, which .*; 7 bytes of a torn record", second.log)
    assert all(path.name.endswith(".warc.gz") for path in warc_files(archive))
    assert verify(archive)[0] == 0
