"""C3D's two files, of the right names and of fewer channels."""

from pathlib import Path

import numpy as np

WIDTHS = (
    ("conv1a", 3, 2),
    ("conv2a", 2, 3),
    ("conv3a", 3, 3),
    ("conv3b", 3, 4),
    ("conv4a", 4, 4),
    ("conv4b", 4, 5),
    ("conv5a", 5, 5),
    ("conv5b", 5, 6),
)
HEADS = (("fc6", 6 * 16, 10), ("fc7", 10, 9), ("fc8", 9, 101))


def write_small_c3d(folder: Path) -> tuple[Path, Path]:
    """Both files as TGANv2 releases them: Chainer's names, made-up numbers."""
    rng = np.random.default_rng(0)
    arrays = {}
    for name, wide, out in WIDTHS:
        arrays[f"{name}/W"] = rng.normal(size=(out, wide, 3, 3, 3)).astype(np.float32) / 4
        arrays[f"{name}/b"] = rng.normal(size=out).astype(np.float32)
    for name, wide, out in HEADS:
        arrays[f"{name}/W"] = rng.normal(size=(out, wide)).astype(np.float32) / wide**0.5
        arrays[f"{name}/b"] = rng.normal(size=out).astype(np.float32)
    np.savez(folder / "conv3d_deepnetA_ucf.npz", **arrays)
    np.savez(folder / "mean2.npz", mean=rng.uniform(80, 120, (3, 16, 128, 171)).astype(np.float32))
    return folder / "conv3d_deepnetA_ucf.npz", folder / "mean2.npz"
