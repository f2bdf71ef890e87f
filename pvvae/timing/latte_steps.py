"""Training steps of a denoiser on one batch, with the frozen encoder in them and without.

TSpeed and TMem of Table 1 are taken to be of the step with it. Section 4.1 does not say; but
between VAEs of equal latents they differ by 3.3 times, which the denoiser alone cannot explain. A
trainer that caches latents takes the step without it.
"""

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from arch.interface import Backbone, DenoiserConfig, Posterior
from pvvae.denoiser.rectified_flow import flow_loss, interpolate
from pvvae.engine import Engine, EngineConfig, step_all_or_none
from pvvae.engine.settings import OptimizerConfig
from pvvae.planning.storages import LiveStorages


class PeakMemory:
    """Counts what one process holds on its device.

    On CUDA the allocator counts every tensor. Elsewhere the storages of tensors do, from
    their making inside :meth:`counted` or :meth:`peak`; workspaces inside a kernel are no tensors.
    """

    def __init__(self, device: torch.device) -> None:
        """Nothing is held yet."""
        self._live = None if device.type == "cuda" else LiveStorages([])

    def counted(self) -> AbstractContextManager[Any]:
        """What is made inside is held until it is let go."""
        return self._live or nullcontext()

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes at the fullest moment of ``work``, what was held before included."""
        if self._live is None:
            torch.cuda.reset_peak_memory_stats()
            work()
            torch.cuda.synchronize()
            return int(torch.cuda.max_memory_allocated())
        self._live.peak = self._live.now
        with self._live:
            work()
        return self._live.peak


Latents = Callable[[], Posterior]
"""Where a step's posterior (B, c, t, h, w) comes from: an encoder, or a cache."""


class LatteSteps:
    """One engine and the draws of a step; the caller gives the latents."""

    def __init__(
        self,
        denoiser: DenoiserConfig,
        *,
        like: Posterior,
        engine: EngineConfig,
        optimizer: OptimizerConfig,
    ) -> None:
        """Build the denoiser with fresh weights: speed does not depend on them.

        Args:
            denoiser: its channels are replaced by those of the latents.
            like: latents of a batch, by which all are normalised.
            engine: precision, averaged weights.
            optimizer: of the denoiser.
        """
        device = like.mean.device
        channels = like.mean.shape[1]
        network = dataclasses.replace(denoiser, latent_channels=channels).build()
        self.parameters = sum(p.numel() for p in network.parameters())
        self.classes = denoiser.num_classes
        self._engine = Engine(network, config=engine, optimizer=optimizer, accumulation=1)
        self._rate = optimizer.lr
        self._generator = torch.Generator(device).manual_seed(0)  # any: nothing is learned
        over = (0, 2, 3, 4)
        self._deviation, self._mean = torch.std_mean(like.mean.float(), dim=over, keepdim=True)

    def step(self, latents: Latents) -> None:
        """Sample the posterior, noise it, and take one step on the flow loss."""
        posterior = latents()
        noise = self._normal(posterior.mean)
        z = posterior.sample(self._normal(posterior.mean)).float()
        x = (z - self._mean) / self._deviation
        time = torch.rand(len(x), device=x.device, generator=self._generator)
        x_t = interpolate(x, noise.float(), time)
        predicted = self._engine(x_t.to(self._engine.dtype), time, self._label(len(x), x.device))
        loss = flow_loss(predicted, x, noise).mean()
        self._engine.backward(loss)
        step_all_or_none({self._engine: self._rate}, losses=[loss])

    def _label(self, clips: int, device: torch.device) -> Tensor | None:
        if not self.classes:
            return None
        return torch.randint(self.classes, (clips,), device=device, generator=self._generator)

    def _normal(self, like: Tensor) -> Tensor:
        return torch.randn(
            like.shape, device=like.device, dtype=like.dtype, generator=self._generator
        )


def cached(like: Posterior) -> Latents:
    """Always the same moments: reading them is the loader's work, not the step's."""
    return lambda: like


def encoded(backbone: Backbone, x: Tensor) -> Latents:
    """The frozen encoder on pixels (B, 3, T, H, W), every time."""

    @torch.no_grad()
    def encode() -> Posterior:
        return backbone.encode(x)

    return encode


def noise_like_latents(
    backbone: Backbone, shape: tuple[int, ...], *, device: torch.device, dtype: torch.dtype
) -> Posterior:
    """Moments of noise, as large as those of clips (B, 3, T, H, W).

    Raises:
        ValueError: for clips that the backbone does not take.
    """
    groups = backbone.latent_frames(shape[2])
    backbone.check_size(*shape[3:])
    cells = (side // backbone.stride.space for side in shape[3:])
    size = (shape[0], backbone.latent_channels, groups, *cells)
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(size, generator=generator).to(device, dtype)
    return Posterior(mean, torch.full_like(mean, -2.0))
