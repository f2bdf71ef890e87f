"""The training step of the three VAE stages: images, predictive video, decoder fine-tuning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from arch.interface import BackboneConfig, DiscriminatorConfig, Posterior
from pvvae import distributed, seeding
from pvvae.data.clips import ClipBatch, DataConfig, TrainingClips, check_shards
from pvvae.data.schedule import Bucket
from pvvae.engine import Engine, EngineConfig
from pvvae.errors import ConfigError
from pvvae.held_out import HeldOut, HeldOutConfig
from pvvae.loop import LoopConfig, run_loop
from pvvae.losses.adversarial import discriminator_loss
from pvvae.losses.kl import kl_divergence
from pvvae.model import Pad, PredictiveVAE
from pvvae.objective import Objective, ObjectiveConfig, sample_dropped
from pvvae.optimizer import OptimizerConfig
from pvvae.pretrained import load_discriminator_weights, load_vae_weights
from pvvae.run import Run, RunConfig
from pvvae.run_folder import read_config


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
        run_loop(trainer, run, steps=config.steps, config=config.loop)


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
        self._batches: Iterator[list[ClipBatch]] = iter(())

    def start(self, step: int) -> None:
        """Point the data at ``step``."""
        self._batches = self.data.iterate(step, self.slots)

    def step(self, step: int) -> dict[str, Tensor]:
        """One step of both networks over this process's slots."""
        clips = self.data.clips_in_step(step)
        totals: dict[str, Tensor] = {}
        for batch in next(self._batches):
            # DeepSpeed averages over slots; this makes it the mean over clips, exactly, however
            # many clips a slot holds.
            share = len(batch.positions) / clips
            losses = self._slot(batch, step, weight=share * self.config.data.slots)
            for name, loss in losses.items():
                totals[name] = totals.get(name, 0.0) + share * loss
            totals["clips"] = totals.get("clips", 0.0) + loss.new_tensor(len(batch.positions))
        return totals

    def _slot(self, batch: ClipBatch, step: int, *, weight: float) -> dict[str, Tensor]:
        """Forward and backward of both networks on one slot."""
        weights = self.config.objective
        x = batch.x.to(distributed.device())
        groups = self.groups(x.shape[2])
        positions = batch.positions.tolist()
        dropped = sample_dropped(groups, weights, seed=self.config.seed, positions=positions)
        noise = self._posterior_noise(x, groups, positions)
        recon, mean, logvar = self.generator(x.to(self.generator.dtype), dropped, noise)

        judge = self.discriminator
        cut = self.objective.at_reconstruction(
            recon,
            x,
            frames=self._lpips_frames(x.shape[2], positions),
            discriminator=judge.network if judge and step >= weights.gan_start else None,
        )
        observed = None if isinstance(dropped, int) else (groups - dropped).to(x.device)
        kl = kl_divergence(Posterior(mean, logvar), observed).mean()
        pixels = (recon * cut.pull.to(recon.dtype)).sum()
        self.generator.backward(weight * (pixels + weights.weight_kl * kl))
        self.generator.step(lr=self.config.optimizer.rate(step, self.config.steps))

        losses = cut.losses | {"kl": kl.detach()}
        if judge is not None and step >= weights.discriminator_start:
            losses |= self._train_discriminator(judge, x, recon.detach(), step, weight)
        return losses

    def _train_discriminator(
        self, judge: Engine, x: Tensor, recon: Tensor, step: int, weight: float
    ) -> dict[str, Tensor]:
        """The discriminator learns from the same pass through the VAE."""
        both = torch.cat([x.to(judge.dtype), recon.to(judge.dtype)])
        real, fake = judge(both).float().chunk(2)
        loss = discriminator_loss(real, fake, self.config.objective.gan_loss).mean()
        judge.backward(weight * loss)
        judge.step(lr=self.config.discriminator_optimizer.rate(step, self.config.steps))
        return {
            "discriminator": loss.detach(),
            "logit_real": real.mean().detach(),
            "logit_fake": fake.mean().detach(),
        }

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

    def rates(self, step: int) -> dict[str, float]:
        """Learning rate and gradient norms of the last step."""
        values = {
            "lr": self.config.optimizer.rate(step, self.config.steps),
            "gradient_norm": self.generator.gradient_norm,
        }
        if self.discriminator is not None and step >= self.config.objective.discriminator_start:
            values["discriminator_gradient_norm"] = self.discriminator.gradient_norm
        return values

    def evaluate(self, step: int) -> dict[str, float]:
        """Held-out quality of the current weights, and a sample video."""
        values, sample = self.held_out.measure(self.generator, folder=self.run.folder, step=step)
        if sample is not None:
            self.run.log_video(step, "samples", sample)
        return values

    def save(self, folder: Path) -> None:
        """Engines' states, and whole weights for everyone else to load."""
        self.generator.save(folder / "generator")
        whole = {"vae": self.generator.weights(averaged=True)}
        if self.discriminator is not None:
            self.discriminator.save(folder / "discriminator")
            whole["discriminator"] = self.discriminator.weights()
        if distributed.is_main():
            for name, weights in whole.items():
                save_file(weights, folder / f"{name}.safetensors")

    def load(self, folder: Path) -> None:
        """Go on from :meth:`save`."""
        self.generator.load(folder / "generator")
        if self.discriminator is not None:
            self.discriminator.load(folder / "discriminator")


def process_slots(slots: int) -> range:
    """The slots of this process; they have been checked."""
    return range(distributed.rank(), slots, distributed.world_size())


def check_slots(slots: int, processes: int, *, key: str) -> None:
    """Refuse slots that cannot be shared out evenly.

    Raises:
        ConfigError: naming the config's ``key``.
    """
    if slots % processes:
        fitting = [n for n in range(1, slots + 1) if slots % n == 0]
        raise ConfigError(
            f"{key}: {slots} slots cannot be shared evenly by {processes} processes; use "
            f"{' or '.join(map(str, fitting))} processes, or a multiple of {processes} slots"
        )


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
