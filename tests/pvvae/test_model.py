import pytest
import torch

from pvvae.model import PredictiveVAE
from tests.tiny import backbone_configs, tiny_vae

CLIP = (2, 3, 17, 32, 32)


@pytest.fixture(params=backbone_configs())
def vae(request):
    return tiny_vae(request.param)


def noise_for(vae: PredictiveVAE) -> torch.Tensor:
    return torch.randn(2, vae.backbone.latent_channels, 5, 2, 2)


@pytest.mark.parametrize("dropped", [0, 2, 4])
def test_one_k_for_the_batch_equals_the_same_k_for_every_clip(vae, dropped):
    x, noise = torch.rand(CLIP) * 2 - 1, noise_for(vae)
    together, mean, _ = vae(x, dropped, noise)
    each, masked_mean, _ = vae(x, torch.tensor([dropped, dropped]), noise)
    torch.testing.assert_close(each, together, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(masked_mean[:, :, : 5 - dropped], mean, rtol=1e-4, atol=1e-5)


def test_clips_with_different_k_equal_each_alone(vae):
    x, noise = torch.rand(CLIP) * 2 - 1, noise_for(vae)
    both, _, _ = vae(x, torch.tensor([1, 3]), noise)
    for i, k in enumerate((1, 3)):
        alone, _, _ = vae(x[i : i + 1], k, noise[i : i + 1])
        torch.testing.assert_close(both[i : i + 1], alone, rtol=1e-4, atol=1e-5)


def test_dropped_frames_do_not_reach_the_reconstruction(vae):
    x, noise = torch.rand(CLIP) * 2 - 1, noise_for(vae)
    other = x.clone()
    other[:, :, 9:] = torch.rand_like(other[:, :, 9:])
    torch.testing.assert_close(vae(x, 2, noise)[0], vae(other, 2, noise)[0], rtol=0, atol=0)
    each = torch.tensor([2, 2])
    torch.testing.assert_close(
        vae(x, each, noise)[0], vae(other, each, noise)[0], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("dropped", [0, 2])
def test_the_pad_is_in_the_graph_whatever_is_dropped(vae, dropped):
    vae(torch.rand(CLIP), dropped, noise_for(vae))[0].square().mean().backward()
    assert vae.pad.grad is not None
    assert bool((vae.pad.grad != 0).any()) == (dropped > 0)


def test_nothing_to_encode_is_refused_by_name(vae):
    with pytest.raises(ValueError, match=r"dropped must be in \[0, 4\] for 5 groups, got 5"):
        vae(torch.rand(CLIP), 5)
    with pytest.raises(ValueError, match=r"got -1\.\.0"):
        vae(torch.rand(CLIP), torch.tensor([0, -1]))


def test_a_gaussian_pad_is_the_noise_of_the_dropped_groups(vae):
    gaussian = PredictiveVAE(vae.backbone, pad="gaussian")
    x, noise = torch.rand(CLIP), noise_for(vae)
    same_where_observed = noise.clone()
    same_where_observed[:, :, 3:] += 1.0
    first, second = gaussian(x, 2, noise)[0], gaussian(x, 2, same_where_observed)[0]
    assert not torch.equal(first, second)
    assert gaussian.pad is None


def test_a_gaussian_pad_is_never_anything_else_than_noise(vae):
    gaussian, x = PredictiveVAE(vae.backbone, pad="gaussian").eval(), torch.rand(CLIP)
    noise = gaussian.draw_pad(x, seed=5, clips=[0, 9])
    assert noise.shape == noise_for(vae).shape
    assert torch.equal(noise[1:], gaussian.draw_pad(x[1:], seed=5, clips=[9]))
    assert not torch.equal(noise, gaussian.draw_pad(x, seed=6, clips=[0, 9]))
    with torch.no_grad():
        z = torch.cat([vae.backbone.encode(x[:, :, :9]).mean, noise[:, :, 3:]], dim=2)
        assert torch.equal(gaussian(x, 2, pad_noise=noise)[0], vae.backbone.decode(z))
        with pytest.raises(ValueError, match="a Gaussian pad needs noise where groups are dropped"):
            gaussian(x, 2)
        assert torch.equal(gaussian(x)[0], vae(x)[0])  # nothing is dropped, and nothing padded


def test_a_learnable_pad_draws_nothing(vae):
    assert vae.draw_pad(torch.rand(CLIP), seed=0, clips=[0, 1]) is None


def test_a_frozen_encoder_gets_no_gradient_and_the_decoder_does(vae):
    vae.freeze_encoder()
    recon, mean, _ = vae(torch.rand(CLIP), 0, noise_for(vae))
    recon.square().mean().backward()
    assert not mean.requires_grad
    assert all(p.grad is None for p in vae.backbone.encoder.parameters())
    assert all(p.grad is not None for p in vae.backbone.decoder.parameters())
