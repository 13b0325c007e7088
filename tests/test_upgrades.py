"""An archive with articles in it goes through every earlier schema and back, and loses nothing."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from crawler.db.schema import alembic_config
from tests.conftest import Archive, alembic, run_scrapy
from tests.site.replica import Site
from tests.site.server import Server, serve

SCRIPTS = ScriptDirectory.from_config(alembic_config())
EARLIER = [script.revision for script in SCRIPTS.walk_revisions()][1:]  # newest first

# What an archive had from the first schema on.
KEPT = {
    "articles": "url, title, body, published_at, published_text, section, dateline, agency, "
    "digest, revision, first_seen_at, last_seen_at, gone_at, capture_id",
    "revisions": "article_id, number, title, body, published_at, section, digest, seen_at",
    "pages": "url, request_url, state, reason, discovered_at, attempts, http_status, article_id",
    "captures": "id, page_id, run_id, url, fetched_at, payload_digest, warc_file, warc_offset",
    "links": "article_id, position, url",
    "runs": "id, spider, mode, outcome",
}


@pytest.fixture
def site() -> Iterator[Server]:
    with serve(Site("post", articles=12)) as server:
        yield server


def contents(archive: Archive) -> dict[str, list[sa.Row[tuple[object, ...]]]]:
    return {
        table: archive.rows(f"SELECT {columns} FROM {table} ORDER BY {columns}")
        for table, columns in KEPT.items()
    }


def test_a_populated_archive_of_every_earlier_schema_is_migrated(
    archive: Archive, site: Server
) -> None:
    edited, removed = site.site.truth[:2]
    assert archive.crawl(site.url).exit_code == 0
    site.site.edit(edited.number, body=edited.body + "\n\nوأضيفت هذه الفقرة بعد النشر بيوم.")
    site.site.remove(removed.number)
    for article in (edited, removed):
        archive.crawl(site.url, "-a", f"url={site.url}post/{article.number}")
    before = contents(archive)
    assert len(before["articles"]) == 12
    assert len(before["revisions"]) == 13

    for revision in EARLIER:
        alembic(archive, "downgrade", revision)
        assert archive.value("SELECT version_num FROM alembic_version") == revision
        alembic(archive, "upgrade", "head")
        assert contents(archive) == before, f"lost between {revision} and head"
    assert "No new upgrade operations" in alembic(archive, "check")

    # A crawl goes on with it, from the oldest schema on its own.
    alembic(archive, "downgrade", EARLIER[-1])
    site.site.publish(2)
    crawl = archive.crawl(site.url)
    assert crawl.exit_code == 0, crawl.log
    assert archive.value("SELECT count(*) FROM articles") == 14
    assert archive.value("SELECT count(*) FROM revisions") == 15
    verified = run_scrapy(archive.environment(), "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
