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
from pvvae.training.monitoring.latent_health import latent_health
from pvvae.training.monitoring.throughput import Wait
from pvvae.vae.config import VAETrainingConfig, build_discriminator, build_vae
from pvvae.vae.discriminator_trainer import DiscriminatorTrainer
from pvvae.vae.forward import Forward, Look, SlotOutput, StepSums
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
        self.discriminator = self._build_discriminator()
        self.wait = Wait()
        self.work = Work(count if peak_flops(config.watch.peak_tflops) else None)
        self._squares: dict[str, Tensor] = {}
        self._moments: Tensor | None = None
        self._batches: Iterator[list[ClipBatch]] = iter(())

    def _build_discriminator(self) -> DiscriminatorTrainer | None:
        if self.config.discriminator is None:
            return None
        engine = Engine(
            build_discriminator(self.config),
            config=self.config.discriminator_engine,
            optimizer=self.config.discriminator_optimizer,
            accumulation=len(self.slots),
        )
        trainer = DiscriminatorTrainer(engine, self.config.objective)
        if self.config.init_run is not None and self.config.objective.weight_lecam:
            trainer.load_anchors(checkpoint_of(self.config.init_run).folder)
        return trainer

    def start(self, step: int, *, rollbacks: int) -> None:
        """Point the data at ``step``."""
        self._batches = self.data.iterate(step, self.slots, rollbacks=rollbacks)
        self._moments = None

    def step(self, step: int) -> dict[str, Tensor] | None:
        """One step of both networks over this process's slots, which all processes take or none.

        Returns:
            This process's part of each loss's mean over the clips of the step; None if the step
            was not taken.
        """
        with self.wait.measured():
            batches = next(self._batches)
        # DeepSpeed averages over slots; with these shares that is the mean over clips, exactly,
        # however many clips a slot holds.
        shares = [len(batch.positions) / self.data.clips_in_step(step) for batch in batches]
        looks = self._look(batches, shares, step) if self._adapts(step) else [None] * len(batches)
        sums, taken = StepSums(), False
        for batch, share, look in zip(batches, shares, looks, strict=True):
            # Only one slot's graph is alive: this forward pass comes after the backward passes of
            # the slot before it.
            slot = look.slot if look and look.slot else self.forward(batch)
            gradients = look.gradients if look else self._pixel_gradients(slot, step)
            weight = share * self.config.data.slots
            losses = gradients.losses | self._generator_backward(slot, gradients, weight=weight)
            if self.discriminator is not None and self._discriminator_learns(step):
                losses |= self.discriminator.backward(slot.x, slot.recon, weight=weight)
            sums.add(slot, losses, gradients, share=share)
            self.work.add(self._work(slot, step))
            # DeepSpeed counts slots; at the last one the step is taken, by all or by none.
            taken = step_all_or_none(self._rates(step), losses=sums.losses.values())
        return self._conclude(sums) if taken else None

    def _look(self, batches: Sequence[ClipBatch], shares: Sequence[float], step: int) -> list[Look]:
        """Every slot's pixel gradients with the GAN's scaled, before anything is sent backward.

        The adaptive scale is one for the whole step, so that it does not depend on how a step is
        cut up: it needs the gradients at the head of all slots on all processes. One slot alone
        keeps its graph; of several the graphs would not fit, so each is passed through again when
        its turn has come.
        """
        alone = len(batches) == 1
        looks = []
        for batch in batches:
            slot = self.forward(batch, graph=alone)
            # At once: the adaptive weight reads what the head was given in the last forward pass.
            gradients = self._pixel_gradients(slot, step)
            looks.append(Look(slot if alone else None, gradients))
        parts = zip(shares, looks, strict=True)
        heads = [s * k.gradients.at_head for s, k in parts if k.gradients.at_head is not None]
        mine = torch.stack(heads).sum(0) / self.config.sequence_parallel
        scale = self.objective.scale(distributed.sum_(mine))
        return [Look(look.slot, look.gradients.scaled(scale)) for look in looks]

    def _pixel_gradients(self, slot: SlotOutput, step: int) -> PixelGradients:
        """The losses at a slot's reconstruction, and their gradients there."""
        network = None
        if self.discriminator is not None and self._gan_is_on(step):
            network = self.discriminator.network
        return self.objective.pixel_gradients(
            slot.recon, slot.x, frames=slot.lpips_frames, discriminator=network
        )

    def _generator_backward(
        self, slot: SlotOutput, gradients: PixelGradients, *, weight: float
    ) -> dict[str, Tensor]:
        """Send the pixel gradients and the KL's through the VAE in one backward pass."""
        kl = kl_divergence(slot.posterior, slot.observed).mean()
        pixels = (slot.recon * gradients.total.to(slot.recon.dtype)).sum()
        self.generator.backward(weight * (pixels + self.config.objective.weight_kl * kl))
        return {"kl": kl.detach()}

    def _conclude(self, sums: StepSums) -> dict[str, Tensor]:
        """What a step that was taken leaves for the log; the losses."""
        team = self.config.sequence_parallel
        losses, self._squares = once(sums.losses, team=team), once(sums.squares, team=team)
        self._moments = torch.stack(sums.moments).sum(0) / team + (
            0.0 if self._moments is None else self._moments
        )
        if self.discriminator is not None:
            self.discriminator.update_anchors(losses)
        return losses

    def _work(self, slot: SlotOutput, step: int) -> SlotWork:
        twice = self._adapts(step) and len(self.slots) > 1
        batch, _, frames, height, width = slot.x.shape
        return SlotWork(
            (batch, frames, height, width),
            dropped=slot.dropped if isinstance(slot.dropped, int) else 0,
            gan=self._discriminator_learns(step),
            forward_passes=2 if twice else 1,
        )

    def _adapts(self, step: int) -> bool:
        """Whether the GAN's weight is fitted to the gradients of this step."""
        return self._gan_is_on(step) and self.objective.adaptive

    def _gan_is_on(self, step: int) -> bool:
        return self.discriminator is not None and step >= self.config.objective.gan_start

    def _discriminator_learns(self, step: int) -> bool:
        return self.discriminator is not None and step >= self.config.objective.discriminator_start

    def _rates(self, step: int) -> dict[Engine, float]:
        """Learning rate of each network that learns at ``step``."""
        rates = {self.generator: self.config.optimizer.rate(step, self.config.steps)}
        if self.discriminator is not None and self._discriminator_learns(step):
            rates[self.discriminator.engine] = self.config.discriminator_rate(step)
        return rates

    def rates(self, step: int) -> dict[str, Any]:
        """Learning rate and gradient norms of the last step, latents since the last call.

        A collective call.

        ``grad_rec``, ``grad_lpips`` and ``grad_gan`` are norms of the weighted losses' gradients at
        the reconstructions of the whole step: which loss wins, and whether one runs away.
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
        if self.discriminator is not None and self._discriminator_learns(step):
            norms["discriminator_gradient_norm"] = self.discriminator.engine.gradient_norm
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
        if self.discriminator is not None:
            engines["discriminator"] = self.discriminator.engine.snapshot()
            whole["discriminator"] = self.discriminator.engine.weights()
            small = self.discriminator.small_state()
        return partial(write_snapshot, engines, whole, small)

    def load(self, folder: Path) -> None:
        """Go on from :meth:`snapshot`."""
        self.generator.load(folder / "generator")
        if self.discriminator is not None:
            self.discriminator.load(folder)
