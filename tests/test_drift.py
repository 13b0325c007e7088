"""Drift: a changed layout is told by the first crawl, and harms nothing that is stored."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.drift import live
from crawler.alarm import send
from crawler.db.captures import insert_captures
from crawler.db.held import next_held, still_held
from crawler.db.ledger import settle
from crawler.drift import Expectation, Expectations, Judgement, Look, accepted, is_standing, judge
from crawler.drift_traits import Stored, is_worse, name_their_own, traits_of, traits_of_recheck
from crawler.drift_watch import held
from tests.conftest import Archive, Crawl, run_scrapy
from tests.rows import PAGE, SITE, History, item
from tests.site.redesigns import REDESIGNS, Redesign
from tests.site.replica import Site
from tests.site.server import Server, serve

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DATE = "published_at"

# --- the decision ------------------------------------------------------------------------------


def taught(pages: int = 10_000, shown: int = 9_900, trait: str = DATE) -> Expectations:
    return {("new", trait): Expectation(pages, shown)}


def crawl(
    expected: Expectations, lacking: int, showing: int = 0, trait: str = DATE, kind: str = "new"
) -> Judgement:
    shown = [True] * showing + [False] * lacking
    looks = [Look(kind, f"https://x.example/{n}", {trait: has}) for n, has in enumerate(shown)]
    return judge(expected, looks, NOW)


def test_three_of_three_without_a_date_are_an_alarm_where_99_of_100_had_one() -> None:
    judgement = crawl(taught(), lacking=3)
    assert judgement.standing
    (drift,) = judgement.drifts
    assert str(drift) == "published_at on 0% of 3 new pages, usually 99%"
    assert len(drift.examples) == 3


@pytest.mark.parametrize(("lacking", "showing"), [(0, 9), (1, 0), (2, 0), (2, 10), (30, 70)])
def test_a_few_odd_pages_are_none(lacking: int, showing: int) -> None:
    assert not crawl(taught(), lacking, showing).drifts


def test_evidence_of_small_crawls_adds_up_and_normal_pages_take_it_away() -> None:
    expected = taught()
    assert [crawl(expected, 1).standing for _ in range(3)] == [False, False, True]
    expected = taught()
    for _ in range(30):
        assert not crawl(expected, 1).standing
        assert not crawl(expected, 0, showing=3).standing


def test_a_first_crawl_that_has_learned_nothing_learns() -> None:
    expected: Expectations = {}
    assert not crawl(expected, lacking=50).drifts
    assert expected["new", DATE].pages == 50
    assert not crawl(expected, lacking=50).drifts  # this site prints no dates


def test_what_few_pages_taught_is_doubted() -> None:
    assert not crawl(taught(pages=10, shown=10), lacking=3).drifts
    assert crawl(taught(pages=10, shown=10), lacking=12).drifts


def test_one_sentence_on_most_pages_is_a_war_week_and_not_a_change() -> None:
    long = "at least 64 words"
    expected = taught(2_000, 1_800, long)
    for _ in range(100):
        assert not crawl(expected, lacking=8, showing=2, trait=long).drifts
    expected = taught(2_000, 1_800, long)
    assert [crawl(expected, lacking=10, trait=long).standing for _ in range(20)].index(True) > 5


def test_rechecked_articles_are_compared_before_anything_is_learned() -> None:
    assert crawl({}, lacking=10, trait="half of the stored text", kind="again").drifts


def test_nothing_is_learned_while_an_alarm_stands_and_normal_pages_end_it() -> None:
    expected = taught()
    assert crawl(expected, lacking=5).standing
    before = expected["new", DATE].pages
    assert crawl(expected, lacking=50, showing=1).standing
    assert expected["new", DATE].pages == before
    ended = crawl(expected, lacking=0, showing=20)
    assert ended.ended
    assert not is_standing(expected)


def test_an_accepted_change_is_the_new_normal() -> None:
    expected = taught() | {("new", "section"): Expectation(10_000, 9_900)}
    assert crawl(expected, lacking=5).standing
    expected = accepted(expected)
    assert list(expected) == [("new", "section")]
    for _ in range(10):
        assert not crawl(expected, lacking=50).drifts


@pytest.mark.parametrize("seed", [3])
def test_weeks_of_normal_variation_raise_no_alarm(seed: int) -> None:
    assert live(seed, days=21)[2] == []


# --- what pages show ---------------------------------------------------------------------------

LONG = " ".join(["قال مسؤول إن العمل مستمر"] * 20)


def stored(**fields: Any) -> Stored:
    known = {
        "title": "خبر",
        "word_count": 100,
        "published_at": NOW,
        "language": "ar",
        "extraction": {"title": "json-ld"},
        "extractor_version": "1",
    }
    return Stored(**known | fields)


def test_a_text_that_shrinks_to_nearly_nothing_is_worse_and_an_edit_is_not() -> None:
    assert is_worse(item(1, "https://x.example/1", body="اقرأ المزيد"), stored())
    assert not is_worse(item(1, "https://x.example/1", body=LONG[:300]), stored())
    assert not is_worse(item(1, "https://x.example/1", body="تصحيح"), stored(word_count=20))
    garbled = "اتفاق".encode().decode("latin-1")
    assert is_worse(item(1, "https://x.example/1", title=garbled, body=LONG), stored())


def test_what_an_operator_selects_is_not_missed_in_the_metadata() -> None:
    page = item(1, "https://x.example/1", extraction={"title": "selector"})
    assert traits_of_recheck(page, stored())["title by json-ld"]
    assert traits_of(page)["title by json-ld"]


def test_boxes_around_every_listing_are_none_of_its_own() -> None:
    around = {"a", "b"}
    full = [(str(n), around | {f"own {n}"}) for n in range(5)]
    assert dict(name_their_own(full)) == dict.fromkeys("01234", True)
    emptied = [(str(n), set(around)) for n in range(5)]
    assert dict(name_their_own(emptied)) == dict.fromkeys("01234", False)


def test_a_lost_date_stays_known(connection: sa.Connection) -> None:
    history = History(connection)
    history.see()
    assert history.see(hours=1, title="عنوان آخر", published_at=None) == "changed"
    assert history.article.published_at is not None


def test_a_held_page_that_a_worker_has_fetched_since_is_not_released(
    connection: sa.Connection,
) -> None:
    history = History(connection)
    history.see()
    seen = item(history.page_id(), PAGE, hours=1, body="اقرأ المزيد")
    seen.capture = replace(seen.provenance, warc_file="a.warc.gz", warc_offset=0, warc_length=9)
    insert_captures(connection, history.run_id, [seen.capture])
    settle(connection, [held(seen)], attempts_allowed=1, backoff=1)
    pages = next_held(connection, SITE, True, 0, 10)
    assert still_held(connection, SITE, pages) == {history.page_id()}
    assert history.see(hours=2, body="نص جديد تماما.") == "changed"
    assert still_held(connection, SITE, pages) == set()


# --- crawls ------------------------------------------------------------------------------------

RECHECK = """
UPDATE pages SET next_fetch_at = now() WHERE id IN
(SELECT id FROM pages WHERE state = 'archived' ORDER BY id LIMIT 20)
"""
APOLOGY = "نشر هذا الخبر خطأ، وتعتذر هيئة التحرير لقرائها، وستعود إليه حين يرد من المصدر."
TEXTS = "SELECT id, title, body, published_at, revision FROM articles WHERE id <= 40 ORDER BY id"


def _date_at_the_end(html: str) -> str:
    date = re.compile(r'<div class="single-post-date">(.*?)</div>', re.DOTALL)
    found = date.search(html)
    moved = f'<p class="stamp">{found[1]}</p></body>' if found else "</body>"
    return date.sub("", html).replace("</body>", moved)


@dataclass
class Learned:
    """A site that one crawl has learned, and its archive."""

    archive: Archive
    server: Server

    def hour(self, *arguments: str, **environment: str) -> Crawl:
        """Six new articles, twenty due for another look, and the crawl."""
        self.server.site.newsroom.publish(6)
        with self.archive.engine.begin() as connection:
            connection.execute(sa.text(RECHECK))
        return self.archive.crawl(self.server.url, *arguments, **environment)

    def change(self, name: str) -> None:
        _, where, fault = REDESIGNS[name]
        self.server.site.faults.add(where, fault)

    def release(self, *arguments: str) -> tuple[int, str]:
        environment = self.archive.environment(ALKARMEL_URL=self.server.url)
        run = run_scrapy(environment, "release", *arguments)
        assert run.stderr == ""
        return run.returncode, run.stdout

    def held(self) -> int:
        count: int = self.archive.value(
            "SELECT count(*) FROM pages WHERE state = 'rejected' AND reason = 'drift'"
        )
        return count


@pytest.fixture
def learned(archive: Archive) -> Iterator[Learned]:
    with serve(Site("post", articles=40)) as server:
        first = archive.crawl(server.url)
        assert first.exit_code == 0, first.log
        yield Learned(archive, server)


def test_a_changed_layout_is_told_held_and_released_when_the_reader_is_mended(
    learned: Learned,
) -> None:
    archive = learned.archive
    before = archive.rows(TEXTS)
    learned.server.site.faults.add("/post", Redesign(_date_at_the_end))
    with webhook() as hook:
        crawl = learned.hour(ALARMS_TO=hook.address)
    assert crawl.exit_code == 1, crawl.log
    line = crawl.output.splitlines()[-1]
    assert re.search(r"drift: .* on \d+% of \d+ (new pages|rechecked articles), usually", line)
    assert len(set(re.findall(r"http://[^\s,;]+/post/\d+", line))) == 3
    assert archive.rows("SELECT outcome FROM runs ORDER BY id")[-1] == ("failed",)
    # Nothing stored is touched, what is new is held, and each has its evidence.
    assert archive.rows(TEXTS) == before
    assert learned.held() == 6
    assert not archive.value(
        "SELECT count(*) FROM pages WHERE reason = 'drift' AND id NOT IN"
        " (SELECT page_id FROM captures WHERE warc_file IS NOT NULL)"
    )
    assert archive.states() == {"archived": 40, "rejected": 6}
    assert archive.value("SELECT count(*) FROM removals") == 0
    assert "drift: " in hook.told[0]["message"]
    assert "ended with 1" in hook.told[0]["title"]
    # As long as the reader is what it was, they stay.
    code, output = learned.release("--dry-run")
    assert (code, learned.held()) == (1, 6)
    assert "held still; nothing was stored" in output
    selectors = '{"published": ".stamp", "title": ".single-post-title"}'
    mended = ("-s", f"SITE_SELECTORS={selectors}")
    code, output = learned.release(*mended)
    assert (code, learned.held()) == (0, 0), output
    assert "6 new" in output
    assert archive.states() == {"archived": 46}
    assert archive.value("SELECT count(*) FROM articles WHERE published_at IS NULL") == 0
    assert learned.release(*mended)[1] == "release: nothing to release; 0 held still\n"
    assert run_scrapy(archive.environment(), "verify", *mended).returncode == 0
    crawl = learned.hour(*mended)
    assert crawl.exit_code == 0, crawl.output


def test_an_accepted_layout_is_stored_and_no_alarm_any_more(learned: Learned) -> None:
    learned.change("boxes moved into the text")
    assert learned.hour().exit_code == 1
    assert learned.hour().exit_code == 1
    assert learned.held() == 6  # of the second crawl: nothing tells whether they are whole
    assert learned.release()[0] == 1
    code, output = learned.release("--accept")
    assert (code, learned.held()) == (0, 0), output
    assert learned.hour().exit_code == 0


def test_a_layout_that_comes_back_ends_the_alarm_and_its_pages_are_asked_for_again(
    learned: Learned,
) -> None:
    learned.change("text filled in by a script")
    crawl = learned.hour()
    assert crawl.exit_code == 1
    assert "an article on 0% of" in crawl.output
    assert learned.held() == 6
    learned.server.site.faults.clear()
    assert learned.hour().exit_code == 0
    assert learned.held() == 0
    assert learned.hour().exit_code == 0
    assert learned.archive.states() == {"archived": 58}


def test_listings_that_lead_nowhere_are_told(learned: Learned) -> None:
    assert learned.hour().exit_code == 0
    learned.change("listings filled in by a script")
    crawl = learned.hour()
    assert crawl.exit_code == 1
    assert "articles of its own on 0% of" in crawl.output


def test_one_article_that_shrinks_keeps_its_text_until_an_operator_says_otherwise(
    learned: Learned,
) -> None:
    archive, newsroom = learned.archive, learned.server.site.newsroom
    article = archive.rows("SELECT * FROM articles ORDER BY word_count DESC")[0]
    newsroom.edit(int(article.url.rpartition("/")[2]), body=APOLOGY)
    with archive.engine.begin() as connection:
        due = sa.text("UPDATE pages SET next_fetch_at = now() WHERE url = :url")
        connection.execute(due, {"url": article.url})
    crawl = archive.crawl(learned.server.url)
    assert crawl.exit_code == 0
    assert "1 held" in crawl.output
    assert "the stored one stays" in crawl.log
    assert archive.article(article.url).body == article.body
    captures = "SELECT count(*) FROM captures JOIN pages ON pages.id = page_id WHERE pages.url = :u"
    assert archive.value(captures, u=article.url) == 2
    assert learned.release()[0] == 1
    assert archive.article(article.url).body == article.body
    assert "1 changed" in learned.release("--accept")[1]
    assert archive.article(article.url).body == APOLOGY
    assert archive.value("SELECT count(*) FROM revisions WHERE body = :b", b=article.body) == 1


# --- sending -----------------------------------------------------------------------------------


@dataclass
class Hook:
    address: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook(status: int = 200) -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.told.append(json.loads(body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.address = f"json://127.0.0.1:{server.server_port}/alarm"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()


def test_an_alarm_goes_to_every_address_whatever_becomes_of_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with webhook() as good, webhook(500) as bad:
        addresses = f"nonsense://x {bad.address} json://u:secret@127.0.0.1:9/ {good.address}"
        assert not send(addresses, "عنوان", "نص")
    assert [told["message"] for told in good.told] == ["نص"]
    failures = [record.message for record in caplog.records if record.name == "crawler.alarm"]
    assert len(failures) == 3
    assert "secret" not in caplog.text


def test_nothing_is_sent_where_nobody_is_to_hear() -> None:
    assert send(None, "عنوان", "نص")


@pytest.mark.parametrize(
    ("environment", "code"),
    [({"ALKARMEL_URL": "http://127.0.0.1:9/"}, 3), ({"ALKARMEL_TIMEZONE": "Mars/Olympus"}, 2)],
)
def test_a_crawl_that_fails_for_another_reason_is_told(
    archive: Archive, environment: dict[str, str], code: int
) -> None:
    with webhook() as hook:
        crawl = archive.crawl("http://127.0.0.1:9/", **environment, ALARMS_TO=hook.address)
    assert crawl.exit_code == code
    assert [told["title"] for told in hook.told] == [f"The crawl of alkarmel ended with {code}"]


def test_a_sending_that_fails_leaves_the_exit_code_as_it_was(archive: Archive) -> None:
    crawl = archive.crawl("http://127.0.0.1:9/", ALARMS_TO="json://127.0.0.1:9/")
    assert crawl.exit_code == 3
    assert "Alarm not sent" in crawl.log
