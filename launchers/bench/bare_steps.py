"""Training steps with nothing around them: data, forward, backward and step in DeepSpeed.

What belongs to a step is in them: clips from the same loader, drops and noise, every loss of Eq. 1,
the adaptive weight. What watches over it is not: whether numbers are finite on all processes, the
order of gradients, averages, norms, latents, means, the log, the clock.
"""

from typing import Protocol

import torch
from torch import Tensor

from arch.interface import Posterior
from pvvae import distributed
from pvvae.denoiser.config import build_denoiser
from pvvae.denoiser.rectified_flow import flow_loss, interpolate
from pvvae.denoiser.trainer import DenoiserTrainer
from pvvae.engine.processes import bare_engine
from pvvae.vae.config import build_discriminator, build_vae
from pvvae.vae.losses.adversarial import discriminator_loss
from pvvae.vae.losses.reconstruction import kl_divergence
from pvvae.vae.objective import Objective
from pvvae.vae.trainer import VAETrainer


class Bare(Protocol):
    """Steps of the networks that a trainer trains, on the same clips with the same draws."""

    def step(self, step: int) -> Tensor:
        """The next step, from 0; a loss (), to compare with the trainer's."""


class BareVAE:
    """VAE, discriminator, LPIPS and adaptive weight as in ``VAETrainer``, on one slot."""

    def __init__(self, trainer: VAETrainer) -> None:
        """Networks of their own, equal to the trainer's before its first step."""
        config = trainer.config
        assert config.discriminator is not None and len(trainer.slots) == 1
        self._draw, self._weights = trainer.forward.draw, config.objective
        self._batches = trainer.data.iterate(0, trainer.slots)
        vae = build_vae(config)
        self._objective = Objective(
            config.objective, head=vae.backbone.head, device=distributed.device()
        )
        self._generator = bare_engine(vae, config=config.engine, optimizer=config.optimizer)
        self._discriminator = bare_engine(
            build_discriminator(config),
            config=config.discriminator_engine,
            optimizer=config.discriminator_optimizer,
        )

    def step(self, step: int) -> Tensor:
        """Both networks; the mean squared error ()."""
        (batch,) = next(self._batches)
        work = self._draw(batch)
        recon, mean, logvar = self._generator(work.x, work.dropped, work.noise)
        gradients = self._objective.pixel_gradients(
            recon, work.x, frames=work.lpips_frames, discriminator=self._discriminator.module
        )
        assert gradients.at_head is not None
        gradients = gradients.scaled(self._objective.scale(distributed.sum_(gradients.at_head)))
        kl = kl_divergence(Posterior(mean, logvar)).mean()
        self._generator.backward((recon * gradients.total).sum() + self._weights.weight_kl * kl)
        self._generator.step()
        real, fake = self._discriminator(torch.cat([work.x, recon.detach()])).chunk(2)
        loss = discriminator_loss(real, fake, self._weights.gan_loss).mean()
        self._discriminator.backward(loss)
        self._discriminator.step()
        return gradients.losses["mse"]


class BareDenoiser:
    """The denoiser as in ``DenoiserTrainer``, on one slot."""

    def __init__(self, trainer: DenoiserTrainer) -> None:
        """A network of its own, equal to the trainer's before its first step."""
        config = trainer.config
        assert len(trainer.slots) == 1
        self._noised = trainer.noised
        self._batches = trainer.latents.iterate(0, trainer.slots)
        self._engine = bare_engine(
            build_denoiser(config), config=config.engine, optimizer=config.optimizer
        )

    def step(self, step: int) -> Tensor:
        """One network; the flow loss ()."""
        work = self._noised(next(self._batches))
        x_t = interpolate(work.x, work.noise, work.time)
        loss = flow_loss(self._engine(x_t, work.time, work.label), work.x, work.noise).mean()
        self._engine.backward(loss)
        self._engine.step()
        return loss.detach()
