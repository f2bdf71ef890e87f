"""Weights of the right names and of fewer channels; the released file is not at hand."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pvvae.errors import ConfigError
from pvvae.metrics.c3d import C3D, preprocess
from pvvae.metrics.inception_score import InceptionScore
from tests.pvvae.metrics.small_c3d import HEADS, WIDTHS, write_small_c3d


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """See :func:`write_small_c3d`."""
    return write_small_c3d(tmp_path_factory.mktemp("c3d"))


@pytest.fixture(scope="module")
def clips() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (2, 17, 40, 60, 3), dtype=torch.uint8, generator=generator)


def _as_written(clip: np.ndarray, files: tuple[Path, Path]) -> torch.Tensor:
    """The network as TGANv2 describes it, step by step in float64, of one clip (T, H, W, 3)."""
    weights, mean = np.load(files[0]), np.load(files[1])["mean"]
    x = (clip[:16].astype(float) / 127.5 - 1) * 128
    for axis, size in ((1, clip.shape[1]), (2, clip.shape[2])):  # to 112, corners on corners
        places = np.linspace(0, size - 1, 112)
        low = np.minimum(places.astype(int), size - 2)
        share = np.expand_dims(places - low, tuple({0, 1, 2, 3} - {axis}))
        x = np.take(x, low, axis) * (1 - share) + np.take(x, low + 1, axis) * share
    x = x[..., ::-1].transpose(3, 0, 1, 2) + 128 - mean[:, :, 8:120, 8:120]
    h = torch.from_numpy(x.copy())[None]
    for name, _, _ in WIDTHS:
        kernel, bias = (torch.from_numpy(weights[f"{name}/{k}"]).double() for k in "Wb")
        h = F.conv3d(h, kernel, bias, padding=1).clamp_min(0)
        if name in ("conv1a", "conv2a", "conv3b", "conv4b", "conv5b"):
            step = 1 if name == "conv1a" else 2
            h = F.pad(h, (0, h.shape[4] % 2, 0, h.shape[3] % 2), value=-torch.inf)
            h = F.max_pool3d(h, (step, 2, 2))
    assert h.shape[2:] == (1, 4, 4)
    h = h.flatten()
    for name, _, _ in HEADS:
        kernel, bias = (torch.from_numpy(weights[f"{name}/{k}"]).double() for k in "Wb")
        h = kernel @ h + bias
        h = h if name == "fc8" else h.clamp_min(0)
    return h


def test_logits_are_those_of_the_network_as_written(files, clips):
    found = C3D(file=files[0], mean=files[1])(clips)
    assert found.shape == (2, 101)
    for clip, logits in zip(clips, found, strict=True):
        expected = _as_written(clip.numpy(), files)
        assert (logits - expected).abs().max() < 1e-5 * expected.abs().max()


def test_logits_do_not_depend_on_the_batch_or_on_later_frames(files, clips):
    network = C3D(file=files[0], mean=files[1])
    assert torch.equal(network(clips)[1:], network(clips[1:, :16]))


def test_pixels_are_bgr_times_128():
    red = torch.zeros(1, 16, 8, 8, 3, dtype=torch.uint8)
    red[..., 0] = 255
    assert preprocess(red)[0, :, 0, 0, 0].tolist() == [-128.0, -128.0, 128.0]


def test_the_files_that_measured_are_known_by_their_digest(files):
    network = C3D(file=files[0], mean=files[1])
    digest = {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in zip(("c3d_ucf101", "c3d_mean"), files, strict=True)
    }
    assert network.classifier.weights == digest
    assert InceptionScore(network.classifier).protocol()["weights_sha256"] == digest


def test_files_in_the_cache_need_no_name(files, clips, tmp_path, monkeypatch):
    monkeypatch.setenv("PVVAE_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"curl -L .*/conv3d_deepnetA_ucf\.npz'") as error:
        C3D()
    assert "\n" not in str(error.value)
    for path in files:
        (tmp_path / path.name).symlink_to(path)
    assert torch.equal(C3D()(clips[:1]), C3D(file=files[0], mean=files[1])(clips[:1]))


def test_bad_files_are_one_line(files, tmp_path):
    def refused(**arrays: np.ndarray) -> str:
        np.savez(tmp_path / "bad.npz", **arrays, allow_pickle=True)
        with pytest.raises(ConfigError) as error:
            C3D(file=tmp_path / "bad.npz", mean=files[1])
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "not an npz of plain arrays" in refused(x=np.array([{}], dtype=object))
    assert "has no array 'conv1a/W'" in refused(x=np.zeros(1))
    arrays = dict(np.load(files[0]))
    other = refused(**(arrays | {"conv2a/W": np.zeros((3, 5, 3, 3, 3))}))
    assert "conv2a/W should be (K, 2, 3, 3, 3), is (3, 5, 3, 3, 3)" in other
    other = refused(**(arrays | {"fc6/W": np.zeros((10, 6 * 9))}))  # a pooling that does not cover
    assert "fc6/W should be (K, 96), is (10, 54)" in other
    (tmp_path / "bad.npz").write_text("nothing of the kind")
    with pytest.raises(ConfigError, match="not an npz"):
        C3D(file=tmp_path / "bad.npz", mean=files[1])
    with pytest.raises(ConfigError, match="has no array 'mean'"):
        C3D(file=files[0], mean=files[0])


def test_short_clips_and_floats_are_refused(files):
    network = C3D(file=files[0], mean=files[1])
    with pytest.raises(ConfigError, match="at least 16 frames, got 9"):
        network(torch.zeros(1, 9, 8, 8, 3, dtype=torch.uint8))
    with pytest.raises(ConfigError, match="uint8"):
        network(torch.zeros(1, 16, 8, 8, 3))
