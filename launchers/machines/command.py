"""A command as a value: what pipelines, tables, studies and Slurm jobs are made of.

A command becomes words here and nowhere else, and words that a person wrote (a pipeline's file, a
study's ``command:``) become a command here. Nothing in between joins words or takes them apart.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from launchers import cli
from launchers.machines.local import check_machines, explain, run_to_end
from launchers.machines.shipped_configs import ROOT, as_typed
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.run.folder import check_same_config, is_done
from stages import program


@dataclass(frozen=True, kw_only=True)
class StageCommand:
    """``pvvae train``: a stage's config, what is changed in it, and how many processes run it."""

    config: Path
    sets: Mapping[str, Any] = field(default_factory=dict)
    """Values by ``key.path``, in the order in which they are applied."""
    processes: int | None = None
    """On each machine; None is one for each GPU, or one."""
    hostfile: Path | None = None

    @property
    def overrides(self) -> list[str]:
        """One ``key.path=value`` word for each change."""
        return [override(key, value) for key, value in self.sets.items()]

    @property
    def words(self) -> tuple[str, ...]:
        """Words of the command as one would type it, without ``pvvae``."""
        number = [] if self.processes is None else ["--processes", str(self.processes)]
        hosts = [] if self.hostfile is None else ["--hostfile", str(self.hostfile)]
        return ("train", as_typed(self.config), *self.overrides, *number, *hosts)

    def load(self) -> Any:
        """The stage's config.

        Raises:
            ConfigError: for anything wrong with the file or with a change.
        """
        data = codec.apply_values(codec.read_yaml(self.config), self.sets)
        return program.decode(data, self.config)[1]

    def check(self) -> None:
        """Load the config and compare it with what its run folder was begun with.

        Raises:
            ConfigError: if the stage refuses it, or the folder holds another run.
        """
        config = self.load()
        check_same_config(Path(config.run), program.resolved(config))

    @property
    def done(self) -> bool:
        """Whether its run is finished."""
        config = self.load()
        return is_done(Path(config.run), program.resolved(config))

    def run(self) -> int:
        """Run the stage to its end, or go on from where it stands; the exit status.

        Raises:
            ConfigError: for a config or a number of processes that cannot be.
        """
        config = self.load()
        processes = check_machines(processes=self.processes, hostfile=self.hostfile)
        folder = Path(config.run)
        plain = program.resolved(config)
        check_same_config(folder, plain)
        if is_done(folder, plain):
            print(f"{folder}: finished already")
            return 0
        if self.hostfile is None:
            config.check(processes)
        status = run_to_end(
            folder, self.config, self.overrides, processes=processes, hostfile=self.hostfile
        )
        explain(status, folder)
        return status


@dataclass(frozen=True, kw_only=True)
class ConsoleCommand:
    """Any other command of the console, which has no run folder."""

    words: tuple[str, ...]
    """Without ``pvvae``."""

    @property
    def done(self) -> bool:
        """Never: such a command finds out for itself whether anything is left to do."""
        return False

    def run(self) -> int:
        """Give the command; the exit status."""
        return cli.main(self.words)

    @property
    def line(self) -> list[str]:
        """The command line of a process that gives it."""
        return [sys.executable, "-m", "launchers", *self.words]


Command = StageCommand | ConsoleCommand
Give = Callable[[Command], int]
"""Runs a command; its exit status."""


def read_command(words: Sequence[str]) -> Command:
    """The command that a person wrote, ``pvvae`` left out.

    Raises:
        ConfigError: for words that no command has.
    """
    arguments = cli.parse(words)
    if words[0] == "train" and not arguments.dry:
        return StageCommand(
            config=arguments.config,
            sets=codec.read_overrides(arguments.overrides),
            processes=arguments.processes,
            hostfile=arguments.hostfile,
        )
    return ConsoleCommand(words=tuple(words))


def shared_stage(
    stage: str, run: Path, sets: Mapping[str, Any], *, processes: int | None
) -> StageCommand:
    """A stage from its config under configs/shared, in the run folder ``run``."""
    return StageCommand(
        config=ROOT / "shared" / f"{stage}.yaml",
        sets={"run": str(run), **sets},
        processes=processes,
    )


def override(key: str, value: Any) -> str:
    """A ``key=value`` word that is read back as ``value``."""
    if isinstance(value, str):
        try:
            if yaml.safe_load(value) == value:
                return f"{key}={value}"
        except yaml.YAMLError:
            pass
    return f"{key}={json.dumps(value)}"


def give_status(command: Command) -> int:
    """Run a command; its exit status, 2 after one line about a mistake of the user's."""
    try:
        return command.run()
    except ConfigError as error:
        print(f"pvvae: {error}", file=sys.stderr)
        return 2
