"""What a denoiser must know of latents beside the latents: their size, scale, classes and maker."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pvvae.data.latent_checks import check_facts


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
        class_clips: Sequence[int] | None = None,
    ) -> None:
        """Keep the facts.

        Args:
            mean: of each channel of sampled latents.
            deviation: of each channel, likewise.
            shape: (c, t, h, w) of every latent.
            classes: names of their labels.
            encoder: digest of the weights that made them, empty where it was not noted.
            class_clips: latents of each class; None where that was not noted.
        """
        self.mean, self.deviation = torch.tensor(mean), torch.tensor(deviation)
        self.shape, self.classes, self.encoder = shape, tuple(classes), encoder

        counts = [1] * len(classes) if class_clips is None else class_clips
        self.learned = tuple(i for i, count in enumerate(counts) if count)
        """Classes that have latents: a part of a data set can lack some."""

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "LatentScale":
        """Read from a file's plain data: mean, std, shape, classes, encoder, class_clips.

        Raises:
            ValueError: if one is of another kind.
            KeyError: if one is missing.
        """
        check_facts(facts)
        c, t, h, w = facts["shape"]
        return cls(
            mean=facts["mean"],
            deviation=facts["std"],
            shape=(c, t, h, w),
            classes=facts["classes"],
            encoder=facts["encoder"],
            class_clips=facts.get("class_clips"),
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


def encoder_digest(encoder: nn.Module) -> str:
    """sha256 of all weights, by name: fine-tuning a decoder leaves that of its encoder as it is."""
    digest = hashlib.sha256()
    for name, value in sorted(encoder.state_dict().items()):
        whole = value.detach().cpu().contiguous()
        digest.update(f"{name} {whole.dtype} {tuple(whole.shape)}\n".encode())
        digest.update(whole.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
