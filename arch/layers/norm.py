"""Normalisation that looks at one position only, so that it never leaks the future."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-6
"""Below bfloat16's smallest useful square; the value every peer uses (Wan, LTX)."""


class ChannelRMSNorm(nn.Module):
    """Root-mean-square norm over the channels of each position, with a gain and no bias.

    GroupNorm over time, which some peers use, would break prefix causality. The mean is taken in
    float32 inside the kernel, the result is in the dtype of the input. Since channels are moved
    last, the output lies in memory as ``channels_last_3d``, which convolutions want.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) -> the same shape."""
        return F.rms_norm(x.movedim(1, -1), self.gain.shape, self.gain, EPS).movedim(-1, 1)
