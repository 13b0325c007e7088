"""One story, one row to count: reprints found, linked to the earliest, and strangers left alone."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.db import duplicate_candidates, duplicates
from crawler.db.articles import store, store_rereadings
from crawler.db.duplicate_groups import regroup
from crawler.db.ingestion import ingest
from crawler.db.session import connect
from crawler.items import ArticleItem
from crawler.rechecks import NEVER
from tests.conftest import PROJECT, Archive, run_scrapy
from tests.rows import PRINTED, SITE, add_page, add_run, address, item
from tests.site.composing import compose
from tests.site.replica import Site
from tests.site.server import Server, serve

WORDS = "المستجدات الميدانية والتطورات الأخيرة بحسب مصادر محلية متطابقة تحدثت لمراسلنا صباحا"


def paragraphs(number: int) -> list[str]:
    """The paragraphs of a long article of the replica's."""
    numbers = (number * 97 + more for more in range(97))
    bodies = (compose(each).body for each in numbers)
    return next(body.split("\n\n") for body in bodies if 150 < len(body.split()) < 300)


def text(number: int, changed: float = 0.0, seed: int = 1) -> str:
    """The text of a story, with a share of its words replaced."""
    dice = random.Random(number * 1000 + seed)
    return "\n\n".join(reworded(part, changed, dice) for part in paragraphs(number))


def reworded(part: str, changed: float, dice: random.Random) -> str:
    others = WORDS.split()
    words = part.split(" ")
    return " ".join(dice.choice(others) if dice.random() < changed else word for word in words)


def story(number: int, *, page: int, minutes: float | None = None, **fields: Any) -> ArticleItem:
    """A story at the address of this number; ``minutes`` after the others, or without a date."""
    date = {} if minutes is None else {"published_at": PRINTED + timedelta(minutes=minutes)}
    undated = {"published_at": None, "published_text": None, "published_precision": None}
    told = {"title": compose(number * 97).title, "body": text(number)} | fields
    return item(None, address(page), **({} if date else undated), **date, **told)


class Newsdesk:
    """An archive, and what its articles are to each other."""

    def __init__(self, connection: sa.Connection):
        self.connection = connection
        self.run_id = add_run(connection)

    def store(self, *items: ArticleItem) -> list[str]:
        for each in items:
            known = sa.text("SELECT id FROM pages WHERE url = :url")
            page = self.connection.scalar(known, {"url": each.url})
            each.provenance.page_id = page or add_page(self.connection, each.url)
        return store(self.connection, SITE, self.run_id, items)

    def rows(self, query: str) -> list[sa.Row[Any]]:
        return list(self.connection.execute(sa.text(query)))

    def article(self, page: int) -> sa.Row[Any]:
        return self.rows(f"SELECT * FROM articles WHERE url = '{address(page)}'")[0]

    def duplicates(self) -> dict[int, int]:
        """Numbers of the addresses of duplicates, and of what each is a duplicate."""
        rows = self.rows(
            "SELECT a.url, b.url FROM articles a JOIN articles b ON b.id = a.duplicate_of_id"
        )
        return {_number(one): _number(other) for one, other in rows}

    def stories(self) -> int:
        query = "SELECT count(DISTINCT coalesce(duplicate_of_id, id)) FROM articles"
        return int(self.rows(query)[0][0])


def _number(url: str) -> int:
    return int(url.rsplit("/", 1)[1])


@pytest.fixture
def desk(connection: sa.Connection) -> Newsdesk:
    return Newsdesk(connection)


# --- what is a duplicate -------------------------------------------------------------------------


def test_a_reprint_is_linked_to_the_earlier_article_and_both_rows_stay(desk: Newsdesk) -> None:
    first = story(1, page=1, minutes=0)
    assert desk.store(first) == ["new"]
    assert desk.store(story(1, page=2, minutes=90, body=text(1, 0.08))) == ["new"]
    assert desk.duplicates() == {2: 1}
    assert 0.5 < desk.article(2).duplicate_similarity < 1
    assert desk.article(1).duplicate_similarity is None
    assert desk.stories() == 1


def test_the_later_article_is_the_duplicate_also_where_it_came_first(desk: Newsdesk) -> None:
    desk.store(story(1, page=2, minutes=90, body=text(1, 0.08)))
    desk.store(story(1, page=1, minutes=0))
    assert desk.duplicates() == {2: 1}


def test_members_of_one_batch_find_each_other(desk: Newsdesk) -> None:
    desk.store(*(story(1, page=page, minutes=page, body=text(1, 0.04, page)) for page in (3, 1, 2)))
    assert desk.duplicates() == {2: 1, 3: 1}


def test_strangers_are_not_linked(desk: Newsdesk) -> None:
    desk.store(*(story(number, page=number, minutes=number) for number in range(1, 30)))
    assert desk.duplicates() == {}
    assert desk.stories() == 29


def test_one_title_makes_no_duplicates(desk: Newsdesk) -> None:
    desk.store(
        *(story(number, page=number, minutes=number, title="أبرز الأحداث") for number in (1, 2, 3))
    )
    assert desk.duplicates() == {}


def weather(day: int, place: str, heat: int, wind: int) -> str:
    return (
        f"يكون الجو اليوم في {place} غائما جزئيا، وتبلغ درجة الحرارة العظمى {heat} درجة مئوية "
        f"والصغرى {heat - 9} درجات، والرياح غربية سرعتها {wind} كيلومترا في الساعة، "
        f"والبحر متوسط ارتفاع الموج، بحسب نشرة يوم {day} الصادرة عن مكتب الرصد الجوي."
    )


def test_forms_that_are_filled_in_every_day_are_strangers(desk: Newsdesk) -> None:
    places = ("غزة", "نابلس", "الخليل", "أريحا")
    desk.store(
        *(
            story(1, page=day, minutes=day * 1440, title=f"طقس {places[day % 4]}",
                  body=weather(day, places[day % 4], 17 + day, 20 + 2 * day))
            for day in range(1, 13)
        )
    )  # fmt: skip
    assert desk.duplicates() == {}


def test_a_short_item_that_a_later_one_holds_whole_is_recorded_and_still_counted(
    desk: Newsdesk,
) -> None:
    short = text(1).split("\n\n")[0]
    desk.store(story(1, page=1, minutes=0, body=short))
    desk.store(story(1, page=2, minutes=60, body=f"{text(2)}\n\n{short}\n\n{text(3)}"))
    [contained] = desk.rows("SELECT * FROM containments")
    assert (contained.short_id, contained.long_id) == (desk.article(1).id, desk.article(2).id)
    assert 0.8 < contained.share <= 1
    assert desk.duplicates() == {}
    assert desk.stories() == 2


# --- equal texts ---------------------------------------------------------------------------------


def test_the_same_text_at_the_same_time_is_another_address_of_one_article(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0))
    assert desk.store(story(1, page=2, minutes=0)) == ["duplicate"]
    assert desk.rows("SELECT url, state FROM pages WHERE state = 'duplicate'") == [
        (address(2), "duplicate")
    ]
    assert len(desk.rows("SELECT FROM articles")) == 1


def test_the_same_text_at_another_time_has_its_row_and_is_one_story(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0))
    assert desk.store(story(1, page=2, minutes=7)) == ["new"]
    assert desk.duplicates() == {2: 1}
    assert desk.article(2).duplicate_similarity == 1
    assert desk.stories() == 1


def test_the_same_text_under_another_title_has_its_row(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0))
    assert desk.store(story(1, page=2, minutes=0, title="عنوان من تحرير آخر")) == ["new"]
    assert desk.duplicates() == {2: 1}


# --- changes -------------------------------------------------------------------------------------


def test_an_edit_that_makes_another_text_leaves_the_group(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0), story(1, page=2, minutes=5, body=text(1, 0.05)))
    assert desk.duplicates() == {2: 1}
    desk.store(story(2, page=2, minutes=5))
    assert desk.duplicates() == {}
    assert desk.rows("SELECT * FROM reprints") == []
    desk.store(story(2, page=3, minutes=9, body=text(2, 0.05)))
    assert desk.duplicates() == {3: 2}


def test_an_edit_that_makes_the_same_text_joins_the_group(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0), story(2, page=2, minutes=5))
    desk.store(story(1, page=2, minutes=5))
    assert desk.duplicates() == {2: 1}


def test_the_earliest_of_a_group_that_is_edited_leaves_the_others_together(desk: Newsdesk) -> None:
    desk.store(
        *(story(1, page=page, minutes=page, body=text(1, 0.03, page)) for page in range(1, 5))
    )
    assert desk.duplicates() == {2: 1, 3: 1, 4: 1}
    desk.store(story(9, page=1, minutes=1))
    assert desk.duplicates() == {3: 2, 4: 2}


def test_a_date_that_is_printed_later_changes_who_is_the_earliest(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=50), story(1, page=2, body=text(1, 0.05)))
    assert desk.duplicates() == {2: 1}
    desk.store(story(1, page=2, minutes=10, body=text(1, 0.05)))
    assert desk.duplicates() == {1: 2}


def test_a_change_of_the_section_changes_no_signature(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0), story(1, page=2, minutes=5, body=text(1, 0.05)))
    before = desk.rows("SELECT article_id, xmin FROM signatures ORDER BY 1")
    desk.store(story(1, page=1, minutes=0, section="رياضة"))
    assert desk.rows("SELECT article_id, xmin FROM signatures ORDER BY 1") == before
    assert desk.duplicates() == {2: 1}


def test_a_text_that_is_read_otherwise_from_its_capture_finds_its_reprints(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0), story(2, page=2, minutes=5))
    read_otherwise = story(1, page=2, minutes=5)
    store_rereadings(desk.connection, [(read_otherwise, desk.article(2).capture_id)])
    assert desk.duplicates() == {2: 1}


def test_of_captures_made_by_others_only_the_current_text_has_reprints(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0))
    later, before = story(1, page=2, minutes=5, body=text(1, 0.05)), story(2, page=2, minutes=5)
    before.provenance.fetched_at -= timedelta(days=1)
    for captured in (later, before):
        ingest(desk.connection, SITE, desk.run_id, [captured], "others.warc", NEVER)
    assert desk.article(2).revision == 2
    assert desk.duplicates() == {2: 1}
    desk.store(story(2, page=3, minutes=9))
    assert desk.duplicates() == {2: 1}


def test_what_two_sites_print_alike_is_a_story_of_each(desk: Newsdesk) -> None:
    desk.store(story(1, page=1, minutes=0))
    elsewhere = story(1, page=2, minutes=5)
    elsewhere.provenance.page_id = add_page(desk.connection, elsewhere.url, site="halhul")
    store(desk.connection, "halhul", add_run(desk.connection, spider="halhul"), [elsewhere])
    assert desk.duplicates() == {}


# --- the rule of groups: in any order the same ---------------------------------------------------


def expected_groups(order: Sequence[int], edges: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The rule told once more, over the whole graph: duplicates by article."""
    near = defaultdict(set)
    for one, other in edges:
        near[one].add(other)
        near[other].add(one)
    firsts: list[int] = []
    groups = {}
    for article in order:
        mine = [first for first in firsts if first in near[article]]
        if mine:
            groups[article] = mine[0]
        else:
            firsts.append(article)
    return groups


@settings(deadline=None, max_examples=25)
@given(data=st.data(), size=st.integers(2, 9))
def test_groups_follow_from_the_pairs_and_not_from_their_order(
    scratch: sa.Engine, data: st.DataObject, size: int
) -> None:
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    chosen = data.draw(st.lists(st.sampled_from(pairs), unique=True))
    dates = data.draw(st.lists(st.sampled_from((None, 0, 1, 2)), min_size=size, max_size=size))
    with scratch.connect() as connection:
        desk = Newsdesk(connection)
        order = sorted(range(size), key=lambda n: (dates[n] is None, dates[n] or 0, address(n)))
        for number in range(size):
            one_word = {"title": f"خبر {number}", "body": f"كلمة{number}"}
            desk.store(story(1, page=number, minutes=dates[number], **one_word))
        numbers = {number: desk.article(number).id for number in range(size)}
        kept = set[tuple[int, int]]()
        for pair in [*chosen, *data.draw(st.lists(st.sampled_from(pairs)))]:
            # Drawn a second time, a pair is no reprint any more.
            adding = pair not in kept
            kept ^= {pair}
            low, high = sorted(numbers[each] for each in pair)
            connection.execute(
                sa.text(
                    "INSERT INTO reprints VALUES (:low, :high, 0.9)"
                    if adding
                    else "DELETE FROM reprints WHERE (article_id, other_id) = (:low, :high)"
                ),
                {"low": low, "high": high},
            )
            regroup(connection, [low, high])
            assert desk.duplicates() == expected_groups(order, kept)


def test_a_chain_of_small_changes_does_not_glue_its_ends(desk: Newsdesk) -> None:
    for number in (1, 2, 3):
        desk.store(story(number, page=number, minutes=number))
    one, two, three = (desk.article(number).id for number in (1, 2, 3))
    desk.connection.execute(
        sa.text(f"INSERT INTO reprints VALUES ({one}, {two}, 0.8), ({two}, {three}, 0.8)")
    )
    regroup(desk.connection, [one, two, three])
    assert desk.duplicates() == {2: 1}
    assert desk.stories() == 2


def edition(dice: random.Random) -> list[ArticleItem]:
    """Six stories with reprints, one of them without a date, and a short item within a long one."""
    told = [story(n, page=n, minutes=n) for n in range(1, 7)]
    told += [
        story(n, page=n * 10 + copy, minutes=dice.choice((n - 60, n, n + 30)),
              body=text(n, 0.03 * copy, copy))
        for n in range(1, 7)
        for copy in range(1, n % 4 + 1)
    ]  # fmt: skip
    told += [story(2, page=70, body=text(2, 0.05, 9))]
    short, long = text(8).split("\n\n")[0], f"{text(7)}\n\n{text(8)}"
    told += [story(7, page=80, minutes=80, body=short), story(7, page=81, minutes=81, body=long)]
    return told


def relations(desk: Newsdesk) -> tuple[object, ...]:
    pair = "SELECT {share}, a.url, b.url FROM {table} JOIN articles a ON a.id = {one}"
    pair += " JOIN articles b ON b.id = {other}"
    reprints = pair.format(
        table="reprints", one="article_id", other="other_id", share="reprints.similarity"
    )
    contained = pair.format(table="containments", one="short_id", other="long_id", share="share")
    return (
        desk.duplicates(),
        {(share, *sorted(urls)) for share, *urls in desk.rows(reprints)},
        set(map(tuple, desk.rows(contained))),
        {row.band for row in desk.rows("SELECT band FROM common_bands")},
    )


@pytest.mark.parametrize("common", [50, 3])
def test_the_same_texts_in_any_order_and_batches_give_the_same_groups(
    scratch: sa.Engine, monkeypatch: pytest.MonkeyPatch, common: int
) -> None:
    monkeypatch.setattr(duplicate_candidates, "COMMON", common)
    found = []
    for seed in range(8):
        dice = random.Random(seed)
        monkeypatch.setattr(duplicates, "PAIRS_AT_ONCE", dice.choice((1, 7, 1_024)))
        texts = edition(random.Random(0))
        dice.shuffle(texts)
        with scratch.connect() as connection:
            desk = Newsdesk(connection)
            while texts:
                size = dice.choice((1, 3, 10))
                desk.store(*texts[:size])
                del texts[:size]
            found.append(relations(desk))
    assert all(each == found[0] for each in found)
    pairs, _, contained, bands = found[0]
    assert (pairs and contained) or common == 3
    assert bool(bands) == (common == 3)


# --- what too many share -------------------------------------------------------------------------


def test_a_standing_paragraph_glues_nothing_and_leads_to_no_lookups(
    desk: Newsdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicate_candidates, "COMMON", 10)
    standing = text(50).split("\n\n")[0]
    for begin in range(1, 31, 6):
        desk.store(
            *(
                story(number, page=number, minutes=number, body=f"{text(number)}\n\n{standing}")
                for number in range(begin, begin + 6)
            )
        )
    assert desk.duplicates() == {}
    assert desk.rows("SELECT min(articles) FROM common_bands")[0][0] > 10
    [most] = desk.rows(
        "SELECT max(count) FROM (SELECT count(*) FROM signatures, unnest(bands) AS band"
        " GROUP BY band) AS counted"
    )
    assert most[0] <= 10
    # What they have of their own finds them still.
    desk.store(story(1, page=100, minutes=100, body=f"{text(1, 0.05)}\n\n{standing}"))
    assert desk.duplicates() == {100: 1}


def test_a_lookup_goes_by_the_index_also_where_the_planner_would_not(desk: Newsdesk) -> None:
    desk.store(*(story(number, page=number, minutes=number) for number in range(1, 6)))
    numbers = {"articles": [desk.article(number).id for number in (1, 2)]}
    explained = sa.text(f"EXPLAIN {duplicate_candidates._NEIGHBOURS}")
    plan = "\n".join(desk.connection.scalars(explained, numbers))
    assert "ix_signatures_bands" in plan
    assert "Seq Scan" not in plan


# --- writers beside each other -------------------------------------------------------------------


def test_two_that_write_at_once_miss_nothing_of_each_other(engine: sa.Engine) -> None:
    texts = edition(random.Random(0))
    with engine.begin() as connection:
        run_id = add_run(connection)
        for each in texts:
            each.provenance.page_id = add_page(connection, each.url)

    def write(share: list[ArticleItem]) -> None:
        for at in range(0, len(share), 2):
            with engine.begin() as connection:
                store(connection, SITE, run_id, share[at : at + 2])

    workers = [threading.Thread(target=write, args=(texts[first::2],)) for first in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with engine.connect() as connection:
        desk = Newsdesk(connection)
        found = relations(desk)
        connection.execute(sa.text("TRUNCATE articles, pages CASCADE"))
        desk.store(*edition(random.Random(0)))
        assert relations(desk) == found
        connection.rollback()


# --- the replica, crawled in different orders ----------------------------------------------------


def plant(site: Site) -> list[int]:
    """Publish reprints of what the site has, updated versions, an item within another."""
    numbers = [truth.number for truth in site.truth]
    long = [n for n in numbers if len(_told(site, n).split()) > 120][:4]
    planted = []
    for original in [*long, *long]:
        [number] = site.publish(1)
        body = reworded(_told(site, original), 0.05, random.Random(number))
        site.edit(number, title=compose(number + 5_000).title, body=body)
        planted.append(number)
    return planted


def _told(site: Site, number: int) -> str:
    return next(truth.body for truth in site.truth if truth.number == number)


def groups(archive: Archive) -> set[frozenset[str]]:
    """The addresses that tell one story, of all stories with several."""
    told = defaultdict(set)
    for story_id, path in archive.rows(
        "SELECT coalesce(duplicate_of_id, a.id), substring(p.url FROM '//[^/]+(/.*)')"
        " FROM articles a JOIN pages p ON p.article_id = a.id"
    ):
        told[story_id].add(path)
    return {frozenset(paths) for paths in told.values() if len(paths) > 1}


def crawled(archive: Archive, server: Server, *arguments: str) -> None:
    crawl = archive.crawl(server.url, *arguments)
    assert crawl.exit_code == 0, crawl.log


def test_the_replica_crawled_in_two_orders_gives_the_same_groups(
    archive: Archive, empty_database: sa.URL, tmp_path: Path
) -> None:
    other = Archive(empty_database, tmp_path / "other", connect(empty_database))
    with serve(Site("post", articles=25)) as server:
        crawled(archive, server)  # the originals first,
        planted = plant(server.site)
        crawled(archive, server)
    with serve(Site("post", articles=25)) as server:
        assert plant(server.site) == planted
        # Here last, and one of the reprints before all others.
        crawled(other, server, "-a", f"url={server.url}post/{planted[-1]}")
        crawled(other, server, "-a", "mode=backfill", "-s", "CONCURRENT_REQUESTS=1")
    found = groups(archive)
    assert groups(other) == found
    assert len(found) == 4
    assert {len(group) for group in found} == {3}
    first = archive.rows(
        "SELECT DISTINCT b.published_at < a.published_at AS earlier, b.duplicate_of_id"
        " FROM articles a JOIN articles b ON b.id = a.duplicate_of_id"
    )
    assert first == [(True, None)]
    other.engine.dispose()


# --- the whole archive again ---------------------------------------------------------------------


@pytest.fixture
def grouped(archive: Archive) -> Archive:
    """An archive of 450 articles with some reprints, which takes three batches."""
    with archive.engine.begin() as connection:
        desk = Newsdesk(connection)
        told = edition(random.Random(0))
        one_line = "افتتح رئيس البلدية حديقة رقم {0} في شارع {0} بحضور {0} من السكان"
        told[3:3] = [
            story(1, page=n, minutes=n, title=f"حديقة {n}", body=one_line.format(n))
            for n in range(1_000, 1_450 - len(told))
        ]
        for at in range(0, len(told), 64):
            desk.store(*told[at : at + 64])
    return archive


FOUND = (
    "SELECT id, duplicate_of_id, duplicate_similarity FROM articles ORDER BY id",
    "SELECT * FROM reprints ORDER BY 1, 2",
    "SELECT * FROM containments ORDER BY 1, 2",
    "SELECT * FROM signatures ORDER BY article_id",
)


def snapshot(archive: Archive) -> list[object]:
    return [archive.rows(query) for query in FOUND]


def forget(archive: Archive) -> None:
    """As after an upgrade from a version that knew no duplicates."""
    with archive.engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE signatures, reprints, containments, common_bands"))
        connection.execute(
            sa.text("UPDATE articles SET duplicate_of_id = NULL, duplicate_similarity = NULL")
        )


def regroup_archive(archive: Archive, *arguments: str) -> str:
    run = run_scrapy(archive.environment(), "regroup", *arguments)
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def test_the_whole_archive_is_grouped_again(grouped: Archive) -> None:
    before = snapshot(grouped)
    linked = len([row for row in before[0] if row[1]])  # type: ignore[attr-defined]
    assert linked > 8
    assert ", 0 linked, 0 unlinked, 0 moved" in regroup_archive(grouped).replace("; ", ", ")
    assert snapshot(grouped) == before
    forget(grouped)
    output = regroup_archive(grouped)
    assert f"{linked} linked, 0 unlinked, 0 moved" in output
    assert f"450 articles tell {450 - linked} stories" in output
    assert snapshot(grouped) == before
    assert grouped.rows("SELECT DISTINCT mode, outcome FROM runs WHERE mode = 'regroup'") == [
        ("regroup", "finished")
    ]


def test_a_rehearsal_tells_the_same_and_stores_nothing(grouped: Archive) -> None:
    right = snapshot(grouped)
    linked = len([row for row in right[0] if row[1]])  # type: ignore[attr-defined]
    with grouped.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE articles SET duplicate_of_id = NULL, duplicate_similarity = NULL"
                " WHERE id = (SELECT max(id) FROM articles WHERE duplicate_of_id IS NOT NULL)"
            )
        )
    before = snapshot(grouped)
    output = regroup_archive(grouped, "--dry-run")
    assert f"450 articles tell {450 - linked} stories; 1 linked, 0 unlinked, 0 moved" in output
    assert "nothing was stored (--dry-run)" in output
    assert snapshot(grouped) == before
    assert grouped.value("SELECT count(*) FROM runs WHERE mode = 'regroup'") == 0


@contextmanager
def held(archive: Archive, article_id: int) -> Iterator[None]:
    """Nobody can write the signature of this article."""
    with archive.engine.connect() as connection:
        connection.execute(
            sa.text("SELECT FROM signatures WHERE article_id = :id FOR UPDATE"), {"id": article_id}
        )
        yield
        connection.rollback()


def reached(archive: Archive) -> int:
    rows = archive.rows("SELECT stats ->> 'regroup/article' FROM runs WHERE mode = 'regroup'")
    return int(rows[-1][0] or 0) if rows else 0


def test_a_pass_that_was_killed_is_gone_on_with(grouped: Archive) -> None:
    right = snapshot(grouped)
    with grouped.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE articles SET duplicate_of_id = NULL, duplicate_similarity = NULL")
        )
    [third] = grouped.rows("SELECT id FROM articles ORDER BY id OFFSET 210 LIMIT 1")
    with held(grouped, third.id):
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "regroup"],
            cwd=PROJECT,
            env=grouped.environment(),
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not reached(grouped) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    half = reached(grouped)
    assert 0 < half < third.id
    assert snapshot(grouped) != right
    output = regroup_archive(grouped)
    assert f"Going on after article {half}" in output
    assert snapshot(grouped) == right
    outcomes = grouped.rows("SELECT outcome FROM runs WHERE mode = 'regroup' ORDER BY id")
    assert outcomes == [("interrupted",), ("finished",)]
    assert "Going on" not in regroup_archive(grouped)


def test_signatures_of_another_version_are_made_anew(grouped: Archive) -> None:
    right = snapshot(grouped)
    with grouped.engine.begin() as connection:
        connection.execute(sa.text("UPDATE signatures SET version = 0, bands = '{}'"))
    # What was found by them stands until then, and what comes meanwhile is stored.
    assert snapshot(grouped)[:3] == right[:3]
    with grouped.engine.begin() as connection:
        Newsdesk(connection).store(story(9, page=5_000, minutes=0))
    regroup_archive(grouped)
    assert snapshot(grouped)[:3] != right[:3]
    assert [len(rows) for rows in snapshot(grouped)] == [  # type: ignore[arg-type]
        len(rows) + added  # type: ignore[arg-type]
        for rows, added in zip(right, (1, 0, 0, 1), strict=True)
    ]
    assert grouped.value("SELECT min(version) FROM signatures") > 0


def test_no_pass_begins_while_a_crawl_is_running(grouped: Archive) -> None:
    from crawler.db.runs import CrawlRun

    run = CrawlRun.open(grouped.engine, spider=SITE, mode="incremental")
    try:
        ended = run_scrapy(grouped.environment(), "regroup")
    finally:
        run.let_go()
    assert ended.returncode == 75
    assert "Another crawl" in ended.stderr
