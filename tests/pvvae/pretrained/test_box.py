"""A box gives back what was put in, and says in one line what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pvvae.box import open_box
from pvvae.errors import ConfigError
from pvvae.pretrained.box import located
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
    plain["lattes"]["vit_latte"]["vae"] = "unet"
    (folder / "box.json").write_text(json.dumps(plain))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_short, "model.safetensors: damaged: "),
        (one_bit_off, "denoiser.safetensors: damaged: its checksum is another"),
        (without_a_card, "README.md: missing from the box; take the whole box again"),
        (another_version, "'pvvae-box-2', but this version opens format 'pvvae-box-1'"),
        (no_json, "box.json: damaged: not JSON"),
        (of_another_vae, "vit_latte needs the VAE 'unet', which is not in the box"),
    ],
)
def test_what_is_wrong_with_a_box_is_one_line(
    folder: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(folder)
    assert words in refused(folder)


def test_where_there_is_no_box_one_line_says_so(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"{tmp_path}/box.json: no such file, so there is no box; name the folder of one, or leave "
        "--box away for the project's"
    )


@pytest.fixture
def shipped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in the place of the project's own box."""
    monkeypatch.setattr("pvvae.pretrained.box.SHIPPED", folder)
    return folder


def test_a_name_in_the_box_is_a_folder_and_other_names_are_what_they_are(shipped: Path) -> None:
    assert located("box:vit") == shipped / "vit"
    assert located(Path("box:vit_latte")) == shipped / "vit_latte"
    assert located("runs/box") == Path("runs/box")


def test_a_name_that_is_not_in_the_box_is_told_those_that_are(shipped: Path) -> None:
    with pytest.raises(
        ConfigError, match="box:unet: the box has no unet; it has cnn, vit, vit_twin, "
    ):
        located("box:unet")


def test_a_copy_without_its_box_says_so_in_one_line(shipped: Path) -> None:
    (shipped / "box.json").unlink()
    with pytest.raises(ConfigError, match=r"there is no box; copy the project again, its box with"):
        located("box:vit")
