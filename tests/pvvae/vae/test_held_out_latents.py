"""Numbers about latents while a VAE trains."""

import math

import pytest
import torch

from pvvae.metrics.latent_distance import latent_distance
from pvvae.metrics.latent_spectrum import dct_energy, effective_rank, energy_beyond
from pvvae.vae.held_out_latents import HeldOutLatents


@pytest.mark.usefixtures("group")
def test_they_are_those_of_all_latents_on_the_scale_of_latte() -> None:
    draw = torch.Generator().manual_seed(0)
    mean = torch.randn(3, 4, 3, 8, 8, generator=draw) * 2 + 1
    mean[:, 2] = mean[:, 3]
    logvar = torch.randn(3, 4, 3, 8, 8, generator=draw) - 2
    latents = HeldOutLatents()
    for index in range(3):
        latents.keep(index, mean[index : index + 1], logvar[index : index + 1])
    found = latents.numbers(3, team=1)
    over = (0, 2, 3, 4)
    centre = mean.double().mean(over, keepdim=True)
    second = (mean.double().square() + logvar.double().exp()).mean(over, keepdim=True)
    z = (mean.double() - centre) / (second - centre.square()).sqrt()
    cells = z.transpose(0, 1).flatten(1)
    scatter = cells @ cells.mT / cells.shape[1]
    assert found["latent_rank"] == pytest.approx(
        effective_rank(torch.linalg.eigvalsh(scatter)), rel=1e-4
    )
    energy = dct_energy(z)
    assert found["latent_sec"] == pytest.approx(
        energy_beyond(energy, 0.25) / energy.sum(), rel=1e-4
    )
    assert found["latent_ltd"] == pytest.approx(float(latent_distance(z)[:, 0].mean()), rel=1e-4)


@pytest.mark.usefixtures("group")
def test_images_have_no_distance_in_time_and_nan_ends_no_run() -> None:
    latents = HeldOutLatents()
    latents.keep(0, torch.zeros(1, 4, 1, 4, 4), torch.zeros(1, 4, 1, 4, 4))
    found = latents.numbers(1, team=1)
    assert set(found) == {"latent_rank", "latent_sec"}
    assert math.isnan(found["latent_rank"]) and math.isnan(found["latent_sec"])
    latents.keep(0, torch.full((1, 4, 3, 4, 4), torch.nan), torch.zeros(1, 4, 3, 4, 4))
    assert all(math.isnan(value) for value in latents.numbers(1, team=1).values())
