"""The perceptual term of Eq. 1 (L_LPIPS): LPIPS between reconstruction and clip, differentiable."""

from pathlib import Path

import torch
from einops import rearrange
from torch import Tensor, nn

from pvvae.errors import ConfigError
from pvvae.metrics.lpips import TRUNKS, check_frames, lpips_network

_EPSILON = 1e-10
"""Added to the squared length of a feature before its root. Without it a feature of length zero has
a NaN gradient in the ``lpips`` package. Ours: real features are longer than 1, so that values agree
with the package to float32."""


class Perceptual(nn.Module):
    """LPIPS of each clip, through a frozen float32 trunk.

    The paper names LPIPS (section 3.2) but no trunk; VGG16 is what its peers train with (CogVideoX,
    Open-Sora, VidTok). It stays frozen and in evaluation mode whatever its parent does.
    """

    def __init__(self, net: str = "vgg", *, file: Path | None = None, empty: bool = False) -> None:
        """Load the released weights of "vgg" or "alex", from ``file`` if one is named.

        ``empty`` loads none: a network on the meta device, for counting.

        Raises:
            ConfigError: for an unknown net, or if the weights are not the released ones.
        """
        super().__init__()
        self.network = lpips_network(net, file=file, empty=empty)
        self.min_side = TRUNKS[net].min_side

    def train(self, mode: bool = True) -> "Perceptual":
        """Stay in evaluation mode: the heads have dropout."""
        return super().train(False)

    def forward(self, recon: Tensor, x: Tensor, *, frames: Tensor | None = None) -> Tensor:
        """Mean LPIPS over the frames of each clip: -> (B,), float32 under any autocast.

        Only ``recon`` receives a gradient.

        Args:
            recon, x: pixels (B, 3, T, H, W) in [-1, 1].
            frames: indices into T of the frames to compare, (F,) for all clips or (B, F) clip by
                clip; None means all. The trunk's memory, the largest of all losses, goes with F.

        Raises:
            ConfigError: if the frames are too small for the trunk, or ``frames`` does not fit.
        """
        check_frames(recon, x, min_side=self.min_side)
        if frames is not None:
            recon, x = (_chosen(clip, frames=frames.to(clip.device)) for clip in (recon, x))
        kind = "cpu" if recon.is_meta else recon.device.type  # torch has no autocast for meta
        with torch.autocast(kind, enabled=False):
            with torch.no_grad():
                target = self.directions(x)
            depths = zip(self.network.lins, self.directions(recon), target, strict=True)
            distance = torch.stack(
                [
                    head.model[-1]((ours - theirs).square()).mean(dim=(1, 2, 3))  # (B F,)
                    for head, ours, theirs in depths
                ]
            ).sum(dim=0)
        per_frame: Tensor = rearrange(distance, "(b f) -> b f", b=len(x))
        return per_frame.mean(dim=1)

    def directions(self, x: Tensor) -> list[Tensor]:
        """Features of every frame at five depths, each (B F, channels, h, w) of length one."""
        pixels = rearrange(x, "b c f h w -> (b f) c h w").float()
        features = self.network.net(self.network.scaling_layer(pixels))
        return [f * (f.square().sum(dim=1, keepdim=True) + _EPSILON).rsqrt() for f in features]


def _chosen(clip: Tensor, *, frames: Tensor) -> Tensor:
    """Frames (B, C, F, H, W) of ``clip`` (B, C, T, H, W) by index, alike or clip by clip."""
    if frames.dim() == 1:
        return clip.index_select(2, frames)
    if frames.dim() != 2 or len(frames) != len(clip):
        raise ConfigError(f"frames must be (F,) or ({len(clip)}, F), got {tuple(frames.shape)}")
    picked = clip.transpose(1, 2)[torch.arange(len(clip), device=clip.device)[:, None], frames]
    return picked.transpose(1, 2)
