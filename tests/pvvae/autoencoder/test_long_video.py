"""A video in chunks is the video in one piece."""

import numpy as np
import pytest
import torch

from arch.interface import BackboneConfig
from pvvae import config as codec
from pvvae.autoencoder.long_video import Rebuilder, through
from pvvae.autoencoder.tiling import Tiling
from pvvae.model import PredictiveVAE
from tests.arch.contract import awake
from tests.tiny import CONFIGS


def vae(name: str) -> PredictiveVAE:
    plain = codec.read_yaml(CONFIGS / f"tiny/{name}/backbone.yaml")["backbone"]
    return PredictiveVAE(awake(codec.decode(BackboneConfig, plain, "backbone"))).eval()


def video(frames: int, height: int = 40, width: int = 56) -> np.ndarray:
    """Noise that a decoder answers with more than grey."""
    noise = np.random.default_rng(0).integers(0, 256, (frames, height, width, 3))
    return noise.astype(np.uint8)


def in_chunks(network: PredictiveVAE, whole: np.ndarray, **kwargs) -> np.ndarray:
    pairs = list(Rebuilder(network, **{"frames": 5, "tiling": None} | kwargs).rebuild(whole))
    assert np.array_equal(np.concatenate([clip for clip, _ in pairs]), whole)
    return np.concatenate([recon for _, recon in pairs])


@pytest.mark.parametrize("frames", [5, 9])
@pytest.mark.parametrize("length", [1, 4, 9, 17, 20])
@pytest.mark.parametrize("name", ["cnn", "vit_causal"])
def test_a_stream_of_any_length_and_size_is_the_video_in_one_piece(name, length, frames):
    network, whole = vae(name), video(length)
    found = in_chunks(network, whole, frames=frames)
    expected = through(network, whole)
    assert found.shape == expected.shape == whole.shape
    assert expected.std() > 5
    assert np.abs(found.astype(int) - expected).max() <= 1  # rounding to 8 bits


def test_where_nothing_streams_each_clip_is_rebuilt_alone():
    network, whole = vae("vit"), video(12)
    found = in_chunks(network, whole)
    for start in (0, 5, 10):
        expected = through(network, whole[start : start + 5])
        assert np.array_equal(found[start : start + 5], expected)


@torch.no_grad()
def test_tiles_stream_on_their_own_and_are_nearer_to_the_whole_if_they_overlap():
    network, whole = vae("cnn"), video(9, 64, 160)
    expected = in_chunks(network, whole).astype(float)
    errors = []
    for overlap in (0, 32):
        found = in_chunks(network, whole, tiling=Tiling(size=64, overlap=overlap))
        errors.append(np.square(found - expected).mean())
    assert 0 < errors[1] < errors[0]


def test_a_tile_as_large_as_the_picture_is_the_picture():
    network, whole = vae("cnn"), video(9)
    found = in_chunks(network, whole, tiling=Tiling(size=64, overlap=16))
    assert np.array_equal(found, in_chunks(network, whole))


def test_a_rebuilder_begins_anew_with_each_video():
    network, whole = vae("cnn"), video(9)
    rebuilder = Rebuilder(network, frames=5, tiling=None)
    first, again = ([recon for _, recon in rebuilder.rebuild(whole)] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
