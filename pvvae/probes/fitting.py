"""A head learns to answer from features that do not change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from arch.interface import Stride
from pvvae import seeding
from pvvae.errors import ConfigError
from pvvae.probes.head import HeadConfig, ProbeHead, fresh_head
from pvvae.probes.tasks import ProbeTask

ReadClip = Callable[[int], Tensor]
"""Number of a clip to something of it, without an axis of the batch."""


@dataclass(frozen=True)
class ProbeSamples:
    """Features (F, t, h, w) and truths (C, K, H, W) of clips, read when they are asked for."""

    features: ReadClip
    truth: ReadClip
    stride: Stride


def channel_moments(read: ReadClip, chosen: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Mean and deviation (C,) of every channel over clips; one that never varies counts as 1."""
    # Around the first clip's mean: far from zero, squares would lose the deviation's digits.
    shift = read(chosen[0]).double().flatten(1).mean(dim=1, keepdim=True)
    count, total, square = 0, torch.zeros_like(shift[:, 0]), torch.zeros_like(shift[:, 0])
    for number in chosen:
        rows = read(number).double().flatten(1) - shift
        count += rows.shape[1]
        total += rows.sum(dim=1)
        square += rows.square().sum(dim=1)
    mean = total / count
    deviation = (square / count - mean.square()).clamp_min(0).sqrt()
    whole = (mean + shift[:, 0]).float()
    return whole, torch.where(deviation > 0, deviation, 1.0).float()


def new_head(
    samples: ProbeSamples, chosen: Sequence[int], task: ProbeTask, config: HeadConfig, *, seed: int
) -> ProbeHead:
    """An untrained head that knows the scale of the features and of the truth of some clips."""
    width = samples.features(chosen[0]).shape[0]
    head = fresh_head(width, task.channels, samples.stride, config, seed=seed)
    for read, mean, deviation in (
        (samples.features, head.feature_mean, head.feature_deviation),
        (samples.truth, head.pixel_mean, head.pixel_deviation),
    ):
        found = channel_moments(read, chosen)
        mean.copy_(found[0])
        deviation.copy_(found[1])
    return head


def fitted_head(
    samples: ProbeSamples,
    chosen: Sequence[int],
    task: ProbeTask,
    config: HeadConfig,
    *,
    seed: int,
    device: torch.device,
    on_step: Callable[[], object] = lambda: None,
) -> ProbeHead:
    """A head that has learned from the chosen clips; it depends on them and the seed alone.

    Raises:
        ConfigError: if its loss is not finite.
    """
    head = new_head(samples, chosen, task, config, seed=seed).to(device)
    optimizer = torch.optim.Adam(head.parameters(), lr=config.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    for step in range(config.steps):
        draw = seeding.numpy_generator(seed, "probe", step)
        batch = [chosen[i] for i in draw.integers(0, len(chosen), config.batch)]
        features = torch.stack([samples.features(n) for n in batch]).to(device)
        truth = torch.stack([samples.truth(n) for n in batch]).to(device)
        loss = task.loss(task.answer(head(features)), truth)
        if not loss.isfinite():
            raise ConfigError(f"step {step}: the head's loss is {loss.item()}; give a lower --lr")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        on_step()
    return head.eval().requires_grad_(False)


@torch.inference_mode()
def answered(
    head: ProbeHead, samples: ProbeSamples, number: int, task: ProbeTask, device: torch.device
) -> Tensor:
    """What a head says of one clip: (C, K, H, W), on the CPU."""
    pixels = head(samples.features(number)[None].to(device))
    answer: Tensor = task.answer(pixels)[0].cpu()
    return answer
