"""Weights that cannot be used are told apart, each in one line."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from arch.cnn import CNN
from arch.interface import Posterior
from pvvae.errors import ConfigError
from pvvae.pretrained.tensor_files import check_finite, fill, inflate, read_tensors
from tests.arch.contract import awake
from tests.arch.layers.image_cnn import ImageCNN
from tests.pvvae.pretrained.small_network import small


@pytest.fixture(scope="module")
def networks() -> tuple[ImageCNN, CNN]:
    """An image VAE, and the video VAE made of it; in float64."""
    video = awake(small()).double()
    assert isinstance(video, CNN)
    image = ImageCNN(video)
    video.load_state_dict(inflate(image.weights, video.state_dict()))
    return image, video.requires_grad_(False)


def picture() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, 32, 48, generator=generator, dtype=torch.float64) * 2 - 1


def test_on_images_it_is_the_image_vae(networks: tuple[ImageCNN, CNN]) -> None:
    image, video = networks
    expected = Posterior.from_moments(image.encode(picture()))
    found = video.encode(picture()[:, :, None])
    torch.testing.assert_close(found.mean[:, :, 0], expected.mean)
    torch.testing.assert_close(found.logvar[:, :, 0], expected.logvar)
    recon = video.decode(found.mean)
    torch.testing.assert_close(recon[:, :, 0], image.decode(expected.mean))


def test_a_clip_that_stands_still_is_its_image_at_all_times(
    networks: tuple[ImageCNN, CNN],
) -> None:
    """Each latent is the image's, and each frame of the reconstruction."""
    image, video = networks
    z = image.encode(picture())[:, :32]
    mean = video.encode(picture()[:, :, None].repeat(1, 1, 9, 1, 1)).mean
    torch.testing.assert_close(mean, z[:, :, None].expand_as(mean))
    recon = video.decode(mean)
    torch.testing.assert_close(recon, image.decode(z)[:, :, None].expand_as(recon))


def test_kernels_are_the_last_taps_and_nothing_else_changes() -> None:
    weights = {"conv": torch.ones(2, 3, 3, 3), "linear": torch.ones(4, 4)}
    video = {"conv": torch.zeros(2, 3, 3, 3, 3), "linear": torch.zeros(4, 4)}
    found = inflate(weights, video)
    assert torch.equal(found["conv"][:, :, 2], weights["conv"])
    assert not found["conv"][:, :, :2].any()
    assert found["linear"] is weights["linear"]


class Hostile:
    """Runs code when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))


def told(error: pytest.ExceptionInfo[ConfigError]) -> str:
    line = str(error.value)
    assert "\n" not in line
    return line


def test_what_was_saved_is_read_and_fills_the_network(tmp_path):
    one, two = network(), network()
    save_file(one.state_dict(), tmp_path / "w.safetensors")
    fill(two, read_tensors(tmp_path / "w.safetensors"), where="w")
    torch.testing.assert_close(two.state_dict(), one.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_file_cut_short_is_damaged(kept, tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(network().state_dict(), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ConfigError, match="not a whole safetensors file") as error:
        read_tensors(path)
    assert told(error).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["w.pt", "w.bin", "w.ckpt", "w.safetensors"])
@pytest.mark.parametrize("zipped", [True, False], ids=["torch.save", "pickle"])
def test_a_pickle_is_refused_unopened_whatever_its_name(name, zipped, tmp_path):
    path, mark = tmp_path / name, tmp_path / "ran"
    if zipped:
        torch.save(Hostile(mark), path)
    else:
        path.write_bytes(pickle.dumps(Hostile(mark)))
    with pytest.raises(ConfigError, match="a pickle is not opened") as error:
        read_tensors(path)
    assert told(error).startswith(f"{path}: ")
    assert not mark.exists()


def test_safetensors_that_begin_like_a_pickle_are_read(tmp_path):
    path, name = tmp_path / "w.safetensors", "x" * 580
    save_file({name: torch.ones(1)}, path)
    assert path.read_bytes().startswith(b"\x80\x02")  # its header is 640 bytes long
    assert list(read_tensors(path)) == [name]


def test_a_pickle_beside_the_missing_file_is_named(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"pytorch_model\.bin: a pickle.*no w\.safetensors"):
        read_tensors(tmp_path / "w.safetensors")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"w\.safetensors: no such file$"):
        read_tensors(tmp_path / "w.safetensors")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_the_first_tensor_that_is_not_finite_is_named(bad, tmp_path):
    weights = network().state_dict()
    weights["1.weight"][0, :2] = bad
    save_file(weights, tmp_path / "w.safetensors")
    with pytest.raises(ConfigError, match=r"1\.weight has 2 of 3 numbers that are NaN") as error:
        read_tensors(tmp_path / "w.safetensors")
    told(error)


def test_whole_numbers_are_finite():
    check_finite({"n": torch.tensor([1, 2])}, where="w")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"0.bias": None}, r"it lacks 0\.bias$"),
        ({"0.bias": torch.zeros(4)}, r"0\.bias is \(4,\) there, \(3,\) here$"),
        ({"2.bias": torch.zeros(4)}, r"it has 2\.bias, which the network lacks$"),
    ],
)
def test_weights_of_another_architecture_leave_the_network_as_it_was(change, why):
    one, two = network(), network()
    weights = {k: v for k, v in (one.state_dict() | change).items() if v is not None}
    before = {name: tensor.clone() for name, tensor in two.state_dict().items()}
    with pytest.raises(ConfigError, match=f"^w: weights of another architecture: {why}"):
        fill(two, weights, where="w")
    torch.testing.assert_close(two.state_dict(), before, rtol=0, atol=0)
