"""What each of the things that make the backbones fast or small is worth, here."""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arch.ranges import Count, Number
from launchers.arguments import number
from launchers.bench.models import builder, clip_of

if TYPE_CHECKING:
    from torch import Tensor

HELP = "what each thing that makes the backbones fast is worth"
EXAMPLE = """\
examples:
  pvvae bench levers
  pvvae bench levers --clip 17x128x128 --rounds 9 --json levers.json

Each is timed with and without, in turn, on layers of the cnn of paper size and on the encoder of
the tiny one. docs/performance.md explains them.
"""


@dataclass(frozen=True)
class Lever:
    """One piece of work, done with an optimization and without."""

    with_it: "Callable[[], Tensor]"
    without: "Callable[[], Tensor]"
    equal: bool = True
    """Whether both must give the same numbers; otherwise one does less by design."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of this bench."""
    parser.add_argument(
        "--clip", default="17x64x64", metavar="TxHxW", help="default: 17x64x64, some seconds"
    )
    parser.add_argument(
        "--warmup", type=number(Number), default=1, metavar="N", help="rounds; default: 1"
    )
    parser.add_argument(
        "--rounds", type=number(Count), default=9, metavar="N", help="timed; default: 9"
    )


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure.

    Returns:
        ``ratios``: of each lever, ``with/without``, above 1 where it is faster with it;
        ``quartiles``: of the ratios round by round.

    Raises:
        ConfigError: for a clip that the networks do not take.
    """
    import torch

    from pvvae import distributed

    clip = clip_of(arguments.clip)
    rounds = arguments.rounds
    builder("cnn", (1, 3, *clip))
    ratios, quartiles = {}, {}
    with torch.no_grad(), distributed.device():
        for name, make in levers(clip).items():
            lever = make()
            _check(name, lever)
            for _ in range(arguments.warmup):
                lever.with_it(), lever.without()
            pairs = [(_seconds(lever.with_it), _seconds(lever.without)) for _ in range(rounds)]
            fast, slow = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratios[name] = slow / fast
            parts = [b / a for a, b in pairs] * 2  # quantiles() wants two at least
            low, _, high = statistics.quantiles(parts, n=4)
            quartiles[name] = [low, high]
    return {"ratios": ratios, "quartiles": quartiles, "protocol": {"clip": clip, "rounds": rounds}}


def table(result: Mapping[str, Any]) -> str:
    """For people."""
    lines = [f"{'':>44}  ratio  (quartiles)"]
    for name, ratio in result["ratios"].items():
        low, high = result["quartiles"][name]
        lines.append(f"{name:>44}  {ratio:5.2f}  ({low:.2f} to {high:.2f})")
    return "\n".join(lines)


def levers(clip: tuple[int, int, int]) -> "dict[str, Callable[[], Lever]]":
    """By name, each built when its turn comes; the clip is (T, H, W)."""
    return {
        "folded/upsampled": lambda: _folded(clip),
        "2D/3D convolution of an image": lambda: _image(clip),
        "channels last/channels first": lambda: _layout(clip),
        "frames put before by cat/by pad": lambda: _padding(clip),
        "groups one by one/at once": lambda: _grouped(clip),
        "encoding half of the groups/all": lambda: _dropped(clip),
        "LPIPS on 4 frames/on all": lambda: _perceptual(clip),
    }


def _folded(clip: tuple[int, int, int]) -> Lever:
    """Into full resolution, the widths of the paper's size."""
    import torch
    from torch.nn import functional as F

    from arch.layers.causal_conv import CausalUpsampleConv3d, repeat_first

    frames, height, width = clip
    conv = CausalUpsampleConv3d(128, 64, time=True)
    x = _noise(128, (1 + frames) // 2, height // 2, width // 2)

    def upsampled() -> "Tensor":
        large = F.interpolate(x, scale_factor=(2, 2, 2))[:, :, 1:]
        large = large.contiguous(memory_format=torch.channels_last_3d)
        return F.conv3d(repeat_first(large, 2), conv.weight, conv.bias, padding=(0, 1, 1))

    return Lever(lambda: conv(x), upsampled)


def _image(clip: tuple[int, int, int]) -> Lever:
    from torch.nn import functional as F

    from arch.layers.causal_conv import CausalConv3d, repeat_first

    conv = CausalConv3d(64, 64)
    x = _noise(64, 1, *clip[1:])

    def in_three() -> "Tensor":
        return F.conv3d(repeat_first(x, 2), conv.weight, conv.bias, padding=(0, 1, 1))

    return Lever(lambda: conv(x), in_three)


def _layout(clip: tuple[int, int, int]) -> Lever:
    from arch.layers.causal_conv import CausalConv3d

    conv = CausalConv3d(64, 64)
    x = _noise(64, *clip)
    first = x.contiguous()
    return Lever(lambda: conv(x), lambda: conv(first))


def _padding(clip: tuple[int, int, int]) -> Lever:
    from torch.nn import functional as F

    from arch.layers.causal_conv import CausalConv3d, repeat_first

    conv = CausalConv3d(64, 64)
    x = _noise(64, *clip)

    def padded() -> "Tensor":
        before = F.pad(x, (0, 0, 0, 0, 2, 0), mode="replicate")
        return F.conv3d(before, conv.weight, conv.bias, padding=(0, 1, 1))

    def joined() -> "Tensor":
        return F.conv3d(repeat_first(x, 2), conv.weight, conv.bias, padding=(0, 1, 1))

    return Lever(joined, padded)


def _grouped(clip: tuple[int, int, int]) -> Lever:
    """Encode without gradients, or with them enabled where no tensor requires any."""
    import torch

    model = builder("tiny/cnn", (1, 3, *clip))().eval().requires_grad_(False)
    x = _noise(3, *clip)

    def at_once() -> "Tensor":
        with torch.enable_grad():
            return model.encode(x).mean

    return Lever(lambda: model.encode(x).mean, at_once)


def _dropped(clip: tuple[int, int, int]) -> Lever:
    model = builder("tiny/cnn", (1, 3, *clip))()
    x = _noise(3, *clip)
    kept = 1 + (clip[0] - 1) // (2 * model.stride.time) * model.stride.time
    return Lever(
        lambda: model.encode(x[:, :, :kept]).mean, lambda: model.encode(x).mean, equal=False
    )


def _perceptual(clip: tuple[int, int, int]) -> Lever:
    from pvvae.vae.losses.perceptual import Perceptual

    lpips = Perceptual()
    x, y = _noise(3, *clip), _noise(3, *clip)
    return Lever(lambda: lpips(x[:, :, :4], y[:, :, :4]), lambda: lpips(x, y), equal=False)


def _noise(channels: int, frames: int, height: int, width: int) -> "Tensor":
    import torch

    x = torch.rand(1, channels, frames, height, width)
    return x.contiguous(memory_format=torch.channels_last_3d)


def _check(name: str, lever: Lever) -> None:
    import torch

    if lever.equal:
        torch.testing.assert_close(
            lever.with_it(), lever.without(), rtol=1e-3, atol=1e-3, msg=f"{name}: not the same"
        )


def _seconds(work: "Callable[[], Tensor]") -> float:
    import torch

    from pvvae import distributed

    def now() -> float:
        if distributed.device().type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    began = now()
    work()
    return now() - began
