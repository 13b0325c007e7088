"""Each query and program that a document prints runs on the demo's archive, and gives that."""

import re
from pathlib import Path

import pytest

from tests.conftest import PROJECT, Archive
from tests.printed import Example, examples, print_anew, run

COOKBOOK = PROJECT / "docs" / "queries.md"
ARABIC = [PROJECT / "README.ar.md", PROJECT / "docs" / "analysts.ar.md"]
DOCUMENTS = [PROJECT / "README.md", COOKBOOK, *ARABIC]


@pytest.fixture(scope="session", autouse=True)
def printed_documents(request: pytest.FixtureRequest, demo_archive: Archive) -> None:
    if request.config.getoption("--print-docs"):
        for document in DOCUMENTS:
            print_anew(document, demo_archive)


@pytest.mark.parametrize(
    "example", [each for document in DOCUMENTS for each in examples(document)], ids=str
)
def test_an_example_prints_what_its_document_shows(demo_archive: Archive, example: Example) -> None:
    assert run(example.language, example.code, demo_archive) == example.printed()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_query_in_a_document_shows_what_it_prints(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    queries = [example for example in examples(document) if example.language == "sql"]
    assert len(queries) == text.count("```sql\n")


def test_the_cookbook_answers_enough_questions() -> None:
    numbers = re.findall(r"^### (\d+)\. .+\?$", COOKBOOK.read_text(encoding="utf-8"), re.M)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert len(numbers) >= 25
    languages = [example.language for example in examples(COOKBOOK)]
    assert languages.count("sql") == len(numbers) and languages.count("python") == 2


def test_the_arabic_guide_explains_ten_queries_of_the_cookbook() -> None:
    explained = [example.code for example in examples(ARABIC[1])]
    assert len(explained) == 10
    assert set(explained) <= {example.code for example in examples(COOKBOOK)}


@pytest.mark.parametrize("document", [COOKBOOK, *ARABIC], ids=lambda path: path.name)
def test_links_of_a_document_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target
