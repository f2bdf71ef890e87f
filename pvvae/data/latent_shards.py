"""Posterior moments of a dataset in safetensors shards, and the scale that a denoiser needs.

Moments, not samples: a denoiser sees a fresh sample of each clip every epoch. Written by
extract_latents, read by latte and generate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pvvae.config.reading import expected_form, read_object
from pvvae.data.latent_checks import open_shard
from pvvae.data.latent_scale import LatentScale
from pvvae.errors import ConfigError, shown
from pvvae.files import write_atomic, write_json

STATISTICS = "stats.json"


@dataclass(frozen=True)
class ChannelStatistics:
    """Sums over latents from which each channel's mean and deviation follow, in float64.

    They add up over shards; added in the same order they give the same bits.
    """

    clips: int
    cells: int
    """Values a channel: clips times t, h, w."""
    sum_mean: Tensor
    """(c,) sum of posterior means."""
    sum_square: Tensor
    """(c,) sum of squared means plus variances: of squared samples, in expectation."""

    @classmethod
    def of(cls, mean: Tensor, logvar: Tensor) -> "ChannelStatistics":
        """Sums over moments (N, c, t, h, w)."""
        mean, logvar = mean.double(), logvar.double()
        over = (0, 2, 3, 4)
        return cls(
            clips=len(mean),
            cells=mean.numel() // mean.shape[1],
            sum_mean=mean.sum(over),
            sum_square=(mean.square() + logvar.exp()).sum(over),
        )

    def __add__(self, other: "ChannelStatistics") -> "ChannelStatistics":
        return ChannelStatistics(
            self.clips + other.clips,
            self.cells + other.cells,
            self.sum_mean + other.sum_mean,
            self.sum_square + other.sum_square,
        )

    @property
    def mean(self) -> Tensor:
        """(c,) mean of a sampled latent."""
        return self.sum_mean / self.cells

    @property
    def deviation(self) -> Tensor:
        """(c,) standard deviation of a sampled latent: E[mean^2] + E[variance] - E[mean]^2."""
        return (self.sum_square / self.cells - self.mean.square()).clamp_min(0.0).sqrt()


def shard_path(folder: Path, number: int) -> Path:
    """Where shard ``number`` lies."""
    return folder / f"{number:05d}.safetensors"


def write_shard(
    path: Path,
    *,
    mean: Tensor,
    logvar: Tensor,
    labels: Tensor,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write moments (N, c, t, h, w) and labels (N,), -1 for none; whole or not at all.

    float16 halves the disk: its step at |mean| = 1 is 0.001, far below any posterior's deviation.

    Raises:
        ConfigError: if the disk is full, or a value does not fit ``dtype``.
    """
    tensors = {"mean": mean.to(dtype), "logvar": logvar.to(dtype)}
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ConfigError(
                f"{path}: {name} has values that are NaN, or too large for {dtype}; look at the VAE"
            )
    tensors = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    write_atomic(path, partial(save_file, tensors | {"label": labels.long().cpu()}))


def channel_statistics(folder: Path) -> ChannelStatistics:
    """Statistics of all shards of a folder, in the order of their numbers.

    Raises:
        ConfigError: if there are none.
    """
    total: ChannelStatistics | None = None
    for path in _shards(folder):
        with expected_form(path, SafetensorError), safe_open(path, framework="pt") as file:
            part = ChannelStatistics.of(file.get_tensor("mean"), file.get_tensor("logvar"))
        total = part if total is None else total + part
    assert total is not None  # _shards refuses an empty folder
    return total


def write_statistics(
    folder: Path,
    statistics: ChannelStatistics,
    *,
    classes: Sequence[str],
    source: str = "",
    encoder: str = "",
    unique: int | None = None,
) -> None:
    """Complete a folder of latents: without this file it counts as unfinished.

    Args:
        folder: of the shards.
        statistics: of all of them.
        classes: names of the labels.
        source: of the clips, in words.
        encoder: digest of the weights that made the latents, if it is known.
        unique: different clips among them; all of them, if it is not given.
    """
    data = {
        "mean": statistics.mean.tolist(),
        "std": statistics.deviation.tolist(),
        "count": statistics.clips,
        "unique": statistics.clips if unique is None else unique,
        "classes": list(classes),
        "source": source,
        "encoder": encoder,
        "dtype": _dtype(folder),
    }
    write_json(folder / STATISTICS, data)


class LatentDataset(LatentScale):
    """Clips 0 .. N - 1 of a folder as (mean, logvar, label), read from a memory map."""

    def __init__(self, folder: Path | str) -> None:
        """Open all shards.

        Raises:
            ConfigError: if the folder is missing, unfinished or damaged.
        """
        self.folder = Path(folder)
        path = self.folder / STATISTICS
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; run extract_latents (to its end) first")
        facts = read_object(path)
        opened = [open_shard(shard) for shard in _shards(self.folder)]
        self._shards = [shard for shard, _, _ in opened]
        self._labels = [labels for _, labels, _ in opened]
        self._ends = np.cumsum([len(labels) for labels in self._labels])
        shapes = [shape for _, _, shape in opened]
        if set(shapes) != {shapes[0]}:
            raise ConfigError(f"{self.folder}: latents of different shapes: {shown(shapes)}")
        with expected_form(path):
            count = facts["count"]
            if len(self) != count:
                raise ConfigError(
                    f"{self.folder}: has {len(self)} latents, {path.name} counts {shown(count)}; "
                    "run extract_latents again"
                )
            self.unique: int = facts.get("unique", count)
            """Different clips: fewer than latents, where clips were encoded mirrored too."""
            if not isinstance(self.unique, int) or not 0 < self.unique <= len(self):
                raise ValueError(f"unique: {shown(self.unique)} of {len(self)} latents")
            scale = LatentScale.from_facts({"encoder": "", **facts, "shape": shapes[0]})
        super().__init__(
            mean=facts["mean"],
            deviation=facts["std"],
            shape=scale.shape,
            classes=scale.classes,
            encoder=scale.encoder,
            class_clips=self._class_clips(len(scale.classes)),
        )

    def _class_clips(self, classes: int) -> list[int]:
        """Latents of each class."""
        labels = np.concatenate([labels.numpy() for labels in self._labels])
        if labels.min() < -1 or labels.max() >= classes:
            raise ConfigError(
                f"{self.folder}: has labels from {labels.min()} to {labels.max()}, "
                f"{STATISTICS} names {classes} classes; run extract_latents again"
            )
        found: list[int] = np.bincount(labels[labels >= 0], minlength=classes).tolist()
        return found

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        """Mean and log-variance (c, t, h, w) as stored, and the label, -1 for none."""
        if not 0 <= index < len(self):
            raise IndexError(f"latent {index} of {len(self)}")
        shard = int(np.searchsorted(self._ends, index, side="right"))
        row = index - (int(self._ends[shard - 1]) if shard else 0)
        mean, logvar = (self._shards[shard].get_slice(name)[row] for name in ("mean", "logvar"))
        return mean, logvar, int(self._labels[shard][row])


def _dtype(folder: Path) -> str:
    """Number format of the stored moments, in safetensors' words."""
    with safe_open(_shards(folder)[0], framework="pt") as file:
        return str(file.get_slice("mean").get_dtype())


def _shards(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("[0-9]*.safetensors"))
    if not paths:
        raise ConfigError(f"{folder}: no latents there; run extract_latents first")
    expected = [shard_path(folder, number) for number in range(len(paths))]
    if paths != expected:
        missing = next(path for path in expected if path not in paths)
        raise ConfigError(f"{missing}: missing; run extract_latents again")
    return paths
