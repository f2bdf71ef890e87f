"""Denoisers beside each other: the same training step on the latents of the same clip."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from einops import rearrange
from torch import Tensor, nn

from arch.interface import Denoiser, DenoiserConfig
from arch.latte_reference import literal_block
from arch.layers.latte_block import Block
from arch.peers.latte import DiffusersLatte
from arch.registry import lookup
from pvvae.denoiser.rectified_flow import SamplerConfig, flow_loss, interpolate, sample
from pvvae.errors import ConfigError
from pvvae.planning.storages import LiveStorages
from pvvae.timing.speed import now

GROUPS = 5
"""Groups of a clip of 17 frames at t4."""
CHANNELS = {16: 64, 8: 16}
"""Latent channels by spatial stride: PV-VAE's t4s16c64, and t4s8c16 of Table 1's peers."""
RATE = 1e-4
"""Section 4.1; what it is changes no time."""


@dataclass(frozen=True)
class Denoising:
    """A network and one batch of latents for it."""

    network: nn.Module
    forward: Callable[[Tensor, Tensor], Tensor]
    """(x (B, c, t, h, w), time (B,)) -> velocity."""
    x: Tensor
    optimizer: torch.optim.Optimizer


def denoisings(
    *,
    depth: int,
    width: int,
    heads: int,
    batch: int,
    size: int,
    device: torch.device,
    dtype: torch.dtype,
) -> dict[str, Denoising]:
    """Ours on two latents, ours as literally published, and diffusers', on a clip of ``size``.

    Raises:
        ConfigError: for sizes that do not fit together.
    """

    def ours(stride: int) -> Denoiser:
        try:
            config: DenoiserConfig = lookup(DenoiserConfig, "latte")(
                latent_channels=CHANNELS[stride],
                num_classes=0,
                depth=depth,
                width=width,
                heads=heads,
                mlp_ratio=4.0,
                qk_norm=False,
                mlp="gelu",
                positions="sinusoids",
                attention_backend="auto",
            )
            return config.build()
        except ValueError as error:
            raise ConfigError(str(error)) from None

    def latents(stride: int) -> Tensor:
        if size % stride:
            raise ConfigError(f"--size: must be a multiple of 16, got {size}")
        shape = (batch, CHANNELS[stride], GROUPS, size // stride, size // stride)
        return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device)

    def denoising(network: nn.Module, x: Tensor, forward: Callable[..., Tensor]) -> Denoising:
        network.to(device, dtype)
        return Denoising(
            network, forward, x, torch.optim.AdamW(network.parameters(), lr=RATE, fused=True)
        )

    small, plain, large = ours(16), as_published(ours(16)), ours(8)
    theirs = DiffusersLatte(
        depth=depth,
        width=width,
        heads=heads,
        channels=CHANNELS[16],
        groups=GROUPS,
        cells=size // 16,
    )
    return {
        "t4s16": denoising(small, latents(16), small),
        "t4s8": denoising(large, latents(8), large),
        "literal": denoising(plain, latents(16), plain),
        "diffusers": denoising(theirs, latents(16), theirs),
    }


def step_seconds(subject: Denoising) -> float:
    """One step: forward, backward, AdamW."""
    began = now()
    _step(subject)
    return now() - began


def step_bytes(subject: Denoising) -> int:
    """Most bytes of tensors alive at once in a step: weights, moments and gradients included."""
    state = [
        s for of in subject.optimizer.state.values() for s in of.values() if torch.is_tensor(s)
    ]
    held = [*subject.network.parameters(), *subject.network.buffers(), *state, subject.x]
    if subject.x.is_cuda:
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        _step(subject)
        own = sum(t.numel() * t.element_size() for t in held)
        return int(torch.cuda.max_memory_allocated() - before) + own
    with LiveStorages(held) as live:
        _step(subject)
    return int(live.peak) + sum(t.numel() * t.element_size() for t in held)


@torch.inference_mode()
def sampling_seconds(subject: Denoising, *, steps: int) -> tuple[float, float]:
    """Seconds of ``steps`` Euler steps of one clip, and of as many bare passes, in turn.

    A sampling is cut into its steps, and each is followed by a bare pass, so that what slows the
    machine down slows both.
    """
    spent = {"sampling": 0.0, "bare": 0.0}
    x = torch.randn_like(subject.x[:1])
    times = torch.linspace(1, 0, steps + 1)[:-1].tolist()
    last = now()

    def bare(index: int, _: Tensor) -> None:
        nonlocal last
        spent["sampling"] += (after := now()) - last
        subject.forward(x, torch.full((len(x),), times[index - 1], device=x.device))
        last = now()
        spent["bare"] += last - after

    sample(subject.forward, x, SamplerConfig(steps=steps), on_step=bare)
    return spent["sampling"], spent["bare"]


def as_published(network: Denoiser) -> Denoiser:
    """``network``, its blocks computed as in the published code; same numbers."""
    for index, block in enumerate(network.segments):
        assert isinstance(block, Block)
        rows = "(b n) t d" if index % 2 else "(b t) n d"
        block.forward = partial(_row_by_row, block, rows)  # type: ignore[method-assign]
    return network


def _row_by_row(
    block: Block, rows: str, x: Tensor, condition: Tensor, angle: Tensor | None
) -> Tensor:
    assert angle is None, "the published block knows no rotary positions"
    batch, sizes = len(x), {"b": len(x), "t": x.shape[1], "n": x.shape[2]}
    tokens = rearrange(x, f"b t n d -> {rows}")
    repeated = condition[:, 0].repeat_interleave(len(tokens) // batch, dim=0)
    result: Tensor = rearrange(
        literal_block(block, tokens, repeated), f"{rows} -> b t n d", **sizes
    )
    return result


def _step(subject: Denoising) -> None:
    """On fresh draws, as in training."""
    x = subject.x
    noise, time = torch.randn_like(x), torch.rand(len(x), device=x.device)
    predicted = subject.forward(interpolate(x, noise, time), time)
    flow_loss(predicted, x, noise).mean().backward()  # type: ignore[no-untyped-call]
    subject.optimizer.step()
    subject.optimizer.zero_grad(set_to_none=True)
