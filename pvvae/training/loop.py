"""The loop around any training step: log, evaluate, save, go on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor

from arch.ranges import Count, Number, Steps
from pvvae import distributed
from pvvae.config import check_ranges
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.run import checkpoints
from pvvae.run.folder import read_metrics
from pvvae.run.progress_bar import progress, say
from pvvae.run.run import Run
from pvvae.run.stop_request import Stopped, stop_asked
from pvvae.training.monitoring.dead_networks import DeadNetworks, end_if
from pvvae.training.monitoring.flops import Work
from pvvae.training.monitoring.interval import first, summary
from pvvae.training.monitoring.monitor import Monitor, MonitorConfig
from pvvae.training.monitoring.throughput import Wait, memory


@dataclass(frozen=True, kw_only=True)
class LoopConfig:
    """How often things happen, in steps."""

    log_every: Steps = 50
    """Ours: a line a minute at the paper's size."""
    evaluate_every: Steps = 1_000
    """Ours: 50 points on the curve of a 50K-step stage."""
    checkpoint_every: Steps = 1_000
    """Ours: what a crash may cost, about a quarter of an hour at the paper's size."""
    keep_last: Count = 2
    """Newest checkpoints that stay; the best on the held-out set stays as well."""
    max_skips: Count = 10
    """Steps skipped in a row, as losses or gradients were not finite, after which the run goes back
    to its newest checkpoint and on with other data. Ours: a bad clip or an overflow spoils one step
    or two of different clips; ten in a row are the weights' fault."""
    max_rollbacks: Number = 3
    """Times a run may go back to one checkpoint before it gives up. Ours: when three different
    streams of data fail from the same weights, something else is wrong."""

    def __post_init__(self) -> None:
        periods = {
            "evaluate_every": self.evaluate_every,
            "checkpoint_every": self.checkpoint_every,
        }
        check_ranges(self)
        for name, period in periods.items():
            if period % self.log_every:
                raise ValueError(
                    f"{name} must be a multiple of log_every={self.log_every}, got {period}"
                )


class Trainer(Protocol):
    """What the loop drives."""

    wait: Wait
    """What the trainer has waited for data."""
    work: Work
    """What it has computed."""

    def start(self, step: int, *, rollbacks: int) -> None:
        """Get ready to take ``step`` next, with the data of a run after ``rollbacks`` rollbacks."""

    def step(self, step: int) -> dict[str, Tensor] | None:
        """Take one step; returns this process's part of each value, to be summed over processes.

        None, on all processes, if the step was skipped: something was not finite, nothing changed.
        """

    def rates(self, step: int) -> dict[str, Any]:
        """Values of ``step``, the last one, that are not means: learning rate, gradient norms."""

    def norms(self, step: int) -> dict[str, float]:
        """Gradient norms of ``step``, the last one, equal on all processes; no collective call."""

    def evaluate(self, step: int) -> dict[str, float]:
        """Held-out values after ``step`` steps; ``score`` ranks checkpoints (higher is better)."""

    def snapshot(self) -> checkpoints.Write:
        """Copy this process's part of a checkpoint; what is returned writes the copy."""

    def load(self, folder: Path) -> None:
        """Take up a checkpoint."""


def run_loop(
    trainer: Trainer, run: Run, *, steps: int, config: LoopConfig, watch: MonitorConfig
) -> None:
    """Train to ``steps`` from wherever the run folder stands.

    Raises:
        ConfigError: if steps are skipped again and again, a network is dead, or the disk is full.
        Stopped: if it was asked to leave, and has saved.
    """
    watching = Monitor(watch, folder=run.folder)
    start, rollbacks = _resume(trainer, run, watching)
    trainer.start(start, rollbacks=rollbacks)
    writer = checkpoints.Writer(run.checkpoints, keep_last=config.keep_last)
    window = watching.window(trainer.wait, trainer.work)
    step, skips, dead = start, 0, DeadNetworks(watch.max_dead)
    with watching.on(), progress(run.folder.name, steps, start=start) as bar, writer:
        if start == 0:
            _evaluate(trainer, run, 0)
        while step < steps:
            watching.before(step)
            values = trainer.step(step)
            watching.alive(f"step {step + 1}")
            step, done = step + 1, step + 1
            bar.update()
            skips = skips + 1 if values is None else 0
            if skips == config.max_skips:
                writer.wait()
                distributed.barrier()
                step, rollbacks = _roll_back(trainer, run, watching, done, config=config)
                trainer.start(step, rollbacks=rollbacks)
                window, skips = watching.window(trainer.wait, trainer.work), 0
                dead = DeadNetworks(watch.max_dead)
                bar.reset()
                bar.update(step)
                continue
            if values is None:
                window.skip()
            else:
                norms = trainer.norms(done - 1)
                window.add(values, norms)
                end_if(dead.step(norms, done=done), run.folder)
            if done % config.log_every == 0 or done == steps:
                writer.check()
                means = window.close()
                # A skipped step has no norms, and a resumed run knows none of those before.
                rates = trainer.rates(done - 1) if skips == 0 else {}
                times = window.times | memory()
                run.log(done, "train", means | rates, times=times)
                say(summary(done, steps, means, times))
                end_if(dead.line(means, steps=config.log_every, done=done), run.folder)
                bar.set_postfix(first(means, 4), refresh=False)
            score = None  # of these weights, or none: a resumed run knows none of those before
            if done % config.evaluate_every == 0 or done == steps:
                score = _evaluate(trainer, run, done)
                watching.alive(f"the evaluation after step {done}")
            # None between skipped steps: there is nothing new, and a run that goes on from it would
            # count those steps again.
            if (done % config.checkpoint_every == 0 and skips == 0) or done == steps:
                writer.save(done, write=_state(trainer, watching), facts={"score": score})
                watching.alive(f"the checkpoint of step {done}")
            # At a line of the log alone: its means are in no checkpoint, and processes meet anyway.
            if done % config.log_every == 0 and skips == 0 and done < steps and stop_asked():
                _leave(trainer, run, watching, writer, done, config)
            window.begin()
    distributed.barrier()  # now every process's files are on disk
    run.finish({"steps": steps})


def _evaluate(trainer: Trainer, run: Run, done: int) -> float | None:
    began = time.perf_counter()
    values = trainer.evaluate(done)
    if not values:
        return None
    run.log(done, "held_out", values, times={"seconds": time.perf_counter() - began})
    return values.get("score")


def _roll_back(
    trainer: Trainer, run: Run, watching: Monitor, done: int, *, config: LoopConfig
) -> tuple[int, int]:
    """Take up the newest checkpoint; the step to go on from, and how often the run went back.

    The line that says so in metrics.jsonl is also what a resumed run counts.

    Raises:
        ConfigError: if there is no checkpoint, or its weights have had their chances.
    """
    # Reading all of a checkpoint to check it is enough work for one process.
    found = distributed.from_main(lambda: checkpoints.newest(run.checkpoints, warn=say))
    skipped = f"{run.folder}: {config.max_skips} steps in a row up to step {done} were not finite"
    advice = (
        "try a lower optimizer.lr, engine.precision=fp32 or a later objective.gan_start "
        "in another run=..."
    )
    if found is None:
        raise ConfigError(f"{skipped}, before the first checkpoint; {advice}")
    rollbacks, here = _rollbacks(run, found.step)
    if here >= config.max_rollbacks:
        raise ConfigError(
            f"{skipped}, after {here} rollbacks to step {found.step} and other data; {advice}"
        )
    trainer.load(found.folder)
    watching.load(found.folder)
    run.rewind(found.step)
    run.log(found.step, "rollback", {"number": rollbacks + 1, "from_step": done}, times={})
    say(f"{skipped}; going on from step {found.step} with other data")
    return found.step, rollbacks + 1


def _rollbacks(run: Run, step: int) -> tuple[int, int]:
    """How often the run went back to ``step`` or before it, and to ``step``, on all processes."""
    steps = []
    if distributed.is_main():  # the one that writes them
        steps = [line["step"] for line in read_metrics(run.folder, "rollback")]
    counts = (sum(at <= step for at in steps), steps.count(step))
    total, here = distributed.sum_(torch.tensor(counts, device=distributed.device())).tolist()
    return total, here


def _state(trainer: Trainer, watching: Monitor) -> checkpoints.Write:
    """Copies of everything a checkpoint holds."""
    parts = (trainer.snapshot(), watching.snapshot())
    return lambda folder: [path for write in parts for path in write(folder)]


def _leave(
    trainer: Trainer,
    run: Run,
    watching: Monitor,
    writer: checkpoints.Writer,
    done: int,
    config: LoopConfig,
) -> NoReturn:
    """Save, unless that has just been done, and end."""
    if done % config.checkpoint_every:
        # Without a score: it must not become the best by that of an evaluation long ago.
        writer.save(done, write=_state(trainer, watching), facts={"score": None})
    writer.wait()
    distributed.barrier()
    run.close()
    raise Stopped(f"{run.folder}: saved at step {done}, as asked; the same command goes on")


def _resume(trainer: Trainer, run: Run, watching: Monitor) -> tuple[int, int]:
    """The step to go on from, and how often the run went back before it."""
    # Reading all of a checkpoint to check it is enough work for one process.
    found = distributed.from_main(lambda: checkpoints.newest(run.checkpoints, warn=say))
    if found is None:
        run.rewind(-1)
        distributed.barrier()
        return 0, 0
    trainer.load(found.folder)
    watching.load(found.folder)
    run.rewind(found.step)
    distributed.barrier()
    say(f"{run.folder}: going on from step {found.step}")
    return found.step, _rollbacks(run, found.step)[0]


def write_snapshot(
    engines: Mapping[str, checkpoints.Write],
    whole: Mapping[str, Mapping[str, Tensor]],
    small: Mapping[str, Any],
    folder: Path,
) -> list[Path]:
    """Write one process's files into ``folder``; the files.

    Args:
        engines: by name, what writes an engine's part into a folder.
        whole: by name, a network's weights; empty but on the main process.
        small: plain data by file name, equal on all processes; the main one writes it.
        folder: of the checkpoint.
    """
    written = [path for name, write in engines.items() for path in write(folder / name)]
    for name, weights in whole.items():
        if weights:
            save_file(dict(weights), folder / f"{name}.safetensors")
            written.append(folder / f"{name}.safetensors")
    for name, data in small.items() if distributed.is_main() else ():
        write_json(folder / name, data)
        written.append(folder / name)
    return written
