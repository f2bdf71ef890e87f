"""One contract for pixels, latents and any block of a denoiser."""

from pathlib import Path

import pytest
import torch

from arch.interface import Stride
from pvvae.box import write_box
from pvvae.errors import ConfigError
from pvvae.probes.features import PixelFeatures, frames_seen, open_sources
from tests.small_box import latte, packed_vae

CLIP = torch.rand(1, 3, 17, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features") / "box"
    vaes, lattes = {"vit": packed_vae("Transformer")}, {"vit_latte": latte()}
    write_box(folder, vaes=vaes, lattes=lattes, card="# A box\n")
    return folder


@torch.inference_mode()
def test_every_source_has_a_cell_for_every_stride(box: Path) -> None:
    for run in ("vit", "vit_latte"):
        (source,) = open_sources(run, str(box / run), blocks=(), times=(0.2,), seed=0)
        t, s = source.stride
        features = source.features(CLIP, clip="a")
        assert features.shape[2:] == (1 + 16 // t, 64 // s, 64 // s)
        assert features.isfinite().all()
        assert PixelFeatures(source.stride).features(CLIP, clip="a").shape[2:] == features.shape[2:]


@torch.inference_mode()
def test_a_block_is_what_comes_out_of_it(box: Path) -> None:
    run = str(box / "vit_latte")
    first, last = open_sources("a", run, blocks=(1, 2), times=(0.0,), seed=0)
    one, two = (source.features(CLIP, clip="a") for source in (first, last))
    assert one.shape == two.shape and not torch.equal(one, two)
    assert torch.equal(one, first.features(CLIP, clip="b"))  # without noise none is drawn


@torch.inference_mode()
def test_noise_belongs_to_seed_and_clip(box: Path) -> None:
    run = str(box / "vit_latte")
    one, other = (open_sources("a", run, blocks=(), times=(0.5,), seed=seed)[0] for seed in (0, 1))
    assert torch.equal(one.features(CLIP, clip="a"), one.features(CLIP, clip="a"))
    assert not torch.equal(one.features(CLIP, clip="a"), one.features(CLIP, clip="b"))
    assert not torch.equal(one.features(CLIP, clip="a"), other.features(CLIP, clip="a"))
    assert one.digest != other.digest


def test_a_denoiser_is_a_source_for_each_block_and_time(box: Path) -> None:
    run = str(box / "vit_latte")
    found = open_sources("a", run, blocks=(1, 2, 1), times=(0.1, 0.5), seed=0)
    assert len({source.digest for source in found}) == len(found) == 4


def test_a_block_that_is_not_there_is_one_line(box: Path) -> None:
    with pytest.raises(ConfigError, match="--block: a has blocks 1 to 2, got 3"):
        open_sources("a", str(box / "vit_latte"), blocks=(3,), times=(0.2,), seed=0)


def test_a_latte_without_its_box_is_one_line(box: Path, tmp_path: Path) -> None:
    alone = tmp_path / "vit_latte"
    alone.mkdir()
    for path in (box / "vit_latte").iterdir():
        (alone / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ConfigError, match=r"a Latte without its box; box\.json should be beside"):
        open_sources("a", str(alone), blocks=(), times=(0.2,), seed=0)


def test_frames_are_left_to_see_for_every_stride() -> None:
    sources = [PixelFeatures(Stride(4, 8)), PixelFeatures(Stride(2, 8))]
    assert frames_seen(sources, 17) == 13
    with pytest.raises(ConfigError, match="--frames: 4 leave none to see; use 5 or more"):
        frames_seen(sources, 4)
