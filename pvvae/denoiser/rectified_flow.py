"""Rectified flow: the path, its loss, the samplers and guidance. No network inside.

Source: Liu et al., "Flow straight and fast" (arXiv 2209.03003), with time running from data at 0
to noise at 1, as SD3, REPA and minRF write it (Liu et al. and SiT run it the other way):

    x_t = (1 - t) x + t noise,    velocity = dx_t / dt = noise - x.

The paper trains with it and samples with 100 Euler steps (section 4.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor

from arch.ranges import Count, Range, Share
from pvvae.config import check_ranges
from pvvae.denoiser.times import grid, shift_of
from pvvae.errors import ConfigError

Velocity = Callable[[Tensor, Tensor], Tensor]
"""(x (B, ...), time (B,)) -> velocity (B, ...); an unconditional denoiser is one."""
LabelledVelocity = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""(x (B, ...), time (B,), label (B,) or None) -> velocity (B, ...): a denoiser."""
Slope = Callable[[Tensor, float], Tensor]
"""(x (B, ...), time) -> velocity (B, ...), float32: at one time for the whole batch."""
Step = Callable[[Slope, Tensor, float, float], None]
"""(slope, x, time now, time next): takes x to the time next, in place."""
OnStep = Callable[[int, Tensor], None]
"""Told the number of finished steps and x after them, which the next step overwrites."""


@dataclass(frozen=True, kw_only=True)
class SamplerConfig:
    """How noise becomes latents.

    Raises:
        ConfigError: for a value that cannot be used.
    """

    steps: Annotated[int, Range(1, 1_000_000)] = 100
    """Number of Euler steps (section 4.1: 100)."""

    method: Literal["euler", "heun", "midpoint"] = "euler"
    """Section 4.1. Heun and midpoint evaluate the network twice a step."""

    time_shift: Count | None = None
    """Elements of a latent for which steps are equal (RAE: 4,096); one with more has finer steps
    near the noise, as training with this ``time_shift`` has. null, the paper's: equal for all."""

    guidance: Annotated[float, Range(0.0, 1_000.0)] = 1.0
    """Classifier-free guidance (Ho and Salimans 2022); 1 is none. The paper states no value: 1 is
    ours, as the only one that adds nothing to the model."""

    guidance_interval: tuple[Share, Share] = (0.0, 1.0)
    """Times, ends included, at which to guide (Kynkaanniemi et al. 2024)."""

    guidance_channels: Literal["all", "first4"] = "all"
    """``first4`` guides latent channels 0 to 3 alone, as Latte's public code does whatever the
    number of channels; published numbers of 16-channel VAEs (LeanVAE) carry that."""

    def __post_init__(self) -> None:
        check_ranges(self)
        if self.method not in STEPS:
            raise ConfigError(f"sampler.method must be one of {_list(STEPS)}, got {self.method!r}")
        low, high = self.guidance_interval
        if low > high:
            raise ConfigError(
                f"sampler.guidance_interval must be two rising times in [0, 1], got [{low}, {high}]"
            )
        if self.guidance_channels not in GUIDED_CHANNELS:
            raise ConfigError(
                f"sampler.guidance_channels must be one of {_list(GUIDED_CHANNELS)}, "
                f"got {self.guidance_channels!r}"
            )


def interpolate(x: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t = (1 - t) x + t noise, for x and noise (B, ...) and t (B,).

    Or, for latents (B, c, t, h, w), a time (B, groups) for each group.
    """
    t = _per_group(t, x) if t.ndim == 2 else _per_sample(t, x)
    return (1 - t) * x + t * noise


def known_times(time: Tensor, known: Tensor, *, groups: int) -> Tensor:
    """(B, groups): ``time`` (B,), but 0, where nothing is noise, for the first ``known`` (B,)."""
    later = torch.arange(groups, device=time.device) >= known[:, None]
    return time[:, None] * later


def velocity(x: Tensor, noise: Tensor) -> Tensor:
    """What the network learns to predict, the path's slope: noise - x."""
    return noise - x


def flow_loss(
    predicted: Tensor, x: Tensor, noise: Tensor, *, known: Tensor | None = None
) -> Tensor:
    """Squared error of the predicted velocity, averaged within each sample: (B, ...) -> (B,).

    In float32 whatever comes in. Per sample, so that the caller can weigh, and log by time.

    Args:
        predicted, x, noise: (B, ...); (B, c, t, h, w) where some groups are known.
        known: (B,) leading groups that were given clean, which leave nothing to predict.
    """
    error = (predicted.float() - velocity(x.float(), noise.float())).square()
    if known is None:
        return error.flatten(1).mean(dim=1)
    of_groups = error.mean(dim=(1, 3, 4))  # (B, t)
    unknown = torch.arange(error.shape[2], device=error.device) >= known[:, None]
    return (of_groups * unknown).sum(dim=1) / unknown.sum(dim=1)


def drop_labels(label: Tensor, uniform: Tensor, *, rate: float, null_label: int) -> Tensor:
    """Replace labels by the null label where ``uniform``, (B,) draws from U[0, 1), is below rate.

    Guidance needs a network that was trained so; Latte and DiT use a rate of 0.1.
    """
    return torch.where(uniform.to(label.device) < rate, null_label, label)


def guided(
    denoiser: LabelledVelocity, *, label: Tensor | None, null_label: int, config: SamplerConfig
) -> Velocity:
    """The velocity that ``sample`` follows, with classifier-free guidance.

    null + guidance * (conditional - null), both halves in one batch of 2B. Where there is nothing
    to guide (guidance 1, or a time outside the interval) the network runs on B samples.

    Args:
        denoiser: called with x, time and label.
        label: (B,) classes; None for an unconditional network.
        null_label: the label that means "no class".
        config: how much to guide, when, and which channels.

    Raises:
        ConfigError: if an unconditional network is to be guided.
    """
    if config.guidance == 1:
        return lambda x, time: denoiser(x, time, label)
    if label is None:
        raise ConfigError(
            f"sampler.guidance: an unconditional denoiser cannot be guided, got {config.guidance}; "
            "set it to 1.0"
        )
    both_labels = torch.cat([label, torch.full_like(label, null_label)])
    low, high = config.guidance_interval
    always = (low, high) == (0.0, 1.0)
    chosen = GUIDED_CHANNELS[config.guidance_channels]

    def velocity_with_guidance(x: Tensor, time: Tensor) -> Tensor:
        inside = (low <= time) & (time <= high)  # (B,)
        if not always and not inside.any():  # the one look that waits for a device
            return denoiser(x, time, label)
        both = denoiser(x.repeat(2, *[1] * (x.ndim - 1)), time.repeat(2), both_labels)
        conditional, null = both.float().chunk(2)
        excess = _per_sample((config.guidance - 1) * inside, x) * (conditional - null)
        conditional[:, chosen] += excess[:, chosen]
        return conditional

    return velocity_with_guidance


def continuing(denoiser: LabelledVelocity, known: Tensor) -> LabelledVelocity:
    """A denoiser of clips whose first groups are known: it sees them clean, at time 0.

    What the sampler makes of those groups is not looked at; put ``known`` in their place at the
    end. The denoiser must have been trained with ``history``.

    Args:
        denoiser: takes a time for each group.
        known: (B, c, k, h, w) latents.
    """
    groups = known.shape[2]

    def velocity_after(x: Tensor, time: Tensor, label: Tensor | None) -> Tensor:
        copies = known.repeat(len(x) // len(known), 1, 1, 1, 1)  # two where guidance asks for both
        seen = torch.cat([copies, x[:, :, groups:]], dim=2)
        given = torch.full((len(x),), groups, device=x.device)
        return denoiser(seen, known_times(time, given, groups=x.shape[2]), label)

    return velocity_after


def sample(
    velocity_fn: Velocity, noise: Tensor, config: SamplerConfig, *, on_step: OnStep | None = None
) -> Tensor:
    """Follow the velocity from noise (B, ...) at time 1 to data at time 0, without gradients.

    ``config.steps`` equal steps (finer near the noise with ``time_shift``) between ``steps + 1``
    times: Euler evaluates the velocity exactly ``steps`` times (several public samplers do one
    less). The state is float32 throughout and
    updated in place, and no step waits for the device. Apply ``guided`` beforehand: this function
    does not read the guidance.

    Args:
        velocity_fn: called with x (B, ...) and time (B,), both float32 on the noise's device.
        noise: standard normal, (B, ...).
        config: number and kind of steps.
        on_step: told of every finished step.
    """
    step = STEPS[config.method]
    times = grid(config.steps, shift=shift_of(noise.shape[1:], base=config.time_shift))
    x = noise.to(torch.float32, copy=True)

    def slope(at: Tensor, time: float) -> Tensor:
        return velocity_fn(at, at.new_full((len(at),), time)).float()

    with torch.no_grad():
        for done, (now, after) in enumerate(times, start=1):
            step(slope, x, now, after)
            if on_step is not None:
                on_step(done, x)
    return x


def euler_step(slope: Slope, x: Tensor, now: float, after: float) -> None:
    """First order, one evaluation."""
    x.add_(slope(x, now), alpha=after - now)


def heun_step(slope: Slope, x: Tensor, now: float, after: float) -> None:
    """Second order: the mean of the slopes at both ends."""
    first = slope(x, now)
    second = slope(x.add(first, alpha=after - now), after)
    x.add_(first + second, alpha=0.5 * (after - now))


def midpoint_step(slope: Slope, x: Tensor, now: float, after: float) -> None:
    """Second order: the slope half way."""
    half_way = 0.5 * (now + after)
    middle = x.add(slope(x, now), alpha=half_way - now)
    x.add_(slope(middle, half_way), alpha=after - now)


STEPS: dict[str, Step] = {"euler": euler_step, "heun": heun_step, "midpoint": midpoint_step}
GUIDED_CHANNELS: dict[str, slice] = {"all": slice(None), "first4": slice(4)}


def _per_group(value: Tensor, like: Tensor) -> Tensor:
    """(B, groups) -> (B, 1, groups, 1, 1), on the device of ``like``."""
    return value.to(like.device)[:, None, :, None, None]


def _per_sample(value: Tensor, like: Tensor) -> Tensor:
    """(B,) -> (B, 1, ..., 1), with as many axes as ``like`` and on its device."""
    return value.to(like.device).reshape(-1, *[1] * (like.ndim - 1))


def _list(table: dict[str, Step] | dict[str, slice]) -> str:
    return ", ".join(table)
