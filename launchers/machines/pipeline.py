"""A pipeline: commands that one could type, given one after another, once each.

    commands:
      - pvvae train configs/tiny/cnn/predictive.yaml
      - pvvae report runs/quickstart

Every command goes on from where it stands, so a killed pipeline does too. ``slurm:`` may hold
options of sbatch, for :mod:`launchers.machines.slurm`.
"""

import hashlib
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.files import write_json


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What a pipeline's file says."""

    path: Path
    commands: list[list[str]]
    """In words, ``pvvae`` first."""
    folder: Path
    """Where the pipeline's own files are, and its runs mostly."""
    result: str
    """What to look at in the end."""
    slurm: Mapping[str, Any]
    """Options of sbatch for every job."""


def run_pipeline(
    path: Path,
    run_command: Callable[[Sequence[str]], int],
    *,
    check: Callable[[Sequence[str]], object],
) -> int:
    """Give all commands of the file; the first failing status, or 0.

    Args:
        path: the pipeline's YAML.
        run_command: the console command as a function of its words, without ``pvvae``.
        check: refuses words that no command has, before the first command is given.

    Raises:
        ConfigError: if the file cannot be read as a pipeline.
    """
    pipeline = read_pipeline(path, check=check)
    commands, result = pipeline.commands, pipeline.result
    done_file = pipeline.folder / "pipeline.json"
    digest = _digest(path, commands)
    if done_file.exists() and f'"{digest}"' in done_file.read_text() and Path(result).exists():
        print(f"Nothing left to do: every command of {path} is done. See {result}")
        return 0
    began = time.monotonic()
    status = give_in_order([command[1:] for command in commands], run_command)
    if status:
        return status
    write_json(done_file, {"digest": digest})
    print(f"Done in {(time.monotonic() - began) / 60:.1f} min. See {result}")
    return 0


def give_in_order(
    commands: Sequence[Sequence[str]], run_command: Callable[[Sequence[str]], int]
) -> int:
    """Give commands, in words without ``pvvae``; the first failing status, or 0."""
    began = time.monotonic()
    for number, command in enumerate(commands, start=1):
        elapsed, shown = time.monotonic() - began, shlex.join(["pvvae", *command])
        print(f"[{number}/{len(commands)}, {elapsed / 60:.1f} min] {shown}", flush=True)
        status = run_command(command)
        if status:
            print(f"Stopped at command {number}. The same command goes on from here.", flush=True)
            return status
    return 0


def read_pipeline(
    path: Path, overrides: Sequence[str] = (), *, check: Callable[[Sequence[str]], object]
) -> Pipeline:
    """A pipeline's file, every command of which ``check`` accepts.

    Raises:
        ConfigError: if the file cannot be read as a pipeline.
    """
    data = codec.apply_overrides(codec.read_yaml(path), overrides)
    del data["plugins"]
    slurm = data.pop("slurm", {})
    if (
        set(data) != {"folder", "result", "commands"}
        or not isinstance(data["commands"], list)
        or not isinstance(slurm, dict)
    ):
        raise ConfigError(
            f"{path}: a pipeline has the keys folder, result and a list of commands, and slurm for "
            "options of sbatch"
        )
    try:
        commands = [shlex.split(str(line)) for line in data["commands"]]
    except ValueError as error:
        raise ConfigError(f"{path}: a command has {str(error).lower()}") from None
    for words in commands:
        if words[:1] != ["pvvae"]:
            raise ConfigError(f"{path}: commands begin with pvvae, got {shlex.join(words)!r}")
        check(words[1:])
    folder = Path(data["folder"])
    return Pipeline(
        path=path, commands=commands, folder=folder, result=str(data["result"]), slurm=slurm
    )


def _digest(path: Path, commands: Sequence[Sequence[str]]) -> str:
    """Changes with the pipeline and with any YAML beside or below it."""
    files = sorted(path.resolve().parent.rglob("*.yaml"))
    content = hashlib.sha256(repr(commands).encode())
    for file in files:
        content.update(file.read_bytes())
    return content.hexdigest()
