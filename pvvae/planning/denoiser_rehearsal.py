"""One slot of denoiser training on the meta device."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from arch.interface import Denoiser
from pvvae.data.latent_shards import STATISTICS, LatentDataset
from pvvae.data.schedule import Bucket
from pvvae.denoiser.config import DenoiserTrainingConfig
from pvvae.denoiser.online_latents import OnlineConfig
from pvvae.denoiser.rectified_flow import flow_loss, interpolate
from pvvae.distributed.slots import check_sharing
from pvvae.engine import share_clips
from pvvae.errors import ConfigError
from pvvae.planning.vae_rehearsal import META, dtype_of, rehearse_recomputing
from pvvae.pretrained.box import located
from pvvae.pretrained.published import is_published
from pvvae.run.folder import is_run

PAPER_GRID = (5, 16, 16)
"""Latent (t, h, w) of clips of 17 x 256 x 256 (section 4.1) at strides 4 and 16 (section 3.1)."""


@dataclass(frozen=True)
class DenoiserRehearsal:
    """The denoiser without its weights; ``phases`` follows ``DenoiserTrainer._loss``."""

    config: DenoiserTrainingConfig
    denoiser: Denoiser

    @classmethod
    def of(cls, config: DenoiserTrainingConfig) -> "DenoiserRehearsal":
        """Build the network as the stage does.

        Raises:
            ConfigError: for a network without segments that shall be recomputed.
        """
        with META:
            denoiser = config.denoiser.build().to(dtype_of(config.engine))
        check_sharing(denoiser, team=config.sequence_parallel)
        share_clips(denoiser, team=config.sequence_parallel, absent=True)
        rehearse_recomputing(denoiser, config.engine)
        return cls(config, denoiser)

    @property
    def networks(self) -> list[nn.Module]:
        """All whose parameters are no activations."""
        return [self.denoiser]

    def drops(self, bucket: Bucket) -> range:
        """Nothing is dropped."""
        return range(1)

    def phases(self, bucket: Bucket, *, dropped: int = 0, gan: bool = True) -> Iterator[str]:
        """Work of one slot; a bucket's frames, height and width are those of the latent."""
        batch, channels = bucket.batch, self.config.denoiser.latent_channels
        size = (batch, channels, bucket.frames, bucket.height, bucket.width)
        x, noise = torch.empty(size, device=META), torch.empty(size, device=META)
        time, label = torch.empty(batch, device=META), None
        if self.config.denoiser.num_classes:
            label = torch.empty(batch, device=META, dtype=torch.int64)
        x_t = interpolate(x, noise, time)
        predicted = self.denoiser(x_t.to(dtype_of(self.config.engine)), time, label).float()
        yield "forward"
        loss = flow_loss(predicted, x, noise).mean()
        yield "losses"
        loss.backward()  # type: ignore[no-untyped-call]
        yield "backward"


def latent_bucket(config: DenoiserTrainingConfig) -> Bucket:
    """The one shape of a denoiser's batch: of its latents, or the paper's if those are not there.

    Raises:
        ConfigError: if the batch cannot be shared out.
    """
    if config.batch % config.slots:
        raise ConfigError(
            f"batch: {config.batch} latents cannot be shared evenly by {config.slots} slots"
        )
    t, h, w = _grid(config.latents)
    return Bucket(frames=t, height=h, width=w, batch=config.batch // config.slots)


def _is_there(vae: str) -> bool:
    folder = located(vae)
    return is_run(folder) or is_published(folder)


def _grid(latents: str | OnlineConfig) -> tuple[int, int, int]:
    """(t, h, w)."""
    if isinstance(latents, OnlineConfig):
        known = isinstance(latents.vae, str) and _is_there(latents.vae)
        return latents.shape_in(Path(str(latents.vae)))[1:] if known else PAPER_GRID
    folder = Path(latents) / "train"
    return LatentDataset(folder).shape[1:] if (folder / STATISTICS).is_file() else PAPER_GRID
