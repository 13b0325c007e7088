"""scrapy verify: the database against the WARC files, in all cores."""

import argparse
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from crawler.archive_command import ArchiveCommand
from crawler.db.evidence import count_articles, expected_by_file
from crawler.derivation import Reading
from crawler.errors import DONE, ENDED_EARLY
from crawler.sites import all_sites
from crawler.verification import Findings, check_file


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Check the database against the WARC files; exit 1 where they differ"

    def syntax(self) -> str:
        return "[--own]"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--own",
            action="store_true",
            help="leave out what other machines wrote and did not bring here",
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> None:
        readings = {name: Reading.of(own) for name, own in all_sites(self.settings).items()}
        directory = self.archive_dir / "warc"
        with (
            self.archive() as engine,
            engine.connect() as connection,
            ProcessPoolExecutor(os.cpu_count()) as pool,
        ):
            articles, with_evidence = count_articles(connection)
            jobs = [
                pool.submit(check_file, directory, file, expected, readings)
                for file, expected in expected_by_file(connection)
            ]
            findings = [job.result() for job in jobs]
        self._tell(
            [each for each in findings if not each.elsewhere], articles, articles - with_evidence
        )
        self._tell_of_others([each for each in findings if each.elsewhere], directory)
        if not opts.own and any(each.elsewhere for each in findings):
            self.exitcode = ENDED_EARLY

    def _tell_of_others(self, findings: list[Findings], directory: Path) -> None:
        """What is not here because another machine wrote it: one line a machine."""
        files = Counter(each.elsewhere for each in findings)
        for host, count in sorted(files.items(), key=str):
            captures = sum(each.captures for each in findings if each.elsewhere == host)
            print(
                f"verify: {count} files with {captures} captures, written on {host}, are not in "
                f"{directory}; verify them there with --own, or bring them here"
            )

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
