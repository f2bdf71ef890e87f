"""The loop around any training step: log, evaluate, save, go on."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

import torch
from torch import Tensor

from pvvae import checkpoints, distributed
from pvvae.errors import ConfigError
from pvvae.progress import progress, say
from pvvae.run import Run
from pvvae.stop_request import Stopped, stop_asked


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How often things happen, in steps."""

    log_every: int = 50
    """Ours: a line a minute at the paper's size."""
    evaluate_every: int = 1_000
    """Ours: 50 points on the curve of a 50K-step stage."""
    checkpoint_every: int = 1_000
    """Ours: what a crash may cost, about a quarter of an hour at the paper's size."""
    keep_last: int = 2
    """Newest checkpoints that stay; the best on the held-out set stays as well."""

    def __post_init__(self) -> None:
        for name in ("evaluate_every", "checkpoint_every"):
            period = getattr(self, name)
            if period % self.log_every:
                raise ValueError(
                    f"{name} must be a multiple of log_every={self.log_every}, got {period}"
                )


class Trainer(Protocol):
    """What the loop drives."""

    def start(self, step: int) -> None:
        """Get ready to take ``step`` next."""

    def step(self, step: int) -> dict[str, Tensor]:
        """Take one step; returns this process's part of each value, to be summed over processes."""

    def rates(self, step: int) -> dict[str, float]:
        """Values that are not averaged over a window: learning rate, gradient norms."""

    def evaluate(self, step: int) -> dict[str, float]:
        """Held-out values after ``step`` steps; ``score`` ranks checkpoints (higher is better)."""

    def save(self, folder: Path) -> None:
        """Write this process's part of a checkpoint."""

    def load(self, folder: Path) -> None:
        """Take up a checkpoint."""


def run_loop(trainer: Trainer, run: Run, *, steps: int, config: LoopConfig) -> None:
    """Train to ``steps`` from wherever the run folder stands.

    Raises:
        ConfigError: if the run was saved by another number of processes, or a loss is not finite.
        Stopped: if it was asked to leave, and has saved.
    """
    start = _resume(trainer, run)
    trainer.start(start)
    window = _Window()
    score = None
    with progress(run.folder.name, steps, start=start) as bar:
        if start == 0:
            score = _evaluate(trainer, run, 0)
        for step in range(start, steps):
            window.add(trainer.step(step))
            bar.update()
            done = step + 1
            if done % config.log_every == 0 or done == steps:
                values = window.close()
                _require_finite(values, done, run)
                run.log(done, "train", values | trainer.rates(step), times=window.times)
                bar.set_postfix({k: f"{v:.3g}" for k, v in list(values.items())[:4]}, refresh=False)
            if done % config.evaluate_every == 0 or done == steps:
                score = _evaluate(trainer, run, done)
            if done % config.checkpoint_every == 0 or done == steps:
                _save(trainer, run, done, score=score, keep_last=config.keep_last)
            # At a line of the log alone: its means are in no checkpoint, and processes meet anyway.
            if done % config.log_every == 0 and done < steps and stop_asked():
                _leave(trainer, run, done, config)
    run.finish({"steps": steps})


class _Window:
    """Means over the steps since the last log line."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._steps: dict[str, int] = {}
        self._began = time.perf_counter()
        self._count = 0
        self.times: dict[str, float] = {}

    def add(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            self._sums[name] = (
                self._sums.get(name, value.new_zeros((), dtype=torch.float64)) + value
            )
            self._steps[name] = self._steps.get(name, 0) + 1
        self._count += 1

    def close(self) -> dict[str, float]:
        """The means, over all processes; a collective call that empties the window."""
        # Every process has the same names: which losses are on depends on the step alone.
        names = sorted(self._sums)
        sums = distributed.sum_(torch.stack([self._sums[name] for name in names]))
        values = {n: float(s) / self._steps[n] for n, s in zip(names, sums.tolist(), strict=True)}
        seconds = time.perf_counter() - self._began
        clips = values.pop("clips", 0.0)
        self.times = {
            "seconds_per_step": seconds / self._count,
            "clips_per_second": clips * self._count / seconds,
        }
        self._sums, self._steps, self._count = {}, {}, 0
        self._began = time.perf_counter()
        return values


def _evaluate(trainer: Trainer, run: Run, done: int) -> float | None:
    began = time.perf_counter()
    values = trainer.evaluate(done)
    if not values:
        return None
    run.log(done, "held_out", values, times={"seconds": time.perf_counter() - began})
    return values.get("score")


def _save(trainer: Trainer, run: Run, done: int, *, score: float | None, keep_last: int) -> None:
    facts = {"processes": distributed.world_size(), "score": score}
    checkpoints.save(run.checkpoints, done, write=trainer.save, facts=facts, keep_last=keep_last)


def _leave(trainer: Trainer, run: Run, done: int, config: LoopConfig) -> NoReturn:
    """Save, unless that has just been done, and end."""
    if done % config.checkpoint_every:
        # Without a score: it must not become the best by that of an evaluation long ago.
        _save(trainer, run, done, score=None, keep_last=config.keep_last)
    run.close()
    raise Stopped(f"{run.folder}: saved at step {done}, as asked; the same command goes on")


def _resume(trainer: Trainer, run: Run) -> int:
    found = checkpoints.newest(run.checkpoints, warn=say)
    if found is None:
        run.rewind(-1)
        distributed.barrier()
        return 0
    if found.facts["processes"] != distributed.world_size():
        raise ConfigError(
            f"{found.folder}: saved by {found.facts['processes']} processes, now there are "
            f"{distributed.world_size()}; use the same number, or another run=... "
            f"with init={run.folder}"
        )
    trainer.load(found.folder)
    run.rewind(found.step)
    distributed.barrier()
    say(f"{run.folder}: going on from step {found.step}")
    return found.step


def _require_finite(values: dict[str, float], done: int, run: Run) -> None:
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        raise ConfigError(
            f"{run.folder}: {', '.join(bad)} is no longer finite at step {done}; the last "
            "checkpoint is good. Try a lower optimizer.lr, engine.precision=fp32 or a later "
            "objective.gan_start"
        )
