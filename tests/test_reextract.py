"""Archived pages read again: what would change is shown, what changes is a revision of ours."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from crawler.db.articles import store_rereadings
from crawler.pages.article import EXTRACTOR_VERSION
from tests.conftest import Archive, run_scrapy
from tests.rows import PAGE, History, item
from tests.site.replica import Site
from tests.site.server import serve

OLDER_READER = """
UPDATE articles SET body = body || E'\n\nشارك الخبر', language = NULL, extractor_version = '0'
WHERE id IN (SELECT id FROM articles ORDER BY id LIMIT 3)
"""


@dataclass
class Crawled(Archive):
    older: int = 0  # articles as an older reader would have read them


@pytest.fixture
def crawled(archive: Archive) -> Crawled:
    """Twelve articles, some of them as an older reader would have read them."""
    with serve(Site("semantic", articles=12)) as server:
        archive.crawl(server.url)
    with archive.engine.begin() as connection:
        changed = connection.execute(sa.text(OLDER_READER)).rowcount
        connection.execute(
            sa.text("UPDATE revisions r SET body = a.body FROM articles a WHERE a.id = article_id")
        )
    return Crawled(archive.url, archive.directory, archive.engine, older=changed)


def reextract(archive: Archive, *arguments: str) -> tuple[int, str]:
    run = run_scrapy(archive.environment(), "reextract", *arguments)
    assert run.stderr == ""
    return run.returncode, run.stdout


def snapshot(archive: Archive) -> list[object]:
    return [
        archive.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
        for table in ("articles", "revisions", "pages", "links", "captures")
    ]


def test_a_dry_run_shows_the_changes_and_stores_none(crawled: Crawled) -> None:
    before = snapshot(crawled)
    exit_code, output = reextract(crawled, "--dry-run")
    assert exit_code == 0
    assert f"12 articles read again, {crawled.older} differ: body {crawled.older}" in output
    assert "language 3" in output
    assert "شارك الخبر →" in output
    assert "nothing was stored" in output.splitlines()[-1]
    assert snapshot(crawled) == before


def test_what_is_read_otherwise_becomes_a_revision_of_the_reader(crawled: Crawled) -> None:
    seen = crawled.rows("SELECT id, last_seen_at FROM articles ORDER BY id")
    assert reextract(crawled)[0] == 0
    revised = crawled.rows("SELECT * FROM revisions WHERE number = 2")
    assert len(revised) == crawled.older
    assert {(row.origin, tuple(row.changed)) for row in revised} == {("reader", ("body",))}
    assert {(row.words_added, row.words_removed) for row in revised} == {(0, 2)}
    assert crawled.value("SELECT count(*) FROM articles WHERE body LIKE '%شارك الخبر%'") == 0
    assert crawled.value(
        "SELECT count(*) FROM articles WHERE extractor_version = :v", v=EXTRACTOR_VERSION
    ) == 12  # fmt: skip
    assert crawled.value("SELECT count(*) FROM articles WHERE language IS NULL") == 0
    assert crawled.rows("SELECT id, last_seen_at FROM articles ORDER BY id") == seen
    assert run_scrapy(crawled.environment(), "verify").returncode == 0


def test_a_second_time_changes_nothing(crawled: Crawled) -> None:
    reextract(crawled)
    before = snapshot(crawled)
    _, output = reextract(crawled)
    assert "12 articles read again, 0 differ" in output
    assert snapshot(crawled) == before
    assert crawled.value("SELECT count(*) FROM runs WHERE mode = 'reextract'") == 2


def test_only_what_was_captured_since_a_day_is_read(crawled: Crawled) -> None:
    assert "0 articles read again" in reextract(crawled, "--since", "2999-01-01")[1]
    assert "12 articles read again" in reextract(crawled, "--dry-run", "--since", "2020-01-01")[1]


def test_a_bad_day_is_named(crawled: Crawled) -> None:
    run = run_scrapy(crawled.environment(), "reextract", "--since", "31.12.2019")
    assert run.returncode == 2
    assert run.stderr == "--since=31.12.2019 is not a date; write it like 2019-12-31.\n"


def test_what_cannot_be_read_again_stays_as_it_is(crawled: Crawled) -> None:
    [path] = (crawled.directory / "warc").iterdir()
    path.unlink()
    before = crawled.rows("SELECT * FROM articles ORDER BY id")
    exit_code, output = reextract(crawled)
    assert exit_code == 1
    assert "12 could not be read" in output
    assert f"{path.name} is missing" in output
    assert crawled.rows("SELECT * FROM articles ORDER BY id") == before


def test_a_text_that_a_worker_has_stored_meanwhile_stays(connection: sa.Connection) -> None:
    history = History(connection)
    history.see()
    before = history.article
    assert history.see(hours=1, body="نص جديد تماما.") == "changed"
    reread = item(None, PAGE, title="كما يقرؤه قارئ اليوم")
    store_rereadings(connection, [(reread, before.capture_id)])
    assert (history.article.body, history.article.revision) == ("نص جديد تماما.", 2)
