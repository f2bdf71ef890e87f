"""Rectified flow where the marginal velocity, and so the transport, is known in closed form."""

import math

import pytest
import torch
from torch import Tensor

from pvvae.denoiser.rectified_flow import (
    SamplerConfig,
    continuing,
    drop_labels,
    flow_loss,
    guided,
    interpolate,
    known_times,
    sample,
    velocity,
)
from pvvae.denoiser.times import uniform_times
from pvvae.errors import ConfigError

MEAN, STD = 1.5, 0.4


def standard_noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def gaussian_velocity(x: Tensor, time: Tensor, mean: float = MEAN, std: float = STD) -> Tensor:
    """E[noise - data | x_t = x] for data N(mean, std^2): both are linear in x_t, jointly normal."""
    t = time.reshape(-1, *[1] * (x.ndim - 1))
    variance = ((1 - t) * std) ** 2 + t**2
    return -mean + (t - (1 - t) * std**2) / variance * (x - (1 - t) * mean)


class Mixture:
    """Data 0.3 N(-2, 0.5^2) + 0.7 N(1, 0.3^2) in one dimension."""

    weights = torch.tensor([0.3, 0.7])
    means = torch.tensor([-2.0, 1.0])
    stds = torch.tensor([0.5, 0.3])

    def velocity(self, x: Tensor, time: Tensor) -> Tensor:
        """Each component's velocity, weighted by how likely x is its own."""
        t = time[:, None]
        spread = (((1 - t) * self.stds) ** 2 + t**2).sqrt()  # (B, 2)
        likely = torch.distributions.Normal((1 - t) * self.means, spread).log_prob(x)
        share = (likely + self.weights.log()).softmax(dim=-1)
        each = [
            gaussian_velocity(x, time, mean.item(), std.item())
            for mean, std in zip(self.means, self.stds, strict=True)
        ]
        return (share * torch.cat(each, dim=-1)).sum(-1, keepdim=True)

    def cdf(self, x: Tensor) -> Tensor:
        normal = torch.distributions.Normal(self.means, self.stds)
        return (self.weights * normal.cdf(x)).sum(-1, keepdim=True)


def quantile_error(method: str, steps: int) -> float:
    """In one dimension the flow keeps the order, so it maps quantiles to quantiles."""
    mixture = Mixture()
    noise = torch.linspace(-2.5, 2.5, 101)[:, None]
    result = sample(mixture.velocity, noise, SamplerConfig(steps=steps, method=method))
    quantile = torch.distributions.Normal(0.0, 1.0).cdf(noise)
    return (mixture.cdf(result) - quantile).abs().max().item()


@pytest.mark.parametrize(
    ("method", "within"), [("euler", 0.025), ("heun", 2e-4), ("midpoint", 1e-5)]
)
def test_noise_is_carried_to_the_gaussian_point_it_belongs_to(method, within):
    """The flow of a Gaussian is exactly noise -> mean + std * noise."""
    noise = standard_noise(64, 2, 1, 1, 1)
    result = sample(gaussian_velocity, noise, SamplerConfig(method=method))
    torch.testing.assert_close(result, MEAN + STD * noise, atol=within, rtol=0)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2), ("midpoint", 2)])
def test_the_error_on_a_mixture_falls_with_the_order_of_the_method(method, order):
    coarse, fine = quantile_error(method, 64), quantile_error(method, 128)
    assert fine < (5e-3 if order == 1 else 5e-5)
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize(("method", "per_step"), [("euler", 1), ("heun", 2), ("midpoint", 2)])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_the_velocity_is_evaluated_exactly_once_or_twice_a_step(method, per_step, steps):
    times = []

    def constant(x: Tensor, time: Tensor) -> Tensor:
        times.append(time[0].item())
        return torch.ones_like(x)

    result = sample(constant, torch.zeros(2, 3), SamplerConfig(steps=steps, method=method))
    assert len(times) == per_step * steps
    torch.testing.assert_close(result, -torch.ones(2, 3))  # the steps add up to all of [1, 0]


def test_euler_evaluates_at_the_start_of_each_step_and_never_at_the_data():
    times = []

    def record(x: Tensor, time: Tensor) -> Tensor:
        assert time.shape == (3,) and time.dtype == torch.float32
        times.append(time[0].item())
        return x

    sample(record, torch.zeros(3, 1), SamplerConfig(steps=4))
    assert times == [1.0, 0.75, 0.5, 0.25]


def test_with_a_time_shift_steps_are_finer_near_the_noise_by_the_elements_of_a_sample():
    times = []

    def record(x: Tensor, time: Tensor) -> Tensor:
        times.append(time[0].item())
        return torch.ones_like(x)

    noise = torch.zeros(3, 4, 4)  # 16 elements, so s = 2 over a base of 4
    result = sample(record, noise, SamplerConfig(steps=4, time_shift=4))
    assert times == pytest.approx([1.0, 6 / 7, 2 / 3, 2 / 5])
    torch.testing.assert_close(result, -torch.ones(3, 4, 4))


@pytest.mark.parametrize("method", ["euler", "heun", "midpoint"])
def test_a_sample_of_as_many_elements_as_the_shift_s_base_is_made_as_without(method):
    noise = standard_noise(2, 3, 5)
    with_shift = SamplerConfig(steps=7, method=method, time_shift=15)
    without = SamplerConfig(steps=7, method=method)
    one, other = (sample(gaussian_velocity, noise, config) for config in (with_shift, without))
    assert torch.equal(one, other)


def test_the_path_runs_from_data_to_noise_and_the_velocity_is_its_slope():
    x, noise = standard_noise(3, 2, 2, seed=1), standard_noise(3, 2, 2, seed=2)
    assert torch.equal(interpolate(x, noise, torch.zeros(3)), x)
    assert torch.equal(interpolate(x, noise, torch.ones(3)), noise)
    time = torch.tensor([0.1, 0.5, 0.7])
    slope = (interpolate(x, noise, time + 0.25) - interpolate(x, noise, time)) / 0.25
    torch.testing.assert_close(slope, velocity(x, noise))
    torch.testing.assert_close(interpolate(x, noise, time)[1], 0.5 * (x[1] + noise[1]))


def test_the_loss_is_per_sample_and_zero_for_the_velocity():
    x, noise = standard_noise(3, 4, 2, seed=1), standard_noise(3, 4, 2, seed=2)
    predicted = noise - x
    assert torch.equal(flow_loss(predicted, x, noise), torch.zeros(3))
    predicted[1] += 2.0
    torch.testing.assert_close(flow_loss(predicted, x, noise), torch.tensor([0.0, 4.0, 0.0]))


def test_the_loss_is_float32_and_differentiable_in_bfloat16():
    x, noise = standard_noise(2, 3).bfloat16(), standard_noise(2, 3, seed=1).bfloat16()
    predicted = torch.zeros(2, 3, dtype=torch.bfloat16, requires_grad=True)
    loss = flow_loss(predicted, x, noise)
    assert loss.dtype == torch.float32
    loss.sum().backward()
    assert predicted.grad is not None and predicted.grad.all()


def test_the_marginal_velocity_has_the_smallest_loss():
    generator = torch.Generator().manual_seed(3)
    x, noise = MEAN + STD * standard_noise(20000, 1, seed=1), standard_noise(20000, 1, seed=2)
    time = uniform_times(generator, 20000)
    best = gaussian_velocity(interpolate(x, noise, time), time)
    least = flow_loss(best, x, noise).mean()
    for other in (best + 0.1, best - 0.1, 1.1 * best, 0.9 * best):
        assert flow_loss(other, x, noise).mean() > least


def labelled(x: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
    """A stand-in denoiser whose conditional part is the label itself."""
    base = 0.5 * x + time.reshape(-1, *[1] * (x.ndim - 1))
    return base if label is None else base + label.reshape(-1, *[1] * (x.ndim - 1))


LABEL, NULL = torch.tensor([1, 2]), 5


def guided_velocity(x: Tensor, time: float, config: SamplerConfig) -> Tensor:
    follow = guided(labelled, label=LABEL, null_label=NULL, config=config)
    return follow(x, torch.full((2,), time))


def test_guidance_of_one_changes_nothing_and_costs_nothing():
    sizes = []

    def counting(x: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
        sizes.append(len(x))
        return labelled(x, time, label)

    x, time = standard_noise(2, 6, 1, 1, 1), torch.full((2,), 0.3)
    follow = guided(counting, label=LABEL, null_label=NULL, config=SamplerConfig(guidance=1.0))
    assert torch.equal(follow(x, time), labelled(x, time, LABEL))
    assert sizes == [2]


@pytest.mark.parametrize("guidance", [0.0, 0.5, 1.4, 7.0])
def test_guidance_leaves_the_null_label_behind_in_all_channels(guidance):
    x, time = standard_noise(2, 6, 1, 1, 1), torch.full((2,), 0.3)
    conditional = labelled(x, time, LABEL)
    null = labelled(x, time, torch.full((2,), NULL))
    result = guided_velocity(x, 0.3, SamplerConfig(guidance=guidance))
    torch.testing.assert_close(result, null + guidance * (conditional - null))


def test_first4_guides_the_first_four_channels_alone():
    x, time = standard_noise(2, 6, 1, 2, 2), torch.full((2,), 0.3)
    everywhere = guided_velocity(x, 0.3, SamplerConfig(guidance=7.0))
    result = guided_velocity(x, 0.3, SamplerConfig(guidance=7.0, guidance_channels="first4"))
    assert torch.equal(result[:, :4], everywhere[:, :4])
    assert torch.equal(result[:, 4:], labelled(x, time, LABEL)[:, 4:])
    assert not torch.isclose(result[:, :4], labelled(x, time, LABEL)[:, :4]).any()


@pytest.mark.parametrize(
    ("time", "inside"), [(0.1, False), (0.25, True), (0.75, True), (0.8, False)]
)
def test_guidance_keeps_to_its_interval(time, inside):
    config = SamplerConfig(guidance=3.0, guidance_interval=(0.25, 0.75))
    x = standard_noise(2, 6, 1, 1, 1)
    always = guided_velocity(x, time, SamplerConfig(guidance=3.0))
    never = labelled(x, torch.full((2,), time), LABEL)
    assert torch.equal(guided_velocity(x, time, config), always if inside else never)


def test_guidance_decides_sample_by_sample():
    config = SamplerConfig(guidance=3.0, guidance_interval=(0.0, 0.5))
    x, time = standard_noise(2, 6, 1, 1, 1), torch.tensor([0.4, 0.6])
    result = guided(labelled, label=LABEL, null_label=NULL, config=config)(x, time)
    conditional = labelled(x, time, LABEL)
    torch.testing.assert_close(result[1], conditional[1])
    torch.testing.assert_close(result[0], conditional[0] + 2.0 * (LABEL[0] - NULL))


def test_both_halves_of_guidance_run_in_one_batch_a_step():
    calls = []

    def recording(x: Tensor, time: Tensor, label: Tensor) -> Tensor:
        calls.append(label.tolist())
        return labelled(x, time, label)

    config = SamplerConfig(steps=5, guidance=2.0)
    sample(
        guided(recording, label=LABEL, null_label=NULL, config=config), torch.zeros(2, 4), config
    )
    assert calls == [[1, 2, 5, 5]] * 5


@pytest.mark.parametrize("method", ["euler", "heun", "midpoint"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_no_step_waits_for_a_device(method, guidance):
    """The meta device has no values to wait for: whoever looks at one there is an error."""
    config = SamplerConfig(steps=3, method=method, guidance=guidance)
    noise = torch.empty(2, 6, 1, 2, 2, device="meta")
    follow = guided(labelled, label=LABEL.to("meta"), null_label=NULL, config=config)
    assert sample(follow, noise, config).shape == noise.shape


def test_an_unconditional_denoiser_is_followed_as_it_is_and_cannot_be_guided():
    x, time = standard_noise(2, 3), torch.full((2,), 0.5)
    follow = guided(labelled, label=None, null_label=0, config=SamplerConfig())
    assert torch.equal(follow(x, time), labelled(x, time, None))
    with pytest.raises(ConfigError, match=r"sampler.guidance: .* got 2.0; set it to 1.0"):
        guided(labelled, label=None, null_label=0, config=SamplerConfig(guidance=2.0))


def test_a_bfloat16_network_is_integrated_in_float32():
    def coarse(x: Tensor, time: Tensor) -> Tensor:
        assert x.dtype == torch.float32
        return torch.ones_like(x, dtype=torch.bfloat16)

    result = sample(coarse, torch.zeros(2, 1, dtype=torch.bfloat16), SamplerConfig(steps=1000))
    torch.testing.assert_close(result, -torch.ones(2, 1))


def test_sampling_keeps_no_graph_and_leaves_the_noise_alone():
    weight = torch.ones(1, requires_grad=True)
    noise = standard_noise(2, 3)
    before = noise.clone()
    result = sample(lambda x, time: weight * x, noise, SamplerConfig(steps=3))
    assert not result.requires_grad
    assert torch.equal(noise, before)


def test_every_step_is_reported_once():
    seen = []
    noise, config = standard_noise(2, 1), SamplerConfig(steps=3)
    result = sample(gaussian_velocity, noise, config, on_step=lambda *step: seen.append(step))
    assert [done for done, _ in seen] == [1, 2, 3]
    assert torch.equal(seen[-1][1], result)


def test_labels_below_the_rate_become_the_null_label():
    label, uniform = torch.tensor([0, 1, 2]), torch.tensor([0.05, 0.1, 0.9])
    assert drop_labels(label, uniform, rate=0.1, null_label=NULL).tolist() == [5, 1, 2]
    assert drop_labels(label, uniform, rate=0.0, null_label=NULL).tolist() == [0, 1, 2]
    assert drop_labels(label, uniform, rate=1.0, null_label=NULL).tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"method": "rk4"}, "sampler.method must be one of euler, heun, midpoint, got 'rk4'"),
        ({"guidance": -1.0}, "guidance must be at least 0"),
        ({"guidance_interval": (0.8, 0.2)}, "two rising times"),
        ({"guidance_interval": (0.0, 1.5)}, r"guidance_interval\[1\] must be in \[0, 1\], got 1.5"),
        ({"guidance_channels": "first3"}, "must be one of all, first4, got 'first3'"),
    ],
)
def test_a_sampler_that_cannot_work_is_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        SamplerConfig(**fields)


def test_known_groups_are_clean_and_leave_no_loss():
    x, noise = standard_noise(2, 3, 4, 1, 1, seed=1), standard_noise(2, 3, 4, 1, 1, seed=2)
    known = torch.tensor([0, 3])
    time = known_times(torch.tensor([0.5, 0.25]), known, groups=4)
    assert time.tolist() == [[0.5] * 4, [0, 0, 0, 0.25]]
    x_t = interpolate(x, noise, time)
    assert torch.equal(x_t[1, :, :3], x[1, :, :3])
    assert torch.equal(x_t[0], interpolate(x, noise, torch.tensor([0.5, 0.25]))[0])
    predicted = velocity(x, noise)
    predicted[:, :, :3] += 1.0  # seen in the first clip, where nothing is known, alone
    loss = flow_loss(predicted, x, noise, known=known)
    torch.testing.assert_close(loss, torch.tensor([0.75, 0.0]))
    assert torch.equal(
        flow_loss(predicted, x, noise, known=torch.zeros(2)), flow_loss(predicted, x, noise)
    )


def walk(x: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
    """Velocity of two groups, the second N(first / 2, 0.4^2), where the first is known."""
    assert not time[:, 0].any()
    # Of data shifted by m, x_t is shifted by (1 - t) m, and so its slope by -m.
    t = time[:, 1].reshape(-1, 1, 1, 1, 1)
    shifted = x[:, :, 1:] - (1 - t) * x[:, :, :1] / 2
    second = gaussian_velocity(shifted, time[:, 1], mean=0.0) - x[:, :, :1] / 2
    return torch.cat([torch.full_like(second, math.nan), second], dim=2)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_continuation_follows_what_is_known(guidance):
    """Guidance between two equal predictions changes nothing, whatever its scale."""
    known, noise = standard_noise(64, 1, 1, 1, 1, seed=1), standard_noise(64, 1, 2, 1, 1)
    config = SamplerConfig(method="heun", guidance=guidance)
    label = torch.zeros(64, dtype=torch.long)
    follow = guided(continuing(walk, known), label=label, null_label=1, config=config)
    result = sample(follow, noise, config)[:, :, 1:]
    torch.testing.assert_close(result, known / 2 + STD * noise[:, :, 1:], atol=1e-3, rtol=0)
