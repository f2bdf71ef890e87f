"""Everything that watches a training loop, in one place."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch

from arch.ranges import Count, Positive, Range, Step, Steps
from pvvae import distributed
from pvvae.config import check_ranges
from pvvae.run.checkpoints import Write
from pvvae.training.monitoring.flops import Work, peak_flops
from pvvae.training.monitoring.interval import LogInterval, Spikes
from pvvae.training.monitoring.stall_detector import Stall
from pvvae.training.monitoring.throughput import Wait

ROWS = 40  # of the table: what takes time is among the first few


class Profile:
    """Records some steps and writes a trace (for chrome://tracing or Perfetto) and a table."""

    def __init__(self, folder: Path, *, start: int, steps: int) -> None:
        """Record ``steps`` steps from ``start`` into ``folder``."""
        self._folder, self._start, self._steps = folder, start, steps
        self._profiler: torch.profiler.profile | None = None

    def before(self, step: int) -> None:
        """``step`` is about to be taken."""
        if step == self._start:
            self._profiler = torch.profiler.profile(record_shapes=True, profile_memory=True)
            self._profiler.start()
        elif step == self._start + self._steps:
            self.stop()

    def stop(self) -> None:
        """Write what has been recorded, if anything."""
        if self._profiler is None:
            return
        self._profiler.stop()
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"step_{self._start:08d}.json"
        self._profiler.export_chrome_trace(str(path))
        order = "self_device_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
        table = self._profiler.key_averages().table(sort_by=order, row_limit=ROWS)
        path.with_suffix(".txt").write_text(table + "\n")
        self._profiler = None


@dataclass(frozen=True, kw_only=True)
class MonitorConfig:
    """What is looked at besides the metrics. Changes no result, so a run may go on with another."""

    stall_seconds: Annotated[float, Range(0.0, 1e7, above=True)] | None = 900.0
    """Time without the end of a step, an evaluation or a checkpoint after which every process dumps
    its stacks to the run folder; None never does. Ours: half of what a collective call may wait, so
    that the stacks are there before it gives up; the slowest step compiles kernels for minutes."""
    peak_tflops: Positive | None = None
    """TFLOP/s of one process's accelerator at its best, against which the work done is held; None
    takes a known GPU's (dense bf16) by its name, and counts no FLOPs on anything else."""
    profile_start: Step | None = None
    """First step that torch's profiler records, on the main process, to ``profile/`` of the run
    folder; None profiles nothing."""
    profile_steps: Steps = 3
    """How many it records. Ours: one can be odd, and a trace grows by megabytes a step."""
    spike_sigma: Annotated[float, Range(0.0, 1_000.0, above=True)] | None = 6.0
    """Deviations above its mean beyond which a loss or gradient norm counts as a spike, as in
    OLMo-core's StabilityMonitorCallback; None looks for none."""
    spike_window: Annotated[int, Range(2, 1_000_000)] = 128
    """Steps that the mean is over; OLMo-core's."""
    max_dead: Count | None = 1_000
    """Steps in a row with a gradient norm of exactly 0, or with a discriminator that is sure of
    everything, after which the run ends with a line; None never ends one. Ours: a hinge loss can be
    0 for a while when a discriminator joins, and 1,000 steps are an hour at the paper's size."""

    def __post_init__(self) -> None:
        check_ranges(self)


class Monitor:
    """Listens to a training loop."""

    def __init__(self, config: MonitorConfig, *, folder: Path) -> None:
        """``folder`` is the run's."""
        self._stall: Stall | None = None
        self._profile: Profile | None = None
        self._peak = peak_flops(config.peak_tflops)
        self._spikes: Spikes | None = None
        if config.spike_sigma is not None:
            self._spikes = Spikes(window=config.spike_window, sigma=config.spike_sigma)
        if config.stall_seconds is not None:
            rank, seconds = distributed.rank(), config.stall_seconds
            self._stall = Stall(folder / "stalls", rank=rank, seconds=seconds)
        if config.profile_start is not None and distributed.is_main():
            self._profile = Profile(
                folder / "profile", start=config.profile_start, steps=config.profile_steps
            )

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch while this lasts."""
        with ExitStack() as stack:
            if self._stall is not None:
                self._stall.alive("the start")
                self._stall.start()
                stack.callback(self._stall.stop)
            if self._profile is not None:
                stack.callback(self._profile.stop)
            yield

    def window(self, wait: Wait, work: Work) -> LogInterval:
        """For the steps up to the next line of the log; ``wait`` and ``work`` are the trainer's."""
        return LogInterval(wait, work, spikes=self._spikes, peak=self._peak)

    def before(self, step: int) -> None:
        """``step`` is about to be taken."""
        if self._profile is not None:
            self._profile.before(step)

    def alive(self, what: str) -> None:
        """``what`` has ended."""
        if self._stall is not None:
            self._stall.alive(what)

    def snapshot(self) -> Write:
        """Copy what a checkpoint keeps, so that a run cut in two counts the same spikes."""
        return (lambda _: []) if self._spikes is None else self._spikes.snapshot()

    def load(self, folder: Path) -> None:
        """Take up a checkpoint."""
        if self._spikes is not None:
            self._spikes.load(folder)
