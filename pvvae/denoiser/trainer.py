"""The training step of the denoiser: rectified flow on normalised latents (section 4.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from pvvae import distributed, seeding
from pvvae.data.data_facts import record_data
from pvvae.denoiser.config import DenoiserTrainingConfig, build_denoiser, open_latents
from pvvae.denoiser.latent_source import LatentBatch
from pvvae.denoiser.rectified_flow import drop_labels, flow_loss, interpolate, known_times
from pvvae.denoiser.steps_to_fvd import steps_to_fvd
from pvvae.denoiser.times import TIME_LAWS, shift_of, shifted
from pvvae.denoiser.validation_fvd import SampleFVD
from pvvae.distributed.slots import map_over_teams, once, process_slots
from pvvae.engine import Engine, share_clips, step_all_or_none
from pvvae.run import checkpoints
from pvvae.run.folder import read_metrics
from pvvae.run.run import Run
from pvvae.training.loop import run_loop, write_snapshot
from pvvae.training.monitoring.flops import CountFlops, SlotWork, Work, peak_flops, say_attention
from pvvae.training.monitoring.throughput import Wait

VALIDATION_TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where the validation loss is measured. Ours: evenly over the path, its two ends left out."""


def train_denoiser(config: DenoiserTrainingConfig, *, stage: str, count: CountFlops) -> None:
    """Run the stage to its end; the process group must have been started.

    Args:
        config: of the stage.
        stage: its name.
        count: FLOPs of a slot.

    Raises:
        ConfigError: for anything about config, latents or run folder that cannot work.
    """
    run = Run(config, stage=stage)
    if not run.finished:
        trainer = DenoiserTrainer(config, count=count, folder=run.folder)
        if distributed.is_main():
            record_data(run.folder, trainer.latents.schedule, unique=trainer.latents.unique)
        run_loop(trainer, run, steps=config.steps, config=config.loop, watch=config.watch)
    if config.early.target is not None and distributed.is_main():
        print(steps_to_fvd(read_metrics(run.folder, "held_out"), config.early.target), flush=True)


@dataclass(frozen=True)
class Noised:
    """One slot's latents with what is drawn for them."""

    x: Tensor
    """(B, c, t, h, w) normalised latents, sampled."""
    noise: Tensor
    """Like ``x``."""
    time: Tensor
    """(B,)."""
    label: Tensor
    """(B,) classes, the null label where one was dropped."""
    known: Tensor
    """(B,) leading groups that are given clean."""


class DenoiserTrainer:
    """One engine; every draw is a function of the latent's global position."""

    def __init__(self, config: DenoiserTrainingConfig, *, count: CountFlops, folder: Path) -> None:
        """Build network, engine and data; samples are written in ``folder``."""
        self.config, self.folder = config, folder
        config.check(distributed.world_size())
        self.latents = open_latents(config, run=folder)
        self.slots = process_slots(config.slots, team=config.sequence_parallel)
        network = build_denoiser(config)
        share_clips(network, team=config.sequence_parallel)
        self.engine = Engine(
            network, config=config.engine, optimizer=config.optimizer, accumulation=len(self.slots)
        )
        say_attention(network, dtype=self.engine.dtype, key="denoiser")
        self.early: SampleFVD | None = None
        if config.early.num:
            self.early = SampleFVD(
                config.early, self.latents, seed=config.seed, team=config.sequence_parallel
            )
        self.wait = Wait()
        self.work = Work(count if peak_flops(config.watch.peak_tflops) else None)
        self._batches: Iterator[LatentBatch] = iter(())

    def start(self, step: int, *, rollbacks: int) -> None:
        """Point the latents at ``step``."""
        self._batches = self.latents.iterate(step, self.slots, rollbacks=rollbacks)

    def step(self, step: int) -> dict[str, Tensor] | None:
        """One step over this process's slots."""
        applied = True
        rate = self.config.optimizer.rate(step, self.config.steps)
        total = torch.zeros((), device=distributed.device())
        for _ in self.slots:
            with self.wait.measured():
                drawn = self.noised(next(self._batches))
            loss = self._loss(drawn)
            self.engine.backward(loss)
            self.work.add(SlotWork((len(drawn.x), *self.latents.scale.shape[1:])))
            total += loss.detach() / self.config.slots
            applied = step_all_or_none({self.engine: rate}, losses=[total])
        if not applied:
            return None
        clips = total.new_tensor(self.config.batch * len(self.slots) / self.config.slots)
        return once({"flow": total, "clips": clips}, team=self.config.sequence_parallel)

    def noised(self, batch: LatentBatch) -> Noised:
        """A slot's latents, sampled and normalised, and all that is drawn for them."""
        posterior, device = batch.posterior, batch.posterior.mean.device
        shape = posterior.mean.shape[1:]
        drawn = [self._draw(int(position), shape) for position in batch.positions]
        parts = [torch.stack(part) for part in zip(*drawn, strict=True)]
        sampling, noise, time, uniform, known = (part.to(device) for part in parts)
        label = drop_labels(
            batch.labels.to(device),
            uniform,
            rate=self.config.label_dropout,
            null_label=self.config.denoiser.num_classes,
        )
        x = self.latents.scale.normalize(posterior.sample(sampling))
        return Noised(x=x, noise=noise, time=time, label=label, known=known)

    def _draw(self, position: int, shape: torch.Size) -> tuple[Tensor, ...]:
        """For one position: noise of the posterior and of the path, time, label's fate, history."""
        generator = seeding.torch_generator(self.config.seed, "flow", position)
        sampling = torch.randn(shape, generator=generator)
        noise = torch.randn(shape, generator=generator)
        time = TIME_LAWS[self.config.times](generator, 1)
        if self.config.time_shift is not None:
            time = shifted(time, shift_of(shape, base=self.config.time_shift))
        uniform = torch.rand(1, generator=generator)
        known = draw_known(generator, self.config.history, groups=shape[1])
        return sampling, noise, time[0], uniform[0], known

    def _loss(self, drawn: Noised) -> Tensor:
        """Mean flow loss of one slot."""
        time, known = drawn.time, drawn.known
        if self.config.history:
            time = known_times(time, known, groups=drawn.x.shape[2])
        x_t = interpolate(drawn.x, drawn.noise, time)
        predicted = self._velocity(x_t, time, drawn.label)
        return flow_loss(
            predicted, drawn.x, drawn.noise, known=known if self.config.history else None
        ).mean()

    def _velocity(self, x_t: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
        given = label if self.config.denoiser.num_classes else None
        velocity: Tensor = self.engine(x_t.to(self.engine.dtype), time, given)
        return velocity.float()

    def rates(self, step: int) -> dict[str, float]:
        """Learning rate and gradient norm of the last step."""
        return {"lr": self.config.optimizer.rate(step, self.config.steps), **self.norms(step)}

    def norms(self, step: int) -> dict[str, float]:
        """Gradient norm of ``step``, the last one."""
        return {"gradient_norm": self.engine.gradient_norm}

    @torch.no_grad()
    def evaluate(self, step: int) -> dict[str, float]:
        """Flow loss of held-out latents at fixed times and noise, without labels, averaged weights.

        Held-out clips may show what no training class names, hence the null label.
        """
        values: dict[str, float] = {}
        with self.engine.averaged():
            if self.latents.held_out:
                flow = self._validation()
                values |= {"flow": flow, "score": -flow}
            if self.early is not None:
                values |= self.early.measure(
                    self._velocity,
                    classes=self.config.denoiser.num_classes,
                    folder=self.folder,
                    step=step,
                )
        return values

    def _validation(self) -> float:
        """Mean over held-out clips, which the processes share out; a collective call."""
        count = min(self.config.validation_clips, self.latents.held_out)
        losses = map_over_teams(count, self._held_out_flow, team=self.config.sequence_parallel)
        return sum(losses) / count

    def _held_out_flow(self, index: int) -> float:
        """Flow loss of one clip, a mean over all validation times."""
        mean = self.latents.held_out_mean(index)
        x = self.latents.scale.normalize(mean).expand(len(VALIDATION_TIMES), *mean.shape)
        generator = seeding.torch_generator(0, "validation", index)
        noise = torch.randn(mean.shape, generator=generator).expand_as(x)
        time = torch.tensor(VALIDATION_TIMES)
        label = torch.tensor(self.config.denoiser.num_classes).expand(len(x))
        x, noise, time, label = (part.to(distributed.device()) for part in (x, noise, time, label))
        predicted = self._velocity(interpolate(x, noise, time), time, label)
        return float(flow_loss(predicted, x, noise).mean())

    def snapshot(self) -> checkpoints.Write:
        """Copies of the engine's state, and of the whole weights (averaged, if it averages)."""
        engines = {"denoiser": self.engine.snapshot()}
        whole = {"denoiser": self.engine.weights(averaged=True)}
        return partial(write_snapshot, engines, whole, {})

    def load(self, folder: Path) -> None:
        """Go on from :meth:`snapshot`."""
        self.engine.load(folder / "denoiser")


def draw_known(generator: torch.Generator, history: float, *, groups: int) -> Tensor:
    """(): 0, or with probability ``history`` a number of groups from 1 to ``groups - 1``."""
    wanted, share = torch.rand(2, generator=generator).tolist()
    return torch.tensor(1 + int(share * (groups - 1)) if wanted < history else 0)
