"""Several VAEs on the same clip, in turn: seconds, bytes and FLOPs of each."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from arch.interface import Backbone
from pvvae import distributed
from pvvae.planning.measure import flops_of
from pvvae.planning.storages import LiveStorages

Seconds = dict[str, dict[str, list[float]]]
"""By part (encode, decode, ...), then by model, one entry a round."""


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """How often everything is done."""

    warmup: int
    timed: int


def time_in_turn(
    models: Mapping[str, Backbone], x: Tensor, *, rounds: Rounds, train: bool
) -> Seconds:
    """Each model once a round, so that what slows the machine down slows all of them.

    Args:
        models: on the device of ``x``, in its dtype.
        x: clips (B, 3, T, H, W).
        rounds: how many, those before the first that counts included.
        train: whether to time a forward and backward pass of the squared error too.
    """
    found: Seconds = {}
    for turn in range(rounds.warmup + rounds.timed):
        for name, model in models.items():
            laps = reconstruct(model, x) | ({"train": _train(model, x)} if train else {})
            if turn >= rounds.warmup:
                for part, seconds in laps.items():
                    found.setdefault(part, {}).setdefault(name, []).append(seconds)
    return found


@torch.inference_mode()
def reconstruct(model: Backbone, x: Tensor) -> dict[str, float]:
    """Seconds of encoding to the posterior's mean, decoding it, and both."""
    began = now()
    z = model.encode(x).mean
    encoded = now()
    model.decode(z)
    ended = now()
    return {"encode": encoded - began, "decode": ended - encoded, "reconstruct": ended - began}


def _train(model: Backbone, x: Tensor) -> float:
    began = now()
    F.mse_loss(model.decode(model.encode(x).mean), x).backward()  # type: ignore[no-untyped-call]
    seconds = now() - began
    model.zero_grad(set_to_none=True)
    return seconds


def peak_bytes(model: Backbone, x: Tensor) -> int:
    """Most bytes of tensors alive at once in a reconstruction, weights and clip included.

    Workspaces inside a kernel are not tensors, and not in it; on CUDA the allocator knows them.
    """
    held = [*model.parameters(), *model.buffers(), x]
    if x.is_cuda:
        torch.cuda.reset_peak_memory_stats()
        reconstruct(model, x)
        return int(torch.cuda.max_memory_allocated())
    with LiveStorages(held) as live:
        reconstruct(model, x)
    return int(live.peak) + sum(t.numel() * t.element_size() for t in held)


def flops(build: Callable[[], Backbone], shape: tuple[int, ...]) -> int:
    """FLOPs of one reconstruction of clips (B, 3, T, H, W), on tensors without memory."""
    with torch.device("meta"):
        # Some code makes parameters by torch.Tensor(...), which no device context moves (VidTok).
        model, x = build().eval().to("meta"), torch.empty(shape)

    def phases():  # type: ignore[no-untyped-def]
        with torch.no_grad():
            model.decode(model.encode(x).mean)
        yield "reconstruct"

    return flops_of(phases)["reconstruct"]


def device_name() -> str:
    """The machine as a protocol names it."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' if threads > 1 else ''}"


def ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of a large matrix product here, the best of some."""
    size = 8192 if device.type == "cuda" else 1536  # ours: large enough to reach the peak, 0.1 s
    a = torch.randn(size, size, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(10):
        began = now()
        a @ a
        best = min(best, now() - began)
    return 2.0 * size**3 / best


def now() -> float:
    """Seconds, once the device has done what it was told."""
    if distributed.device().type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
