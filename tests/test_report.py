"""The report: every figure is SQL's own, the page holds all it needs, a real browser shows it."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import lxml.html
import pytest
import sqlalchemy as sa

from crawler.db.report import TABLES, TOTALS, Answer, Figures
from crawler.report.charts import sections
from crawler.report.page import render
from tests.conftest import Archive, run_scrapy
from tests.site.replica import Site
from tests.site.server import serve

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
HEADLESS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-quic",
    "--hide-scrollbars", "--allow-file-access-from-files",
)  # fmt: skip
in_a_browser = pytest.mark.skipif(BROWSER is None, reason="There is no Chromium here.")


@pytest.fixture
def filled(archive: Archive) -> Archive:
    """An archive with edits, a removal, a reprint and a rejected page."""
    with serve(Site("post", articles=30)) as server:
        assert archive.crawl(server.url).exit_code == 0
        edited, removed = server.site.truth[:2]
        server.site.edit(edited.number, title=edited.title + " (محدث)")
        server.site.remove(removed.number)
        server.site.publish(2)
        archive.crawl(server.url)
        for article in (edited, removed):
            archive.crawl(server.url, "-a", f"url={server.url}post/{article.number}")
    return archive


def written(archive: Archive, path: Path) -> lxml.html.HtmlElement:
    process = run_scrapy(archive.environment(), "report", "--output", str(path))
    assert process.returncode == 0, process.stderr
    assert process.stdout == f"report: {path}\n"
    return lxml.html.fromstring(path.read_text(encoding="utf-8"))


def number(text: str) -> float:
    return float(text.replace(",", ""))


def test_every_figure_is_the_one_that_sql_gives(filled: Archive, tmp_path: Path) -> None:
    page = written(filled, tmp_path / "report.html")
    shown = {b.get("data-figure"): number(b.text_content()) for b in page.iter("b")}
    assert shown == {name: float(filled.value(sql)) for name, sql in TOTALS.items()}
    assert shown["articles"] == 32
    assert shown["edits by the site"] == 1
    tables = {table.get("data-part"): table for table in page.iter("table")}
    assert {"days", "sections", "hours", "changes", "edits", "states"} <= tables.keys()
    for name, table in tables.items():
        sql = table.xpath("ancestor::section//code")[0].text_content()
        assert sql in TABLES.values()
        rows = filled.rows(sql)
        body = table.xpath(".//tbody/tr")
        assert len(body) == len(rows) > 0, name
        columns = [th.text_content().replace(" ", "_") for th in table.iter("th")]
        for line, row in zip(body, rows, strict=True):
            cells = [td.text_content() for td in line.iter("td")]
            for column, cell in zip(columns, cells, strict=True):
                check(cell, getattr(row, column))


def check(cell: str, value: object) -> None:
    if isinstance(value, datetime):
        assert datetime.fromisoformat(cell)
    elif value is None:
        assert cell in ("–", "longer")
    elif isinstance(value, date | str):
        assert cell == str(value)
    elif not isinstance(value, timedelta):
        assert number(cell) == pytest.approx(float(str(value)), abs=0.005)


def test_an_edit_leads_to_its_words_and_an_article_to_its_page(
    filled: Archive, tmp_path: Path
) -> None:
    page = written(filled, tmp_path / "report.html")
    [link] = page.xpath("//section[@id='edits']//a[starts-with(@href, '#')]")
    diff = page.get_element_by_id(link.get("href")[1:])
    assert [ins.text_content() for ins in diff.iter("ins")] == ["(محدث)"]
    addresses = set(page.xpath("//table//a[not(starts-with(@href, '#'))]/@href"))
    assert addresses <= {row.url for row in filled.rows("SELECT url FROM articles")}


def test_a_page_loads_nothing_and_says_so(filled: Archive, tmp_path: Path) -> None:
    page = written(filled, tmp_path / "report.html")
    assert page.xpath("//script") == []
    loaded = page.xpath("//@src | //link/@href | //*[local-name()='image']/@*[contains(., ':')]")
    assert set(loaded) <= {"data:,"}
    assert "url(" not in lxml.html.tostring(page, encoding="unicode")
    [policy] = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")


def test_an_empty_archive_has_a_report_too(archive: Archive, tmp_path: Path) -> None:
    page = written(archive, tmp_path / "report.html")
    assert {b.text_content() for b in page.iter("b")} == {"0"}
    assert "Nothing yet." in page.get_element_by_id("days").text_content()


def test_what_a_page_prints_cannot_become_markup() -> None:
    nasty = "<script>alert('x')</script> & \"مثلث\""
    answers = {
        name: Answer("SELECT 1", ("first_day", "last_day", "days"), ()) for name in TABLES
    } | {
        "places": Answer("SELECT 1", ("place", "articles"), ((nasty, 3),)),
        "removed": Answer(
            "SELECT 1",
            ("missed_at", "title", "state", "reason", "url"),
            ((datetime(2026, 1, 1, tzinfo=UTC), nasty, "missed", nasty, "https://a.example/"),),
        ),
    }
    totals = {"articles": Answer("SELECT 1", ("n",), ((1,),))}
    html = render(
        Figures("Asia/Hebron", totals, answers, ()), nasty, datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name where to write: --output report.html."),
        (("--output", "{missing}/r.html"), "is no directory; make it"),
        (("--output", "{here}"), "is a directory; name a file."),
    ],
)
def test_a_mistake_is_one_sentence(
    archive: Archive, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    filled_in = [a.format(missing=tmp_path / "no", here=tmp_path) for a in arguments]
    process = run_scrapy(archive.environment(), "report", *filled_in)
    assert process.returncode == 2
    assert sentence in process.stderr
    assert len(process.stderr.splitlines()) == 1


def test_an_archive_without_a_schema_is_named(empty_database: sa.URL, tmp_path: Path) -> None:
    environment = Archive(empty_database, tmp_path, sa.create_engine(empty_database)).environment()
    process = run_scrapy(environment, "report", "--output", str(tmp_path / "r.html"))
    assert process.returncode == 2
    assert "run `scrapy db upgrade`" in process.stderr
    assert not (tmp_path / "r.html").exists()


# --- In a real browser -------------------------------------------------------------------------

# Around the page, because no window of Chromium is as narrow as a phone.
FRAME = """<style>iframe {{ width: {width}px; height: 900px; border: 0 }}</style>
<iframe id=frame src="report.html"></iframe>
<pre id=seen></pre><script>
frame.onload = () => {{
  const page = frame.contentDocument, root = page.documentElement;
  const shown = kind => page.querySelector(kind).getBoundingClientRect().width > 0;
  seen.textContent = JSON.stringify({{
    overflow: root.scrollWidth - root.clientWidth,
    wide: shown(".wide"), narrow: shown(".narrow"),
    charts: [...page.querySelectorAll("svg")]
      .filter(svg => svg.getBoundingClientRect().width > 50).length,
    figures: Object.fromEntries([...page.querySelectorAll("[data-figure]")].map(
      b => [b.dataset.figure, Number(b.textContent.replaceAll(",", ""))])),
    titles: [...page.querySelectorAll("section#edits td:nth-child(2)")].map(
      td => getComputedStyle(td).direction),
  }});
}};
</script>"""


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., str]:
    """Open a page with the browser; gives what it prints."""

    def run(*arguments: str) -> str:
        assert BROWSER is not None
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        process = subprocess.run(
            [BROWSER, *HEADLESS, profile, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert process.returncode == 0, process.stderr
        return process.stdout

    return run


@pytest.mark.parametrize(("number_of_sections", "last"), [(8, "8"), (9, "(others)")])
def test_no_section_is_called_others_alone(number_of_sections: int, last: str) -> None:
    rows = [
        {"month": date(2020, 1, 1), "section": str(name), "articles": 20 - name}
        for name in range(1, number_of_sections + 1)
    ]
    shown = {row["section"] for row in sections(rows)["data"]["values"]}
    assert shown == {str(name) for name in range(1, 8)} | {last}


@in_a_browser
@pytest.mark.parametrize(("width", "size"), [(1200, "wide"), (390, "narrow")])
def test_a_browser_shows_it_at_both_widths(
    filled: Archive, tmp_path: Path, browse: Callable[..., str], width: int, size: str
) -> None:
    written(filled, tmp_path / "report.html")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    dom = browse("--window-size=1280,1000", "--virtual-time-budget=5000", "--dump-dom", str(frame))
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom)
    assert found, dom[-500:]
    seen = json.loads(lxml.html.fromstring(f"<p>{found[1]}</p>").text_content())
    assert seen["overflow"] <= 0
    assert (seen["wide"], seen["narrow"]) == (size == "wide", size == "narrow")
    assert seen["charts"] >= 8
    assert seen["figures"] == {name: float(filled.value(sql)) for name, sql in TOTALS.items()}
    assert seen["titles"] == ["rtl"]


@in_a_browser
def test_no_request_leaves_the_page(
    filled: Archive, tmp_path: Path, browse: Callable[..., str]
) -> None:
    report = tmp_path / "report.html"
    written(filled, report)
    log = tmp_path / "net.json"
    browse(f"--log-net-log={log}", "--dump-dom", report.as_uri())
    events = log.read_text(encoding="utf-8")
    asked = set(re.findall(r'"url":"([a-z]+:[^"]*)"', events))
    own = {url for url in asked if url.startswith(("file:", "data:", "chrome", "about:"))}
    # The browser itself calls home at its start, to its maker's hosts and no other.
    others = {url for url in asked - own if not re.search(r"google|gstatic|chromium", url)}
    assert others == set()
