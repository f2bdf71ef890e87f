"""The probe measures features, not itself."""

import pytest
import torch
from torch import Tensor

from arch.interface import Stride
from pvvae.data.scenes import SceneSettings, draw_scene, packaged_pictures
from pvvae.data.scenes.ground_truth import flow_of
from pvvae.probes.fitting import ProbeSamples, answered, channel_moments, fitted_head, new_head
from pvvae.probes.head import HeadConfig
from pvvae.probes.tasks import FlowTask

SETTINGS = SceneSettings(height=16, width=16, frames=5, texel=4.0)
CONFIG = HeadConfig(width=8, blocks=1, steps=120, batch=4, lr=1e-2)
FITTED, TESTED = list(range(12)), list(range(12, 18))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def flows() -> list[Tensor]:
    """True flow (2, 4, 16, 16) of 18 scenes."""
    pictures = packaged_pictures()
    scenes = (draw_scene(SETTINGS, seed=4, index=n, pictures=pictures) for n in range(18))
    return [torch.from_numpy(flow_of(scene)).permute(3, 0, 1, 2).contiguous() for scene in scenes]


def _epe(samples: ProbeSamples, config: HeadConfig = CONFIG) -> float:
    task = FlowTask()
    head = fitted_head(samples, FITTED, task, config, seed=0, device=CPU)
    each = [task.errors(answered(head, samples, n, task, CPU), samples.truth(n))[0] for n in TESTED]
    return float(torch.stack(each).mean())


def _mean_epe(flows: list[Tensor]) -> float:
    mean = torch.stack([flows[n].mean(dim=(1, 2, 3)) for n in FITTED]).mean(dim=0)
    errors = [FlowTask().errors(mean[:, None, None, None], flows[n])[0] for n in TESTED]
    return float(torch.stack(errors).mean())


def test_fed_with_the_true_flow_it_is_within_a_twentieth_of_a_pixel(flows: list[Tensor]) -> None:
    def shifted(n: int) -> Tensor:  # flow k is said with frame k + 1
        return torch.cat([torch.zeros_like(flows[n][:, :1]), flows[n]], dim=1)

    samples = ProbeSamples(shifted, lambda n: flows[n], Stride(1, 1))
    assert _epe(samples) < 0.05 < _mean_epe(flows)


def test_fed_with_noise_it_is_no_better_than_the_mean_flow(flows: list[Tensor]) -> None:
    def noise(n: int) -> Tensor:
        return torch.randn(16, 2, 2, 2, generator=torch.Generator().manual_seed(n))

    samples = ProbeSamples(noise, lambda n: flows[n], Stride(4, 8))
    assert _epe(samples) >= _mean_epe(flows)


def test_the_same_seed_fits_the_same_head(flows: list[Tensor]) -> None:
    short = HeadConfig(width=8, blocks=1, steps=3, batch=2)
    samples = ProbeSamples(lambda n: flows[n], lambda n: flows[n][:, 1:], Stride(1, 1))

    def weights(seed: int) -> Tensor:
        head = fitted_head(samples, FITTED, FlowTask(), short, seed=seed, device=CPU)
        return torch.cat([value.flatten() for value in head.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_moments_are_those_of_all_values_far_from_zero_too() -> None:
    values = [1e4 + torch.randn(2, 3, 4, 5) * torch.tensor([1.0, 0.0])[:, None, None, None]] * 2
    values[1] = values[1] + 2
    whole = torch.cat([one.flatten(1) for one in values], dim=1).double()
    mean, deviation = channel_moments(lambda n: values[n], [0, 1])
    torch.testing.assert_close(mean.double(), whole.mean(dim=1), rtol=1e-6, atol=0)
    torch.testing.assert_close(
        deviation.double(), whole.std(dim=1, correction=0), rtol=1e-3, atol=0
    )


def test_a_channel_that_never_varies_divides_nothing_by_zero() -> None:
    samples = ProbeSamples(
        lambda n: torch.ones(3, 2, 2, 2), lambda n: torch.ones(2, 4, 2, 2), Stride(4, 1)
    )
    head = new_head(samples, [0], FlowTask(), CONFIG, seed=0)
    assert torch.equal(head.feature_deviation, torch.ones(3))
