"""Pictures without the packages that ship some."""

import numpy as np
import pytest

from pvvae.data.scenes import Pictures


@pytest.fixture(scope="session")
def ramps() -> Pictures:
    """Even slopes of colour, which bilinear sampling reproduces exactly; no tint clips them."""
    up = np.linspace(20, 160, 120)
    slope = np.stack(np.broadcast_arrays(up, up[:, None], 90.0), axis=-1).astype(np.uint8)
    return Pictures.of([slope, slope[::-1, ::-1]])


@pytest.fixture(scope="session")
def noise() -> Pictures:
    """Three pictures without structure, of different sizes."""
    draw = np.random.default_rng(0)
    sizes = ((60, 80), (90, 70), (64, 64))
    return Pictures.of(draw.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes)
