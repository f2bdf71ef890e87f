"""LDS and CDS."""

import math

import numpy as np
import pytest
import torch

from pvvae.metrics.neighbour_cosine import neighbour_cosines


def _pair_by_pair(z: np.ndarray, *, stride: int) -> tuple[float, float]:
    """Another implementation, for one clip (c, t, h, w) of a short side of 256."""
    lds, rings = [], {edge: ([], []) for edge in (24, 40, 56, 72)}
    for group in np.moveaxis(z, 1, 0):
        cells = group.reshape(len(group), -1).T
        cells = cells - cells.mean(axis=0)
        near, far = [], []
        for i in range(len(cells)):
            for j in range(len(cells)):
                if i == j:
                    continue
                a, b = divmod(i, group.shape[2]), divmod(j, group.shape[2])
                apart = stride * math.dist(a, b)
                cosine = cells[i] @ cells[j] / np.linalg.norm(cells[i]) / np.linalg.norm(cells[j])
                if apart <= 24:
                    near.append(cosine)
                if apart >= 96:
                    far.append(cosine)
                for edge, (places, cosines) in rings.items():
                    if edge <= apart < edge + 16:
                        places.append(apart)
                        cosines.append(cosine)
        lds.append(np.mean(near) - np.mean(far))
    middles = [np.mean(places) for places, _ in rings.values()]
    means = [np.mean(cosines) for _, cosines in rings.values()]
    return float(np.mean(lds)), -100 * float(np.polyfit(middles, means, 1)[0])


def test_they_are_what_a_loop_over_all_pairs_finds() -> None:
    z = torch.randn(2, 3, 2, 8, 10, generator=torch.Generator().manual_seed(0))
    z = torch.nn.functional.avg_pool3d(z, (1, 3, 3), stride=1)
    found = neighbour_cosines(z, stride=16, short_side=256)
    for clip in range(2):
        lds, cds = _pair_by_pair(z[clip].numpy(), stride=16)
        assert float(found.lds[clip]) == pytest.approx(lds, rel=1e-6)
        assert float(found.cds[clip]) == pytest.approx(cds, rel=1e-6)


def test_smooth_latents_are_local_and_white_ones_are_not() -> None:
    y, x = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    smooth = torch.stack([x, y, x - y])[None, :, None]
    white = torch.randn(1, 8, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    one = neighbour_cosines(smooth, stride=16, short_side=256)
    two = neighbour_cosines(white, stride=16, short_side=256)
    assert float(one.lds) > 0.8
    assert float(one.cds) > 0.5
    assert abs(float(two.lds)) < 0.05
    assert abs(float(two.cds)) < 0.1


def test_a_frame_of_half_the_size_and_stride_gives_the_same() -> None:
    z = torch.randn(1, 4, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    one = neighbour_cosines(z, stride=8, short_side=128)
    two = neighbour_cosines(z, stride=16, short_side=256)
    assert torch.equal(one.lds, two.lds) and torch.equal(one.cds, two.cds)


def test_too_few_cells_have_neither() -> None:
    found = neighbour_cosines(torch.randn(3, 4, 2, 2, 2), stride=128, short_side=256)
    assert found.lds.isnan().all() and found.cds.isnan().all()
