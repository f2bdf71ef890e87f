"""Wan as a backbone: its published sizes, diffusers' numbers, and most of the contract."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save_file

from arch.interface import BackboneConfig
from arch.interop.diffusers import class_of_diffusers
from arch.registry import lookup
from arch.wan import WanConfig, _ours
from pvvae import config as codec
from tests.arch import contract
from tests.arch.published_wan import TINY, WAN22, theirs
from tests.tiny import CONFIGS

WAN21 = WanConfig(**TINY, shortcuts=False, patch=1)
BOTH = pytest.mark.parametrize("config", [WAN22, WAN21], ids=["wan2.2", "wan2.1"])


def pixels(config: WanConfig, frames: int) -> torch.Tensor:
    size = (1, 3, frames, config.stride.space, 2 * config.stride.space)
    return torch.rand(size, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What diffusers wrote of a tiny Wan2.2."""
    theirs(WAN22).save_pretrained(tmp_path / "vae")
    return tmp_path / "vae"


@pytest.mark.parametrize(
    ("name", "parameters", "stride"),
    [("wan2.2", 704_688_668, (4, 16)), ("wan2.1", 126_892_531, (4, 8))],
)
def test_the_shipped_sizes_are_the_published_ones(name, parameters, stride):
    plain = codec.read_yaml(CONFIGS / f"finetune/{name}/backbone.yaml")["backbone"]
    config = codec.decode(BackboneConfig, plain)
    with torch.device("meta"):
        network = config.build()
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert network.stride == stride


@BOTH
@pytest.mark.parametrize("frames", [1, 5, 17])
@torch.no_grad()
def test_a_whole_pass_gives_what_diffusers_gives_in_chunks(config, frames, tmp_path):
    network = theirs(config)
    network.save_pretrained(tmp_path)
    backbone = config.build()
    backbone.load_state_dict(config.pretrained(tmp_path))
    x = pixels(config, frames)
    expected, found = network.encode(x).latent_dist, backbone.encode(x)
    torch.testing.assert_close(found.mean, expected.mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.logvar, expected.logvar, rtol=1e-5, atol=1e-5)
    shown = backbone.decode(3 * found.mean)
    torch.testing.assert_close(
        shown.clamp(-1, 1), network.decode(3 * expected.mean).sample, rtol=1e-5, atol=1e-5
    )


@BOTH
def test_gradients_are_those_of_diffusers_too(config):
    """In fp64, and with its clamp; diffusers' upsampling rounds to fp32 in between."""
    network, x = theirs(config).double(), pixels(config, 9).double()
    backbone = config.build().double()
    backbone.load_state_dict({_ours(name): p for name, p in network.state_dict().items()})
    shown = network.decode(network.encode(x).latent_dist.mode()).sample
    shown.square().mean().backward()
    backbone.decode(backbone.encode(x).mean).clamp(-1, 1).square().mean().backward()
    found = dict(backbone.named_parameters())
    for name, parameter in network.named_parameters():
        expected = parameter.grad
        largest = float(expected.abs().max())
        torch.testing.assert_close(found[_ours(name)].grad, expected, rtol=0, atol=1e-5 * largest)


HELD = [promise for promise in contract.CONTRACT if promise is not contract.every_parameter_learns]


@pytest.mark.parametrize("promise", HELD, ids=lambda promise: promise.__name__)
def test_the_contract_of_backbones_holds(promise):
    promise(WAN22)


@BOTH
def test_every_parameter_is_in_the_graph_of_an_image_and_learns_from_a_clip(config):
    for groups in (1, 2):
        backbone = contract.awake(config)
        posterior = backbone.encode(contract.clip(backbone, groups))
        backbone.decode(
            posterior.sample(torch.randn(posterior.mean.shape))
        ).square().mean().backward()
        named = dict(backbone.named_parameters())
        assert [name for name, p in named.items() if p.grad is None] == []
        idle = {name for name, p in named.items() if not p.grad.abs().sum() > 0}
        # An image is neither halved nor doubled in time.
        assert idle == ({name for name in named if "time_conv" in name} if groups == 1 else set())


def test_another_size_is_one_line_that_names_it(folder):
    other = WanConfig(**TINY | {"blocks": 2}, shortcuts=True, patch=2)
    with pytest.raises(ValueError, match=r"its num_res_blocks is 1, but backbone says 2$"):
        other.pretrained(folder)


def test_damaged_or_missing_files_are_one_line(folder):
    weights = folder / "diffusion_pytorch_model.safetensors"
    bytes_ = weights.read_bytes()
    whole = load(bytes_)  # load_file would look on while the file is cut
    name = "quant_conv.bias"

    def told() -> str:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - every line below says which
            WAN22.pretrained(folder)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    weights.write_bytes(bytes_[: len(bytes_) // 2])
    assert "not a whole safetensors file" in told()
    save_file(whole | {name: whole[name] * float("nan")}, weights)
    assert f"{name} has 8 of 8 numbers that are NaN or infinite" in told()
    save_file(whole | {name: whole[name][:3]}, weights)
    assert f"another architecture: {name} is (3,) there, (8,) here" in told()
    weights.unlink()
    assert (
        "has no diffusion_pytorch_model.safetensors, the only file of weights that is read"
        in told()
    )
    (folder / "config.json").write_text('{"_class_name": "AutoencoderKL"}')
    assert "holds the class AutoencoderKL, but AutoencoderKLWan is needed" in told()
    (folder / "config.json").unlink()
    assert "has no config.json; name the folder of the VAE itself" in told()


def test_what_is_exported_is_read_by_diffusers(folder, tmp_path):
    weights = WAN22.pretrained(folder)
    WAN22.export(tmp_path / "out", weights)
    again = class_of_diffusers("AutoencoderKLWan").from_pretrained(tmp_path / "out")
    expected = theirs(WAN22).state_dict()
    assert again.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in again.state_dict().items())


def test_a_peer_that_does_not_train_says_what_it_is():
    with pytest.raises(ValueError, match=r"no backbone is called 'cogvideox' \(it is a peer; only"):
        lookup(BackboneConfig, "cogvideox")


def test_levels_must_fit_each_other():
    with pytest.raises(ValueError, match="time: must have 3 entries for 4 multipliers, got 2"):
        WanConfig(**TINY | {"time": (True, True)}, shortcuts=True, patch=2)
