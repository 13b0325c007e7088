"""The files of deploy/ and docs/operations.md at work: cron's own lines in cron's own bareness."""

import argparse
import importlib
import io
import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from scrapy.utils.project import get_project_settings

from crawler.db.embedded import EmbeddedPostgres
from crawler.logs import JsonLine
from tests.conftest import PATIENCE, PROJECT, Archive
from tests.site.faults import Slow, Status
from tests.site.replica import Site
from tests.site.server import Server, serve

DEPLOY = PROJECT / "deploy"
CRONTAB = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
MANUAL = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
SCHEDULE = re.compile(r"((?:[-*/\d]+\s+){5})(\S.*)")
VARIABLES = dict(line.split("=") for line in CRONTAB if re.match("[A-Z]+=", line))
LINES = [match[2] for line in CRONTAB if (match := SCHEDULE.fullmatch(line))]
FAST = "\nDOWNLOAD_DELAY = 0\nAUTOTHROTTLE_ENABLED = False\nRETRY_TIMES = 0\n"


@dataclass
class Install:
    """The project where an operator has put it, with its own .venv and .env."""

    directory: Path
    site: Server

    @property
    def archive(self) -> Path:
        return self.directory.parent / "the archive"

    def cron(self, line: str) -> tuple[int, str]:
        """Run a line as cron does, with the variables of the crontab's top and nothing else."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", line],
            cwd="/",
            env=VARIABLES | {"PROJECT": str(self.directory)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # no terminal
        )
        output, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, output

    def scrapy(self, *arguments: str) -> str:
        command = [".venv/bin/scrapy", *arguments]
        return subprocess.run(
            command, cwd=self.directory, env={}, check=True, capture_output=True, text=True
        ).stdout


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    directory = tmp_path / "an install"
    for name in ("crawler", "migrations", "deploy"):
        shutil.copytree(PROJECT / name, directory / name)
    for name in ("scrapy.cfg", "pyproject.toml"):
        shutil.copy(PROJECT / name, directory)
    (directory / ".venv").symlink_to(sys.prefix)
    with (directory / "crawler" / "settings.py").open("a") as settings:
        settings.write(FAST)
    with serve(Site("post", articles=20)) as site:
        install = Install(directory, site)
        (directory / ".env").write_text(
            f'ALKARMEL_URL={site.url}\nARCHIVE_DIR="{install.archive}"\n'
        )
        yield install


# --- cron ---------------------------------------------------------------------------------------


def test_the_crontab_is_one_that_cron_reads() -> None:
    assert list(VARIABLES) == ["PROJECT", "MAILTO"]
    others = [line for line in CRONTAB if not SCHEDULE.fullmatch(line)]
    assert all(re.fullmatch(r"(#.*|[A-Z]+=\S+)?", line) for line in others)
    assert not [line for line in LINES if "%" in line]  # which cron takes for a line's end
    assert CRONTAB[-1]


def test_every_line_of_the_crontab_works_and_is_silent(install: Install) -> None:
    assert len(LINES) == 5
    for line in LINES:
        exit_code, output = install.cron(line)
        assert (exit_code, output) == (0, ""), output
    assert install.scrapy("db", "psql", "-Atc", "SELECT count(*) FROM articles") == "20\n"
    logs = sorted((install.archive / "logs").iterdir())
    assert len(logs) == len([line for line in LINES if " crawl " in line]) == 2
    assert all("Spider closed (finished)" in log.read_text() for log in logs)
    assert len(list((install.archive / "dumps").glob("*.dump"))) == 1
    assert not EmbeddedPostgres(install.archive).is_running()
    assert not list(install.directory.glob("*.log"))


def test_a_crawl_that_overlaps_ends_with_75_and_sends_no_mail(install: Install) -> None:
    install.site.site.faults.add("/", Slow())
    first = subprocess.Popen(
        [".venv/bin/scrapy", "crawl", "alkarmel"],
        cwd=install.directory,
        env={},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not install.site.requests:
            assert first.poll() is None
            time.sleep(0.05)
        assert install.cron(LINES[0]) == (75, "")
        assert list((install.archive / "logs").iterdir()) == []  # a crawl that was none
        command = [".venv/bin/scrapy", "crawl", "alkarmel"]
        by_hand = subprocess.run(
            command, cwd=install.directory, env={}, capture_output=True, text=True, check=False
        )
        assert by_hand.returncode == 75
        assert re.fullmatch("Another crawl of alkarmel is running .*\n", by_hand.stderr)
        assert by_hand.stdout == ""
    finally:
        first.kill()
        first.wait(PATIENCE)
        install.scrapy("db", "stop")


def test_what_is_wrong_is_said(install: Install) -> None:
    health = next(line for line in LINES if " health " in line)
    exit_code, output = install.cron(health)
    assert exit_code == 2
    assert output.startswith(f"There is no archive in {install.archive} yet; ")
    assert output.endswith("scrapy health --max-age 26h: exit code 2\n")
    install.archive.write_text("a file")
    exit_code, output = install.cron(LINES[0])
    assert exit_code == 2
    assert f"ARCHIVE_DIR={install.archive} cannot be written" in output


def test_a_site_that_is_down_is_left_to_health(install: Install) -> None:
    install.site.site.faults.add("/", Status(500))
    assert install.cron(LINES[0]) == (3, "")
    health = next(line for line in LINES if " health " in line)
    exit_code, output = install.cron(health)
    assert exit_code == 1
    assert "bad last_crawl_age of alkarmel: none has succeeded yet; limit 26 h\n" in output


# --- logs ---------------------------------------------------------------------------------------


def test_logs_are_kept_for_some_days(archive: Archive) -> None:
    logs = archive.directory / "logs"
    logs.mkdir(parents=True)
    old, young = (f"2026{month}01T000000Z-incremental-7.log" for month in ("01", "02"))
    for name, days in ((old, 8), (young, 6), ("syslog.log", 8)):
        (logs / name).touch()
        os.utime(logs / name, (time.time() - days * 86_400,) * 2)
    with serve(Site("post", articles=5)) as server:
        crawl = archive.crawl(server.url, "-s", "LOG_DIR=logs", "-s", "LOG_DAYS=7")
    assert crawl.exit_code == 0
    [log] = [path for path in logs.iterdir() if path.stat().st_size]
    assert {path.name for path in logs.iterdir()} == {log.name, young, "syslog.log"}
    assert re.fullmatch(r"\d{8}T\d{6}Z-incremental-\d+\.log", log.name)
    assert f"Log: {log}\n" in crawl.log
    assert "Spider opened" not in crawl.log and "Spider opened" in log.read_text()


def test_log_lines_can_be_json(archive: Archive) -> None:
    with serve(Site("post", articles=5)) as server:
        options = ["-s", "LOG_JSON=True", "-s", "LOG_LEVEL=DEBUG", "-s", "LOG_DIR=logs"]
        assert archive.crawl(server.url, *options).exit_code == 0
    [log] = (archive.directory / "logs").iterdir()
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(set(record) == {"time", "level", "logger", "message"} for record in records)
    assert any(record["message"] == "Spider closed (finished)" for record in records)
    assert all(record["time"].endswith("+00:00") for record in records)


def test_a_traceback_stays_in_its_json_line() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLine())
    logger = logging.Logger("reader")
    logger.addHandler(handler)
    try:
        raise ValueError("غير\nمقروء")
    except ValueError:
        logger.exception("Cannot read %s", "«غزة»")
    [line] = stream.getvalue().splitlines()
    record = json.loads(line)
    assert (record["level"], record["message"]) == ("ERROR", "Cannot read «غزة»")
    assert record["traceback"].splitlines()[-2:] == ["ValueError: غير", "مقروء"]


def test_json_lines_go_to_the_file_that_is_named(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "crawl.log"
    options = ["--logfile", str(file), "-s", "LOG_JSON=True", "-s", "LOG_DIR=logs"]
    with serve(Site("post", articles=5)) as server:
        assert archive.crawl(server.url, *options).exit_code == 0
    assert all(json.loads(line) for line in file.read_text().splitlines())
    assert not (archive.directory / "logs").exists()


def test_a_log_directory_that_cannot_be_written_is_named(archive: Archive) -> None:
    crawl = archive.crawl("http://127.0.0.1:9/", "-s", "LOG_DIR=/proc/logs")
    assert crawl.exit_code == 2
    assert crawl.log.startswith("LOG_DIR=/proc/logs cannot be written")


# --- systemd ------------------------------------------------------------------------------------

UNITS = sorted((DEPLOY / "systemd").iterdir())


def unit_values(name: str) -> list[str]:
    text = "".join(unit.read_text(encoding="utf-8") for unit in UNITS)
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_the_units_run_what_cron_runs() -> None:
    from_cron = [shlex.split(line.replace(" -s LOG_DIR=logs", ""))[1:] for line in LINES]
    started = [shlex.split(value) for value in unit_values("ExecStart")]
    scrapy = [command[1:] for command in started if command[0].endswith("/.venv/bin/scrapy")]
    assert sorted(each for each in scrapy if each != ["db", "start"]) == sorted(from_cron)
    timers = {unit.stem for unit in UNITS if unit.suffix == ".timer"}
    services = {unit.stem for unit in UNITS if unit.suffix == ".service"}
    assert len(timers) == len(from_cron)
    assert services - timers == {"alkarmel-database", "alkarmel-mail@"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_reads_the_units_without_complaint(tmp_path: Path) -> None:
    place = VARIABLES["PROJECT"]
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        text = text.replace(f"{place}/.venv/bin", str(Path(sys.executable).parent))
        text = text.replace(place, str(PROJECT)).replace("User=alkarmel", "User=root")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    run = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    for calendar in unit_values("OnCalendar"):
        subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True)


# --- containers ---------------------------------------------------------------------------------


def test_what_the_container_copies_is_there() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    sources = [
        word for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for word in line.split()
    ]
    assert sources and all((PROJECT / source).exists() for source in sources)
    admitted = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8")
    assert sorted(re.findall("^!(.*)$", admitted, re.MULTILINE)) == sorted(sources)
    assert re.search(r"^USER alkarmel$", text, re.MULTILINE)


def test_what_runs_forever_runs_again_and_ends_with_its_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"echo begun >> {log}; [ $(wc -l < {log}) -lt 3 ] || exec sleep 1000"
    process = subprocess.Popen([DEPLOY / "forever", "0", "sh", "-c", script])
    while not log.exists() or len(log.read_text().splitlines()) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE)
    assert len(log.read_text().splitlines()) == 3


def test_a_crawl_that_runs_forever_is_ended_in_good_order(archive: Archive) -> None:
    with serve(Site("post", articles=40)) as server:
        scrapy = [sys.executable, "-m", "scrapy", "crawl", "alkarmel", "-s", "DOWNLOAD_DELAY=0.2"]
        process = subprocess.Popen(
            [DEPLOY / "forever", "900", *scrapy],
            cwd=PROJECT,
            env=archive.environment(ALKARMEL_URL=server.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while len(server.requests) < 4:
            assert process.poll() is None
            time.sleep(0.02)
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE)
    assert "alkarmel: stopped by a signal;" in output
    assert archive.rows("SELECT outcome FROM runs") == [("interrupted",)]


# --- what is written about it -------------------------------------------------------------------


def commands_in(text: str) -> set[tuple[str, ...]]:
    """The commands of scrapy in a text's code, each as its words behind `scrapy`."""
    blocks = re.findall(r"^    .+$|```.*?```", text, re.MULTILINE | re.DOTALL)
    code = "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)]).replace("\\\n", " ")
    found = re.findall(r"(?:^|[ /`])scrapy ([a-z]+\b[^\n`|#;>&]*)", code, re.MULTILINE)
    return {tuple(shlex.split(command)) for command in found}


def written_commands() -> list[tuple[str, ...]]:
    compose = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    lists = re.findall(r"\[.*?scrapy, (.*)\]", compose)
    in_compose = {tuple(re.split(r",\s*", each)) for each in lists}
    in_crontab = {tuple(shlex.split(line)[1:]) for line in LINES}
    return sorted(commands_in(MANUAL) | in_compose | in_crontab)


def test_commands_are_found_where_they_are_written() -> None:
    assert {words[0] for words in written_commands()} >= {"crawl", "health", "verify", "db"}


def help_of(name: str) -> str:
    """What a command, ours or Scrapy's, says of its arguments and options."""
    ours = (PROJECT / "crawler" / "commands" / f"{name}.py").exists()
    package = "crawler.commands" if ours else "scrapy.commands"
    command = importlib.import_module(f"{package}.{name}").Command()
    command.settings = get_project_settings()
    parser = argparse.ArgumentParser(usage=command.syntax())
    command.add_options(parser)
    return parser.format_help()


@pytest.mark.parametrize("words", written_commands(), ids=" ".join)
def test_each_command_that_is_written_exists_with_its_options(words: tuple[str, ...]) -> None:
    name, *rest = words
    usage = help_of(name)
    if name == "db":
        actions = re.search(r"<([a-z|-]+)>", usage)
        assert actions and rest and rest[0] in actions[1].split("|")
        return  # what follows belongs to psql and pg_dump
    for option in (word.partition("=")[0] for word in rest if word.startswith("-")):
        assert re.search(rf"(^|[\s,]){re.escape(option)}\b", usage), option
    settings = (PROJECT / "crawler" / "settings.py").read_text(encoding="utf-8")
    for setting in re.findall(r"-s ([A-Z_]+)=", " ".join(words)):
        assert re.search(rf"^{setting}\b", settings, re.MULTILINE), setting


def test_each_check_of_health_is_explained() -> None:
    source = (PROJECT / "crawler" / "health.py").read_text(encoding="utf-8")
    names = set(re.findall(r'(?:Check\(|name = )"([a-z_]+)"', source))
    assert len(names) == 13
    assert names == set(re.findall(r"^\| `([a-z_]+)` \|", MANUAL, re.MULTILINE)) & names
    limits = set(re.findall(r'^    "([a-z_]+)": ', source, re.MULTILINE))
    assert all(f"`{limit}`" in MANUAL for limit in limits)


def test_files_that_the_manual_names_are_there() -> None:
    named = set(re.findall(r"\b((?:deploy|docs|crawler)/[\w./@-]*\w)", MANUAL))
    named -= {"deploy/.env"}  # which an operator writes
    assert named and all((PROJECT / path).exists() for path in named), named
