"""A tracer is dropped, and seen where it goes."""

import pytest
import torch
from torch import Tensor

from pvvae.probes.tracer import TracerConfig, traced

OBSERVED, FRAMES = 5, 9


def _moving_on(x: Tensor, *, dx: int, dy: int) -> Tensor:
    """A predictor that knows the flow: the last observed frame goes on by it."""
    found = x.clone()
    for k in range(1, FRAMES - OBSERVED + 1):
        found[:, :, OBSERVED - 1 + k] = torch.roll(x[:, :, OBSERVED - 1], (k * dy, k * dx), (2, 3))
    return found


def _clip() -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(1, 3, FRAMES, 64, 64, generator=draw) * 2 - 1


@pytest.mark.parametrize(("dx", "dy"), [(2, 1), (-3, 0), (0, 0)])
def test_on_a_decoder_that_copies_by_known_flow_it_recovers_the_flow(dx: int, dy: int) -> None:
    points = torch.tensor([[30.0, 32.0], [24.0, 40.0], [40.5, 20.25]])
    found = traced(
        lambda x: _moving_on(x, dx=dx, dy=dy),
        _clip(),
        points,
        observed=OBSERVED,
        config=TracerConfig(batch=2),
    )
    for k in range(FRAMES - OBSERVED):
        expected = points + torch.tensor([dx, dy]) * (k + 1)
        assert (found[:, k] - expected).norm(dim=1).max() < 1.0


def test_a_predictor_that_does_not_look_leaves_points_where_they_are() -> None:
    points = torch.tensor([[10.0, 20.0]])
    found = traced(torch.zeros_like, _clip(), points, observed=OBSERVED, config=TracerConfig())
    assert found.tolist() == [[[10.0, 20.0]] * 4]


def test_a_larger_frame_has_a_larger_spot() -> None:
    seen = []

    def predict(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    for side in (64, 128):
        x = torch.zeros(1, 3, FRAMES, side, side)
        points = torch.tensor([[side / 2, side / 2]])
        traced(predict, x, points, observed=OBSERVED, config=TracerConfig())
    small, large = (float(seen[i][:, :, OBSERVED - 1].sum()) for i in (1, 3))
    assert large == pytest.approx(4 * small, rel=0.01)
