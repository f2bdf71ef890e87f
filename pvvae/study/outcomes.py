"""What one cell of a study found with one seed; as JSON and back.

A cell is one value of every factor, a row of a table mostly. Its outcomes lie in
``FOLDER/outcomes/CELL_seedN.json``, one a seed, whole or absent.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pvvae.errors import ConfigError
from pvvae.run.folder import is_finished

MARK = ".finished"
"""File in the folder of a finished command; its name is hidden, so readers of shards pass it by."""


def is_complete(folder: Path, *, command: bool) -> bool:
    """Whether a run is finished; a ``command`` is, where its folder has the mark."""
    return (folder / MARK).exists() if command else is_finished(folder)


def is_any_complete(folder: Path) -> bool:
    """Whether what made the folder is finished, be it a stage or a command."""
    return is_complete(folder, command=False) or is_complete(folder, command=True)


OUTCOMES = "outcomes"
"""Folder in a study's folder."""

Arm = Mapping[str, str]
"""Factor name to the label of its value, in the study's order of factors."""
Point = tuple[float, float]
"""Point of a curve: steps, value; or the ends of an interval."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one cell found with one seed."""

    arm: Arm
    seed: int
    values: Mapping[str, float] = field(default_factory=dict)
    """By measure; empty if the cell failed."""
    data: Mapping[str, float] = field(default_factory=dict)
    """unique_samples, epochs, steps: what was learned from, and how often."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """parameters, flops, seconds, memory (bytes), where known."""
    curves: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    """By measure, where a stage measured it on the way."""
    shared: Mapping[str, Point | None] = field(default_factory=dict)
    """By measure that is read in a run which all seeds share: its 95% interval over clips. Seeds
    say nothing about such a value."""
    runs: Mapping[str, str] = field(default_factory=dict)
    """Run folder of every stage, in their order."""
    machine: str = ""
    """Where it ran."""
    failed: str = ""
    """Why there are no values: a sentence."""
    stale: str = ""
    """Why it is not of the study as it stands: a sentence. Its values are shown, and never averaged
    with others."""


def arm_name(arm: Arm) -> str:
    """Values of an arm in words: "full, 50%"."""
    return ", ".join(arm.values())


def file_name(arm: Arm, seed: int) -> str:
    """Name of the file with the outcome of an arm and a seed."""
    return f"{plain_name(arm_name(arm))}_seed{seed}.json"


def plain_name(text: str) -> str:
    """``text`` as a folder or a file can have it."""
    words = text.lower().replace("+", "plus ").replace("%", "pct ").replace("/", " of ")
    words = words.replace("*", " star")
    return re.sub(r"[^a-z0-9.]+", "-", words).strip("-.") or "cell"


def write_outcome(folder: Path, outcome: Outcome) -> Path:
    """Write one outcome of the study in ``folder``; where it is."""
    from pvvae.files import write_json

    path = folder / OUTCOMES / file_name(outcome.arm, outcome.seed)
    plain = asdict(outcome)
    # Keys are sorted in the file, so the order of factors is kept beside them.
    write_json(path, plain | {"factors": list(outcome.arm)}, shared=True)
    return path


def read_outcomes(folder: Path) -> list[Outcome]:
    """All outcomes of the study in ``folder``, in order of their files' names.

    Raises:
        ConfigError: for a file that is no outcome.
    """
    return [read_outcome(path) for path in sorted((folder / OUTCOMES).glob("*.json"))]


def read_outcome(path: Path) -> Outcome:
    """One outcome.

    Raises:
        ConfigError: if the file is none.
    """
    try:
        plain: dict[str, Any] = json.loads(path.read_text())
        arm = {name: str(plain["arm"][name]) for name in plain.pop("factors")}
        curves = {
            name: tuple((float(x), float(y)) for x, y in points)
            for name, points in plain["curves"].items()
        }
        shared = {
            name: None if ends is None else (float(ends[0]), float(ends[1]))
            for name, ends in plain.get("shared", {}).items()
        }
        return Outcome(**{**plain, "arm": arm, "curves": curves, "shared": shared})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: not an outcome of a study ({error}); remove it, and the same command makes "
            "it again"
        ) from None
