"""What a denoiser must know of latents beside the latents: their size, scale, classes and maker."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pvvae.errors import shown


class LatentScale:
    """Size and scale of latents; what is learned and sampled has mean 0 and deviation 1."""

    def __init__(
        self,
        *,
        mean: Sequence[float],
        deviation: Sequence[float],
        shape: tuple[int, int, int, int],
        classes: Sequence[str],
        encoder: str,
    ) -> None:
        """Keep the facts.

        Args:
            mean: of each channel of sampled latents.
            deviation: of each channel, likewise.
            shape: (c, t, h, w) of every latent.
            classes: names of their labels.
            encoder: digest of the weights that made them, empty where nobody noted it.
        """
        self.mean, self.deviation = torch.tensor(mean), torch.tensor(deviation)
        self.shape, self.classes, self.encoder = shape, tuple(classes), encoder

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "LatentScale":
        """Read from a file's plain data: mean, std, shape, classes, encoder.

        Raises:
            ValueError: if one is not what it must be.
            KeyError: if one is missing.
        """
        c, t, h, w = facts["shape"]
        if not all(isinstance(size, int) and size > 0 for size in (c, t, h, w)):
            raise ValueError(f"shape: {shown(facts['shape'])}")
        _check_numbers("mean", facts["mean"], c, least=-math.inf)
        _check_numbers("std", facts["std"], c, least=0.0)
        classes, encoder = facts["classes"], facts["encoder"]
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise ValueError(f"classes: {shown(classes)}")
        if not isinstance(encoder, str):
            raise ValueError(f"encoder: {shown(encoder)}")
        return cls(
            mean=facts["mean"],
            deviation=facts["std"],
            shape=(c, t, h, w),
            classes=facts["classes"],
            encoder=facts["encoder"],
        )

    @property
    def channels(self) -> int:
        """c."""
        return self.shape[0]

    def normalize(self, z: Tensor) -> Tensor:
        """Latents (..., c, t, h, w) to mean 0 and deviation 1 in each channel."""
        return (z - self._broadcast(self.mean, z)) / self._broadcast(self.deviation, z)

    def denormalize(self, z: Tensor) -> Tensor:
        """The inverse of :meth:`normalize`."""
        return z * self._broadcast(self.deviation, z) + self._broadcast(self.mean, z)

    def _broadcast(self, value: Tensor, z: Tensor) -> Tensor:
        return value.to(z.device, z.dtype)[:, None, None, None]


def _check_numbers(name: str, values: Any, channels: int, *, least: float) -> None:
    """Refuse what is not a finite number for each channel."""
    if not isinstance(values, list) or len(values) != channels:
        raise ValueError(f"{name}: must have a number for each of {channels} channels")
    for value in values:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < least:
            raise ValueError(f"{name}: {shown(value)} among its numbers")


def encoder_digest(encoder: nn.Module) -> str:
    """sha256 of all weights, by name: fine-tuning a decoder leaves that of its encoder as it is."""
    digest = hashlib.sha256()
    for name, value in sorted(encoder.state_dict().items()):
        whole = value.detach().cpu().contiguous()
        digest.update(f"{name} {whole.dtype} {tuple(whole.shape)}\n".encode())
        digest.update(whole.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
