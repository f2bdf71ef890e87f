"""The training step of the three VAE stages: images, predictive video, decoder fine-tuning."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvvae import distributed
from pvvae.data.clips import ClipBatch, TrainingClips
from pvvae.data.data_facts import record_data
from pvvae.distributed.slots import once, process_slots
from pvvae.engine import Engine, share_clips, step_all_or_none
from pvvae.pretrained.runs import checkpoint_of
from pvvae.run import checkpoints
from pvvae.run.run import Run
from pvvae.training.loop import run_loop, write_snapshot
from pvvae.training.monitoring.flops import CountFlops, SlotWork, Work, peak_flops, say_attention
from pvvae.training.monitoring.latent_health import latent_health, latent_moments
from pvvae.training.monitoring.throughput import Wait
from pvvae.vae.config import VAETrainingConfig, build_discriminator, build_vae
from pvvae.vae.discriminator_trainer import DiscriminatorTrainer
from pvvae.vae.forward import Forward, SlotOutput
from pvvae.vae.losses.reconstruction import kl_divergence
from pvvae.vae.objective import Objective, PixelGradients
from pvvae.vae.validation import HeldOut


def train(
    config: VAETrainingConfig, *, stage: str, count: CountFlops, freeze_encoder: bool = False
) -> None:
    """Run one VAE stage to its end; the process group must have been started.

    Args:
        config: of the stage.
        stage: its name.
        count: FLOPs of a slot.
        freeze_encoder: whether only pad and decoder learn.

    Raises:
        ConfigError: for anything about config, data or run folder that cannot work.
    """
    run = Run(config, stage=stage)
    if not run.finished:
        trainer = VAETrainer(config, run, count=count, freeze_encoder=freeze_encoder)
        if distributed.is_main():
            record_data(run.folder, trainer.data.schedule, unique=len(trainer.data.index))
        run_loop(trainer, run, steps=config.steps, config=config.loop, watch=config.watch)


class VAETrainer:
    """Two engines, one pass through the VAE for both, the graph cut at the reconstruction."""

    def __init__(
        self, config: VAETrainingConfig, run: Run, *, count: CountFlops, freeze_encoder: bool
    ) -> None:
        """Build networks (equal on all processes), engines and data."""
        self.config, self.run = config, run
        config.check(distributed.world_size())
        team = config.sequence_parallel
        self.slots = process_slots(config.data.slots, team=team)
        self.data = TrainingClips(config.data, steps=config.steps, seed=config.seed)
        vae = build_vae(config)
        if freeze_encoder:
            vae.freeze_encoder()
        share_clips(vae.backbone, team=team)
        self.objective = Objective(
            config.objective, head=vae.backbone.head, device=distributed.device()
        )
        self.held_out = HeldOut(
            config.held_out,
            config.data.held_out,
            objective=self.objective,
            team=team,
            seed=config.seed,
        )
        self.generator = Engine(
            vae, config=config.engine, optimizer=config.optimizer, accumulation=len(self.slots)
        )
        say_attention(vae.backbone, dtype=self.generator.dtype)
        self.forward = Forward(
            self.generator, vae.backbone, objective=config.objective, seed=config.seed
        )
        self.judge = self._judge()
        self.wait = Wait()
        self.work = Work(count if peak_flops(config.watch.peak_tflops) else None)
        self._squares: dict[str, Tensor] = {}
        self._moments: Tensor | None = None
        self._batches: Iterator[list[ClipBatch]] = iter(())

    def _judge(self) -> DiscriminatorTrainer | None:
        if self.config.discriminator is None:
            return None
        engine = Engine(
            build_discriminator(self.config),
            config=self.config.discriminator_engine,
            optimizer=self.config.discriminator_optimizer,
            accumulation=len(self.slots),
        )
        judge = DiscriminatorTrainer(engine, self.config.objective)
        if self.config.init_run is not None and self.config.objective.weight_lecam:
            judge.recall(checkpoint_of(self.config.init_run).folder)
        return judge

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
            self.work.add(self._work(seen, step))
            moments.append(latent_moments(seen.posterior, seen.observed))
            applied = step_all_or_none(self._rates(step), losses=totals.values())
        if not applied:
            return None
        team = self.config.sequence_parallel
        totals, self._squares = once(totals, team=team), once(squares, team=team)
        self._moments = torch.stack(moments).sum(0) / team + (
            0.0 if self._moments is None else self._moments
        )
        if self.judge is not None:
            self.judge.remember(totals)
        return totals

    def _cuts(
        self, batches: Sequence[ClipBatch], shares: Sequence[float], step: int
    ) -> Iterator[tuple[SlotOutput, PixelGradients]]:
        """Each slot's pass through the VAE and what the losses say there; one graph at a time."""
        judged = self._judged(step)
        if not judged or not self.objective.adaptive:
            for batch in batches:
                seen = self.forward(batch)
                yield seen, self._cut(seen, judged)
            return
        # The scale is of the whole step. Only one graph is held: with several slots each is seen
        # again when its turn has come.
        alone = len(batches) == 1
        cuts = []
        for batch in batches:
            seen = self.forward(batch, graph=alone)
            cuts.append(self._cut(seen, judged))
        heads = [s * c.heads for s, c in zip(shares, cuts, strict=True) if c.heads is not None]
        mine = torch.stack(heads).sum(0) / self.config.sequence_parallel
        scale = self.objective.scale(distributed.sum_(mine))
        for batch, cut in zip(batches, cuts, strict=True):
            yield seen if alone else self.forward(batch), cut.scaled(scale)

    def _cut(self, seen: SlotOutput, judged: bool) -> PixelGradients:
        network = self.judge.network if self.judge is not None and judged else None
        return self.objective.at_reconstruction(
            seen.recon, seen.x, frames=seen.lpips_frames, discriminator=network
        )

    def _learn(
        self, seen: SlotOutput, cut: PixelGradients, step: int, weight: float
    ) -> dict[str, Tensor]:
        """Backward of both networks on one slot; neither is updated here."""
        kl = kl_divergence(seen.posterior, seen.observed).mean()
        pixels = (seen.recon * cut.pull.to(seen.recon.dtype)).sum()
        self.generator.backward(weight * (pixels + self.config.objective.weight_kl * kl))
        losses = cut.losses | {"kl": kl.detach()}
        if self.judge is not None and self._judge_learns(step):
            losses |= self.judge.learn(seen.x, seen.recon, weight=weight)
        return losses

    def _work(self, seen: SlotOutput, step: int) -> SlotWork:
        twice = self._judged(step) and self.objective.adaptive and len(self.slots) > 1
        batch, _, frames, height, width = seen.x.shape
        return SlotWork(
            (batch, frames, height, width),
            dropped=seen.dropped if isinstance(seen.dropped, int) else 0,
            gan=self._judge_learns(step),
            looks=2 if twice else 1,
        )

    def _judged(self, step: int) -> bool:
        return self.judge is not None and step >= self.config.objective.gan_start

    def _judge_learns(self, step: int) -> bool:
        return self.judge is not None and step >= self.config.objective.discriminator_start

    def _rates(self, step: int) -> dict[Engine, float]:
        """Learning rate of each network that learns at ``step``."""
        rates = {self.generator: self.config.optimizer.rate(step, self.config.steps)}
        if self.judge is not None and self._judge_learns(step):
            rates[self.judge.engine] = self.config.discriminator_rate(step)
        return rates

    def rates(self, step: int) -> dict[str, Any]:
        """Learning rate and gradient norms of the last step, latents since the last call.

        A collective call.

        ``grad_rec``, ``grad_lpips`` and ``grad_gan`` are the pulls of the weighted losses at the
        reconstructions of the whole step, whoever held which: who wins, and whether one runs away.
        """
        squares = distributed.sum_(torch.stack(list(self._squares.values()))).sqrt().tolist()
        values = {"lr": self.config.optimizer.rate(step, self.config.steps), **self.norms(step)}
        values |= {f"grad_{name}": norm for name, norm in zip(self._squares, squares, strict=True)}
        assert self._moments is not None, "no step has been taken"
        health = latent_health(distributed.sum_(self._moments))
        self._moments = None
        return values | health

    def norms(self, step: int) -> dict[str, float]:
        """Gradient norm of each network that learned at ``step``, the last one."""
        norms = {"gradient_norm": self.generator.gradient_norm}
        if self.judge is not None and self._judge_learns(step):
            norms["discriminator_gradient_norm"] = self.judge.engine.gradient_norm
        return norms

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
        small: dict[str, Any] = {}
        if self.judge is not None:
            engines["discriminator"] = self.judge.engine.snapshot()
            whole["discriminator"] = self.judge.engine.weights()
            small = self.judge.small_state()
        return partial(write_snapshot, engines, whole, small)

    def load(self, folder: Path) -> None:
        """Go on from :meth:`snapshot`."""
        self.generator.load(folder / "generator")
        if self.judge is not None:
            self.judge.load(folder)


def _pixels(x: Tensor) -> int:
    """Of all frames of clips (B, C, T, H, W)."""
    return x[:, 0].numel()
