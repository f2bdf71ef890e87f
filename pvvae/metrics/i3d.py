"""I3D as FVD has it: Kinetics-400 logits of DeepMind's released network, in torch.

Architecture: Carreira and Zisserman, "Quo Vadis, Action Recognition?" (2017), Figure 3, with the
TensorFlow release's "SAME" padding and batch normalisation without scale. Use for FVD: Unterthiner
et al., "Towards Accurate Generative Models of Video" (2018). Inference only: batch normalisations
are folded into their convolutions, and 1x1x1 convolutions that share an input are one.
"""

import functools
import math
from collections.abc import Mapping
from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from pvvae.errors import ConfigError
from pvvae.metrics import released_weights
from pvvae.metrics.weight_catalog import I3D_KINETICS

MIN_FRAMES = 9
"""Fewest frames that reach the last pooling: time is divided by 8, rounding up; that pools 2."""

NUM_FEATURES = 400
"""Kinetics-400 classes; FVD compares the logits."""

SIDE = 224
"""Pixels the released network was trained on, and the side every FVD implementation resizes to."""

_VARIANCE_FLOOR = 1e-3
"""Epsilon of the released network's batch normalisation (Sonnet's default)."""

_BLOCKS = ("3b", "3c", None, "4b", "4c", "4d", "4e", "4f", None, "5b", "5c")
"""Inception blocks in order; None marks a max pooling."""

_POOLS = ((3, 2), (2, 2))
"""Kernel and stride of those two poolings, alike in all axes (the release's 4a and 5a)."""

Triple = tuple[int, int, int]


class I3D(nn.Module):
    """Clips to 400 logits each, averaged over time as the release does."""

    def __init__(self, *, file: Path | None = None) -> None:
        """Load the released weights, from ``file`` if one is named, else from their package.

        Raises:
            ConfigError: if the weights are not installed or not the released ones.
        """
        super().__init__()
        tree = released_weights.load(I3D_KINETICS, file=file)
        self.stem = _Conv(*_folded(tree, "Conv3d_1a_7x7"), stride=2)
        self.pointwise = _Conv(*_folded(tree, "Conv3d_2b_1x1"))
        self.spread = _Conv(*_folded(tree, "Conv3d_2c_3x3"))
        pools = iter(_POOLS)
        self.blocks = nn.ModuleList(
            _Pool(*next(pools)) if block is None else _Inception(tree, f"Mixed_{block}")
            for block in _BLOCKS
        )
        head = "params/Logits/Conv3d_0c_1x1/Conv_0"
        self.register_buffer("head_weight", tree[f"{head}/kernel"].flatten(1))  # (400, 1024)
        self.register_buffer("head_bias", tree[f"{head}/bias"])
        self.head_weight: Tensor
        self.head_bias: Tensor
        self.eval()

    @torch.inference_mode()
    def forward(self, clips: Tensor) -> Tensor:
        """Logits (N, 400), float32, of ``clips`` (N, T, H, W, 3), uint8.

        Computed in float32 without TF32 whatever the surrounding precision: rFVD columns are single
        digits, and TF32 or bfloat16 features would move them.

        Raises:
            ConfigError: if the clips are not uint8, not RGB or shorter than ``MIN_FRAMES``.
        """
        check_clips(clips)
        return self.logits(preprocess(clips.to(self.head_bias.device)))

    @torch.inference_mode()
    def logits(self, x: Tensor) -> Tensor:
        """Logits (N, 400) of pixels (N, 3, T, 224, 224) in [-1, 1], at the same precision."""
        ieee = torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False)
        with torch.autocast(x.device.type, enabled=False), ieee:
            return self._logits(x)

    def _logits(self, x: Tensor) -> Tensor:
        x = self.stem(x.contiguous(memory_format=torch.channels_last_3d))
        x = _max_pool(x, kernel=(1, 3, 3), stride=(1, 2, 2))
        x = _max_pool(self.spread(self.pointwise(x)), kernel=(1, 3, 3), stride=(1, 2, 2))
        for block in self.blocks:
            x = block(x)  # in the end (N, 1024, T / 8, 7, 7)
        x = F.avg_pool3d(x, kernel_size=(2, x.shape[3], x.shape[4]), stride=1)
        # The head is linear: the mean of its logits over time is its value at the mean. In float64,
        # because a process may have allowed TF32 in matrix products.
        x = x.double().mean(dim=(2, 3, 4))
        return F.linear(x, self.head_weight.double(), self.head_bias.double()).float()


def check_clips(clips: Tensor) -> None:
    """Refuse what FVD is not defined on.

    Raises:
        ConfigError: if the clips are not (N, T, H, W, 3) uint8 with T >= ``MIN_FRAMES``.
    """
    if clips.dim() != 5 or clips.shape[-1] != 3:
        raise ConfigError(f"clips must be (N, T, H, W, 3), got {tuple(clips.shape)}")
    if clips.dtype != torch.uint8:
        raise ConfigError(f"clips must be uint8 in [0, 255], got {clips.dtype}")
    if clips.shape[1] < MIN_FRAMES:
        raise ConfigError(f"I3D needs at least {MIN_FRAMES} frames, got {clips.shape[1]}")


def preprocess(clips: Tensor) -> Tensor:
    """Pixels (N, 3, T, 224, 224) in [-1, 1] from clips (N, T, H, W, 3), uint8.

    Straight to the square, bilinear, without antialiasing. This is part of the metric: antialiasing
    alone lowers FVD by a tenth.
    """
    frames = rearrange(clips, "n t h w c -> (n t) c h w").float()
    if frames.shape[2:] != (SIDE, SIDE):
        frames = F.interpolate(frames, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    pixels: Tensor = rearrange(frames, "(n t) c h w -> n c t h w", n=clips.shape[0])
    return pixels / 127.5 - 1.0


class _Conv(nn.Module):
    """Convolution with TensorFlow's SAME padding, then ReLU."""

    def __init__(self, weight: Tensor, bias: Tensor, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.kernel: Triple = (weight.shape[2], weight.shape[3], weight.shape[4])
        self.register_buffer("weight", weight.contiguous(memory_format=torch.channels_last_3d))
        self.register_buffer("bias", bias)
        self.weight: Tensor
        self.bias: Tensor

    def forward(self, x: Tensor) -> Tensor:
        pads = [
            _same(size, kernel=kernel, stride=self.stride)
            for size, kernel in zip(x.shape[2:], self.kernel, strict=True)
        ]
        if any(before != after for before, after in pads):  # only the stem, on even sizes
            x = F.pad(x, [side for pad in reversed(pads) for side in pad])
            pads = [(0, 0)] * 3
        padding = [before for before, _ in pads]
        return F.conv3d(x, self.weight, self.bias, stride=self.stride, padding=padding).relu_()


class _Inception(nn.Module):
    """Four branches side by side: 1x1x1, two of 1x1x1 then 3x3x3, and max pooling then 1x1x1."""

    def __init__(self, tree: Mapping[str, Tensor], block: str) -> None:
        super().__init__()
        entries = [_folded(tree, f"{block}/Branch_{branch}/Conv3d_0a_1x1") for branch in range(3)]
        self.widths = [bias.shape[0] for _, bias in entries]
        self.entry = _Conv(*(torch.cat(parts) for parts in zip(*entries, strict=True)))
        self.wide = _Conv(*_folded(tree, f"{block}/Branch_1/Conv3d_0b_3x3"))
        self.narrow = _Conv(*_folded(tree, f"{block}/Branch_2/Conv3d_0b_3x3"))
        self.pooled = _Conv(*_folded(tree, f"{block}/Branch_3/Conv3d_0b_1x1"))

    def forward(self, x: Tensor) -> Tensor:
        straight, wide, narrow = self.entry(x).split(self.widths, dim=1)
        pooled = self.pooled(_max_pool(x, kernel=(3, 3, 3), stride=(1, 1, 1)))
        return torch.cat((straight, self.wide(wide), self.narrow(narrow), pooled), dim=1)


class _Pool(nn.Module):
    """Max pooling in space and time, SAME padding."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel: Triple = (kernel, kernel, kernel)
        self.stride: Triple = (stride, stride, stride)

    def forward(self, x: Tensor) -> Tensor:
        return _max_pool(x, kernel=self.kernel, stride=self.stride)


def _folded(tree: Mapping[str, Tensor], unit: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of a unit's convolution with its batch normalisation folded in (float64)."""
    kernel = tree[f"params/{unit}/Conv_0/kernel"].double()
    variance = tree[f"batch_stats/{unit}/BatchNorm_0/var"].double()
    gain = (variance + _VARIANCE_FLOOR).rsqrt()
    mean = tree[f"batch_stats/{unit}/BatchNorm_0/mean"].double()
    bias = tree[f"params/{unit}/BatchNorm_0/bias"].double() - mean * gain
    return (kernel * gain[:, None, None, None, None]).float(), bias.float()


def _same(size: int, *, kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after that makes ceil(size / stride) outputs; the odd one goes after."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def _max_pool(x: Tensor, *, kernel: Triple, stride: Triple) -> Tensor:
    """Max pooling, SAME padding, in space and then in time: the same maxima, found faster.

    The odd padding at the end is what ceil_mode adds; in time an edge frame counts twice instead.
    """
    frames = rearrange(x, "n c t h w -> (n t) c h w")
    before = [_same(n, kernel=kernel[1], stride=stride[1])[0] for n in x.shape[3:]]
    frames = F.max_pool2d(frames, kernel[1:], stride[1:], padding=before, ceil_mode=True)
    return _max_in_time(
        rearrange(frames, "(n t) c h w -> n c t h w", n=len(x)), kernel=kernel[0], stride=stride[0]
    )


def _max_in_time(x: Tensor, *, kernel: int, stride: int) -> Tensor:
    """Maximum over ``kernel`` frames around every ``stride``-th, over fewer at the ends."""
    length = x.shape[2]
    if kernel == 1:
        return x[:, :, ::stride]
    first, _ = _same(length, kernel=kernel, stride=stride)
    starts = torch.arange(0, length, stride, device=x.device) - first
    shifted = [x[:, :, (starts + k).clamp(0, length - 1)] for k in range(kernel)]
    return functools.reduce(torch.maximum, shifted)
