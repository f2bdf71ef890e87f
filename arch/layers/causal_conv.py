"""3D convolution that sees the present and the past, never the future."""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from arch.layers.streaming import Past, Stream


def repeat_first(x: Tensor, times: int) -> Tensor:
    """Put ``times`` copies of the first frame before a clip (B, C, T, H, W).

    Concatenating slices keeps ``channels_last_3d``; ``expand`` and ``repeat`` would lose it.
    """
    return torch.cat([*[x[:, :, :1]] * times, x], dim=2) if times else x


def last_frames(x: Tensor, times: int, before: Tensor) -> Tensor:
    """Copy the last ``times`` frames of ``before`` and then ``x``, both (B, C, T, H, W)."""
    missing = max(times - x.shape[2], 0)
    tail = x[:, :, x.shape[2] - (times - missing) :]
    if not missing:  # nothing and ``channels_last_3d`` make plain order together
        return tail.clone()
    return torch.cat([before[:, :, before.shape[2] - missing :], tail], dim=2)


class CausalConv3d(Stream, nn.Conv3d):
    """Output frame ``j`` depends on input frames up to ``j * stride`` only.

    The first frame is repeated to the left in time; space is padded with zeros. Hence a stride of
    2 takes 1 + 2n frames to 1 + n, and on a single frame the layer is the 2D convolution whose
    kernel is the sum over the temporal taps: all taps learn from images, which with zero padding
    in time only the last one would. Images are run so, at a third of the work; through 2D kernels,
    because a CPU's 3D ones are three times as slow at it.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 3,
        stride: tuple[int, int, int] = (1, 1, 1),
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel, stride, padding=(0, kernel // 2, kernel // 2)
        )
        self.past = kernel - 1
        _initialise(self)

    def forward(self, x: Tensor, before: Tensor | None = None) -> Tensor:
        """(B, C, T, H, W) -> (B, C', 1 + (T - 1) // stride, H // stride, W // stride).

        With the frames ``before`` a chunk, T // stride of them in time.
        """
        if before is not None:
            return super().forward(torch.cat([before, x], dim=2))
        if x.shape[2] > 1:
            return super().forward(repeat_first(x, self.past))
        kernel = self.weight.sum(dim=2)  # every tap meets the same frame
        image = F.conv2d(x[:, :, 0], kernel, self.bias, self.stride[1:], self.padding[1:])
        return image[:, :, None]

    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        """The kernel reaches back to where the next stride begins."""
        before = repeat_first(x[:, :, :1], self.past) if past is None else past[0]
        kept = last_frames(x, self.kernel_size[0] - self.stride[0], before)
        return self(x, None if past is None else before), (kept,)


class CausalUpsampleConv3d(Stream, nn.Conv3d):
    """Nearest-neighbour doubling, the first frame dropped again, and then a causal convolution.

    Doubled in time or not, always doubled in space: 1 + n frames become 1 + 2n or stay 1 + n. The
    doubled clip is never written: its copies meet different taps of the same kernel, so the taps
    are summed beforehand and one transposed convolution over the small clip gives the same numbers
    with 8/27 of the multiplications (12/27 without time). This needs the repeated first frame.
    """

    def __init__(self, in_channels: int, out_channels: int, *, time: bool) -> None:
        super().__init__(in_channels, out_channels, 3, padding=(0, 1, 1))
        self.time = time
        self.past = 1 if time else 2
        _initialise(self)

    def forward(self, x: Tensor, before: Tensor | None = None) -> Tensor:
        """(B, C, T, H, W) -> (B, C', 2T - 1 or T, 2H, 2W); 2T or T with the frames ``before``."""
        if x.shape[2] == 1 and before is None:
            kernel = self._folded(torch.ones(1, 3, device=x.device))[:, :, 0]
            image = F.conv_transpose2d(x[:, :, 0], kernel, self.bias, stride=2, padding=1)
            return image[:, :, None]
        stride = 2 if self.time else 1
        out = F.conv_transpose3d(
            repeat_first(x, self.past) if before is None else torch.cat([before, x], dim=2),
            self._folded(_doubled(x.device) if self.time else _reversed(x.device)),
            self.bias,
            stride=(stride, 2, 2),
            padding=(0, 1, 1),
        )
        # Outputs beyond these mix in frames that were never there; of the doubled first frame, one
        # copy is dropped.
        first = 3 if self.time and before is None else 2
        return out[:, :, first : 2 + stride * x.shape[2]]

    def _folded(self, time: Tensor) -> Tensor:
        """The kernel (C, C', k, 4, 4) on the small clip, from 3 x 3 x 3 taps by one product.

        Args:
            time: (k, 3), how k taps in time are sums of the three.
        """
        space = _doubled(time.device)
        sums = torch.kron(torch.kron(time, space), space).to(self.weight.dtype)
        kernel = F.linear(self.weight.flatten(2), sums)
        return rearrange(kernel, "o i (t h w) -> i o t h w", h=4, w=4)

    def stream(self, x: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        """Doubled frames mix with the last one before them, others with the last two."""
        before = repeat_first(x[:, :, :1], self.past) if past is None else past[0]
        return self(x, None if past is None else before), (last_frames(x, self.past, before),)


def _initialise(conv: nn.Conv3d) -> None:
    """Start as a 2D convolution of the present frame that keeps the variance; no bias.

    As image kernels are put into video networks (Open-Sora-Plan). torch's own start mixes the
    frames, shrinks a signal by 1.7 a layer and buries it in random biases. Tiny cnn without
    latent noise on moving textures (5 x 32 x 32), PSNR after 250 steps: torch's start 11 dB,
    variance kept 13.9, also averages around the latent 15.1, also the present frame alone 16.5.
    """
    nn.init.zeros_(conv.weight)
    nn.init.kaiming_normal_(conv.weight.data[:, :, -1], nonlinearity="linear")
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)


def _reversed(device: torch.device) -> Tensor:
    """(3, 3): three taps as those of a transposed convolution."""
    return torch.eye(3, device=device).flip(0)


def _doubled(device: torch.device) -> Tensor:
    """(4, 3): three taps on a doubled signal as four of a transposed convolution of stride 2.

    Each small cell stands for two neighbours, which meet neighbouring taps.
    """
    taps = _reversed(device)
    return F.pad(taps, (0, 0, 0, 1)) + F.pad(taps, (0, 0, 1, 0))
