"""Peers at their published sizes (on the meta device), and at toy sizes for real."""

from typing import Any

import pytest
import torch
from torch import nn

from arch.peers.diffusers import Peer, PeerConfig
from arch.registry import lookup, names

PARAMETERS = {
    "wan2.1": 126_892_531,
    "wan2.2": 704_688_668,
    "cogvideox": 215_583_907,
    "hunyuanvideo": 246_478_803,
    "hunyuanvideo1.5": 1_260_634_115,
    "vidtok": 199_465_639,
}
PAPER = {"wan2.1": 127, "wan2.2": 705, "cogvideox": 216, "hunyuanvideo": 246}
"""Millions, Tables 1 and 2."""

TINY: dict[str, dict[str, Any]] = {
    "wan2.1": {"base_dim": 8, "num_res_blocks": 1},
    "wan2.2": {"base_dim": 8, "decoder_base_dim": 8, "num_res_blocks": 1},
    "cogvideox": {"block_out_channels": (8, 8, 8, 8), "norm_num_groups": 4, "layers_per_block": 1},
    "hunyuanvideo": {
        "block_out_channels": (8, 8, 8, 8),
        "norm_num_groups": 4,
        "layers_per_block": 1,
    },
    "hunyuanvideo1.5": {"block_out_channels": (32, 32, 32, 64, 64), "layers_per_block": 1},
    "vidtok": {"ch": 8, "num_res_blocks": 1},
}


def peer(name: str, **values: Any) -> Peer:
    network = lookup(PeerConfig, name)(**values).build()
    assert isinstance(network, Peer)
    return network.eval()


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_every_peer_is_counted() -> None:
    assert set(names(PeerConfig)) - {"external"} == set(PARAMETERS) == set(TINY)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_peer_has_its_published_size(name: str) -> None:
    with torch.device("meta"):
        network = peer(name)
    assert count(network) == PARAMETERS[name]
    if name in PAPER:
        assert round(count(network) / 1e6) in (PAPER[name], PAPER[name] + 1)
    assert not network.trained


@pytest.mark.parametrize("name", TINY)
@torch.no_grad()
def test_a_clip_goes_through_at_the_strides_it_says(name: str) -> None:
    torch.manual_seed(0)
    network = peer(name, sizes=TINY[name])
    x = torch.rand(1, 3, 17, 64, 64) * 2 - 1
    posterior = network.encode(x)
    space = network.stride.space
    assert posterior.mean.shape == (1, network.latent_channels, 5, 64 // space, 64 // space)
    assert posterior.logvar.shape == posterior.mean.shape
    assert network.decode(posterior.mean).shape == x.shape


@pytest.mark.parametrize("name", TINY)
@torch.no_grad()
def test_a_prefix_encodes_to_the_prefix_where_that_is_claimed(name: str) -> None:
    torch.manual_seed(0)
    network = peer(name, sizes=TINY[name])
    x = torch.rand(1, 3, 17, 64, 64) * 2 - 1
    whole, start = network.encode(x).mean[:, :, :2], network.encode(x[:, :, :5]).mean
    assert torch.allclose(whole, start, rtol=1e-3, atol=1e-3) == network.causal


@pytest.mark.parametrize("name", PARAMETERS)
def test_its_latents_are_known_before_it_is_built(name: str) -> None:
    config = lookup(PeerConfig, name)()
    with torch.device("meta"):
        network = config.build()
    assert config.latents() == (network.latent_channels, network.stride)


def test_weights_that_say_nothing_that_can_be_read_are_one_line(tmp_path) -> None:
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(ValueError, match=r"weights: .*config\.json is no JSON object"):
        lookup(PeerConfig, "wan2.1")(weights=str(tmp_path)).latents()


def test_weights_come_back_from_a_folder_and_have_their_own_size(tmp_path) -> None:
    torch.manual_seed(0)
    network = peer("wan2.1", sizes=TINY["wan2.1"])
    network.network.save_pretrained(tmp_path)
    again = peer("wan2.1", weights=str(tmp_path))
    assert again.trained
    x = torch.rand(1, 3, 5, 32, 32) * 2 - 1
    with torch.no_grad():
        assert torch.equal(again.encode(x).mean, network.encode(x).mean)
    with pytest.raises(ValueError, match="sizes: a peer with weights has the size of its weights"):
        lookup(PeerConfig, "wan2.1")(weights=str(tmp_path), sizes={"base_dim": 8})


def test_weights_that_are_not_there_are_one_line(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"has no config\.json; name the folder of the VAE itself"):
        peer("wan2.1", weights=str(tmp_path))


def test_a_pickle_is_not_opened(tmp_path) -> None:
    network = peer("wan2.1", sizes=TINY["wan2.1"])
    network.network.save_pretrained(tmp_path, safe_serialization=False)
    assert not list(tmp_path.glob("*.safetensors"))
    with pytest.raises(ValueError, match=r"cannot be loaded.*safetensors") as caught:
        peer("wan2.1", weights=str(tmp_path))
    assert "\n" not in str(caught.value)


def test_wrong_lengths_and_sizes_name_the_right_ones() -> None:
    network = peer("wan2.2", sizes=TINY["wan2.2"])
    with pytest.raises(ValueError, match="nearest valid lengths: 5, 9"):
        network.encode(torch.zeros(1, 3, 8, 32, 32))
    with pytest.raises(ValueError, match="height must be a multiple of 16, got 24"):
        network.encode(torch.zeros(1, 3, 5, 24, 32))
