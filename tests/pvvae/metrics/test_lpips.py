import importlib
from pathlib import Path

import pytest
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.lpips import LPIPS, lpips_network


@pytest.fixture(scope="module")
def alex():
    return LPIPS("alex")


@pytest.mark.parametrize(
    ("net", "published"),
    [("alex", pytest.approx(0.814009, abs=5e-5)), ("vgg", pytest.approx(0.453837, abs=1e-5))],
)
def test_black_and_white_are_as_far_apart_as_published(net, published):
    white = torch.ones(1, 3, 64, 64)
    assert lpips_network(net, spatial=True)(-white, white).mean().item() == published


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_the_heads_are_those_of_the_lpips_package(net):
    network = lpips_network(net)
    folder = Path(importlib.import_module("lpips").__file__).parent
    heads = torch.load(folder / "weights" / "v0.1" / f"{net}.pth", map_location="cpu")
    for name, weight in heads.items():
        assert torch.equal(network.state_dict()[name], weight)


def test_every_frame_has_a_value_and_noisier_frames_a_larger_one(alex, noisy, photograph):
    found = alex(noisy * 2 - 1, photograph * 2 - 1)
    assert found.shape == (2, 3)
    assert (found.diff(dim=1) > 0).all()
    one = alex.network(noisy[1, :, 2][None] * 2 - 1, photograph[1, :, 2][None] * 2 - 1)
    assert found[1, 2].item() == pytest.approx(one.item(), abs=1e-6)


def test_a_clip_does_not_depend_on_its_batch_to_the_last_bit(alex, noisy, photograph):
    assert torch.equal(alex(noisy, photograph)[1:], alex(noisy[1:], photograph[1:]))


def test_identical_frames_are_at_distance_zero(alex, photograph):
    assert torch.equal(alex(photograph, photograph), torch.zeros(2, 3).double())


@pytest.mark.parametrize(("net", "side"), [("alex", 31), ("vgg", 16)])
def test_the_smallest_frame_works_and_a_smaller_one_is_refused(net, side):
    lpips = LPIPS(net)
    x = torch.zeros(1, 3, 1, side, side)
    assert lpips(x, x).item() == 0.0
    with pytest.raises(ConfigError, match=f"needs {side} pixels"):
        lpips(x[..., 1:], x[..., 1:])


def test_pixels_without_a_value_are_refused(alex):
    x = torch.zeros(1, 3, 1, 32, 32)
    with pytest.raises(ConfigError, match="finite pixels"):
        alex(torch.full_like(x, torch.nan), x)


def test_building_it_leaves_the_random_numbers_alone():
    state = torch.get_rng_state()
    lpips_network("alex")
    assert torch.equal(torch.get_rng_state(), state)


def test_it_is_frozen_and_float32(alex):
    assert all(not p.requires_grad and p.dtype is torch.float32 for p in alex.parameters())
    assert not any(module.training for module in alex.network.modules())


def test_an_unknown_net_is_refused_by_name():
    with pytest.raises(ConfigError, match="no net 'squeeze'; known nets: alex, vgg"):
        LPIPS("squeeze")
