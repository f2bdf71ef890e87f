import pytest
import torch

from arch.interface import Posterior
from pvvae.training.monitoring.latent_health import latent_health, latent_moments
from pvvae.vae.losses.reconstruction import kl_divergence


def posterior(batch: int = 2, groups: int = 3) -> Posterior:
    generator = torch.Generator().manual_seed(0)
    shape = (batch, 4, groups, 2, 2)
    mean = torch.randn(shape, generator=generator)
    mean[:, 1] = 0.0
    logvar = 0.3 * torch.randn(shape, generator=generator)
    logvar[:, 1] = 0.0  # the prior itself
    return Posterior(mean, logvar)


def test_the_kl_of_the_channels_is_that_of_the_objective():
    found = latent_health(latent_moments(posterior()))
    expected = float(kl_divergence(posterior()).mean())
    assert sum(found["kl_channel"]) / 4 == pytest.approx(expected)
    assert found["kl_channel"][1] == 0.0
    assert found["channels_active"] == 3


def test_first_and_later_groups_are_measured_apart():
    mean = torch.zeros(1, 2, 3, 2, 2)
    mean[:, 0, 0], mean[:, 1, 0] = 1.0, 3.0
    mean[:, :, 1:] = -1.0
    found = latent_health(latent_moments(Posterior(mean, torch.full_like(mean, 3.0).log())))
    assert found["latent_mean_first"] == pytest.approx(2.0)
    assert found["latent_std_first"] == pytest.approx((1.0 + 3.0) ** 0.5)  # of means, and within
    assert found["latent_mean_later"] == pytest.approx(-1.0)
    assert found["latent_std_later"] == pytest.approx(3.0**0.5)


def test_dropped_groups_do_not_count_whatever_they_hold():
    whole = posterior()
    mean, logvar = whole.mean.clone(), whole.logvar.clone()
    mean[0, :, 1:], logvar[0, :, 1:] = torch.nan, torch.inf
    found = latent_moments(Posterior(mean, logvar), torch.tensor([1, 3]))
    first = Posterior(whole.mean[:1, :, :1], whole.logvar[:1, :, :1])
    second = Posterior(whole.mean[1:], whole.logvar[1:])
    torch.testing.assert_close(found, latent_moments(first) + latent_moments(second))


def test_images_have_no_later_groups():
    found = latent_health(latent_moments(posterior(groups=1)))
    assert "latent_std_first" in found
    assert "latent_std_later" not in found
