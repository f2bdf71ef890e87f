"""From a study to its runs: each is addressed by what it is made of, so equal ones are one run.

An address is a digest of a stage's resolved config, its seed, and the addresses of the runs that it
builds on. Nothing is in it that changes no result: not where runs lie, nor what only says how the
same is computed, unless a factor sets it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvvae.errors import ConfigError
from pvvae.run.folder import ENGINES, FREE_ENGINE_KEYS, FREE_KEYS, bound
from pvvae.study.outcomes import Arm, arm_name, is_any_complete, plain_name
from pvvae.study.spec.entries import Sets
from pvvae.study.spec.references import references, referred
from pvvae.study.spec.study import Study

RUNS = "runs"
"""Folder in a study's folder."""
DIGITS = 8
"""Hexadecimal digits of an address. Ours: a thousand runs share one with probability 1e-4."""
LONGEST = 48
"""Characters of a label in a folder's name. Ours: a line of `pvvae status` stays readable."""
LATER_KEYS: Mapping[str, Sequence[str]] = {
    "latte": ("init", "time_shift", "early.sampler.time_shift", "early.target"),
    "generate": ("sampler.time_shift",),
}
"""By stage, keys that came after studies were published, whose null is as before. At null they are
in no address: what was made without the key is the same run."""

Resolve = Callable[[str, Sets], Mapping[str, Any]]
"""A stage's whole config as plain data, given what a cell sets in it; references stay."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One run."""

    stage: str
    """Name of the stage in the study."""
    address: str
    seed: int | None
    """None if all seeds share it."""
    folder: Path
    sets: Sets
    """What is set beside the stage's YAML, run folders in the place of references."""
    plain: Mapping[str, Any]
    """The resolved config, with references, and without run folder and seed."""
    needs: Mapping[str, str]
    """Stage to address of the runs that it builds on."""

    @property
    def name(self) -> str:
        """Name in messages: stage and label."""
        return f"{self.stage}/{self.folder.name}"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A value of every factor, with one seed."""

    arm: Arm
    seed: int
    runs: Mapping[str, Task]
    """By stage: those that are read, and what they build on first."""

    @property
    def name(self) -> str:
        """In words."""
        return f"{arm_name(self.arm)}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """A study before anything is run."""

    cells: tuple[Trial, ...]
    """Seed by seed, so that the first seed of all cells is there first."""

    @property
    def tasks(self) -> dict[str, Task]:
        """All runs by address: the first cell's first, so that cells are finished one by one."""
        return {task.address: task for cell in self.cells for task in cell.runs.values()}


def expand(study: Study, seeds: Sequence[int], resolve: Resolve) -> Expansion:
    """All cells with all seeds, and their runs.

    Raises:
        ConfigError: for a config that its stage refuses, or stages that wait for one another.
    """
    expander = _Expander(study, resolve)
    cells = tuple(expander.cell(arm, seed) for seed in seeds for arm in study.arms)
    _check_different(cells[: len(study.arms)])
    return Expansion(cells=cells)


def _check_different(cells: Sequence[Trial]) -> None:
    """Refuse two arms that would be one and the same: nothing between them could be told."""
    seen: dict[tuple[str, ...], Trial] = {}
    for cell in cells:
        other = seen.setdefault(tuple(task.address for task in cell.runs.values()), cell)
        if other is not cell:
            factors = [repr(factor) for factor in cell.arm if cell.arm[factor] != other.arm[factor]]
            raise ConfigError(
                f"cells {arm_name(other.arm)!r} and {arm_name(cell.arm)!r} are the same runs: "
                f"between them {' and '.join(factors)} changes nothing in what is measured"
            )


class _Expander:
    def __init__(self, study: Study, resolve: Resolve) -> None:
        self._study, self._resolve = study, resolve
        self._plain: dict[object, tuple[Mapping[str, Any], str]] = {}
        self._tasks: dict[str, Task] = {}
        self._labels: dict[str, dict[str, str]] = {}  # factors that had a part in it, by address
        self._there = _runs_there(study)

    def cell(self, arm: Arm, seed: int) -> Trial:
        runs: dict[str, Task] = {}
        last = () if self._study.data is None else (self._study.data,)
        for stage in (*self._study.read, *last):
            self._add(stage, arm, seed, runs, waiting=())
        return Trial(arm=arm, seed=seed, runs=runs)

    def _add(
        self, stage: str, arm: Arm, seed: int, runs: dict[str, Task], waiting: tuple[str, ...]
    ) -> None:
        """Add the run of ``stage``, and before it those that it needs."""
        if stage in runs:
            return
        if stage in waiting:
            raise ConfigError(
                f"cell {arm_name(arm)!r}: stages wait for one another: "
                f"{' -> '.join([*waiting, stage])}"
            )
        sets = self._study.sets(arm, stage)
        needed = tuple(dict.fromkeys(references(sets)))
        for other in needed:
            self._add(other, arm, seed, runs, (*waiting, stage))
        runs[stage] = self._task(stage, arm, seed, sets, {other: runs[other] for other in needed})

    def _task(
        self, stage: str, arm: Arm, seed: int, sets: Sets, needed: Mapping[str, Task]
    ) -> Task:
        own = {f: label for f, label in arm.items() if self._study.factors[f][label].get(stage)}
        plain, text = self._resolved(stage, arm, own, sets)
        seeded = self._study.stages[stage].seeded
        needs = {name: task.address for name, task in needed.items()}
        address = _digest([stage, text, seed if seeded else None, needs])
        if address not in self._tasks:
            labels = {f: v for a in needs.values() for f, v in self._labels[a].items()} | own
            self._labels[address] = {f: labels[f] for f in arm if f in labels}
            self._tasks[address] = Task(
                stage=stage,
                address=address,
                seed=seed if seeded else None,
                folder=self._folder(stage, address, seed if seeded else None),
                sets=referred(sets, {name: str(task.folder) for name, task in needed.items()}),
                plain=plain,
                needs=needs,
            )
        return self._tasks[address]

    def _resolved(
        self, stage: str, arm: Arm, own: Mapping[str, str], sets: Sets
    ) -> tuple[Mapping[str, Any], str]:
        """The whole config, and what its address is made of; the same for all seeds."""
        key = (stage, *own.items())
        changes = [self._study.factors[f][label][stage] for f, label in own.items()]
        free = {k: v for change in changes for k, v in change.items() if _is_free(k, v)}
        if key not in self._plain:
            try:
                plain = self._resolve(stage, sets)
            except ConfigError as error:
                raise ConfigError(f"cell {arm_name(arm)!r}, stage {stage!r}: {error}") from None
            if self._study.stages[stage].seeded:
                plain = {k: v for k, v in plain.items() if k != "seed"}
            fixed = {k: v for k, v in _as_before(bound(plain)).items() if k not in FREE_KEYS}
            # What a factor sets is what is asked about, so it tells runs apart though it is free.
            self._plain[key] = plain, json.dumps([fixed, free] if free else fixed, sort_keys=True)
        return self._plain[key]

    def _folder(self, stage: str, address: str, seed: int | None) -> Path:
        """Where the run is, or will be: its name says what it is, its last digits find it again."""
        short = address[:DIGITS]
        if short in self._there:
            return self._there[short]
        labels = [plain_name(label) for label in self._labels[address].values()]
        label = "-".join(labels)[:LONGEST].strip("-")
        words = [label, "" if seed is None else f"seed{seed}", short]
        return Path(self._study.folder) / RUNS / stage / "-".join(word for word in words if word)


def _runs_there(study: Study) -> dict[str, Path]:
    """Folders by the last digits of their names: the study's own that are complete, then others'
    that are, then its own that are begun."""
    own = _by_digits(Path(study.folder))
    others = [folder for other in study.shared for folder in _by_digits(other).items()]
    complete = {digits: path for digits, path in own.items() if is_any_complete(path)}
    return own | {digits: path for digits, path in others if is_any_complete(path)} | complete


def _by_digits(folder: Path) -> dict[str, Path]:
    return {path.name[-DIGITS:]: path for path in (folder / RUNS).glob("*/*")}


def _as_before(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's config without later keys that change nothing."""
    rest = dict(plain)
    for key in LATER_KEYS.get(plain.get("stage", ""), ()):
        rest = _without_null(rest, key.split("."))
    return rest


def _without_null(plain: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """A copy without what ``path`` leads to, if that is null."""
    first, *rest = path
    if rest and isinstance(plain.get(first), Mapping):
        return {**plain, first: _without_null(plain[first], rest)}
    return {k: v for k, v in plain.items() if k != first or rest or v is not None}


def _is_free(key: str, value: Any) -> bool:
    """Whether setting a key touches what no address is made of otherwise."""
    first, _, rest = key.partition(".")
    if first in FREE_KEYS:
        return True
    parts = (rest.partition(".")[0],) if rest else tuple(value) if isinstance(value, dict) else ()
    return first in ENGINES and any(part in FREE_ENGINE_KEYS for part in parts)


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
