"""Is the latent space alive: KL of each channel, and size of first and later groups."""

import torch
from torch import Tensor

from arch.interface import Posterior

ACTIVE = 0.01
"""Mean KL (nats) of a channel's elements above which it counts as used. Ours: the number that
Burda et al. (2016) put on the variance of a unit's mean; a channel below it carries
next to nothing."""


def latent_moments(posterior: Posterior, observed: Tensor | None = None) -> Tensor:
    """Sums (c + 7,) over a batch's observed elements; they add up over batches and processes.

    For each channel the KL, then the elements of a channel; then of the first groups and of the
    later ones: elements, sum of means, and sum of second moments.

    Args:
        posterior: moments (B, c, t, h, w).
        observed: (B,) number of leading groups that were observed; None means all.
    """
    mean, logvar = posterior.mean.detach().double(), posterior.logvar.detach().double()
    if observed is not None:
        groups = torch.arange(mean.shape[2], device=mean.device)
        seen = (groups < observed[:, None])[:, None, :, None, None]  # (B, 1, t, 1, 1)
    else:
        seen = torch.ones_like(mean[:, :1, :, :1, :1], dtype=torch.bool)
    second = mean.square() + logvar.exp()
    kl = 0.5 * (second - 1.0 - logvar)

    def total(values: Tensor) -> Tensor:
        """Over what was observed, (c,); dropped groups may hold anything."""
        return torch.where(seen, values, 0.0).sum(dim=(0, 2, 3, 4))

    elements = torch.ones_like(mean)
    parts = [total(kl), total(elements)[:1]]
    for groups_of in (slice(0, 1), slice(1, None)):
        chosen = torch.zeros_like(mean)
        chosen[:, :, groups_of] = 1.0
        sums = [total(torch.where(chosen > 0, v, 0.0)).sum() for v in (elements, mean, second)]
        parts.append(torch.stack(sums))
    return torch.cat(parts)


def latent_health(moments: Tensor) -> dict[str, float | list[float]]:
    """What :func:`latent_moments` of a whole step or more say.

    ``kl_channel`` is the mean KL of an element of each channel, ``channels_active`` how many are
    above 0.01; ``latent_mean_…`` and ``latent_std_…`` are of sampled latents, before any
    normalisation: a diffusion model meets first groups and later ones with one scale.
    """
    channels = len(moments) - 7
    kl, count, rest = moments[:channels], moments[channels], moments[channels + 1 :]
    per_channel = (kl / count).tolist()
    found: dict[str, float | list[float]] = {
        "kl_channel": per_channel,
        "channels_active": sum(value > ACTIVE for value in per_channel),
    }
    for name, (elements, first, second) in zip(
        ("first", "later"), rest.view(2, 3).tolist(), strict=True
    ):
        if elements:  # images have no later groups
            mean = first / elements
            found[f"latent_mean_{name}"] = mean
            found[f"latent_std_{name}"] = max(0.0, second / elements - mean**2) ** 0.5
    return found
