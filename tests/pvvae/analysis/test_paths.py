"""Ways from noise to data."""

import pytest
import torch
from torch import Tensor, nn

from pvvae.analysis.paths import sampled_paths
from pvvae.data.latent_scale import LatentScale
from pvvae.denoiser.rectified_flow import SamplerConfig
from pvvae.metrics.trajectory import PathShape
from tests.tiny import denoiser_config

SAMPLER = SamplerConfig(steps=5)


def _scale(channels: int, classes: tuple[str, ...] = ()) -> LatentScale:
    return LatentScale(
        mean=[0.0] * channels,
        deviation=[1.0] * channels,
        shape=(channels, 2, 4, 4),
        classes=classes,
        encoder="",
    )


class _Straight(nn.Module):
    """Every sample goes to one point, on a straight line."""

    num_classes = 0

    def forward(self, x: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
        return (x - 1.0) / time[:, None, None, None, None]


def test_a_denoiser_of_one_point_goes_straight_there() -> None:
    found = sampled_paths(_Straight(), _scale(3), SAMPLER, num=3, seed=0)
    assert found.shape == (3, 2)
    torch.testing.assert_close(found, torch.ones(3, 2, dtype=torch.float64), atol=1e-5, rtol=0)


def test_each_sample_has_its_own_path_however_many_there_are() -> None:
    torch.manual_seed(0)
    config = denoiser_config()
    denoiser = config.build().eval()
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    names = tuple(f"class {i}" for i in range(config.num_classes))
    scale = _scale(config.latent_channels, names)
    many = sampled_paths(denoiser, scale, SAMPLER, num=4, seed=1)
    few = sampled_paths(denoiser, scale, SAMPLER, num=2, seed=1)
    torch.testing.assert_close(many[:2], few, atol=1e-4, rtol=0)
    assert (many.abs() <= 1 + 1e-6).all()
    assert float(many.std(dim=0).min()) > 0


def test_a_path_of_two_points_has_no_turn() -> None:
    path = PathShape(torch.zeros(2, 3))
    path.add(torch.ones(2, 3))
    assert path.straightness.isnan().all()
    assert path.efficiency.tolist() == pytest.approx([1.0, 1.0])
