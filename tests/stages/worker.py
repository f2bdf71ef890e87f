"""Runs short stages in a group: ``python -m tests.stages.worker SHARDS RUNS JOB…``.

A job is ``NAME stage override…`` in one word, separated by spaces; its run folder is RUNS/NAME.
With ``until=STEP`` among the overrides all processes end before that step, as if killed; with
``spoilt=STEP,…`` the last process's data of those steps are NaN, until the run is rolled back.
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import torch
import wandb
from torch import Tensor

from pvvae import distributed
from pvvae.data.clips import TrainingClips
from pvvae.denoiser.trainer import DenoiserTrainer
from pvvae.engine import start, stop
from pvvae.vae.trainer import VAETrainer
from tests.stages.short import run_stage


def main() -> None:
    shards, runs = Path(sys.argv[1]), Path(sys.argv[2])
    start()
    for job in sys.argv[3:]:
        name, stage, *extra = job.split(" ")
        last, extra = taken("until", extra)
        spoilt, extra = taken("spoilt", extra)
        with contextlib.suppress(Killed), dying_at(*last), spoiling(spoilt), noting(runs / name):
            run_stage(stage, shards, runs, f"run={runs / name}", *extra)
        if wandb.run is not None:  # of a run that was killed: the next one must not go on in it
            wandb.finish(exit_code=1)
    stop()
    distributed.leave(0)


def taken(key: str, words: list[str]) -> tuple[list[int], list[str]]:
    """The numbers of a word ``key=…``, and the other words."""
    mine = [word for word in words if word.startswith(f"{key}=")]
    numbers = [int(n) for word in mine for n in word.removeprefix(f"{key}=").split(",")]
    return numbers, [word for word in words if word not in mine]


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


@contextlib.contextmanager
def dying_at(last: int | None = None) -> Iterator[None]:
    """Let training end before step ``last``."""
    with contextlib.ExitStack() as stack:
        for trainer in (VAETrainer, DenoiserTrainer):
            stack.enter_context(mock.patch.object(trainer, "step", until(trainer.step, last)))
        yield


def until(step, last):
    def checked(self, number: int) -> dict[str, Tensor] | None:
        if number == last:
            raise Killed
        return step(self, number)

    return checked


@contextlib.contextmanager
def spoiling(steps: list[int]) -> Iterator[None]:
    """Put NaN into the last process's data of ``steps`` until the run has been rolled back."""
    whole = TrainingClips.iterate
    last = distributed.rank() == distributed.world_size() - 1

    def iterate(self, start_step, slots, *, rollbacks=0):
        steps_on = whole(self, start_step, slots, rollbacks=rollbacks)
        for step, batches in enumerate(steps_on, start_step):
            if last and step in steps and rollbacks == 0:
                batches[-1] = replace(batches[-1], x=torch.full_like(batches[-1].x, torch.nan))
            yield batches

    with mock.patch.object(TrainingClips, "iterate", iterate):
        yield


@contextlib.contextmanager
def noting(run: Path) -> Iterator[None]:
    """Write down how many elements of the VAE's parameters a process holds between two steps."""
    step = VAETrainer.step

    def noted(self: VAETrainer, number: int) -> dict[str, Tensor] | None:
        if number == 1:
            trained = list(self.generator.network.parameters())
            sharded = self.config.engine.zero_stage == 3
            held = {
                "parameters": sum(p.numel() for p in trained),
                "all": sum(p.ds_numel if sharded else p.numel() for p in trained),
            }
            (run / f"held_{distributed.rank()}.json").write_text(json.dumps(held))
        return step(self, number)

    with mock.patch.object(VAETrainer, "step", noted):
        yield


if __name__ == "__main__":
    main()
