"""What the README prints is what happens: its queries run on a crawl of the demo's replica."""

import re
import subprocess
from pathlib import Path

import pytest

from crawler.db.embedded import EmbeddedPostgres
from tests.conftest import PROJECT, Archive
from tests.site.replica import Site
from tests.site.server import serve

README = (PROJECT / "README.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```\n\n```text\n(.*?)```", README, re.DOTALL)


def psql(archive: Archive, directory: Path, query: str) -> str:
    command = [EmbeddedPostgres(directory).bin / "psql", "--no-psqlrc", "--command", query]
    address = archive.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run(
        [*command, "--dbname", address], check=True, capture_output=True, text=True
    ).stdout


def test_the_first_queries_give_what_the_readme_shows(archive: Archive, tmp_path: Path) -> None:
    with serve(Site("post", articles=60)) as server:
        assert archive.crawl(server.url).exit_code == 0
    assert len(QUERIES) == 4
    for query, printed in QUERIES:
        assert trimmed(psql(archive, tmp_path, query)) == trimmed(printed), query


def trimmed(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_of_the_readme_lead_somewhere(target: str) -> None:
    assert (PROJECT / target).exists() or (PROJECT / "crawler" / Path(target).name).exists()


def test_each_setting_of_the_table_is_read() -> None:
    settings = (PROJECT / "crawler" / "settings.py").read_text(encoding="utf-8")
    for name in re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE):
        assert f'"{name}"' in settings, name


def test_each_pinned_package_has_its_reason() -> None:
    table = README.split("## Dependencies")[1].split("## Contribute")[0]
    pinned = re.findall(
        r"^([\w-]+)==",
        (PROJECT / "requirements.txt").read_text() + (PROJECT / "requirements-dev.txt").read_text(),
        re.MULTILINE,
    )
    assert pinned
    assert not [name for name in pinned if name not in table]
