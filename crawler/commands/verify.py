"""scrapy verify: the database against the WARC files, in all cores."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

from crawler.archive_command import ArchiveCommand
from crawler.db.evidence import count_articles, expected_by_file
from crawler.db.schema import check_current
from crawler.db.session import archive_database, connect
from crawler.derivation import Reading
from crawler.errors import DONE, ENDED_EARLY
from crawler.verification import Findings, check_file


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Check the database against the WARC files; exit 1 where they differ"

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        reading = Reading.of(self.settings)
        directory = self.archive_dir / "warc"
        with archive_database(self.settings["DATABASE_URL"], self.archive_dir) as url:
            engine = connect(url)
            check_current(engine)
            with engine.connect() as connection, ProcessPoolExecutor(os.cpu_count()) as pool:
                articles, with_evidence = count_articles(connection)
                jobs = [
                    pool.submit(check_file, directory, file, expected, reading)
                    for file, expected in expected_by_file(connection)
                ]
                findings = [job.result() for job in jobs]
            engine.dispose()
        self._tell(findings, articles, articles - with_evidence)

    def _tell(self, findings: list[Findings], articles: int, without: int) -> None:
        problems = [problem for each in findings for problem in each.problems]
        for problem in problems:
            print(problem)
        older = sum(each.older for each in findings)
        notes = [
            f"{len(findings)} files",
            f"{sum(each.captures for each in findings)} captures",
            f"{sum(each.texts for each in findings)} of {articles} articles derived again",
        ]
        notes += [f"{older} read by an earlier reader"] if older else []
        notes += [f"{without} without a WARC record"] if without else []
        verdict = f"{len(problems)} problems" if problems else "all is as it was received"
        print(f"verify: {', '.join(notes)}; {verdict}")
        self.exitcode = ENDED_EARLY if problems else DONE
