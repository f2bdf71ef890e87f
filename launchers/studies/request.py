"""A study's file, read and expanded: every config decoded by its stage, nothing run yet."""

import io
import shlex
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from launchers import cli
from launchers.machines.command import Command, ConsoleCommand, StageCommand
from launchers.machines.shipped_configs import ROOT
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.study.outcomes import read_outcomes
from pvvae.study.runs.journal import Journal
from pvvae.study.spec.entries import Sets, StageEntry
from pvvae.study.spec.expansion import Expansion, Task, Trial, expand
from pvvae.study.spec.references import referred
from pvvae.study.spec.study import Study, read_study

GIVES_RESULTS = ("evaluate_", "measure_")
"""How stages begin that write results.json."""
COMMANDS_WITH_RESULTS = ("pvvae probe ",)
"""How commands begin that do."""
CONFIG = "config"
"""Key by which a factor gives a stage another YAML; no stage has a key of this name."""


@dataclass(frozen=True, kw_only=True)
class StudyRequest:
    """What one asked for."""

    path: Path
    overrides: tuple[str, ...]
    study: Study
    seeds: tuple[int, ...]
    expansion: Expansion
    """The cells to run."""
    whole: Expansion
    """All that the page has: every arm with the seeds asked for and with those ever run. What is
    stale among them is so whichever cells are asked for."""
    journal: Journal

    @property
    def folder(self) -> Path:
        """Folder of outcomes, page and runs."""
        return Path(self.study.folder)

    @property
    def reported(self) -> Study:
        """The study with the seeds of its page: those asked for, and those that were ever run."""
        return replace(self.study, seeds=tuple(sorted(_with_earlier(self.study, self.seeds))))

    @property
    def again(self) -> str:
        """The command that makes the whole page again."""
        seeds = self.reported.seeds
        words = [] if set(seeds) == set(self.study.seeds) else ["--seeds", *map(str, seeds)]
        return shlex.join(["pvvae", "study", str(self.path), *self.overrides, *words])

    def check_unchanged(self, task: Task) -> None:
        """Refuse a run whose YAML is no longer what its address was made of.

        Raises:
            ConfigError: naming the first key that has changed since the study was read.
        """
        if self.study.stages[task.stage].command is not None:
            return
        tasks = self.expansion.tasks
        folders = {stage: str(tasks[address].folder) for stage, address in task.needs.items()}
        now = _Resolver(self.study).resolve(task.stage, task.sets)
        then = referred(task.plain, folders)
        lines = codec.differences(then, {key: now[key] for key in now if key in then})
        if lines:
            raise ConfigError(
                f"{task.name}: its config was changed while the study ran: {lines[0]}; give the "
                "same command again"
            )

    def command(self, task: Task) -> Command:
        """What makes a run."""
        entry = self.study.stages[task.stage]
        if entry.command is not None:
            words = command_words(entry, task.sets, run=str(task.folder), seed=task.seed)
            return ConsoleCommand(words=words)
        seed = {} if task.seed is None else {"seed": task.seed}
        sets = {key: value for key, value in task.sets.items() if key != CONFIG}
        return StageCommand(
            config=config_path(entry, task.sets), sets={"run": str(task.folder), **sets, **seed}
        )


def read(
    path: Path,
    overrides: Sequence[str],
    *,
    seeds: Sequence[int] | None,
    only: str | None,
) -> StudyRequest:
    """Read and expand; nothing is run or written.

    Args:
        path: the study's YAML.
        overrides: ``key.path=value`` words for it.
        seeds: in the place of the file's; None leaves those.
        only: part of the names of those cells that are wanted; None is all.

    Raises:
        ConfigError: for anything wrong with the file or with the configs that it names.
    """
    study = read_study(path, overrides)
    chosen = tuple(dict.fromkeys(study.seeds if seeds is None else seeds))
    try:
        whole = expand(study, _with_earlier(study, chosen), _Resolver(study).resolve)
        _check_readings(study, whole)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return StudyRequest(
        path=path,
        overrides=tuple(overrides),
        study=study,
        seeds=chosen,
        expansion=Expansion(cells=_chosen([c for c in whole.cells if c.seed in chosen], only)),
        whole=whole,
        journal=Journal(Path(study.folder), shared=taken(study, whole)),
    )


def taken(study: Study, whole: Expansion) -> dict[Path, set[str]]:
    """Addresses of runs that lie in other studies' folders."""
    return {
        other: {a for a, task in whole.tasks.items() if other in task.folder.parents}
        for other in study.shared
    }


def config_path(entry: StageEntry, sets: Sets) -> Path:
    """A stage's YAML, or a factor's in its place; from here or from the project's own folder."""
    name = str(sets.get(CONFIG, entry.config))
    path, shipped = Path(name), ROOT.parent / name
    return shipped if not path.exists() and shipped.exists() else path


def command_words(entry: StageEntry, sets: Sets, *, run: str, seed: int | None) -> tuple[str, ...]:
    """Words of a command with its slots filled, without ``pvvae``.

    Raises:
        ConfigError: for a slot that ``set`` does not fill, or quotes that do not close.
    """
    assert entry.command is not None
    slots = {**sets, "run": run, "seed": seed}
    try:
        _, *words = shlex.split(entry.command)
        return tuple(word.format_map(slots) for word in words)
    except KeyError as error:
        raise ConfigError(
            f"command: {{{error.args[0]}}} is not a key of its set; there are: {', '.join(slots)}"
        ) from None
    except ValueError as error:
        raise ConfigError(f"command: {str(error).lower()}") from None
    except (AttributeError, TypeError, IndexError) as error:
        raise ConfigError(
            f"command: braces hold a key of its set and nothing more, as in {{run}}: {error}"
        ) from None


class _Resolver:
    """Decodes what cells make of the stages' configs; each YAML is read once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._files: dict[Path, Mapping[str, Any]] = {}

    def resolve(self, stage: str, sets: Sets) -> Mapping[str, Any]:
        """The whole config as plain data."""
        entry = self._study.stages[stage]
        if entry.command is not None:
            self._check_command(entry, command_words(entry, sets, run="run", seed=0))
            return {"command": entry.command, "set": sets}
        from stages import program

        path = config_path(entry, sets)
        if path not in self._files:
            self._files[path] = codec.read_yaml(path)
        data = codec.merge({"run": "run"}, self._files[path])
        changes = {key: value for key, value in sets.items() if key != CONFIG}
        data = codec.apply_values(data, changes)
        plain = program.resolved(program.decode(data, path)[1])
        return {key: value for key, value in plain.items() if key != "run"}

    def _check_command(self, entry: StageEntry, words: Sequence[str]) -> None:
        try:
            with redirect_stdout(io.StringIO()):
                cli.parse(words)
        except SystemExit:  # argparse's way out after help
            raise ConfigError(
                f"command: {entry.command!r} asks for help and runs nothing"
            ) from None


def _check_readings(study: Study, whole: Expansion) -> None:
    """Refuse to read results.json of stages that write none."""
    kinds = {t.stage: t.plain.get("stage", "") for t in whole.tasks.values()}
    for name, reading in (*study.measures.items(), *study.costs.items()):
        kind = str(kinds[reading.stage])
        command = study.stages[reading.stage].command or ""
        gives = kind.startswith(GIVES_RESULTS) or command.startswith(COMMANDS_WITH_RESULTS)
        if reading.of is None and not gives:
            raise ConfigError(
                f"{name}: stage {reading.stage!r} ({kind or 'a command'}) writes no results.json; "
                "with `of: held_out` its metrics.jsonl is read"
            )


def _with_earlier(study: Study, seeds: Sequence[int]) -> tuple[int, ...]:
    """Seeds, and after them those of which there are outcomes."""
    earlier = {outcome.seed for outcome in read_outcomes(Path(study.folder))}
    return (*seeds, *sorted(earlier.difference(seeds)))


def _chosen(cells: Sequence[Trial], only: str | None) -> tuple[Trial, ...]:
    found = tuple(cell for cell in cells if only is None or only in cell.name)
    if not found:
        names = "; ".join(dict.fromkeys(cell.name for cell in cells))
        raise ConfigError(f"--only: no cell has {only!r} in its name; there are: {names}")
    return found
