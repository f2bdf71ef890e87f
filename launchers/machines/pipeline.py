"""A pipeline: commands that one could type, given one after another, once each.

    commands:
      - pvvae train configs/tiny/cnn/predictive.yaml
      - pvvae report runs/quickstart

Every command goes on from where it stands, so a killed pipeline does too. ``slurm:`` may hold
options of sbatch, for :mod:`launchers.machines.slurm`. A pipeline that starts from the project's
box says under ``without_box:`` which one does not; where the box cannot be opened, that is said
before anything is run.
"""

import hashlib
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launchers.machines.command import Command, Give, give_status, read_command
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.files import write_json


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What a pipeline's file says."""

    path: Path
    commands: list[Command]
    folder: Path
    """Where the pipeline's own files are, and its runs mostly."""
    result: str
    """What to look at in the end."""
    slurm: Mapping[str, Any]
    """Options of sbatch for every job."""
    without_box: str | None = None
    """A pipeline for those who lack the box; None starts from none itself."""


def run_pipeline(path: Path, *, give: Give = give_status) -> int:
    """Give all commands of the file; the first failing status, or 0.

    Args:
        path: the pipeline's YAML.
        give: runs a command and says how it ended.

    Raises:
        ConfigError: if the file cannot be read as a pipeline; before the first command is given.
    """
    pipeline = read_pipeline(path)
    commands, result = pipeline.commands, pipeline.result
    done_file = pipeline.folder / "pipeline.json"
    digest = _digest(path, commands)
    if done_file.exists() and f'"{digest}"' in done_file.read_text() and Path(result).exists():
        print(f"Nothing left to do: every command of {path} is done. See {result}")
        return 0
    began = time.monotonic()
    status = give_in_order(commands, give=give)
    if status:
        return status
    write_json(done_file, {"digest": digest})
    print(f"Done in {(time.monotonic() - began) / 60:.1f} min. See {result}")
    return 0


def give_in_order(commands: Sequence[Command], *, give: Give = give_status) -> int:
    """Give commands one after another; the first failing status, or 0."""
    began = time.monotonic()
    for number, command in enumerate(commands, start=1):
        elapsed, shown = time.monotonic() - began, shlex.join(["pvvae", *command.words])
        print(f"[{number}/{len(commands)}, {elapsed / 60:.1f} min] {shown}", flush=True)
        status = give(command)
        if status:
            print(f"Stopped at command {number}. The same command goes on from here.", flush=True)
            return status
    return 0


def read_pipeline(path: Path, overrides: Sequence[str] = ()) -> Pipeline:
    """A pipeline's file.

    Raises:
        ConfigError: if the file cannot be read as a pipeline, or has words that no command has.
    """
    data = codec.apply_overrides(codec.read_yaml(path), overrides)
    del data["plugins"]
    slurm, without_box = data.pop("slurm", {}), data.pop("without_box", None)
    if (
        set(data) != {"folder", "result", "commands"}
        or not isinstance(data["commands"], list)
        or not isinstance(data["folder"], str)
        or not isinstance(data["result"], str)
        or not isinstance(slurm, dict)
        or not isinstance(without_box, str | None)
    ):
        raise ConfigError(
            f"{path}: a pipeline has the keys folder, result and a list of commands, slurm for "
            "options of sbatch, and without_box for another pipeline"
        )
    try:
        lines = [shlex.split(str(line)) for line in data["commands"]]
    except ValueError as error:
        raise ConfigError(f"{path}: a command has {str(error).lower()}") from None
    for words in lines:
        if words[:1] != ["pvvae"]:
            raise ConfigError(f"{path}: commands begin with pvvae, got {shlex.join(words)!r}")
    _check_box(without_box)
    return Pipeline(
        path=path,
        commands=[read_command(words[1:]) for words in lines],
        folder=Path(data["folder"]),
        result=str(data["result"]),
        slurm=slurm,
        without_box=without_box,
    )


def _check_box(without: str | None) -> None:
    """Refuse to start from a box that cannot be opened, and name what needs none."""
    if without is None:
        return
    from pvvae.pretrained.box import open_box  # with torch, which most pipelines begin without

    try:
        open_box()
    except ConfigError as error:
        raise ConfigError(f"{error}; `pvvae pipeline {without}` starts from nothing") from None


def _digest(path: Path, commands: Sequence[Command]) -> str:
    """Changes with the pipeline and with any YAML beside or below it."""
    files = sorted(path.resolve().parent.rglob("*.yaml"))
    content = hashlib.sha256(repr([["pvvae", *command.words] for command in commands]).encode())
    for file in files:
        content.update(file.read_bytes())
    return content.hexdigest()
