"""All checks of a machine in their order, as lines for people and as plain data."""

import dataclasses
import importlib
from collections.abc import Iterable, Iterator
from typing import Any

from pvvae.doctor.finding import CHECKS, Finding
from pvvae.doctor.wanted import Wanted
from pvvae.errors import one_line

MODULES = (
    *("versions", "cores", "memory", "file_system"),
    *("devices", "attention", "weights", "slurm", "stage"),
)
"""Files of this folder that hold checks, in the order in which they are made."""
MARKS = {True: "ok", False: "WRONG", None: "-"}


def examine(wanted: Wanted) -> Iterator[Finding]:
    """Every finding, as it is made; a check that fails itself is one too."""
    for name in MODULES:
        importlib.import_module(f"pvvae.doctor.{name}")
    for name, check in CHECKS.items():
        try:
            yield from check(wanted)
        except Exception as error:  # one bad file under /proc must not hide the other lines
            yield Finding(
                name=name,
                found=f"could not be looked at: {type(error).__name__}: {error}",
                right=False,
                advice="what the line says is wrong with this machine, or with this check",
            )


def line(finding: Finding) -> str:
    """One finding for people."""
    advice = f"; {finding.advice}" if finding.advice else ""
    return one_line(f"{MARKS[finding.right]:<6}{finding.name:<24} {finding.found}{advice}")


def data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as plain data."""
    return [dataclasses.asdict(finding) for finding in findings]


def is_right(findings: Iterable[Finding]) -> bool:
    """Whether nothing is wrong."""
    return all(finding.right is not False for finding in findings)
