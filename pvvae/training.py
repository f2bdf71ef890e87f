"""The training step of the three VAE stages: images, predictive video, decoder fine-tuning."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from arch.interface import BackboneConfig, DiscriminatorConfig, Posterior
from pvvae import checkpoints, distributed, seeding
from pvvae.data.clips import ClipBatch, DataConfig, TrainingClips, check_shards
from pvvae.data.schedule import Bucket
from pvvae.engine import Engine, EngineConfig, step_together
from pvvae.errors import ConfigError
from pvvae.held_out import HeldOut, HeldOutConfig
from pvvae.loop import LoopConfig, run_loop
from pvvae.losses.adversarial import discriminator_loss
from pvvae.losses.kl import kl_divergence
from pvvae.losses.lecam import Anchors, lecam
from pvvae.model import Pad, PredictiveVAE
from pvvae.objective import Cut, Objective, ObjectiveConfig, sample_dropped
from pvvae.optimizer import OptimizerConfig
from pvvae.pretrained import load_discriminator_weights, load_vae_weights
from pvvae.run import Run, RunConfig
from pvvae.run_folder import read_config
from pvvae.slots import check_slots, process_slots
from pvvae.snapshot import write_snapshot
from pvvae.watch.latents import latent_health, latent_moments
from pvvae.watch.pace import Wait
from pvvae.watch.watch import WatchConfig

ANCHORS = "lecam.json"
"""File of a checkpoint with LeCAM's averages, if it has any."""


@dataclass(frozen=True, kw_only=True)
class VAETrainingConfig(RunConfig):
    """One VAE stage. The stages differ in their data, their objective and what they freeze."""

    backbone: BackboneConfig
    pad: Pad = "learnable"
    """What stands in for a dropped group (Table 6: learnable 146.37, Gaussian 150.68 gFVD)."""
    init: str | None = None
    """Run folder of the stage before, whose weights this one starts from."""
    data: DataConfig
    held_out: HeldOutConfig
    objective: ObjectiveConfig
    discriminator: DiscriminatorConfig | None
    """None trains without GAN."""
    optimizer: OptimizerConfig = OptimizerConfig()
    discriminator_optimizer: OptimizerConfig = OptimizerConfig()
    """The paper names none of its own; the generator's."""
    engine: EngineConfig = EngineConfig()
    discriminator_engine: EngineConfig = EngineConfig(zero_stage=1)
    steps: int
    loop: LoopConfig = LoopConfig()
    watch: WatchConfig = WatchConfig()

    def check(self, processes: int) -> None:
        check_slots(self.data.slots, processes, key="data.slots")
        self.check_shapes()
        if self.init is not None:
            read_config(Path(self.init))
        clips = TrainingClips(self.data, steps=self.steps, seed=self.seed)
        check_shards(clips.index, processes)
        if self.data.held_out is not None:
            self.held_out.open(self.data.held_out)

    def check_shapes(self) -> None:
        """Refuse clips that do not fit the backbone.

        Raises:
            ConfigError: naming the bucket.
        """
        with torch.device("meta"):
            backbone = self.backbone.build()
        shapes: dict[str, Bucket | HeldOutConfig] = {"held_out": self.held_out}
        shapes |= {f"data.buckets[{i}]": bucket for i, bucket in enumerate(self.data.buckets)}
        for where, shape in shapes.items():
            try:
                backbone.latent_frames(shape.frames)
                backbone.check_size(shape.height, shape.width)
            except ValueError as error:
                raise ConfigError(f"{where}: {error}") from None


def train(config: VAETrainingConfig, *, stage: str, freeze_encoder: bool = False) -> None:
    """Run one VAE stage to its end; the process group must have been started.

    Raises:
        ConfigError: for anything about config, data or run folder that cannot work.
    """
    run = Run(config, stage=stage)
    if not run.finished:
        trainer = VAETrainer(config, run, freeze_encoder=freeze_encoder)
        run_loop(trainer, run, steps=config.steps, config=config.loop, watch=config.watch)


class VAETrainer:
    """Two engines, one pass through the VAE for both, the graph cut at the reconstruction."""

    def __init__(self, config: VAETrainingConfig, run: Run, *, freeze_encoder: bool) -> None:
        """Build networks (equal on all processes), engines and data."""
        self.config, self.run = config, run
        config.check(distributed.world_size())
        self.slots = process_slots(config.data.slots)
        self.data = TrainingClips(config.data, steps=config.steps, seed=config.seed)
        vae = build_vae(config)
        if freeze_encoder:
            vae.freeze_encoder()
        self.groups = vae.backbone.latent_frames
        self.stride = vae.backbone.stride
        self.objective = Objective(
            config.objective, head=vae.backbone.head, device=distributed.device()
        )
        self.held_out = HeldOut(config.held_out, config.data.held_out, objective=self.objective)
        accumulation = len(self.slots)
        self.generator = Engine(
            vae, config=config.engine, optimizer=config.optimizer, accumulation=accumulation
        )
        self.discriminator: Engine | None = None
        if config.discriminator is not None:
            self.discriminator = Engine(
                build_discriminator(config),
                config=config.discriminator_engine,
                optimizer=config.discriminator_optimizer,
                accumulation=accumulation,
            )
        self._anchors: Anchors | None = None
        self.wait = Wait()
        self._squares: dict[str, Tensor] = {}
        self._moments: Tensor | None = None
        self._batches: Iterator[list[ClipBatch]] = iter(())

    def start(self, step: int, *, rollbacks: int) -> None:
        """Point the data at ``step``."""
        self._batches = self.data.iterate(step, self.slots, rollbacks=rollbacks)
        self._moments = None

    def step(self, step: int) -> dict[str, Tensor] | None:
        """One step of both networks over this process's slots."""
        applied = True
        totals: dict[str, Tensor] = {}
        squares: dict[str, Tensor] = {}
        moments = []
        with self.wait.measured():
            batches = next(self._batches)
        # DeepSpeed averages over slots; shares make that the mean over clips, exactly, however many
        # clips a slot holds.
        shares = [len(batch.positions) / self.data.clips_in_step(step) for batch in batches]
        for share, (seen, cut) in zip(shares, self._cuts(batches, shares, step), strict=True):
            for name, loss in self._learn(seen, cut, step, share * self.config.data.slots).items():
                totals[name] = totals.get(name, 0.0) + share * loss
            for name, square in cut.squares().items():
                squares[name] = squares.get(name, 0.0) + share**2 * square
            totals["clips"] = totals.get("clips", 0.0) + loss.new_tensor(len(seen.x))
            totals["pixels"] = totals.get("pixels", 0.0) + loss.new_tensor(_pixels(seen.x))
            moments.append(latent_moments(seen.posterior, seen.observed))
            applied = step_together(self._rates(step), losses=totals.values())
        if not applied:
            return None
        self._squares = squares
        self._moments = torch.stack(moments).sum(0) + (
            0.0 if self._moments is None else self._moments
        )
        if "lecam" in totals:
            self._move_anchors(totals["logit_real"], totals["logit_fake"])
        return totals

    def _cuts(
        self, batches: Sequence[ClipBatch], shares: Sequence[float], step: int
    ) -> Iterator[tuple["_Seen", Cut]]:
        """Each slot's pass through the VAE and what the losses say there; one graph at a time."""
        adversarial = self.discriminator is not None and step >= self.config.objective.gan_start
        if not adversarial or self.config.objective.gan_weighting != "global":
            for batch in batches:
                seen = self._see(batch)
                cut = self._cut(seen, step)
                yield seen, cut.scaled(self.objective.scale(cut.heads)) if adversarial else cut
            return
        # Only one graph is held: with several slots each is seen again when its turn has come.
        alone = len(batches) == 1
        cuts = []
        for batch in batches:
            seen = self._see(batch, graph=alone)
            cuts.append(self._cut(seen, step))
        heads = [s * c.heads for s, c in zip(shares, cuts, strict=True) if c.heads is not None]
        scale = self.objective.scale(distributed.sum_(torch.stack(heads).sum(0)))
        for batch, cut in zip(batches, cuts, strict=True):
            yield seen if alone else self._see(batch), cut.scaled(scale)

    def _see(self, batch: ClipBatch, *, graph: bool = True) -> "_Seen":
        """One slot's pass through the VAE."""
        x = batch.x.to(distributed.device())
        groups = self.groups(x.shape[2])
        positions = batch.positions.tolist()
        dropped = sample_dropped(
            groups, self.config.objective, seed=self.config.seed, positions=positions
        )
        noise = self._posterior_noise(x, groups, positions)
        with torch.set_grad_enabled(graph):
            recon, mean, logvar = self.generator(x.to(self.generator.dtype), dropped, noise)
        observed = None if isinstance(dropped, int) else (groups - dropped).to(x.device)
        return _Seen(x, positions, recon, Posterior(mean, logvar), observed)

    def _cut(self, seen: "_Seen", step: int) -> Cut:
        judge = self.discriminator
        return self.objective.at_reconstruction(
            seen.recon,
            seen.x,
            frames=self._lpips_frames(seen.x.shape[2], seen.positions),
            discriminator=judge.network
            if judge and step >= self.config.objective.gan_start
            else None,
        )

    def _learn(self, seen: "_Seen", cut: Cut, step: int, weight: float) -> dict[str, Tensor]:
        """Backward of both networks on one slot; neither is updated here."""
        weights = self.config.objective
        kl = kl_divergence(seen.posterior, seen.observed).mean()
        pixels = (seen.recon * cut.pull.to(seen.recon.dtype)).sum()
        self.generator.backward(weight * (pixels + weights.weight_kl * kl))
        losses = cut.losses | {"kl": kl.detach()}
        judge = self.discriminator
        if judge is not None and step >= weights.discriminator_start:
            losses |= self._train_discriminator(judge, seen.x, seen.recon.detach(), weight)
        return losses

    def _train_discriminator(
        self, judge: Engine, x: Tensor, recon: Tensor, weight: float
    ) -> dict[str, Tensor]:
        """The discriminator learns from the same pass through the VAE."""
        both = torch.cat([x.to(judge.dtype), recon.to(judge.dtype)])
        real, fake = judge(both).float().chunk(2)
        weights = self.config.objective
        loss = discriminator_loss(real, fake, weights.gan_loss).mean()
        losses = {"discriminator": loss, "logit_real": real.mean(), "logit_fake": fake.mean()}
        if weights.weight_lecam:
            losses["lecam"] = lecam(real, fake, self._anchors).mean()
            loss = loss + weights.weight_lecam * losses["lecam"]
        judge.backward(weight * loss)
        return {name: value.detach() for name, value in losses.items()}

    def _move_anchors(self, real: Tensor, fake: Tensor) -> None:
        """Average the step's logits in: means over the clips of all processes."""
        means = distributed.sum_(torch.stack([real, fake])).tolist()
        last = self._anchors or Anchors(*means)
        self._anchors = last.moved(
            real=means[0], fake=means[1], decay=self.config.objective.lecam_decay
        )

    def _rates(self, step: int) -> dict[Engine, float]:
        """Learning rate of each network that learns at ``step``."""
        rates = {self.generator: self.config.optimizer.rate(step, self.config.steps)}
        if self.discriminator is not None and step >= self.config.objective.discriminator_start:
            rate = self.config.discriminator_optimizer.rate(step, self.config.steps)
            rates[self.discriminator] = rate
        return rates

    def _posterior_noise(self, x: Tensor, groups: int, positions: Sequence[int]) -> Tensor:
        """Standard normal (B, c, t, h, w), each clip's from its global position alone."""
        height, width = x.shape[3] // self.stride.space, x.shape[4] // self.stride.space
        shape = (self.config.backbone.latent_channels, groups, height, width)
        draws = (seeding.torch_generator(self.config.seed, "posterior", p) for p in positions)
        return torch.stack([torch.randn(shape, generator=g) for g in draws]).to(x.device)

    def _lpips_frames(self, frames: int, positions: Sequence[int]) -> Tensor | None:
        wanted = self.config.objective.lpips_frames
        if wanted is None or wanted >= frames:
            return None
        generator = seeding.torch_generator(self.config.seed, "lpips", positions[0])
        return torch.randperm(frames, generator=generator)[:wanted].sort().values

    def rates(self, step: int) -> dict[str, Any]:
        """Learning rate and gradient norms of the last step, latents since the last call.

        A collective call.

        ``grad_rec``, ``grad_lpips`` and ``grad_gan`` are the pulls of the weighted losses at the
        reconstructions of the whole step, whoever held which: who wins, and whether one runs away.
        """
        squares = distributed.sum_(torch.stack(list(self._squares.values()))).sqrt().tolist()
        values = {
            "lr": self.config.optimizer.rate(step, self.config.steps),
            "gradient_norm": self.generator.gradient_norm,
        }
        values |= {f"grad_{name}": norm for name, norm in zip(self._squares, squares, strict=True)}
        if self.discriminator is not None and step >= self.config.objective.discriminator_start:
            values["discriminator_gradient_norm"] = self.discriminator.gradient_norm
        assert self._moments is not None, "no step has been taken"
        health = latent_health(distributed.sum_(self._moments))
        self._moments = None
        return values | health

    def evaluate(self, step: int) -> dict[str, float]:
        """Held-out quality of the current weights, and a sample video."""
        values, sample = self.held_out.measure(self.generator, folder=self.run.folder, step=step)
        if sample is not None:
            self.run.log_video(step, "samples", sample)
        return values

    def snapshot(self) -> checkpoints.Write:
        """Copies of the engines' states, and of the whole weights for everyone else to load."""
        engines = {"generator": self.generator.snapshot()}
        whole = {"vae": self.generator.weights(averaged=True)}
        if self.discriminator is not None:
            engines["discriminator"] = self.discriminator.snapshot()
            whole["discriminator"] = self.discriminator.weights()
        means = {} if self._anchors is None else {ANCHORS: asdict(self._anchors)}
        return partial(write_snapshot, engines, whole, means)

    def load(self, folder: Path) -> None:
        """Go on from :meth:`snapshot`."""
        self.generator.load(folder / "generator")
        if self.discriminator is not None:
            self.discriminator.load(folder / "discriminator")
        path = folder / ANCHORS
        self._anchors = Anchors(**json.loads(path.read_text())) if path.exists() else None


def _pixels(x: Tensor) -> int:
    """Of all frames of clips (B, C, T, H, W)."""
    return x[:, 0].numel()


@dataclass(frozen=True)
class _Seen:
    """One slot after its pass through the VAE."""

    x: Tensor
    """(B, 3, T, H, W)."""
    positions: list[int]
    recon: Tensor
    posterior: Posterior
    observed: Tensor | None
    """(B,) groups seen of each clip; None if of all clips the same."""


def build_vae(config: VAETrainingConfig) -> PredictiveVAE:
    """The VAE with the weights a stage starts from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(config.seed, "weights", "vae"))
        vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
    if config.init is not None:
        load_vae_weights(vae, config.backbone, run=Path(config.init))
    return vae


def build_discriminator(config: VAETrainingConfig) -> torch.nn.Module:
    """The discriminator, taken over from the stage before if that had one of the same config."""
    assert config.discriminator is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seeding.key(config.seed, "weights", "discriminator"))
        network = config.discriminator.build()
    if config.init is not None:
        load_discriminator_weights(network, config.discriminator, run=Path(config.init))
    return network
