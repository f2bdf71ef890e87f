"""One slot's pass through the VAE: every draw it needs, each from the clip's position alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from arch.interface import Backbone, Posterior
from pvvae import distributed, seeding
from pvvae.data.clips import ClipBatch
from pvvae.engine import Engine
from pvvae.training.monitoring.latent_health import latent_moments
from pvvae.vae.objective import ObjectiveConfig, PixelGradients, sample_dropped


@dataclass(frozen=True)
class SlotOutput:
    """A slot after its pass through the VAE."""

    x: Tensor
    """(B, 3, T, H, W)."""
    recon: Tensor
    """Reconstruction of ``x``, in its shape."""
    posterior: Posterior
    dropped: int | Tensor
    """k of all clips, or (B,) one of each."""
    observed: Tensor | None
    """(B,) groups seen of each clip; None if of all clips the same."""
    lpips_frames: Tensor | None
    """Indices of the frames that LPIPS looks at; None is all."""


@dataclass(frozen=True)
class SlotInputs:
    """A slot's clips and all that is drawn for them."""

    x: Tensor
    """(B, 3, T, H, W)."""
    groups: int
    """Number of groups of each clip."""
    dropped: int | Tensor
    """k of all clips, or (B,) of each."""
    noise: Tensor
    """(B, c, t, h, w) of the posterior's sample."""
    lpips_frames: Tensor | None
    """Indices of the frames that LPIPS looks at; None is all."""


class Forward:
    """Passes slots through the VAE under training."""

    def __init__(
        self, engine: Engine, backbone: Backbone, *, objective: ObjectiveConfig, seed: int
    ) -> None:
        self._engine, self._objective, self._seed = engine, objective, seed
        self._groups, self._stride = backbone.latent_frames, backbone.stride
        self._channels = backbone.latent_channels

    def __call__(self, batch: ClipBatch, *, graph: bool = True) -> SlotOutput:
        """Reconstruct one slot, for a backward pass or (without ``graph``) to look at only."""
        drawn = self.draw(batch)
        x, dropped = drawn.x, drawn.dropped
        with torch.set_grad_enabled(graph):
            recon, mean, logvar = self._engine(x.to(self._engine.dtype), dropped, drawn.noise)
        observed = None if isinstance(dropped, int) else (drawn.groups - dropped).to(x.device)
        return SlotOutput(x, recon, Posterior(mean, logvar), dropped, observed, drawn.lpips_frames)

    def draw(self, batch: ClipBatch) -> SlotInputs:
        """Whatever is random about a slot."""
        x = batch.x.to(distributed.device())
        groups = self._groups(x.shape[2])
        positions = batch.positions.tolist()
        dropped = sample_dropped(groups, self._objective, seed=self._seed, positions=positions)
        frames = self._lpips_frames(x.shape[2], positions)
        return SlotInputs(x, groups, dropped, self._noise(x, groups, positions), frames)

    def _noise(self, x: Tensor, groups: int, positions: Sequence[int]) -> Tensor:
        """Standard normal (B, c, t, h, w) for the posterior's sample."""
        height, width = x.shape[3] // self._stride.space, x.shape[4] // self._stride.space
        shape = (self._channels, groups, height, width)
        draws = (seeding.torch_generator(self._seed, "posterior", p) for p in positions)
        return torch.stack([torch.randn(shape, generator=g) for g in draws]).to(x.device)

    def _lpips_frames(self, frames: int, positions: Sequence[int]) -> Tensor | None:
        wanted = self._objective.lpips_frames
        if wanted is None or wanted >= frames:
            return None
        generator = seeding.torch_generator(self._seed, "lpips", positions[0])
        return torch.randperm(frames, generator=generator)[:wanted].sort().values


@dataclass(frozen=True)
class Look:
    """A slot of which the adaptive weight has already seen the gradients."""

    slot: SlotOutput | None
    """The slot's forward pass, if the graph was kept."""
    gradients: PixelGradients


class StepSums:
    """What is added up over the slots of a step; this process's part of it."""

    def __init__(self) -> None:
        self.losses: dict[str, Tensor] = {}
        """Means over the step's clips, and numbers of clips and pixels."""
        self.squares: dict[str, Tensor] = {}
        """Squared norm of each weighted loss's gradient at the reconstructions."""
        self.moments: list[Tensor] = []
        """Moments of the latents, slot by slot."""

    def add(
        self,
        slot: SlotOutput,
        losses: Mapping[str, Tensor],
        gradients: PixelGradients,
        *,
        share: float,
    ) -> None:
        """Add a slot that holds ``share`` of the step's clips."""
        counts = {"clips": len(slot.x), "pixels": slot.x[:, 0].numel()}
        like = list(losses.values())[-1]
        parts = {name: share * loss for name, loss in losses.items()}
        parts |= {name: like.new_tensor(count) for name, count in counts.items()}
        for name, part in parts.items():
            self.losses[name] = self.losses.get(name, 0.0) + part
        for name, square in gradients.squares().items():
            self.squares[name] = self.squares.get(name, 0.0) + share**2 * square
        self.moments.append(latent_moments(slot.posterior, slot.observed))
