"""Networks written down a second time, plainly, from the packaged weights."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pvvae.metrics import released_weights
from pvvae.metrics.weight_catalog import I3D_KINETICS, LPIPS_ALEX

ALEX = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))
"""Stride and padding of AlexNet's convolutions."""


def lpips_alex(one: Tensor, other: Tensor) -> Tensor:
    """LPIPS (N,) of frames (N, 3, H, W) in [-1, 1], in float64: Zhang et al. (2018), equation 1."""
    tree = {name: value.double() for name, value in released_weights.load(LPIPS_ALEX).items()}
    shift = torch.tensor([-0.030, -0.088, -0.188]).double().view(3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).double().view(3, 1, 1)
    total = torch.zeros(len(one)).double()
    a, b = (one.double() - shift) / scale, (other.double() - shift) / scale
    for index, (stride, padding) in enumerate(ALEX):
        if index in (1, 2):
            a, b = F.max_pool2d(a, 3, 2), F.max_pool2d(b, 3, 2)
        kernel = tree[f"AlexNet_0/Conv_{index}/kernel"]
        bias = tree[f"AlexNet_0/Conv_{index}/bias"]
        a, b = (F.conv2d(h, kernel, bias, stride, padding).relu() for h in (a, b))
        unit_a, unit_b = (h / (h.square().sum(1, keepdim=True).sqrt() + 1e-10) for h in (a, b))
        head = tree[f"NetLinLayer_{index}/Conv_0/kernel"].view(1, -1, 1, 1)
        total += (head * (unit_a - unit_b).square()).sum(1).mean((1, 2))
    return total


def i3d(clip: Tensor) -> Tensor:
    """Logits (400,) of one clip (T, H, W, 3), uint8: nothing folded, nothing joined."""
    tree = released_weights.load(I3D_KINETICS)
    frames = clip.permute(0, 3, 1, 2).float() / 127.5 - 1
    frames = F.interpolate(frames, size=(224, 224), mode="bilinear", align_corners=False)
    x = frames.transpose(0, 1)[None]
    x = _unit(x, tree, "Conv3d_1a_7x7", 2)
    x = _pooled(x, (1, 3, 3), (1, 2, 2))
    x = _unit(_unit(x, tree, "Conv3d_2b_1x1"), tree, "Conv3d_2c_3x3")
    x = _pooled(x, (1, 3, 3), (1, 2, 2))
    for block in ("3b", "3c", "4a", "4b", "4c", "4d", "4e", "4f", "5a", "5b", "5c"):
        if block in ("4a", "5a"):
            x = _pooled(x, (3, 3, 3) if block == "4a" else (2, 2, 2), (2, 2, 2))
            continue
        branch = f"Mixed_{block}/Branch_"
        parts = [_unit(x, tree, f"{branch}0/Conv3d_0a_1x1")]
        for number in (1, 2):
            inner = _unit(x, tree, f"{branch}{number}/Conv3d_0a_1x1")
            parts.append(_unit(inner, tree, f"{branch}{number}/Conv3d_0b_3x3"))
        pooled = _pooled(x, (3, 3, 3), (1, 1, 1))
        parts.append(_unit(pooled, tree, f"{branch}3/Conv3d_0b_1x1"))
        x = torch.cat(parts, dim=1)
    x = F.avg_pool3d(x, (2, 7, 7), stride=1)
    head = "params/Logits/Conv3d_0c_1x1/Conv_0"
    logits = F.conv3d(x, tree[f"{head}/kernel"], tree[f"{head}/bias"])
    return logits.mean((2, 3, 4))[0]


def _unit(x: Tensor, tree: dict[str, Tensor], name: str, stride: int = 1) -> Tensor:
    """Convolution, batch normalisation without scale (epsilon 0.001), ReLU."""
    kernel = tree[f"params/{name}/Conv_0/kernel"]
    x = F.conv3d(_same(x, tuple(kernel.shape[2:]), (stride,) * 3, 0.0), kernel, stride=stride)
    mean = tree[f"batch_stats/{name}/BatchNorm_0/mean"]
    variance = tree[f"batch_stats/{name}/BatchNorm_0/var"]
    bias = tree[f"params/{name}/BatchNorm_0/bias"]
    return F.batch_norm(x, mean, variance, bias=bias, eps=1e-3).relu()


def _pooled(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    return F.max_pool3d(_same(x, kernel, stride, -torch.inf), kernel, stride)


def _same(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], value: float) -> Tensor:
    """TensorFlow's SAME: as many outputs as strides begin, the odd padding behind."""
    pads: list[int] = []
    for size, wide, step in zip(x.shape[2:], kernel, stride, strict=True):
        total = max((-(-size // step) - 1) * step + wide - size, 0)
        pads = [total // 2, total - total // 2, *pads]
    return F.pad(x, pads, value=value)
