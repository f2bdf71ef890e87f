"""``init`` may name a file of weights: a VAE's, or an image VAE's with 2D kernels."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from pvvae.box import open_box
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.pretrained.runs import load_vae_file
from pvvae.pretrained.vae_source import check_foreign
from pvvae.vae.config import VAETrainingConfig, build_vae
from stages import program
from tests.arch.layers.image_cnn import ImageCNN
from tests.pvvae.pretrained.small_network import small
from tests.small_box import small_box
from tests.tiny import CONFIGS


def vae() -> PredictiveVAE:
    torch.manual_seed(3)
    return PredictiveVAE(small().build())


@pytest.fixture(scope="module")
def image_weights() -> dict[str, Tensor]:
    backbone = small().build()
    return {name: tensor.contiguous() for name, tensor in ImageCNN(backbone).weights.items()}


def test_an_image_vaes_file_fills_the_last_taps(
    image_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    save_file(image_weights, tmp_path / "image.safetensors")
    filled = vae()
    load_vae_file(filled, tmp_path / "image.safetensors")
    kernel = filled.state_dict()["backbone.encoder.layers.0.weight"]
    assert torch.equal(kernel[:, :, -1], image_weights["encoder.layers.0.weight"])
    assert filled.pad is not None
    assert not filled.pad.any()


def test_a_stage_starts_from_an_exported_vae(tmp_path: Path) -> None:
    path, file = CONFIGS / "tiny/cnn/image_pretrain.yaml", tmp_path / "vae.safetensors"
    words = [f"init={file}", f"run={tmp_path / 'run'}"]
    _, config = program.load(path, words)
    assert isinstance(config, VAETrainingConfig)
    assert config.init_run is None
    with torch.random.fork_rng(devices=[]):
        exported = PredictiveVAE(config.backbone.build()).state_dict()
    exported["pad"].fill_(0.5)
    save_file(exported, file)
    found = build_vae(config).state_dict()
    assert found.keys() == exported.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in exported.items())


def test_a_stage_starts_from_a_published_folder_pad_and_all(tmp_path: Path) -> None:
    box = small_box(tmp_path / "box")
    path, run = CONFIGS / "tiny/shared/predictive.yaml", tmp_path / "run"
    like = [f"backbone={{like: {box}/vit}}", "discriminator=null", f"run={run}"]
    _, config = program.load(path, [*like, f"init={box}/vit"])
    assert isinstance(config, VAETrainingConfig)
    assert config.init_run is None
    found, boxed = build_vae(config).state_dict(), open_box(box).vae("vit").state_dict()
    assert found["pad"].any()
    assert all(torch.equal(found[name], tensor) for name, tensor in boxed.items())


def test_a_published_folder_of_another_backbone_is_refused_before_anything_is_read(
    tmp_path: Path,
) -> None:
    box = small_box(tmp_path / "box")
    backbone = program.load(
        CONFIGS / "tiny/vit/predictive.yaml", [f"init={box}/vit", f"run={tmp_path}/run"]
    )[1].backbone
    with pytest.raises(ConfigError, match=r"/vit: was trained with another backbone: backbone\."):
        check_foreign(backbone, box / "vit")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("decoder.head.bias"), "it lacks backbone.decoder.head.bias$"),
        (lambda w: w.update(more=torch.zeros(1)), "it has backbone.more, which the network lacks$"),
        (
            lambda w: w.update({"decoder.head.bias": torch.zeros(4)}),
            r"another architecture: backbone.decoder.head.bias is \(4,\) there, \(3,\) here$",
        ),
        (
            lambda w: w.update({"decoder.head.bias": torch.full((3,), torch.nan)}),
            "decoder.head.bias has 3 of 3 numbers that are NaN or infinite$",
        ),
    ],
)
def test_other_weights_are_refused_in_one_line(
    change, message: str, image_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    weights = dict(image_weights)
    change(weights)
    save_file(weights, tmp_path / "image.safetensors")
    with pytest.raises(ConfigError, match=f"image.safetensors: .*{message}"):
        load_vae_file(vae(), tmp_path / "image.safetensors")


def test_files_that_are_none_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.safetensors: no such file"):
        load_vae_file(vae(), tmp_path / "none.safetensors")
    whole = tmp_path / "whole.safetensors"
    save_file({"x": torch.zeros(100)}, whole)
    for content in (whole.read_bytes()[:-9], b"\x80\x04pickle", b""):
        (tmp_path / "cut.safetensors").write_bytes(content)
        with pytest.raises(ConfigError, match=r"cut\.safetensors: not a whole safetensors file"):
            load_vae_file(vae(), tmp_path / "cut.safetensors")
