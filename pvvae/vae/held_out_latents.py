"""Cheap numbers about the latents of the held-out clips, at every look during training."""

from dataclasses import dataclass, field
from statistics import fmean

import torch
from torch import Tensor

from arch.interface import Posterior
from pvvae.data.latent_scale import LatentScale
from pvvae.data.latent_shards import ChannelStatistics
from pvvae.distributed.slots import map_over_teams
from pvvae.metrics.latent_distance import latent_distance
from pvvae.metrics.latent_spectrum import (
    RHOS,
    channel_scatter,
    dct_energy,
    energy_beyond,
    rank_of_scatters,
)


@dataclass(frozen=True)
class _Look:
    """What one clip's normalised latents add."""

    scatter: Tensor
    beyond: float
    energy: float
    distance: float | None


@dataclass
class HeldOutLatents:
    """Latents of the clips that this process has looked at."""

    _mine: dict[int, Posterior] = field(default_factory=dict)

    def keep(self, index: int, mean: Tensor, logvar: Tensor) -> None:
        """Take the moments (1, c, t, h, w) of one clip."""
        self._mine[index] = Posterior(mean.float().cpu(), logvar.float().cpu())

    def numbers(self, count: int, *, team: int) -> dict[str, float]:
        """Numbers of all ``count`` clips; a collective call.

        Every channel of the posterior means is brought to the scale that Latte would see.
        ``latent_rank``: effective rank over channels; ``latent_sec``: SEC at rho = 0.25;
        ``latent_ltd``: LTD between adjacent groups, of video alone. NaN where latents are not
        finite: that must not end a run.
        """
        parts = map_over_teams(
            count,
            lambda i: ChannelStatistics.of(self._mine[i].mean, self._mine[i].logvar),
            team=team,
        )
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        # A space that has gone to NaN or to nothing still has numbers: NaN, or those of zeros.
        deviation = torch.where(total.deviation > 0, total.deviation, 1.0)
        scale = LatentScale(
            mean=total.mean.tolist(),
            deviation=deviation.tolist(),
            shape=(len(deviation), 1, 1, 1),
            classes=(),
            encoder="",
        )
        looks = map_over_teams(count, lambda i: self._look(i, scale), team=team)
        scatters = torch.stack([look.scatter for look in looks])
        energy = sum(look.energy for look in looks)
        found = {
            "latent_rank": rank_of_scatters(scatters) if scatters.isfinite().all() else torch.nan,
            "latent_sec": sum(look.beyond for look in looks) / energy if energy else torch.nan,
        }
        distances = [look.distance for look in looks if look.distance is not None]
        return found | ({"latent_ltd": fmean(distances)} if distances else {})

    def _look(self, index: int, scale: LatentScale) -> _Look:
        z = scale.normalize(self._mine[index].mean)
        energy = dct_energy(z)
        return _Look(
            scatter=channel_scatter(z[0]).flatten(),
            beyond=energy_beyond(energy, RHOS[0]),
            energy=float(energy.sum()),
            distance=float(latent_distance(z)[0, 0]) if z.shape[2] > 1 else None,
        )
