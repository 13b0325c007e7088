"""The answers of `scrapy health` as lines, as JSON, and for a node exporter's text files."""

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from crawler.health import Check

PREFIX = "alkarmel"


def line(check: Check) -> str:
    site = f" of {check.site}" if check.site else ""
    return f"{'ok ' if check.ok else 'bad'} {check.name}{site}: {check.says}"


def as_json(checks: Sequence[Check], now: datetime) -> str:
    return json.dumps(
        {
            "healthy": all(check.ok for check in checks),
            "checked_at": now.isoformat(timespec="seconds"),
            "checks": [asdict(check) for check in checks],
        },
        ensure_ascii=False,
        indent=1,
    )


def error_as_json(error: str, now: datetime) -> str:
    """Where the archive could not even be asked."""
    answer = {"healthy": False, "checked_at": now.isoformat(timespec="seconds"), "error": error}
    return json.dumps(answer, ensure_ascii=False, indent=1)


def as_prometheus(checks: Sequence[Check], now: datetime, healthy: bool) -> str:
    """The text format that textfile collectors read: every metric a gauge.

    alkarmel_healthy and alkarmel_checked_seconds are always there, so that an alarm can be set
    on a check that does not run any more; alkarmel_ok has one series a check; the values and
    limits are metrics of their own, named by what they are and by their unit.
    """
    series: dict[str, list[str]] = {
        f"{PREFIX}_healthy": [f" {int(healthy)}"],
        f"{PREFIX}_checked_seconds": [f" {now.timestamp():.0f}"],
    }
    for check in checks:
        site = f'site="{check.site}"' if check.site else ""
        labels = f'check="{check.name}"' + (f",{site}" if site else "")
        series.setdefault(f"{PREFIX}_ok", []).append(f"{{{labels}}} {int(check.ok)}")
        name = f"{PREFIX}_{check.name}" + (f"_{check.unit}" if check.unit else "")
        for suffix, value in (("", check.value), ("_limit", check.limit)):
            if value is not None:
                place = f"{{{site}}}" if site else ""
                series.setdefault(name + suffix, []).append(f"{place} {float(value)!r}")
    return "".join(
        f"# TYPE {name} gauge\n" + "".join(f"{name}{sample}\n" for sample in samples)
        for name, samples in series.items()
    )


def write_atomically(path: Path, text: str) -> None:
    """Replace the file in one step: a collector never reads half of it. OSError where it can't."""
    # The collector takes files by their ending, and is another account.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
