"""Latents that are encoded when a step needs them: no disk for moments, fresh crops and flips.

Costs a pass through the frozen encoder a step; extract_latents pays it once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor

from arch.interface import Backbone, PeerConfig, Posterior
from arch.ranges import Count, Range, Share, Workers
from pvvae import distributed
from pvvae.config import check_ranges
from pvvae.config.reading import expected_form, read_object
from pvvae.data.clip_shape import ClipShape
from pvvae.data.clips import DataConfig, TrainingClips, to_pixels
from pvvae.data.latent_scale import LatentScale, encoder_digest
from pvvae.data.latent_shards import ChannelStatistics
from pvvae.data.schedule import Bucket
from pvvae.denoiser.latent_source import Demand, LatentBatch, LatentSource
from pvvae.distributed.slots import map_over_teams
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.pretrained.runs import vae_config
from pvvae.pretrained.vae_source import check_trained, open_vae

FILE = "latents.json"
"""In the folder of a run that encodes online: the scale it found before its first step."""


@dataclass(frozen=True, kw_only=True)
class OnlineConfig(ClipShape):
    """Clips, and the VAE whose frozen encoder makes latents of them."""

    vae: str | PeerConfig
    """Run folder of a VAE stage, or a peer with weights."""
    train: str
    """Shards of the clips to learn."""
    held_out: str | None = None
    """Shards of the clips that the validation loss is measured on."""
    frame_stride: Count = 1
    """Keep every n-th frame of a stored clip; 1 keeps all."""
    min_scale: Annotated[float, Range(0.0, 1.0, above=True)] = 1.0
    """Smallest side of a random crop, relative to the largest that fits."""
    flip: Share = 0.5
    """Probability of a horizontal flip, of the pixels; Latte's."""
    measured: Count = 10_000
    """Clips, at most, that each channel's mean and deviation are found from, before the first
    step: LightningDiT's number."""
    workers: Workers = 0
    """Processes that decode ahead, for each training process."""

    def __post_init__(self) -> None:
        check_trained(self.vae)
        check_ranges(self)

    def check(self, demand: Demand) -> None:
        """Refuse what cannot be opened; whether the VAE fits is seen when it is loaded.

        Raises:
            ConfigError: naming key or folder.
        """
        TrainingClips(self.data(demand), steps=demand.steps, seed=demand.seed)
        if self.held_out is not None:
            self.held_out_clips(self.held_out)
        if isinstance(self.vae, str):
            self.shape_in(Path(self.vae))

    def shape_in(self, run: Path) -> tuple[int, int, int, int]:
        """(c, t, h, w) of what the backbone of ``run`` makes of a clip, without its weights.

        Raises:
            ConfigError: if it does not take the clips, or ``run`` holds no VAE.
        """
        backbone, _ = vae_config(run)
        with torch.device("meta"):
            return self.latent_shape(backbone.build())

    def data(self, demand: Demand) -> DataConfig:
        """These clips as the config of training data.

        Raises:
            ConfigError: for numbers that make no sense.
        """
        bucket = Bucket(
            frames=self.frames, height=self.height, width=self.width, batch=demand.batch
        )
        return DataConfig(
            train=self.train,
            slots=demand.slots,
            buckets=(bucket,),
            frame_stride=self.frame_stride,
            min_scale=self.min_scale,
            flip=self.flip,
            workers=self.workers,
        )

    def latent_shape(self, backbone: Backbone) -> tuple[int, int, int, int]:
        """(c, t, h, w) of what ``backbone`` makes of a clip.

        Raises:
            ConfigError: for a length or a size that it does not take.
        """
        try:
            groups = backbone.latent_frames(self.frames)
            backbone.check_size(self.height, self.width)
        except ValueError as error:
            raise ConfigError(f"latents: {error}") from None
        space = backbone.stride.space
        return backbone.latent_channels, groups, self.height // space, self.width // space


class OnlineLatents(LatentSource):
    """Clips through a frozen encoder; every process holds it whole."""

    def __init__(self, config: OnlineConfig, demand: Demand) -> None:
        """Load the encoder; the scale is to be found next.

        Raises:
            ConfigError: for clips or a VAE that are missing or do not fit together.
        """
        self._config = config
        vae = open_vae(config.vae)
        self.shape = config.latent_shape(vae.backbone)
        self._clips = TrainingClips(config.data(demand), steps=demand.steps, seed=demand.seed)
        self._held_out = None if config.held_out is None else config.held_out_clips(config.held_out)
        self._encoder = vae.backbone.to(distributed.device())
        self.schedule = self._clips.schedule
        self.unique = len(self._clips.index)
        self.held_out = 0 if self._held_out is None else len(self._held_out)
        self.classes = tuple(self._clips.index.classes)

    def find_scale(self, run: Path) -> None:
        """Find the scale, or read what ``run`` found when it began; a collective call."""
        path = run / FILE
        facts: dict[str, Any] | None = distributed.from_main(
            lambda: read_object(path) if path.is_file() else None
        )
        if facts is None:
            facts = self._measured()
            if distributed.is_main():
                write_json(path, facts)
        with expected_form(path):
            self.scale = LatentScale.from_facts(facts)

    @property
    def vae(self) -> str | PeerConfig:
        return self._config.vae

    def iterate(
        self, start_step: int, slots: Sequence[int], *, rollbacks: int = 0
    ) -> Iterator[LatentBatch]:
        for batches in self._clips.iterate(start_step, slots, rollbacks=rollbacks):
            for batch in batches:
                labels = batch.labels
                yield LatentBatch(
                    self._encode(batch.x),
                    batch.positions.numpy(),
                    torch.zeros(len(batch.x), dtype=torch.int64) if labels is None else labels,
                )

    def held_out_mean(self, index: int) -> Tensor:
        assert self._held_out is not None
        return self._encode(to_pixels(self._held_out[index].frames)).mean[0].cpu()

    @torch.no_grad()
    def _encode(self, x: Tensor) -> Posterior:
        """Moments (B, c, t, h, w), float32, of pixels (B, 3, T, H, W)."""
        found = self._encoder.encode(x.to(distributed.device()))
        return Posterior(found.mean.float(), found.logvar.float())

    def _measured(self) -> dict[str, Any]:
        """Channel statistics as plain data, of clips cut as extract_latents cuts them: from the
        middle, and not mirrored."""
        clips = self._config.held_out_clips(self._config.train, limit=self._config.measured)

        def look(index: int) -> ChannelStatistics:
            found = self._encode(to_pixels(clips[index].frames))
            return ChannelStatistics.of(found.mean.cpu(), found.logvar.cpu())

        total, *others = map_over_teams(len(clips), look, team=1)
        for other in others:  # in the order of the clips: the same to the last bit everywhere
            total = total + other
        return {
            "mean": total.mean.tolist(),
            "std": total.deviation.tolist(),
            "count": total.clips,
            "shape": list(self.shape),
            "classes": list(self.classes),
            "class_clips": list(self._clips.index.class_clips),
            "encoder": encoder_digest(self._encoder.encoder),
        }


def scale_of(run: Path) -> LatentScale:
    """The scale that a run of encoding online has found.

    Raises:
        ConfigError: if it has not come so far.
    """
    path = run / FILE
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; train this Latte first (pvvae train)")
    with expected_form(path):
        return LatentScale.from_facts(read_object(path))
