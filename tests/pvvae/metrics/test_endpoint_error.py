"""EPE by RAFT's protocol."""

import struct
from pathlib import Path

import numpy as np
import pytest

from pvvae.errors import ConfigError
from pvvae.metrics.endpoint_error import (
    endpoint_errors,
    padded,
    pooled,
    read_flo,
    sintel_padding,
)


def _flo(path: Path, flow: np.ndarray, *, magic: float = 202021.25, cut: int = 0) -> Path:
    height, width, _ = flow.shape
    content = struct.pack("<fii", magic, width, height) + flow.astype("<f4").tobytes()
    path.write_bytes(content[: len(content) - cut])
    return path


def test_the_error_of_a_constant_flow_is_exact() -> None:
    truth = np.tile(np.float32([3, -4]), (2, 5, 7, 1))
    assert endpoint_errors(truth, truth).mean == 0.0
    found = endpoint_errors(np.zeros_like(truth), truth)
    assert found.mean == 5.0
    assert found.within == (0.0, 0.0, 0.0)  # less than 5, not at most
    near = endpoint_errors(truth + np.float32([0.5, 0]), truth)
    assert (near.mean, near.within) == (0.5, (1.0, 1.0, 1.0))


def test_pairs_of_other_sizes_count_by_their_pixels() -> None:
    one = endpoint_errors(np.ones((2, 2, 2), np.float32), np.zeros((2, 2, 2), np.float32))
    two = endpoint_errors(np.zeros((1, 12, 2), np.float32), np.zeros((1, 12, 2), np.float32))
    assert pooled([one, two]).mean == pytest.approx(2**0.5 * 4 / 16)
    with pytest.raises(ConfigError, match="no flow was measured"):
        pooled([])
    with pytest.raises(ConfigError, match="flow must be"):
        endpoint_errors(np.zeros((1, 2, 2)), np.zeros((2, 2, 2)))


def test_frames_are_padded_on_either_side_by_their_edge() -> None:
    assert sintel_padding(436, 1024) == ((2, 2), (0, 0))
    assert sintel_padding(5, 16) == ((1, 2), (0, 0))
    frames = np.arange(2 * 5 * 8 * 3, dtype=np.uint8).reshape(2, 5, 8, 3)
    found = padded(frames)
    assert found.shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(found[:, 0], frames[:, 0])
    np.testing.assert_array_equal(found[:, 1:6], frames)
    np.testing.assert_array_equal(found[:, 7], frames[:, 4])


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    flow = np.random.default_rng(0).normal(size=(3, 5, 2)).astype(np.float32)
    np.testing.assert_array_equal(read_flo(_flo(tmp_path / "a.flo", flow)), flow)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cut": 4}, "128 bytes, and 5 x 3 pixels need 132"),
        ({"cut": 125}, "no .flo file"),
        ({"magic": 1.0}, "no .flo file: it does not begin with 202021.25"),
    ],
)
def test_a_short_or_foreign_file_is_one_line(
    tmp_path: Path, changes: dict[str, float], message: str
) -> None:
    path = _flo(tmp_path / "a.flo", np.zeros((3, 5, 2)), **changes)
    with pytest.raises(ConfigError, match=message):
        read_flo(path)
    with pytest.raises(ConfigError, match=r"none\.flo: cannot be read"):
        read_flo(tmp_path / "none.flo")
