"""A file or directory that stands under its name when it is whole and durable, and not before.

It is written beside its place, as NAME.export-partial, under a lock that dies with its writer:
the next export to the same place clears away what a killed one left.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from crawler.disk import sync_directory
from crawler.errors import OperatorError

PARTIAL = ".export-partial"
REPLACED = ".export-replaced"
MANIFEST = "_export.json"  # readers of a directory of Parquet files pass over names with _


def check_file(path: Path, overwrite: bool) -> None:
    """OperatorError where an export of one file may not come to stand."""
    if path.is_dir():
        raise OperatorError(f"{path} is a directory; name a file.")
    _check_parent(path)
    if path.exists() and not path.is_file():
        raise OperatorError(f"{path} is no ordinary file; name one, or - for standard output.")
    if path.exists() and not overwrite:
        raise OperatorError(f"{path} is there already; add --overwrite, or name another file.")


def check_directory(path: Path, overwrite: bool) -> None:
    """OperatorError where an export of many files may not come to stand.

    Only an earlier export is ever replaced, because what is replaced is deleted whole.
    """
    _check_parent(path)
    if not path.exists():
        return
    if not path.is_dir():
        raise OperatorError(f"{path} is a file, and this format needs a directory; name another.")
    names = {entry.name for entry in path.iterdir()}
    others = {name for name in names if name != MANIFEST and not name.startswith("year=")}
    if names and (others or MANIFEST not in names):
        raise OperatorError(f"{path} holds other things than an export; name another directory.")
    if names and not overwrite:
        raise OperatorError(
            f"{path} holds an export already; add --overwrite, or name another directory."
        )


def _check_parent(path: Path) -> None:
    parent = path.parent
    if not parent.is_dir():
        raise OperatorError(f"{parent} is no directory; make it, or name another --output.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OperatorError(f"{parent} may not be written; make it writable, or name another.")


@contextmanager
def whole_file(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A file to write, which takes its name when the block ends well and is no more otherwise."""
    path = path.resolve()  # of a link, the file that it leads to is replaced
    partial = path.with_name(path.name + PARTIAL)
    descriptor = _claim(partial, lambda: os.open(partial, os.O_RDWR | os.O_CREAT, 0o666))
    with os.fdopen(descriptor, "wb") as file:
        try:
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            check_file(path, overwrite)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)


@contextmanager
def whole_directory(path: Path, overwrite: bool) -> Iterator[Path]:
    """A directory to fill, which takes its name when the block ends well, and is gone otherwise.

    The files in it are the block's to sync.
    """
    path = path.resolve()
    partial, replaced = (path.with_name(path.name + suffix) for suffix in (PARTIAL, REPLACED))

    def make() -> int:
        partial.mkdir(exist_ok=True)
        return os.open(partial, os.O_RDONLY)

    lock = _claim(partial, make)
    try:
        _settle(path, replaced)  # where an export was killed between two names
        for entry in partial.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        yield partial
        for directory, _, _ in os.walk(partial):
            sync_directory(Path(directory))
        check_directory(path, overwrite)
        if path.exists():
            path.rename(replaced)
        partial.rename(path)
        sync_directory(path.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        _settle(path, replaced)
        os.close(lock)


def write_durably(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _claim(partial: Path, open_it: Callable[[], int]) -> int:
    """Open what is to be written and lock it; OperatorError where another export has it."""
    while True:
        descriptor = open_it()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), partial.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            name = str(partial).removesuffix(PARTIAL)
            raise OperatorError(f"Another export is writing {name}; let it end first.") from None
        except FileNotFoundError:
            pass
        # Another export, which has just ended, renamed what was opened here.
        os.close(descriptor)


def _settle(path: Path, replaced: Path) -> None:
    """Put back what was replaced by nothing, or delete what was replaced."""
    if replaced.exists() and not path.exists():
        replaced.rename(path)
    shutil.rmtree(replaced, ignore_errors=True)
