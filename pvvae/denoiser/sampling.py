"""Samples out of noise: which noise and class is whose, the denoiser, the decoder behind it.

Sample i depends on (seed, i) alone: noise and class are drawn for it by number, so any number of
processes makes the same samples. Batches of another size round differently in the last bits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from arch.interface import Backbone, Denoiser
from pvvae import seeding
from pvvae.data.latent_scale import LatentScale
from pvvae.denoiser.rectified_flow import OnStep, SamplerConfig, continuing, guided, sample
from pvvae.denoiser.rollout import roll_out

Done = Callable[[float], None]
"""Told which share of a batch is done."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The class of every sample."""

    seed: int
    choices: Sequence[int]
    """Classes to draw from; none where the data have no classes."""

    def of(self, index: int) -> int:
        """The class of sample ``index``, 0 where there are none."""
        generator = seeding.numpy_generator(self.seed, "label", index)
        drawn = int(generator.integers(max(len(self.choices), 1)))
        return self.choices[drawn] if self.choices else 0


@dataclass(frozen=True, kw_only=True)
class Generation:
    """Denoiser and decoder, on one device, and what is the same for all samples."""

    denoiser: Denoiser
    dtype: torch.dtype
    """What the denoiser computes in; the sampler's state is float32."""
    backbone: Backbone
    scale: LatentScale
    """Scale of the latents that the denoiser was trained on."""
    shape: tuple[int, int, int, int]
    """(c, t, h, w) of what is generated at once."""
    sampler: SamplerConfig
    labels: Labels
    seed: int
    device: torch.device

    def begin(self, block: range, *, done: Done) -> Callable[[], Tensor]:
        """Denoise the samples in ``block``; what is returned decodes them to (B, 3, T, H, W)."""
        z = self.latents(block, None, 0, done=done)
        return lambda: self.backbone.decode(self.scale.denormalize(z))

    def roll_out(
        self, block: range, first: Tensor | None, *, frames: int, known: int, done: Done
    ) -> Tensor:
        """Videos (B, 3, frames, H, W), window by window, by ``roll_out``."""
        with torch.inference_mode():
            return roll_out(
                self.backbone,
                self.scale,
                lambda given, window: self.latents(block, given, window, done=done),
                frames=frames,
                known=known,
                first=None if first is None else first.to(self.device),
            )

    def latents(self, block: range, known: Tensor | None, window: int, *, done: Done) -> Tensor:
        """Normalised latents (B, c, t, h, w) of a window of the samples in ``block``.

        Args:
            block: numbers of samples.
            known: (B, c, k, h, w) groups that they begin with.
            window: number of the window, which has noise of its own.
            done: told of every step.
        """
        noise = torch.stack([self._noise(i, window) for i in block]).to(self.device)
        label = None
        if self.denoiser.num_classes:
            label = torch.tensor([self.labels.of(i) for i in block], device=self.device)
        velocity = guided(
            self._velocity if known is None else continuing(self._velocity, known),
            label=label,
            null_label=self.denoiser.num_classes,
            config=self.sampler,
        )
        on_step: OnStep = lambda step, _: done(step / self.sampler.steps)  # noqa: E731
        with torch.inference_mode():
            z = sample(velocity, noise, self.sampler, on_step=on_step)
        return z if known is None else torch.cat([known, z[:, :, known.shape[2] :]], dim=2)

    def _noise(self, index: int, window: int) -> Tensor:
        place = [window] if window else []
        generator = seeding.torch_generator(self.seed, "sample", index, *place)
        return torch.randn(self.shape, generator=generator)

    def _velocity(self, x: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
        velocity: Tensor = self.denoiser(x.to(self.dtype), time, label)
        return velocity.clone()  # the next pass of a compiled one may write to the same place
