"""The training step of the denoiser: rectified flow on normalised latents (section 4.1)."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from arch.interface import Denoiser, DenoiserConfig, Posterior
from pvvae import checkpoints, distributed, seeding
from pvvae.attention import say_attention
from pvvae.bounds import at_least
from pvvae.data.latents import LatentDataset
from pvvae.data.schedule import Bucket, Schedule
from pvvae.early import Early, EarlyConfig
from pvvae.engine import Engine, EngineConfig, share_clips, step_together
from pvvae.errors import ConfigError
from pvvae.flow import TIME_LAWS, drop_labels, flow_loss, interpolate, known_times
from pvvae.loop import LoopConfig, run_loop
from pvvae.optimizer import OptimizerConfig
from pvvae.run import Run, RunConfig
from pvvae.slots import check_sharing, check_slots, once, process_slots
from pvvae.snapshot import write_snapshot
from pvvae.watch.pace import Wait
from pvvae.watch.watch import WatchConfig
from pvvae.watch.work import CountFlops, SlotWork, Work, peak_flops

VALIDATION_TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Where the validation loss is measured. Ours: evenly over the path, its two ends left out."""


@dataclass(frozen=True, kw_only=True)
class DenoiserTrainingConfig(RunConfig):
    """A denoiser on cached latents."""

    denoiser: DenoiserConfig
    latents: str
    """Run folder of extract_latents."""
    batch: int
    """Latents in one step, over all processes."""
    slots: int
    """Parts the batch is shared out in; a multiple of the number of processes."""
    label_dropout: float
    """How often a label is replaced by the null label, for guidance."""
    validation_clips: int
    """Held-out latents of the validation loss."""
    times: Literal["uniform", "logit_normal"] = "uniform"
    """Law of the times. uniform is rectified flow's own; logit_normal (SD3) has the middle of the
    path more often."""
    history: float = 0.0
    """How often a clip's first groups are given clean and the rest is to follow, so that videos
    can be continued. Ours; 0, the paper's, keeps comparisons of VAEs faithful."""
    optimizer: OptimizerConfig
    early: EarlyConfig = EarlyConfig()
    """FVD of some samples at every evaluation."""
    sequence_parallel: int = 1
    """Consecutive processes that share each slot, and in the denoiser each latent's tokens."""
    engine: EngineConfig
    steps: int
    loop: LoopConfig = LoopConfig()
    watch: WatchConfig = WatchConfig()

    def __post_init__(self) -> None:
        at_least(1, {"steps": self.steps, "batch": self.batch, "slots": self.slots})
        at_least(1, {"validation_clips": self.validation_clips})
        at_least(1, {"sequence_parallel": self.sequence_parallel})
        for name, share in (("label_dropout", self.label_dropout), ("history", self.history)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {share}")

    def check(self, processes: int) -> None:
        check_slots(self.slots, processes, key="slots", team=self.sequence_parallel)
        with torch.device("meta"):
            check_sharing(self.denoiser.build(), team=self.sequence_parallel)
        _check(self, LatentDataset(Path(self.latents) / "train"))


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
        run_loop(trainer, run, steps=config.steps, config=config.loop, watch=config.watch)


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
        self.latents = LatentDataset(Path(config.latents) / "train")
        held_out = Path(config.latents) / "held_out"
        self.held_out = LatentDataset(held_out) if held_out.is_dir() else None
        self.slots = process_slots(config.slots, team=config.sequence_parallel)
        bucket = Bucket(frames=1, height=1, width=1, batch=config.batch // config.slots)
        self.schedule = Schedule(
            (bucket,),
            slots=config.slots,
            steps=config.steps,
            num_samples=len(self.latents),
            seed=config.seed,
        )
        network = build_denoiser(config)
        share_clips(network, team=config.sequence_parallel)
        self.engine = Engine(
            network, config=config.engine, optimizer=config.optimizer, accumulation=len(self.slots)
        )
        say_attention(network, dtype=self.engine.dtype, key="denoiser")
        self.early: Early | None = None
        if config.early.num:
            self.early = Early(
                config.early, self.latents, seed=config.seed, team=config.sequence_parallel
            )
        self.wait = Wait()
        self.work = Work(count if peak_flops(config.watch.peak_tflops) else None)
        self._rollbacks = 0

    def start(self, step: int, *, rollbacks: int) -> None:
        """Little to get ready: every draw is made where it is used."""
        self._rollbacks = rollbacks

    def step(self, step: int) -> dict[str, Tensor] | None:
        """One step over this process's slots."""
        applied = True
        rate = self.config.optimizer.rate(step, self.config.steps)
        total = torch.zeros((), device=distributed.device())
        for slot in self.slots:
            with self.wait.measured():
                drawn = self.draw(step, slot)
            loss = self._loss(drawn)
            self.engine.backward(loss)
            self.work.add(SlotWork((len(drawn.x), *self.latents.shape[1:])))
            total += loss.detach() / self.config.slots
            applied = step_together({self.engine: rate}, losses=[total])
        if not applied:
            return None
        clips = total.new_tensor(self.config.batch * len(self.slots) / self.config.slots)
        return once({"flow": total, "clips": clips}, team=self.config.sequence_parallel)

    def draw(self, step: int, slot: int) -> Noised:
        """One slot's latents and all that is drawn for them."""
        positions = self.schedule.draw(step, slot, rollbacks=self._rollbacks).positions
        places = zip(positions.tolist(), self.schedule.sample_ids(positions).tolist(), strict=True)
        parts = zip(*(self._draw(position, sample) for position, sample in places), strict=True)
        return Noised(*(torch.stack(part).to(distributed.device()) for part in parts))

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

    def _draw(self, position: int, sample: int) -> tuple[Tensor, ...]:
        """What :class:`Noised` has, of one position."""
        generator = seeding.torch_generator(self.config.seed, "flow", position)
        mean, logvar, label = self.latents[sample]
        posterior = Posterior(mean.float(), logvar.float())
        x = self.latents.normalize(posterior.sample(torch.randn(mean.shape, generator=generator)))
        noise = torch.randn(mean.shape, generator=generator)
        time = TIME_LAWS[self.config.times](generator, 1)
        kept = drop_labels(
            torch.tensor([max(label, 0)]),
            torch.rand(1, generator=generator),
            rate=self.config.label_dropout,
            null_label=self.config.denoiser.num_classes,
        )
        known = draw_known(generator, self.config.history, groups=x.shape[1])
        return x, noise, time[0], kept[0], known

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
            if self.held_out is not None:
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
        assert self.held_out is not None
        losses = []
        null = torch.tensor(self.config.denoiser.num_classes)
        for index in range(min(self.config.validation_clips, len(self.held_out))):
            mean, _, _ = self.held_out[index]
            x = self.latents.normalize(mean.float()).expand(len(VALIDATION_TIMES), *mean.shape)
            generator = seeding.torch_generator(0, "validation", index)
            noise = torch.randn(mean.shape, generator=generator).expand_as(x)
            time, label = torch.tensor(VALIDATION_TIMES), null.expand(len(x))
            x, noise, time, label = (
                part.to(distributed.device()) for part in (x, noise, time, label)
            )
            predicted = self._velocity(interpolate(x, noise, time), time, label)
            losses.append(float(flow_loss(predicted, x, noise).mean()))
        return sum(losses) / len(losses)

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


def build_denoiser(config: DenoiserTrainingConfig) -> Denoiser:
    """The denoiser with the weights it starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(config.seed, "weights", "denoiser"))
        return config.denoiser.build()


def _check(config: DenoiserTrainingConfig, latents: LatentDataset) -> None:
    if config.batch % config.slots:
        raise ConfigError(
            f"batch: {config.batch} latents cannot be shared out in {config.slots} slots"
        )
    if latents.channels != config.denoiser.latent_channels:
        raise ConfigError(
            f"denoiser.latent_channels: {config.latents} has latents of {latents.channels} "
            f"channels, the denoiser wants {config.denoiser.latent_channels}"
        )
    if config.history and latents.shape[1] == 1:
        raise ConfigError(
            f"history: {config.latents} has latents of one group, which leaves nothing to continue"
        )
    classes = config.denoiser.num_classes
    if classes and len(latents.classes) != classes:
        raise ConfigError(
            f"denoiser.num_classes: {config.latents} has {len(latents.classes)} classes, "
            f"the denoiser {classes}; 0 trains without classes"
        )
