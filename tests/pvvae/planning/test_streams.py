"""Memory of a stream, counted on tensors without memory: what is alive at once, to the byte."""

import pytest
import torch

from arch.interface import Backbone, BackboneConfig
from pvvae.config import decode, read_yaml
from pvvae.planning.storages import LiveStorages
from tests.tiny import CONFIGS

# Every operator goes through Python: half a minute each.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(600)]

GIB = 2**30
PAPER = {"cnn": {}, "vit": {"attention": "block_causal", "window": 5}}
"""Those of paper size that stream; full attention does not."""


def built(name: str, **changed: object) -> Backbone:
    plain = read_yaml(CONFIGS / name / "backbone.yaml")["backbone"] | changed
    with torch.device("meta"):
        return decode(BackboneConfig, plain, name).build().eval()


@torch.inference_mode()
def peak(backbone: Backbone, *, frames: int, side: int) -> int:
    """Most bytes alive while a video goes through group by group, weights not counted."""
    past: list = [None, None]
    with LiveStorages([*backbone.parameters(), *backbone.buffers()]) as live:
        for start in range(0, frames, 4):
            x = torch.empty(1, 3, 1 if start == 0 else 4, side, side, device="meta")
            moments, past[0] = backbone.encoder.stream(x, past[0])
            z = moments[:, : backbone.latent_channels]
            _, past[1] = backbone.decoder.stream(z, past[1])
    return live.peak


@pytest.mark.parametrize("name", ["tiny/cnn", "tiny/vit_causal"])
def test_a_thousand_frames_take_no_more_than_a_few(name):
    backbone = built(name)
    few, many = (peak(backbone, frames=frames, side=64) for frames in (17, 1025))
    assert many <= 1.05 * few


@pytest.mark.parametrize("name", PAPER)
def test_at_paper_size_65_frames_stream_within_8_gib(name):
    backbone = built(name, **PAPER[name])
    weights = sum(p.numel() * p.element_size() for p in backbone.parameters())
    assert weights + peak(backbone, frames=65, side=128) < 8 * GIB
