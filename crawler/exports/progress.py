"""How far an export is, on a terminal; nothing without one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(count: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """Gives a function that is told how many articles were written; ``count`` says of how many."""
    if not sys.stderr.isatty():
        yield lambda articles: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("articles, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("export", total=count())
        yield lambda articles: bar.advance(task, articles)
