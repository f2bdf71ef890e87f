"""Versions: what setup.py bounds, what was tested together, and Python's own."""

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

LOCKS = ("requirements.lock", "requirements-source.lock")
ROOT = Path(__file__).parents[2]
OLDEST = (3, 11)
"""setup.py's python_requires."""
COMPILERS = ("c++", "g++", "clang++")
"""Names under which torch looks for one."""


@register_check("python")
def python(wanted: Wanted) -> Iterator[Finding]:
    """The interpreter, and a C++ compiler."""
    version = platform.python_version()
    needed = ".".join(map(str, OLDEST))
    yield Finding(
        name="python",
        found=f"{version} in {sys.prefix}",
        right=sys.version_info[:2] >= OLDEST,
        advice="" if sys.version_info[:2] >= OLDEST else f"use Python {needed} or newer",
    )
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    missing = False if wanted.needs("compiler") else None
    yield Finding(
        name="compiler",
        found=compiler or "no C++ compiler",
        right=True if compiler else missing,
        advice=""
        if compiler
        else "install g++, or load the cluster's module: engine.compile, engine.offload and "
        "DeepSpeed's fused AdamW build at first use",
    )


@register_check("versions")
def versions(wanted: Wanted) -> Iterator[Finding]:
    """Packages against the bounds of setup.py, and against the lock."""
    lock: dict[str, str] = {}
    for path in (ROOT / name for name in LOCKS):
        lock |= read_lock(path.read_text()) if path.is_file() else {}
    yield from compare(_required(), lock, installed=_installed())


def compare(
    required: list[Requirement], lock: Mapping[str, str], *, installed: Mapping[str, str]
) -> Iterator[Finding]:
    """A line for each package that is missing or outside its bounds, one for all that differ.

    Args:
        required: packages without which nothing runs, with bounds.
        lock: versions that were tested together, by normal name.
        installed: versions that are here, by normal name.
    """
    wrong = 0
    for each in required:
        here = installed.get(normal(each.name))
        if here is None or not each.specifier.contains(here, prereleases=True):
            wrong += 1
            tested = lock.get(normal(each.name))
            exact = f"{each.name}=={tested}" if tested else str(each)
            yield Finding(
                name=each.name,
                found=here or "not installed",
                right=False,
                advice=f"needs {each}: pip install '{exact}'",
            )
    names = sorted({normal(each.name) for each in required})
    others = [n for n in names if n in lock and n in installed and _differ(lock[n], installed[n])]
    told = ", ".join(f"{name} {installed[name]} (tested {lock[name]})" for name in others)
    if not wrong:
        yield Finding(
            name="versions",
            found=told or f"all {len(names)} packages as tested together",
            right=None if told else True,
            advice="within bounds, untested together; requirements.lock has what was"
            if told
            else "",
        )


def read_lock(text: str) -> dict[str, str]:
    """Version by normal name, of lines like ``torch==2.13.0  # note``."""
    found = re.findall(r"^([\w.-]+)==([^\s#;]+)", text, flags=re.MULTILINE)
    return {normal(name): version for name, version in found}


def normal(name: str) -> str:
    """A package's name as indices compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _differ(tested: str, here: str) -> bool:
    """Whether versions differ, local labels such as +cu128 apart."""
    return Version(tested).public != Version(here).public


def _required() -> list[Requirement]:
    """Dependencies of the installed project that are no extra's; none where it is not installed."""
    try:
        lines = importlib.metadata.requires("pvvae") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    all_of_them = map(Requirement, lines)
    return [
        each for each in all_of_them if each.marker is None or each.marker.evaluate({"extra": ""})
    ]


def _installed() -> dict[str, str]:
    here = importlib.metadata.distributions()
    return {normal(d.metadata["Name"]): d.version for d in here if d.metadata["Name"]}
