"""Everything that watches a training loop, in one place."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from arch.ranges import Positive, Range, Step, Steps
from pvvae import distributed
from pvvae.config import check_ranges
from pvvae.run.checkpoints import Write
from pvvae.training.monitoring.flops import Work, peak_flops
from pvvae.training.monitoring.interval import Window
from pvvae.training.monitoring.profiler import Profile
from pvvae.training.monitoring.spikes import Spikes
from pvvae.training.monitoring.stall_detector import Stall
from pvvae.training.monitoring.throughput import Wait


@dataclass(frozen=True, kw_only=True)
class WatchConfig:
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

    def __post_init__(self) -> None:
        check_ranges(self)


class Watch:
    """Listens to a training loop."""

    def __init__(self, config: WatchConfig, *, folder: Path) -> None:
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

    def window(self, wait: Wait, work: Work) -> Window:
        """For the steps up to the next line of the log; ``wait`` and ``work`` are the trainer's."""
        return Window(wait, work, spikes=self._spikes, peak=self._peak)

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
