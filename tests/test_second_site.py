"""Two sites in one database at the same time; what follows this line is all that a second needs."""

import os
from datetime import timedelta
from urllib.parse import urljoin

import sqlalchemy as sa

from crawler.spiders.news import NewsSpider
from crawler.text.urls import canonical_url
from tests.conftest import Archive, ended, run_scrapy
from tests.site.replica import Site
from tests.site.server import serve


class HalhulSpider(NewsSpider):
    name = "halhul"
    custom_settings = {  # noqa: RUF012 - Scrapy's own declaration
        "SITE_URL": os.environ.get("HALHUL_URL"),  # of a real site: its address
        "SITE_TIMEZONE": "Africa/Casablanca",
        "SITE_ARTICLES": [r"/news\.php\?id=\d+"],
        "SITE_SELECTORS": {
            "title": ".newstitle",
            "section": "table[width='560'] a[href^='/section.php']",
        },
    }


BOTH = ("-s", "SPIDER_MODULES=crawler.spiders,tests.test_second_site")
ARTICLES = 40
LATER = timedelta(hours=2)  # in Casablanca than in Hebron, by the same printed clock


def test_two_sites_share_a_database_and_nothing_else(archive: Archive) -> None:
    # The same newsroom in two layouts: each prints the same texts under the same dates.
    first, second = Site("semantic", articles=ARTICLES), Site("table", articles=ARTICLES)
    with serve(first) as alkarmel, serve(second) as halhul:
        both = {"ALKARMEL_URL": alkarmel.url, "HALHUL_URL": halhul.url}
        crawls = [
            archive.start(alkarmel.url, *BOTH, spider=name, **both)
            for name in ("alkarmel", "halhul")
        ]
        for crawl in map(ended, crawls):
            assert crawl.exit_code == 0, crawl.log
            assert f"{ARTICLES} new" in crawl.output
        homes = {"alkarmel": alkarmel.url, "halhul": halhul.url}
        again = archive.crawl(alkarmel.url, *BOTH, spider="halhul", **both)
        assert "0 new" in again.output
    for name, home in homes.items():
        pages = archive.rows("SELECT url, state FROM pages WHERE site = :site", site=name)
        assert all(row.url.startswith(home) for row in pages)
        assert sum(row.state == "archived" for row in pages) == ARTICLES
    assert archive.value("SELECT count(*) FROM articles") == 2 * ARTICLES
    assert dict(map(tuple, archive.rows("SELECT spider, count(*) FROM runs GROUP BY 1"))) == {
        "alkarmel": 1,
        "halhul": 2,
    }
    for site, server, shift in ((first, alkarmel, timedelta(0)), (second, halhul, LATER)):
        for truth in site.truth:
            article = archive.article(canonical_url(urljoin(server.url, truth.address)))
            assert (article.title, article.section) == (truth.title, truth.section)
            if truth.published_precision == "minute":
                assert article.published_at == truth.published_at + shift
    kept = archive.rows("SELECT DISTINCT split_part(warc_file, '-', 1) FROM captures")
    assert {row[0] for row in kept} == set(homes)

    verified = run_scrapy(archive.environment(**both), "verify", *BOTH)
    assert verified.returncode == 0, verified.stdout
    assert f"{2 * ARTICLES} of {2 * ARTICLES} articles derived again" in verified.stdout
    with archive.engine.begin() as connection:
        connection.execute(sa.text("UPDATE articles SET section = 'x'"))
    reread = run_scrapy(archive.environment(**both), "reextract", "--site=halhul", *BOTH)
    assert f"{ARTICLES} articles read again, {ARTICLES} differ" in reread.stdout, reread.stderr
    assert archive.value("SELECT count(*) FROM articles WHERE section = 'x'") == ARTICLES
