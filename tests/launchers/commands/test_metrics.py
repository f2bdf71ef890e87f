"""``pvvae metrics`` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from launchers import cli
from pvvae.metrics.results import protocol_hash

Told = Callable[..., str]


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A and B of two clips; B is off by one."""
    for side, value in (("A", 100), ("B", 101)):
        (tmp_path / side).mkdir()
        for name in "ab":
            clip = np.full((5, 16, 16, 3), value, np.uint8)
            clip[0, 0, 0] -= 90  # not of one colour
            np.save(tmp_path / side / f"{name}.npy", clip)
    return tmp_path


def test_it_prints_a_table_and_writes_the_same(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folders / "out.json"
    words = [str(folders / "A"), str(folders / "B"), "--metrics", "psnr", "--json", str(out)]
    assert cli.main(["metrics", *words]) == 0
    found = json.loads(out.read_text())
    psnr = 20 * np.log10(255)  # every pixel is off by one
    assert found["metrics"]["psnr"]["value"] == pytest.approx(psnr, rel=1e-6)
    assert found["protocol_hash"] == protocol_hash(found["protocol"])
    header, row, last = capsys.readouterr().out.splitlines()
    assert header.split() == ["metric", "value", "95%", "interval", "clips"]
    assert row.split()[:2] == ["psnr", f"{psnr:.4f}"] and row.endswith("2 pairs")
    assert last == f"protocol {found['protocol_hash']}"


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--metrics", "fid"], "invalid choice: 'fid'"),
        (["--frames", "first17"], "--frames: must be all, first16 or a number, got 'first17'"),
        (["--frames", "0"], "--frames: must be at least 1, got 0"),
        (["--size", "256"], "--size: must be rows x columns as in 256x256, got '256'"),
        (["--num", "0"], "--num: must be at least 1, got 0"),
        (["--c3d", "a.npz"], "--c3d: is for the metric `is`, which --metrics does not name"),
        (["--json", "."], "--json: . is a folder; name a file"),
        (["--device", "abacus"], "--device: abacus cannot be used here"),
        (["--metrics", "fvd"], "a.npy: I3D needs 9 frames at least, got 5"),
    ],
)
def test_what_cannot_be_is_one_line(
    words: list[str], right: str, folders: Path, told: Told
) -> None:
    assert right in told("metrics", folders / "A", folders / "B", *words)


def test_an_array_of_floats_is_one_line(folders: Path, told: Told) -> None:
    clip = np.full((5, 16, 16, 3), np.nan, np.float32)
    np.save(folders / "B" / "b.npy", clip)
    line = told("metrics", folders / "A", folders / "B", "--metrics", "psnr")
    assert line.endswith(
        "b.npy: a clip is uint8 (T, H, W, 3), got float32 (5, 16, 16, 3) with 3840 NaN"
    )


def test_a_named_file_of_i3d_is_the_one_that_is_read(folders: Path, told: Told) -> None:
    """Another file than the released one is refused before a byte of it is interpreted."""
    other = folders / "i3d.ckpt"
    other.write_bytes(b"another network")
    for side in "AB":
        for name in "ab":
            clip = np.random.default_rng(0).integers(0, 255, (9, 16, 16, 3), np.uint8)
            np.save(folders / side / f"{name}.npy", clip)
    line = told("metrics", folders / "A", folders / "B", "--metrics", "fvd", "--i3d", other)
    assert f"{other}: sha256 is " in line
