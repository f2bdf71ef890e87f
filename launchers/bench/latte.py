"""Latte's training step: on latents of two compressions, and beside other people's block."""

import argparse
import statistics
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from arch.ranges import Channels, Count, Depth, Number, Pixels
from launchers.arguments import number
from launchers.bench.models import builder
from pvvae.errors import ConfigError

if TYPE_CHECKING:
    import torch

    from arch.interface import Backbone
    from launchers.bench.denoiser_steps import Denoising

HELP = "Latte's training step on t4s16 and t4s8 latents, and beside diffusers' Latte"
EXAMPLE = """\
examples:
  pvvae bench latte                               (two blocks of XL's width, minutes on a CPU)
  pvvae bench latte --batch 4 --sampling 0 --whole 0           (the step alone, Table 1's batch)
  pvvae bench latte --depth 28 --batch 4 --bf16 --warmup 50 --rounds 100     (on a GPU: XL)

Forward, backward and AdamW on the latents of a 17x256x256 clip, one after the other in every
round: ours on t4s16c64 and on t4s8c16; ours with adaLN evaluated for every row, as published;
LatteTransformer3DModel of diffusers with as many blocks in all and no cross-attention. Then 100
Euler steps of one clip against 100 bare forward passes; and the whole step of Table 1, with the
frozen encoder that makes the latents in it, ours and HunyuanVideo's.
"""
GIB = 2**30
FRAMES = 17
"""Section 4.1."""
LATENTS = {"t4s16": (4, 16), "t4s8": (4, 8)}
"""Strides in time and space of the VAEs whose latents are learned."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    parser.add_argument(
        "--depth", type=number(Depth), default=2, metavar="N", help="blocks; default: 2"
    )
    parser.add_argument(
        "--width",
        type=number(Channels),
        default=1152,
        metavar="N",
        help="default: 1152, that of XL",
    )
    parser.add_argument("--heads", type=number(Depth), default=16, metavar="N", help="default: 16")
    parser.add_argument("--batch", type=number(Count), default=2, metavar="N", help="default: 2")
    parser.add_argument(
        "--size",
        type=number(Pixels),
        default=256,
        metavar="PIXELS",
        help="of the clip; default: 256",
    )
    parser.add_argument(
        "--warmup", type=number(Number), default=1, metavar="N", help="rounds; default: 1"
    )
    parser.add_argument(
        "--rounds", type=number(Count), default=8, metavar="N", help="timed; default: 8"
    )
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, as on GPUs")
    parser.add_argument(
        "--sampling",
        type=number(Count),
        default=3,
        metavar="N",
        help="rounds of sampling; default: 3",
    )
    parser.add_argument(
        "--whole",
        type=number(Number),
        default=1,
        metavar="N",
        help="timed rounds of the encoders, after one more; 0 leaves them out; default: 1",
    )
    parser.add_argument(
        "--encoders",
        nargs=2,
        default=["cnn", "hunyuanvideo"],
        metavar=("T4S16", "T4S8"),
        help="as `pvvae bench vae` names models; default: cnn hunyuanvideo, the paper's 2.68x",
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure, with fresh weights.

    Returns:
        ``ratios``: of the step, ``t4s16/t4s8``, ``ours/diffusers`` and ``ours/literal``, and of
        their peak memory; ``whole step t4s16/t4s8``, with the encoder in it;
        ``sampling/forward``, seconds of bare passes by those of sampling, 1 where the sampler
        costs nothing. ``models``: medians, quartiles, bytes and parameters.

    Raises:
        ConfigError: for sizes that do not fit together.
    """
    import torch

    from launchers.bench.denoiser_steps import (
        denoisings,
        sampling_seconds,
        step_bytes,
        step_seconds,
    )
    from pvvae import distributed
    from pvvae.accelerator import keep_freed_memory, on_cpu
    from pvvae.run.progress_bar import say

    if on_cpu():
        keep_freed_memory()  # as a stage's process does
    a = arguments
    rounds = a.rounds
    dtype = torch.bfloat16 if a.bf16 else torch.float32
    clip = (a.batch, 3, FRAMES, a.size, a.size)
    encoders = dict(zip(LATENTS, a.encoders, strict=True)) if a.whole else {}
    builders = {name: _builder(encoder, clip, name) for name, encoder in encoders.items()}
    subjects = denoisings(
        depth=a.depth,
        width=a.width,
        heads=a.heads,
        batch=a.batch,
        size=a.size,
        device=distributed.device(),
        dtype=dtype,
    )
    say(f"{a.warmup} + {rounds} rounds of {', '.join(subjects)}")
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    names = list(subjects)
    for turn in range(a.warmup + rounds):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]  # each has every place in turn
            lap = step_seconds(subjects[name])
            if turn >= a.warmup:
                seconds[name].append(lap)
    models = {name: _facts(subject, seconds[name]) for name, subject in subjects.items()}
    for name, subject in subjects.items():
        models[name]["peak_bytes"] = step_bytes(subject)
    sampled = [sampling_seconds(subjects["t4s16"], steps=100) for _ in range(a.sampling)]
    del subjects
    for name, build in builders.items():
        models[name]["encoder_seconds"] = _encoding(build(), clip, dtype=dtype, rounds=a.whole)
    return {
        "ratios": ratios(models) | _whole(models) | _sampling(sampled),
        "models": models,
        "protocol": {
            "depth": a.depth,
            "width": a.width,
            "batch": a.batch,
            "clip": [FRAMES, a.size, a.size],
            "encoders": a.encoders if a.whole else None,
            "dtype": str(dtype)[6:],
            "warmup": a.warmup,
            "rounds": rounds,
        },
    }


def ratios(models: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Ratios of median seconds, above 1 where the first is faster, and of memory, below 1 where it
    needs less.
    """
    found = {}
    for one, two, name in (
        ("t4s16", "t4s8", "t4s16/t4s8"),
        ("t4s16", "diffusers", "ours/diffusers"),
        ("t4s16", "literal", "ours/literal"),
    ):
        found[name] = models[two]["seconds"] / models[one]["seconds"]
        found[f"{name} peak memory"] = models[one]["peak_bytes"] / models[two]["peak_bytes"]
    return found


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    lines = [f"{'':>10}  M param  seconds a step  (quartiles)      peak GiB"]
    for name, of in result["models"].items():
        low, high = of["quartiles"]
        lines.append(
            f"{name:>10}  {of['parameters'] / 1e6:7.1f}  {of['seconds']:14.3f}  "
            f"({low:.3f} to {high:.3f})  {of['peak_bytes'] / GIB:8.2f}"
        )
    return "\n".join(lines + [f"{name}: {value:.3f}" for name, value in result["ratios"].items()])


def _facts(subject: "Denoising", seconds: list[float]) -> dict[str, Any]:
    low, _, high = statistics.quantiles(seconds * 2, n=4)
    return {
        "parameters": sum(p.numel() for p in subject.network.parameters()),
        "seconds": statistics.median(seconds),
        "quartiles": [low, high],
    }


def _sampling(laps: list[tuple[float, float]]) -> dict[str, float]:
    """How much of sampling is the network's, if it was measured."""
    if not laps:
        return {}
    sampling, bare = (statistics.median(column) for column in zip(*laps, strict=True))
    return {"sampling/forward": bare / sampling}


def _whole(models: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Ratio of the steps with their encoders; empty if those were not measured."""
    if any("encoder_seconds" not in models[name] for name in LATENTS):
        return {}
    ours, other = (models[name]["encoder_seconds"] + models[name]["seconds"] for name in LATENTS)
    return {"whole step t4s16/t4s8": other / ours}


def _builder(model: str, clip: tuple[int, ...], latents: str) -> "Callable[[], Backbone]":
    """Builds a model, by name, that makes such latents of clips (B, 3, T, H, W).

    Raises:
        ConfigError: for one that is not known, or of another stride.
    """
    import torch

    build = builder(model, clip)
    with torch.device("meta"):
        stride = build().stride
    if tuple(stride) != LATENTS[latents]:
        raise ConfigError(
            f"--encoders: {model} makes t{stride.time}s{stride.space} latents, not {latents}"
        )
    return build


def _encoding(
    backbone: "Backbone", clip: tuple[int, ...], *, dtype: "torch.dtype", rounds: int
) -> float:
    """Median seconds of clips (B, 3, T, H, W) through an encoder with fresh weights, which do not
    matter for speed, after one round."""
    import torch

    from pvvae import distributed
    from pvvae.timing.speed import now

    device, laps = distributed.device(), []
    backbone.eval().to(device, dtype)
    x = torch.rand(clip, device=device).to(dtype) * 2 - 1
    with torch.inference_mode():
        for _ in range(1 + rounds):
            began = now()
            backbone.encode(x)
            laps.append(now() - began)
    return statistics.median(laps[1:])
