"""Whether a run is what its address says: its own config beside that of the study."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.run.folder import bound, is_run, read_config
from pvvae.study.spec.expansion import DIGITS, Cell, Task
from pvvae.study.spec.references import REFERENCE, referred


def why_another(cell: Cell) -> str:
    """The first run of a cell that was made with another config, and in what; nothing if none."""
    for stage, task in cell.runs.items():
        if "command" in task.plain or not is_run(task.folder):
            continue
        folders = {other: str(run.folder) for other, run in cell.runs.items()}
        lines = _differences(task, folders)
        if lines:
            return (
                f"stage {stage}: {task.folder} was made with another config: {lines[0]}; remove "
                "it and give the study again"
            )
    return ""


def _differences(task: Task, folders: Mapping[str, str]) -> list[str]:
    then = bound(_config(task.folder, (task.folder / "config.yaml").stat().st_mtime_ns))
    now = bound({**task.plain, "seed": task.seed} if task.seed is not None else task.plain)
    return codec.differences(then, {key: _asked(now[key], then.get(key), folders) for key in now})


def _asked(now: Any, then: Any, folders: Mapping[str, str]) -> Any:
    """What the study asks for, the runs of a study that was moved meanwhile where they were."""
    if now == then:
        return now
    if isinstance(now, str) and (found := REFERENCE.match(now)):
        digits = Path(folders[found[1]]).name[-DIGITS:]  # its label may be another study's
        moved = isinstance(then, str) and any(p[-DIGITS:] == digits for p in Path(then).parts)
        return then if moved else referred(now, folders)
    if isinstance(now, Mapping):
        parts = then if isinstance(then, Mapping) else {}
        return {key: _asked(part, parts.get(key), folders) for key, part in now.items()}
    if isinstance(now, list | tuple):
        items = then if isinstance(then, list) and len(then) == len(now) else [None] * len(now)
        return [_asked(part, old, folders) for part, old in zip(now, items, strict=True)]
    return now


@cache
def _config(folder: Path, _written: int) -> dict[str, Any]:
    """Read once for all cells, unless it is written anew."""
    return read_config(folder)
