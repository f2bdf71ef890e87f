"""An image VAE with the layout of ``cnn``: the same layers by the same names, all of them 2D."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from einops import rearrange, reduce, repeat
from torch import Tensor, nn

from arch.cnn import CNN, FrameAttention, ResBlock
from arch.layers.causal_conv import CausalConv3d
from arch.layers.norm import EPS, ChannelRMSNorm
from arch.layers.resample import Downsample, Upsample


class ImageCNN:
    """Runs images (B, C, H, W) through 2D weights; ``layout`` says which layers there are."""

    def __init__(self, layout: CNN) -> None:
        self.layout = layout
        self.weights = {name: _flat(value) for name, value in layout.state_dict().items()}

    def encode(self, x: Tensor) -> Tensor:
        """Moments (B, 2c, h, w)."""
        encoder = self.layout.encoder
        x = self._through(encoder.layers.named_children(), x, "encoder.layers")
        y = self._through(encoder.out.named_children(), x, "encoder.out")
        y = y + reduce(x, "b (c g) h w -> b c h w", "mean", c=y.shape[1])
        return self._conv(y, "encoder.moments")

    def decode(self, z: Tensor) -> Tensor:
        """Pixels (B, 3, H, W)."""
        decoder = self.layout.decoder
        z = self._conv(z, "decoder.mix")
        x = self._conv(z, "decoder.enter")
        x = x + z.repeat_interleave(x.shape[1] // z.shape[1], dim=1)
        x = self._through(decoder.layers.named_children(), x, "decoder.layers")
        return self._conv(x, "decoder.head")

    def _through(self, layers: Iterable[tuple[str, nn.Module]], x: Tensor, prefix: str) -> Tensor:
        for index, layer in layers:
            x = self._layer(layer, x, f"{prefix}.{index}")
        return x

    def _layer(self, layer: nn.Module, x: Tensor, name: str) -> Tensor:
        if isinstance(layer, CausalConv3d):
            return self._conv(x, name)
        if isinstance(layer, ResBlock):
            inner = self._conv(F.silu(self._norm(x, f"{name}.norm1")), f"{name}.conv1")
            return x + self._conv(F.silu(self._norm(inner, f"{name}.norm2")), f"{name}.conv2")
        if isinstance(layer, FrameAttention):
            return self._attention(x, name, layer.head_dim)
        if isinstance(layer, Downsample):
            order = layer.order.replace("r", "")
            cells = rearrange(x, f"b c (h p) (w q) -> b (c {order}) h w", p=2, q=2)
            cells = cells.repeat_interleave(layer.factor[0], dim=1)
            mean = reduce(cells, "b (c g) h w -> b c h w", "mean", c=layer.channels)
            return self._conv(x, f"{name}.conv", stride=2) + mean
        if isinstance(layer, Upsample):
            out = self._conv(F.interpolate(x, scale_factor=2, mode="nearest"), f"{name}.conv")
            copies = out.shape[1] * 4 // x.shape[1]
            cells = repeat(x, "b c h w -> b (c n) h w", n=copies)
            order = layer.order.replace("r", "")
            return out + rearrange(cells, f"b (c {order}) h w -> b c (h p) (w q)", p=2, q=2)
        assert isinstance(layer, ChannelRMSNorm | nn.SiLU)
        return F.silu(x) if isinstance(layer, nn.SiLU) else self._norm(x, name)

    def _conv(self, x: Tensor, name: str, *, stride: int = 1) -> Tensor:
        kernel = self.weights[f"{name}.weight"]
        bias, padding = self.weights[f"{name}.bias"], kernel.shape[-1] // 2
        return F.conv2d(x, kernel, bias, stride=stride, padding=padding)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale = (x.square().mean(dim=1, keepdim=True) + EPS).rsqrt()
        return x * scale * self.weights[f"{name}.gain"][:, None, None]

    def _attention(self, x: Tensor, name: str, head_dim: int) -> Tensor:
        w = self.weights
        tokens = rearrange(self._norm(x, f"{name}.norm"), "b c h w -> b (h w) c")
        qkv = F.linear(tokens, w[f"{name}.qkv.weight"], w[f"{name}.qkv.bias"])
        q, k, v = rearrange(qkv, "b n (three k d) -> three b k n d", three=3, d=head_dim)
        mixed = (q @ k.transpose(-1, -2) / head_dim**0.5).softmax(-1) @ v
        mixed = rearrange(mixed, "b k n d -> b n (k d)")
        out = F.linear(mixed, w[f"{name}.out.weight"], w[f"{name}.out.bias"])
        return x + rearrange(out, "b (h w) c -> b c h w", h=x.shape[2])


def _flat(value: Tensor) -> Tensor:
    """A kernel of its own for images, (O, I, h, w); the rest as it is."""
    if value.ndim != 5:
        return value.clone()
    generator = torch.Generator().manual_seed(value.numel())
    kernel = torch.randn(value[:, :, 0].shape, generator=generator, dtype=value.dtype)
    return kernel / kernel[0].numel() ** 0.5
