"""What the README says of files, settings and packages is so; its SQL is in test_queries.py."""

import re
from pathlib import Path

import pytest

from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https:)([^)#]+)\)", README))
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
