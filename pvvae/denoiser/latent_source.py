"""Where a denoiser's latents come from: an interface, and a folder of cached moments behind it.

The other implementation encodes clips on the way: ``pvvae/denoiser/online_latents.py``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arch.interface import PeerConfig, Posterior
from pvvae import distributed
from pvvae.data.latent_scale import LatentScale
from pvvae.data.latent_shards import LatentDataset
from pvvae.data.schedule import Bucket, Schedule
from pvvae.pretrained.vae_source import vae_of_latents


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a run asks of a source of latents."""

    batch: int
    """Latents in one slot."""
    slots: int
    """Slots in one step."""
    steps: int
    seed: int


@dataclass(frozen=True)
class LatentBatch:
    """Latents of one slot of one step, neither sampled nor normalised."""

    posterior: Posterior
    """(B, c, t, h, w), float32."""
    positions: NDArray[np.int64]
    """(B,) places among all latents of the run; each seeds what is drawn for its latent."""
    labels: Tensor
    """(B,) int64 on the CPU, 0 where the data have no classes."""


class LatentSource(ABC):
    """Latents to learn, and others to measure the loss on; every process gets equal ones."""

    scale: LatentScale
    schedule: Schedule
    """Which latents a slot gets."""
    unique: int
    """Different clips that are learned."""
    held_out: int
    """How many there are that are not learned."""

    @property
    @abstractmethod
    def vae(self) -> str | PeerConfig:
        """Run folder of the VAE that made the latents, or the peer.

        Raises:
            ConfigError: if it is not known.
        """

    @abstractmethod
    def iterate(
        self, start_step: int, slots: Sequence[int], *, rollbacks: int = 0
    ) -> Iterator[LatentBatch]:
        """Batches of ``slots`` in their order, step by step from ``start_step`` to the last.

        After ``rollbacks`` the run has other data (see ``Schedule.draw``).
        """

    @abstractmethod
    def held_out_mean(self, index: int) -> Tensor:
        """Posterior mean (c, t, h, w), float32, of a clip that is not learned."""


class CachedLatents(LatentSource):
    """A run folder of extract_latents."""

    def __init__(self, run: Path, demand: Demand) -> None:
        """Open it.

        Raises:
            ConfigError: if it is unfinished or damaged.
        """
        self._run, self._train = run, LatentDataset(run / "train")
        held_out = run / "held_out"
        self._held_out = LatentDataset(held_out) if held_out.is_dir() else None
        self.scale, self.unique = self._train, self._train.unique
        self.held_out = 0 if self._held_out is None else len(self._held_out)
        self.schedule = Schedule(
            (Bucket(frames=1, height=1, width=1, batch=demand.batch),),
            slots=demand.slots,
            steps=demand.steps,
            num_samples=len(self._train),
            seed=demand.seed,
        )

    @property
    def vae(self) -> str | PeerConfig:
        return vae_of_latents(self._run)

    def iterate(
        self, start_step: int, slots: Sequence[int], *, rollbacks: int = 0
    ) -> Iterator[LatentBatch]:
        for step in range(start_step, self.schedule.steps):
            for slot in slots:
                yield self._batch(self.schedule.draw(step, slot, rollbacks=rollbacks).positions)

    def _batch(self, positions: NDArray[np.int64]) -> LatentBatch:
        chosen = [self._train[i] for i in self.schedule.sample_ids(positions).tolist()]
        means, logvars, labels = zip(*chosen, strict=True)
        posterior = Posterior(_stacked(means), _stacked(logvars))
        return LatentBatch(posterior, positions, torch.tensor(labels).clamp_min(0))

    def held_out_mean(self, index: int) -> Tensor:
        assert self._held_out is not None
        return self._held_out[index][0].float()


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(tensors)).float().to(distributed.device())
