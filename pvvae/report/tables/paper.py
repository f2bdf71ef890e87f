"""Tables 1 and 2 of "Video Generation with Predictive Latents", as printed."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["reconstruction", "generation"]
"""Table 2 or Table 1."""

CLIPS = 2048
"""Clips behind every quality in both tables (section 4.1)."""
GPU, BATCH, SIZE = "H20", 4, "17x256x256"
"""What every speed and memory was measured on (section 4.1)."""
DATA: dict[Kind, str] = {
    "reconstruction": "Kinetics-400",
    "generation": "UCF101 and RealEstate10K",
}
"""Data sets of section 4.1."""
NUMBER: dict[Kind, int] = {"reconstruction": 2, "generation": 1}
"""Which table of the paper."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """One printed row."""

    name: str
    latent: str
    """``tTsScC``: strides in time and space, channels."""
    figures: tuple[float, ...]
    """In the order of ``COLUMNS``."""


COLUMNS: dict[Kind, tuple[tuple[str, str], ...]] = {
    "generation": (
        ("UCF101", "fvd"),
        ("UCF101", "kvd"),
        ("UCF101", "is_c3d_ucf101"),
        ("RealEstate10K", "fvd"),
        ("RealEstate10K", "kvd"),
        ("speed", "tspeed"),
        ("speed", "tmem"),
        ("speed", "parameters"),
    ),
    "reconstruction": (
        ("17x256x256", "rfvd"),
        ("17x256x256", "psnr"),
        ("17x256x256", "ssim"),
        ("17x256x256", "lpips"),
        ("17x512x512", "rfvd"),
        ("17x512x512", "psnr"),
        ("17x512x512", "ssim"),
        ("17x512x512", "lpips"),
        ("speed", "ispeed"),
        ("speed", "imem"),
    ),
}
"""Where each figure stands: data set or size, and metric. Parameters are printed in millions."""


def _row(name: str, latent: str, *figures: float) -> Printed:
    return Printed(name=name, latent=latent, figures=figures)


ROWS: dict[Kind, tuple[Printed, ...]] = {
    "generation": (
        _row("CogX-VAE", "t4s8c16", 176.90, 16.47, 64.19, 94.12, 10.41, 0.76, 85.93, 216),
        _row("IV-VAE", "t4s8c16", 175.74, 22.32, 64.51, 92.37, 8.35, 1.28, 88.34, 242),
        _row("WF-VAE-L", "t4s8c16", 188.19, 33.01, 67.49, 107.26, 12.56, 2.52, 87.36, 317),
        _row("Hunyuan-VAE", "t4s8c16", 210.30, 52.81, 66.40, 83.45, 13.23, 1.64, 87.36, 246),
        _row("Wan2.1 VAE", "t4s8c16", 167.10, 11.54, 66.04, 83.84, 10.64, 1.88, 86.44, 127),
        _row("Wan2.2 VAE", "t4s16c48", 180.79, 17.80, 67.32, 87.15, 10.11, 4.96, 30.90, 705),
        _row("SSVAE", "t4s16c48", 168.68, 19.71, 66.39, 79.08, 8.79, 3.92, 34.00, 315),
        _row("PV-VAE", "t4s16c64", 146.37, 14.52, 69.72, 72.50, 4.06, 4.40, 33.34, 661),
    ),
    "reconstruction": (
        _row(
            "CogX-VAE", "t4s8c16", 4.90, 33.78, 0.97, 0.027, 1.79, 36.00, 0.99, 0.024, 0.46, 13.64
        ),
        _row("IV-VAE", "t4s8c16", 2.78, 34.08, 0.96, 0.019, 0.97, 37.24, 0.96, 0.016, 0.32, 5.39),
        _row("WF-VAE-L", "t4s8c16", 3.06, 33.48, 0.96, 0.023, 1.08, 35.93, 0.96, 0.023, 0.87, 5.00),
        _row(
            "Hunyuan-VAE", "t4s8c16", 2.96, 34.30, 0.97, 0.016, 0.90, 37.13, 0.97, 0.015, 0.50, 22.0
        ),
        _row(
            "Wan2.1 VAE", "t4s8c16", 2.92, 33.21, 0.95, 0.018, 1.02, 36.15, 0.97, 0.017, 0.60, 6.77
        ),
        _row(
            "Wan2.2 VAE", "t4s16c48", 3.42, 33.78, 0.96, 0.015, 1.22, 36.75, 0.97, 0.015, 0.58, 9.36
        ),
        _row("SSVAE", "t4s16c48", 7.50, 31.18, 0.96, 0.036, 2.16, 34.45, 0.97, 0.028, 0.64, 7.63),
        _row("PV-VAE", "t4s16c64", 3.45, 32.26, 0.95, 0.020, 1.88, 35.03, 0.97, 0.020, 0.69, 7.97),
    ),
}
"""Table 1 and Table 2, without their marks; the latent shapes of Table 2 are Table 1's."""


def figures(kind: Kind, row: Printed) -> dict[str, dict[str, float]]:
    """A printed row as ``{data set or size: {metric: figure}}``."""
    found: dict[str, dict[str, float]] = {}
    for (group, metric), figure in zip(COLUMNS[kind], row.figures, strict=True):
        found.setdefault(group, {})[metric] = figure
    return found


def parameters(name: str) -> float:
    """Parameters of a VAE, as Table 1 prints them; Table 2 is of those VAEs too."""
    (row,) = (row for row in ROWS["generation"] if row.name == name)
    return row.figures[COLUMNS["generation"].index(("speed", "parameters"))] * 1e6
