"""A box gives back what was put in, and says in one line what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pvvae.box import Box, open_box, write_box
from pvvae.errors import ConfigError
from tests.small_box import CLASSES, latte, packed_vae, small_box


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small_box(tmp_path / "box")


def test_a_box_gives_back_its_networks_to_half_precision(folder: Path) -> None:
    box = open_box(folder)
    found, wanted = box.vae("vit").state_dict(), packed_vae("").vae.state_dict()
    assert {name: t.dtype for name, t in found.items()} == dict.fromkeys(wanted, torch.float32)
    assert all(torch.equal(found[name], wanted[name].half().float()) for name in wanted)
    denoiser, scale = box.latte("vit_latte")
    weights = latte().denoiser.state_dict()
    assert all(
        torch.equal(value, weights[name].half().float())
        for name, value in denoiser.state_dict().items()
    )
    assert (scale.shape, scale.classes) == ((6, 5, 8, 8), CLASSES)
    assert scale.mean.tolist() == pytest.approx([0.1] * 6)


def test_a_box_knows_its_twins_and_whose_latents_a_latte_learned(folder: Path) -> None:
    box = open_box(folder)
    assert box.vaes["vit_twin"].twin_of == "vit"
    assert box.lattes["vit_latte"].vae == "vit"


def refused(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        open_box(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def cut_short(folder: Path) -> None:
    path = folder / "vit/diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def one_bit_off(folder: Path) -> None:
    path = folder / "vit_latte/denoiser.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def without_a_card(folder: Path) -> None:
    (folder / "README.md").unlink()


def another_version(folder: Path) -> None:
    plain = json.loads((folder / "box.json").read_text())
    (folder / "box.json").write_text(json.dumps(plain | {"format": "pvvae-box-2"}))


def no_json(folder: Path) -> None:
    (folder / "box.json").write_text("{")


def of_another_vae(folder: Path) -> None:
    plain = json.loads((folder / "box.json").read_text())
    plain["lattes"]["vit_latte"]["vae"] = "cnn"
    (folder / "box.json").write_text(json.dumps(plain))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_short, "model.safetensors: damaged: "),
        (one_bit_off, "denoiser.safetensors: damaged: its checksum is another"),
        (without_a_card, "README.md: missing from the box; take the whole box again"),
        (another_version, "'pvvae-box-2', and this version opens 'pvvae-box-1'"),
        (no_json, "box.json: damaged: not JSON"),
        (of_another_vae, "vit_latte needs the VAE 'cnn', which is not in the box"),
    ],
)
def test_what_is_wrong_with_a_box_is_one_line(
    folder: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(folder)
    assert words in refused(folder)


def test_where_there_is_no_box_one_line_says_so(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"{tmp_path}/box.json: no such file, so there is no box; name the folder of one with --box"
    )


def test_a_folder_with_something_in_it_is_left_alone(folder: Path) -> None:
    before = open_box(folder)
    with pytest.raises(ConfigError, match="is there already"):
        write_box(folder, vaes={}, lattes={}, card="")
    assert open_box(folder) == before
    assert isinstance(before, Box)


def test_a_weight_beyond_half_precision_is_refused(tmp_path: Path) -> None:
    packed = packed_vae("large")
    assert packed.vae.pad is not None
    torch.nn.init.constant_(packed.vae.pad, 1e6)
    with pytest.raises(ConfigError, match="pad has 6 of 6 numbers that are NaN or infinite"):
        write_box(tmp_path / "box", vaes={"vit": packed}, lattes={}, card="")
