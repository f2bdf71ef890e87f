"""How straight a path is."""

import pytest
import torch

from pvvae.metrics.trajectory import PathShape, time_path


def test_a_straight_line_has_one_and_a_right_angle_what_geometry_says() -> None:
    points = torch.tensor([[[0.0, 0], [1, 0], [2, 0]], [[0.0, 0], [1, 0], [1, 1]]])  # (2, 3, 2)
    path = PathShape(points[:, 0])
    path.add(points[:, 1])
    path.add(points[:, 2])
    assert path.straightness.tolist() == pytest.approx([1.0, 0.0])
    assert path.efficiency.tolist() == pytest.approx([1.0, 2**0.5 / 2])


def test_points_may_be_overwritten_once_they_are_told() -> None:
    x = torch.zeros(1, 3)
    path = PathShape(x)
    for _ in range(4):
        x.add_(torch.tensor([1.0, 2.0, 3.0]))
        path.add(x)
    assert float(path.straightness) == pytest.approx(1.0)
    assert float(path.efficiency) == pytest.approx(1.0)


def test_there_and_back_comes_nowhere() -> None:
    z = torch.stack([torch.zeros(2, 3, 3), torch.ones(2, 3, 3), torch.zeros(2, 3, 3)], dim=1)[None]
    path = time_path(z)  # (1, c, t, h, w)
    assert float(path.straightness) == pytest.approx(-1.0)
    assert float(path.efficiency) == 0.0
    assert time_path(z[:, :, :2]).straightness.isnan().all()
