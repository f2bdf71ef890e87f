"""What is measured of each clip's latents, in two looks.

The first encodes a clip and keeps its latents. Once all are there, and with them each channel's
mean and deviation over all clips, the second looks at the latents as a denoiser would see them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from arch.interface import Posterior
from pvvae import seeding
from pvvae.analysis.flow import Flow, speed
from pvvae.data.clips import to_pixels
from pvvae.data.latent_scale import LatentScale
from pvvae.data.latent_shards import ChannelStatistics
from pvvae.data.video.video import Frames
from pvvae.metrics.latent_distance import latent_distance
from pvvae.metrics.latent_spectrum import (
    RHOS,
    channel_scatter,
    dct_energy,
    energy_beyond,
    on_grid,
    time_energy,
)
from pvvae.metrics.motion_match import motion_matches, motion_of_cells
from pvvae.metrics.neighbour_cosine import neighbour_cosines
from pvvae.metrics.trajectory import time_path
from pvvae.model import PredictiveVAE
from pvvae.run.item_results import ItemResults, Row
from pvvae.training.monitoring.latent_health import latent_moments

MATCHES = ("activation_pearson", "activation_spearman", "change_pearson", "change_spearman")


@torch.inference_mode()
def encoded(
    vae: PredictiveVAE, frames: Frames, flow: Flow, *, device: torch.device, seed: int, number: int
) -> Row:
    """First look at clip ``number``: its latents, what makes their scale, and where it moves.

    ``latent`` (c, t, h, w) is drawn from the posterior by ``seed`` and ``number``, since a denoiser
    learns what is drawn. ``sum_mean``, ``sum_square`` (c,) are sums of moments; ``kl`` (c,) is the
    mean KL of each channel's elements; ``motion`` (t - 1, h, w) pixels a frame; ``pixel_energy``
    (h, w) energy of the pixels' frequencies on the latents' grid.
    """
    posterior = vae.backbone.encode(to_pixels(frames).to(device))
    mean, logvar = posterior.mean.float().cpu(), posterior.logvar.float().cpu()
    noise = torch.randn(mean.shape, generator=seeding.torch_generator(seed, "analysis", number))
    sums = ChannelStatistics.of(mean, logvar)
    stride, channels = vae.backbone.stride, mean.shape[1]
    moments = latent_moments(Posterior(mean, logvar))
    motion = motion_of_cells(speed(flow), time=stride.time, space=stride.space)
    energy = dct_energy(on_grid(frames, height=mean.shape[3], width=mean.shape[4]))
    return {
        "latent": Posterior(mean, logvar).sample(noise)[0],
        "sum_mean": sums.sum_mean,
        "sum_square": sums.sum_square,
        "kl": moments[:channels] / moments[channels],
        "motion": torch.from_numpy(motion),
        "pixel_energy": torch.from_numpy(energy),
    }


@dataclass(frozen=True)
class KeptLatents:
    """First looks at clips of one VAE, on disk."""

    kept: ItemResults
    keys: Sequence[int]
    """Key of every clip's row, in the order of the clips."""

    def rows(self, chosen: Iterable[int] | None = None) -> Iterator[Row]:
        """One after another, of all clips or of some."""
        for number in range(len(self.keys)) if chosen is None else chosen:
            yield self.kept.row(self.keys[number])

    def scale(self) -> LatentScale:
        """Mean and deviation of each channel, as they would be handed to Latte.

        A channel that never varies keeps its zeros: its deviation counts as 1.
        """
        total: ChannelStatistics | None = None
        shape: tuple[int, ...] = ()
        for row in self.rows():
            shape = tuple(row["latent"].shape)
            cells = row["latent"][0].numel()
            part = ChannelStatistics(1, cells, row["sum_mean"], row["sum_square"])
            total = part if total is None else total + part
        assert total is not None  # a set of clips is never empty
        c, t, h, w = shape
        deviation = torch.where(total.deviation > 0, total.deviation, 1.0)
        return LatentScale(
            mean=total.mean.tolist(),
            deviation=deviation.tolist(),
            shape=(c, t, h, w),
            classes=(),
            encoder="",
        )

    def batches(
        self, scale: LatentScale, *, chosen: Sequence[int] | None = None, size: int = 16
    ) -> Iterator[Tensor]:
        """Normalised latents (N, c, t, h, w), ``size`` clips at a time.

        Sixteen are ours: 5 MB of latents at paper size, and few calls.
        """
        part: list[Tensor] = []
        for row in self.rows(chosen):
            part.append(scale.normalize(row["latent"]))
            if len(part) == size:
                yield torch.stack(part)
                part = []
        if part:
            yield torch.stack(part)


def looked_at(row: Row, scale: LatentScale, *, stride: int, short_side: int) -> dict[str, Tensor]:
    """Second look at one clip.

    ``distance`` (t - 1,) LTD; ``matches`` (4,) in the order of ``MATCHES``; ``scatter`` (c c,);
    ``energy``, ``pixel_energy`` (h, w), ``time_energy`` (t,); ``beyond`` and ``pixel_beyond``
    (len(RHOS) + 1,), energy that SEC counts and the whole; ``lds``, ``cds``,
    ``straightness``, ``efficiency`` ().
    """
    z = scale.normalize(row["latent"])
    matches, path = motion_matches(z, row["motion"]), time_path(z[None])
    found = {
        "scatter": channel_scatter(z).flatten(),
        "time_energy": torch.from_numpy(time_energy(z)),
        "distance": latent_distance(z[None])[0],
        "matches": torch.tensor([matches[name] for name in MATCHES], dtype=torch.float64),
        "straightness": path.straightness[0],
        "efficiency": path.efficiency[0],
    }
    for name, energy in (("", dct_energy(z)), ("pixel_", row["pixel_energy"].numpy())):
        beyond = [energy_beyond(energy, rho) for rho in RHOS]
        found[f"{name}energy"] = torch.from_numpy(energy)
        found[f"{name}beyond"] = torch.tensor([*beyond, energy.sum()], dtype=torch.float64)
    near = neighbour_cosines(z[None], stride=stride, short_side=short_side)
    return found | {"lds": near.lds[0], "cds": near.cds[0]}
