"""WARC files that others made: their articles are archived with the capture's own time."""

import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from shutil import which

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.conftest import Archive, run_scrapy
from tests.site.exchange import get
from tests.site.replica import Site
from tests.site.server import serve

HOME = "http://site.test/"
HTML = ("Content-Type", "text/html; charset=utf-8")


def ingest(archive: Archive, *files: Path, home: str = HOME) -> tuple[int, str, str]:
    environment = archive.environment(ALKARMEL_URL=home)
    run = run_scrapy(environment, "ingest", *map(str, files))
    return run.returncode, run.stdout, run.stderr


class Foreign:
    """A WARC file as another program writes it."""

    def __init__(self, path: Path, *, gzip: bool = True):
        self.path = path
        self.gzip = gzip
        self.buffer = BytesIO()
        self.writer = WARCWriter(self.buffer, gzip=gzip, warc_version="WARC/1.0")

    def add(self, url: str, body: bytes, when: str, *headers: tuple[str, str]) -> None:
        http = StatusAndHeaders("200 OK", [HTML, *headers], protocol="HTTP/1.1")
        record = self.writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(body),
            length=len(body),
            http_headers=http,
            warc_headers_dict={"WARC-Date": when},
        )
        self.writer.write_record(record)

    def close(self) -> Path:
        self.path.write_bytes(self.buffer.getvalue())
        return self.path


def page(site: Site, number: int) -> bytes:
    address = next(truth.address for truth in site.truth if truth.number == number)
    return site.answer(get(address)).body


@pytest.mark.parametrize("gzip", [True, False])
def test_articles_keep_the_time_and_address_of_their_capture(
    archive: Archive, tmp_path: Path, gzip: bool
) -> None:
    site = Site("post", articles=12)
    foreign = Foreign(tmp_path / "others.warc.gz", gzip=gzip)
    numbers = [truth.number for truth in site.truth if truth.number][:5]
    for number in numbers:
        foreign.add(f"{HOME}post/{number}", page(site, number), "2021-03-04T05:06:07Z")
    foreign.add("https://elsewhere.example/post/1", page(site, numbers[0]), "2021-03-04T05:06:07Z")
    foreign.add(f"{HOME}", site.answer(get("/")).body, "2021-03-04T05:06:07Z")
    exit_code, output, _ = ingest(archive, foreign.close())
    assert exit_code == 0
    assert output.startswith("ingest: 5 new, ")
    assert "1 of other sites" in output
    assert "1 no article" in output
    moment = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    rows = archive.rows("SELECT first_seen_at, last_seen_at, title FROM articles")
    assert {(row.first_seen_at, row.last_seen_at) for row in rows} == {(moment, moment)}
    truths = {truth.title for truth in site.truth if truth.number in numbers}
    assert {row.title for row in rows} == truths
    assert run_scrapy(archive.environment(), "verify").returncode == 0


def test_a_file_that_is_taken_twice_adds_nothing(archive: Archive, tmp_path: Path) -> None:
    site = Site("post", articles=12)
    foreign = Foreign(tmp_path / "others.warc.gz")
    number = site.truth[3].number
    foreign.add(f"{HOME}post/{number}", page(site, number), "2021-03-04T05:06:07Z")
    path = foreign.close()
    ingest(archive, path)
    files = list((archive.directory / "warc").iterdir())
    assert ingest(archive, path)[1] == "ingest: 1 known\n"
    assert list((archive.directory / "warc").iterdir()) == files
    assert archive.value("SELECT count(*) FROM captures") == 1
    assert archive.value("SELECT count(*) FROM revisions") == 1


def test_an_older_text_goes_behind_the_newer_one(archive: Archive, tmp_path: Path) -> None:
    site = Site("semantic", articles=12)
    truth = site.truth[4]
    address = truth.address.lstrip("/")
    versions = {}
    for year in (2023, 2021, 2022):
        site.edit(truth.number, title=f"عنوان السنة {year} في القدس")
        foreign = Foreign(tmp_path / f"{year}.warc.gz")
        foreign.add(f"{HOME}{address}", page(site, truth.number), f"{year}-01-01T00:00:00Z")
        versions[year] = foreign.close()
    outcomes = [ingest(archive, versions[year])[1] for year in (2023, 2021, 2022)]
    assert outcomes == ["ingest: 1 new\n", "ingest: 1 older\n", "ingest: 1 older\n"]
    history = archive.rows("SELECT number, title, seen_at, changed FROM revisions ORDER BY number")
    assert [row.seen_at.year for row in history] == [2021, 2022, 2023]
    assert [row.title for row in history] == [
        f"عنوان السنة {y} في القدس" for y in (2021, 2022, 2023)
    ]
    assert [row.changed for row in history] == [None, ["title"], ["title"]]
    article = archive.rows("SELECT title, revision, first_seen_at FROM articles")[0]
    assert (article.title, article.revision) == ("عنوان السنة 2023 في القدس", 3)
    assert article.first_seen_at.year == 2021


def test_records_saved_from_a_wayback_machine_have_their_own_address_and_time(
    archive: Archive, tmp_path: Path
) -> None:
    site = Site("post", articles=12)
    number = site.truth[3].number
    foreign = Foreign(tmp_path / "replay.warc.gz")
    replay = f"https://web.archive.org/web/20210301075100id_/{HOME}post/{number}"
    foreign.add(replay, page(site, number), "2026-01-01T00:00:00Z")
    assert ingest(archive, foreign.close())[1] == "ingest: 1 new\n"
    capture = archive.rows("SELECT url, fetched_at FROM captures")[0]
    assert capture.url == f"{HOME}post/{number}"
    assert capture.fetched_at == datetime(2021, 3, 1, 7, 51, tzinfo=UTC)


def test_a_torn_file_gives_what_stands_before_the_tear(archive: Archive, tmp_path: Path) -> None:
    site = Site("post", articles=12)
    foreign = Foreign(tmp_path / "torn.warc.gz")
    numbers = [truth.number for truth in site.truth if truth.number][:4]
    for number in numbers:
        foreign.add(f"{HOME}post/{number}", page(site, number), "2021-03-04T05:06:07Z")
    path = foreign.close()
    path.write_bytes(path.read_bytes()[:-400])
    exit_code, output, log = ingest(archive, path)
    assert exit_code == 1
    assert output == "ingest: 3 new\n"
    assert log.startswith(f"{path}: ")


@pytest.mark.skipif(not which("wget"), reason="wget is not installed")
def test_a_file_of_wget_is_read(archive: Archive, tmp_path: Path) -> None:
    with serve(Site("table", articles=12)) as server:
        truth = [truth for truth in server.site.truth if truth.number][:3]
        addresses = [server.url + each.address.lstrip("/") for each in truth]
        wget = subprocess.run(
            ["wget", "-q", "--warc-file=saved", "-O", "/dev/null", *addresses],
            cwd=tmp_path,
            check=False,
        )
        assert wget.returncode == 0
        home = server.url
    exit_code, output, _ = ingest(archive, tmp_path / "saved.warc.gz", home=home)
    assert (exit_code, output) == (0, "ingest: 3 new\n")
    assert {row.title for row in archive.rows("SELECT title FROM articles")} == {
        each.title for each in truth
    }


def test_a_name_that_is_no_file_is_said(archive: Archive, tmp_path: Path) -> None:
    exit_code, _, log = ingest(archive, tmp_path / "missing.warc.gz")
    assert exit_code == 2
    assert log == f"{tmp_path}/missing.warc.gz is no file; name WARC or WARC.gz files.\n"
