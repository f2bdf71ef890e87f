"""Tiles in Wan's words are ours."""

import pytest

from pvvae.diffusers.autoencoder_pv import wan_tiles


def wan(**values: float | None) -> dict[str, float | None]:
    return {f"tile_sample_{key}": value for key, value in values.items()}


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        ((None, None), {}, (None, None)),
        ((64, 16), {}, (64, 16)),
        ((None, None), wan(min_height=64, min_width=64), (64, None)),
        ((None, None), wan(min_height=64, stride_width=48.0), (64, 16)),
        ((None, None), wan(stride_height=384), (512, 128)),
        ((64, None), wan(stride_height=48, min_width=None), (64, 16)),
    ],
)
def test_edges_and_strides_become_edge_and_overlap(ours, theirs, found):
    assert wan_tiles(*ours, theirs, usual=512) == found


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        ((None, None), {"tile_sample_min_num_frames": 16.0}, "^tile_sample_min_num_frames: tiles"),
        ((None, None), wan(min_height=64, min_width=32), "tiles are square"),
        ((None, None), wan(stride_height=64, stride_width=32), "tiles are square"),
        ((64, None), wan(min_height=64), "not in both"),
        ((64, 16), wan(stride_height=48), "not in both"),
    ],
)
def test_what_tiles_cannot_be_is_told_in_one_line(ours, theirs, why):
    with pytest.raises(ValueError, match=why):
        wan_tiles(*ours, theirs, usual=512)
