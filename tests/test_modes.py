"""The modes of a crawl beside the incremental one, and the roads that can be closed."""

import re
from datetime import UTC, datetime

import pytest

from tests.conftest import Archive, ended, run_scrapy
from tests.site.faults import Status, Text
from tests.site.replica import Site
from tests.site.server import Server, serve

NO_LISTINGS = re.compile(r"/(category|allNews|tags)")


def numbers(archive: Archive) -> set[int]:
    rows = archive.rows("SELECT address_number FROM pages WHERE state = 'archived'")
    return {row.address_number for row in rows}


def asked_tags(server: Server) -> int:
    return len({request.path for request in server.requests if "/tags/" in request.path})


def test_a_backfill_finds_by_number_what_nothing_links_to(archive: Archive) -> None:
    with serve(Site("post", articles=60)) as server:
        server.site.faults.add(NO_LISTINGS, Status(404))
        closed = ("-s", "DISCOVER_LINKS=False")
        archive.crawl(server.url, *closed)
        listed = numbers(archive)
        gaps = {truth.number for truth in server.site.truth} - listed
        between = {number for number in gaps if min(listed) < number < max(listed)}
        assert between
        archive.crawl(server.url, "-a", "mode=backfill", *closed)
        assert numbers(archive) == listed | between
        asked = len(server.requests)
        archive.crawl(server.url, "-a", "mode=backfill", *closed)
        again = [r.path for r in server.requests[asked:] if "/post/" in r.path]
    assert again == []


def test_tags_are_asked_for_while_they_name_what_nothing_else_did(archive: Archive) -> None:
    with serve(Site("post", articles=30, weight=95_000)) as server:
        server.site.faults.add(re.compile(r"/(category|allNews)"), Status(404))
        crawl = archive.crawl(server.url, "-s", "DISCOVER_LINKS=False")
        by_tags = asked_tags(server)
        assert numbers(archive) == {truth.number for truth in server.site.truth}
        assert by_tags > 48
        assert "listings of tags and authors are left out: the last" in crawl.log


def test_a_backfill_reads_the_barren_tags_too(archive: Archive) -> None:
    with serve(Site("post", articles=20, weight=95_000)) as server:
        archive.crawl(server.url)
        assert 32 <= asked_tags(server) <= 48
        assert archive.value("SELECT count(*) FROM articles") == 20
        archive.crawl(server.url, "-a", "mode=backfill")
        assert asked_tags(server) > 200
    assert archive.value("SELECT count(*) FROM articles") == 20


def test_a_backfill_keeps_within_since_and_until(archive: Archive) -> None:
    with serve(Site("semantic", articles=200)) as server:
        days = sorted({truth.published_at.date() for truth in server.site.truth})
        day = days[1]
        crawl = archive.crawl(
            server.url, "-a", "mode=backfill", "-a", f"since={day}", "-a", f"until={day}"
        )
        assert crawl.exit_code == 0, crawl.log
        inside = archive.value(
            "SELECT count(*) FROM articles "
            "WHERE (published_at AT TIME ZONE 'Asia/Hebron')::date = :day",
            day=day,
        )
        assert inside == archive.value("SELECT count(*) FROM articles") > 0
        outside = archive.rows("SELECT reason FROM pages WHERE state = 'excluded'")
        assert all(row.reason.startswith(("outside since/until", "Forbidden")) for row in outside)
        archive.crawl(server.url, "-a", "mode=backfill")
        assert archive.value("SELECT count(*) FROM articles") == 200


def test_one_page_is_fetched_whatever_the_ledger_says(archive: Archive) -> None:
    with serve(Site("post", articles=8)) as server:
        archive.crawl(server.url)
        truth = server.site.truth[3]
        address = f"{server.url}post/{truth.number}"
        asked = len(server.requests)
        unchanged = archive.crawl(server.url, "-a", f"url={address}")
        assert "0 changed, 1 unchanged" in unchanged.output
        assert len(server.requests) - asked == 2  # robots.txt and the page
        server.site.edit(truth.number, title="عنوان آخر للخبر نفسه")
        changed = archive.crawl(server.url, "-a", f"url={address}")
        assert "1 changed" in changed.output
    rows = archive.rows(
        "SELECT number, revisions.title FROM revisions JOIN articles ON articles.id = article_id "
        "WHERE url = :url ORDER BY number",
        url=address,
    )
    assert rows == [(1, truth.title), (2, "عنوان آخر للخبر نفسه")]


def test_workers_share_the_due_pages_and_ask_for_none_twice(archive: Archive) -> None:
    with serve(Site("post", articles=40)) as server:
        server.site.faults.add("//post", Status(500))
        server.site.faults.add("/post", Status(500))
        archive.crawl(server.url, "-s", "RETRY_TIMES=0")
        with archive.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE pages SET next_fetch_at = now()")
        server.site.faults.clear()
        asked = len(server.requests)
        small = ("-a", "mode=worker", "-s", "BATCH_SIZE=4", "-s", "DOWNLOAD_DELAY=0.05")
        workers = [archive.start(server.url, *small) for _ in range(2)]
        assert [ended(worker).exit_code for worker in workers] == [0, 0]
        pages = [r.path for r in server.requests[asked:] if "/post/" in r.path]
    assert len(pages) == len(set(pages)) == 40
    assert archive.value("SELECT count(*) FROM articles") == 40


@pytest.mark.parametrize(
    ("road", "asked"),
    [
        ("DISCOVER_SITEMAPS", "sitemap"),
        ("DISCOVER_FEEDS", "feed"),
        ("DISCOVER_LISTINGS", "/section/"),
    ],
)
def test_each_road_can_be_closed(archive: Archive, road: str, asked: str) -> None:
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url, "-s", f"{road}=False")
        assert not [r.path for r in server.requests if asked in r.path]
    assert archive.value("SELECT count(*) FROM articles") == 12


def test_pages_without_a_date_are_archived_without_one(archive: Archive) -> None:
    with serve(Site("post", articles=6)) as server:
        number = server.site.truth[0].number
        sentences = [f"هذه هي الجملة رقم {n} من متن الخبر الذي لا تاريخ عليه." for n in range(60)]
        body = "".join(f"<p>{' '.join(sentences[n : n + 10])}</p>" for n in range(0, 60, 10))
        page = (
            "<html><head><title>خبر بلا تاريخ مطبوع عليه</title>"
            '<meta property="og:type" content="article">'
            '<meta property="og:title" content="خبر بلا تاريخ مطبوع عليه">'
            f"</head><body><h1>خبر بلا تاريخ مطبوع عليه</h1><article>{body}</article></body></html>"
        )
        server.site.faults.add(
            re.compile(f"/+post/{number}"), Text(page, "text/html; charset=utf-8")
        )
        archive.crawl(server.url)
        rows = archive.rows(
            "SELECT published_at, published_precision, first_seen_at FROM articles "
            "WHERE title = :title",
            title="خبر بلا تاريخ مطبوع عليه",
        )
    assert [(row.published_at, row.published_precision) for row in rows] == [(None, None)]
    assert rows[0].first_seen_at < datetime.now(UTC)


@pytest.mark.parametrize(
    ("callback", "path", "shown"),
    [("parse_article", "post/{number}", "title"), ("parse_listing", "", "request_url")],
)
def test_scrapy_parse_shows_what_is_read_and_leaves_the_archive_alone(
    archive: Archive, callback: str, path: str, shown: str
) -> None:
    with serve(Site("post", articles=6)) as server:
        address = server.url + path.format(number=server.site.truth[0].number)
        result = run_scrapy(
            archive.environment(ALKARMEL_URL=server.url),
            *("parse", "--spider=alkarmel", "-c", callback, "--nocolour", address),
        )
    assert result.returncode == 0, result.stderr
    assert shown in result.stdout
    assert archive.value("SELECT count(*) FROM pages") == 0
