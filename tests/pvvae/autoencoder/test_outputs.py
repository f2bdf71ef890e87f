import pytest
import torch
from torch.distributions import Normal, kl_divergence

from pvvae.autoencoder.outputs import Decoded, Encoded, LatentDistribution


@pytest.fixture
def posterior() -> LatentDistribution:
    generator = torch.Generator().manual_seed(0)
    mean, logvar = torch.randn(2, 2, 4, 3, 2, 2, generator=generator)
    return LatentDistribution(mean, logvar)


def test_mode_deviation_and_variance_follow_from_the_moments(posterior):
    assert posterior.mode() is posterior.mean
    torch.testing.assert_close(posterior.std.square(), posterior.var)
    torch.testing.assert_close(posterior.var.log(), posterior.logvar)


def test_a_sample_is_the_mean_and_noise_from_the_generator(posterior):
    noise = torch.randn(posterior.mean.shape, generator=torch.Generator().manual_seed(5))
    found = posterior.sample(torch.Generator().manual_seed(5))
    torch.testing.assert_close(found, posterior.mean + posterior.std * noise, rtol=0, atol=0)


def test_a_sample_without_a_generator_draws_from_torch_s_own(posterior):
    torch.manual_seed(5)
    found = posterior.sample()
    torch.testing.assert_close(found, posterior.sample(torch.Generator().manual_seed(5)))


def test_a_sample_has_the_dtype_of_the_moments(posterior):
    half = LatentDistribution(posterior.mean.bfloat16(), posterior.logvar.bfloat16())
    assert half.sample().dtype == torch.bfloat16


def test_kl_is_summed_over_every_axis_but_the_batch(posterior):
    prior = Normal(torch.zeros(()), torch.ones(()))
    each = kl_divergence(Normal(posterior.mean, posterior.std), prior)
    torch.testing.assert_close(posterior.kl(), each.sum(dim=(1, 2, 3, 4)))


def test_results_are_tuples_with_a_name(posterior):
    assert Encoded(posterior)[0] is Encoded(posterior).latent_dist is posterior
    assert Decoded(posterior.mean)[0] is Decoded(posterior.mean).sample is posterior.mean
