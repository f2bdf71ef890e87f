"""The distribution of latents is diffusers' class, with sums over all axes of a video."""

import pickle

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKLOutput
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from torch.distributions import Normal, kl_divergence

from pvvae.diffusers.autoencoder_pv import LatentGaussian
from tests.pvvae.diffusers.conftest import clip


def gaussian(seed: int) -> LatentGaussian:
    generator = torch.Generator().manual_seed(seed)
    return LatentGaussian(*torch.randn(2, 2, 4, 3, 2, 5, generator=generator))


def normal(one: LatentGaussian) -> Normal:
    return Normal(one.mean, one.std)


def test_divergence_and_likelihood_are_those_of_torch() -> None:
    one, two = gaussian(0), gaussian(1)
    standard = Normal(torch.zeros(()), torch.ones(()))
    for found, each in (
        (one.kl(), kl_divergence(normal(one), standard)),
        (one.kl(two), kl_divergence(normal(one), normal(two))),
        (one.nll(two.mean), -normal(one).log_prob(two.mean)),
    ):
        torch.testing.assert_close(found, each.flatten(1).sum(dim=1))


def test_clips_of_a_batch_draw_from_generators_of_their_own() -> None:
    generators = [torch.Generator().manual_seed(seed) for seed in (2, 3)]
    z = gaussian(0).sample(generators)
    assert torch.equal(
        z[1:],
        LatentGaussian(gaussian(0).mean[1:], gaussian(0).logvar[1:]).sample(
            torch.Generator().manual_seed(3)
        ),
    )


@torch.no_grad()
def test_outputs_are_of_diffusers_classes_and_can_be_stored(small) -> None:
    encoded, decoded = small.encode(clip()), small(clip())
    assert type(encoded) is AutoencoderKLOutput
    assert type(decoded) is DecoderOutput
    assert isinstance(encoded.latent_dist, DiagonalGaussianDistribution)
    again, recon = pickle.loads(pickle.dumps((encoded, decoded)))
    assert torch.equal(again.latent_dist.mean, encoded.latent_dist.mean)
    assert type(recon) is DecoderOutput
    assert torch.equal(recon["sample"], decoded["sample"])
    leaves, form = torch.utils._pytree.tree_flatten(decoded)
    assert torch.equal(torch.utils._pytree.tree_unflatten(leaves, form).sample, decoded.sample)
