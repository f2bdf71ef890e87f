"""LPIPS: how far apart two frames look to a classifier. Zhang et al., CVPR 2018, version 0.1.

AlexNet is what video autoencoders report (WF-VAE, Open-Sora-Plan, LeanVAE); VGG16 is what they
train with. The network is the ``lpips`` package's own; its weights come from installed packages,
without a download (``released_weights``).
"""

import importlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from arch.interface import import_torchvision
from pvvae.errors import ConfigError
from pvvae.metrics import released_weights
from pvvae.metrics.weight_catalog import LPIPS_ALEX, LPIPS_VGG, WeightFile


@dataclass(frozen=True, kw_only=True)
class LpipsNetwork:
    """A classifier that LPIPS looks through."""

    source: WeightFile
    convolutions: str
    """Where its convolutions lie in the packaged tree."""
    min_side: int
    """Smallest frame, in pixels, that its poolings leave something of."""


TRUNKS = {
    "alex": LpipsNetwork(source=LPIPS_ALEX, convolutions="AlexNet_0", min_side=31),
    "vgg": LpipsNetwork(source=LPIPS_VGG, convolutions="VGG16_0", min_side=16),
}

# ImageNet's channel means and deviations for pixels in [-1, 1], as LPIPS 0.1 has them.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)


class LPIPS(nn.Module):
    """LPIPS of every frame. Larger is worse; 0 for identical frames."""

    def __init__(self, net: str = "alex", *, file: Path | None = None, chunk: int = 16) -> None:
        """Load the released weights, from ``file`` if one is named; ``chunk`` frames go at a time.

        Raises:
            ConfigError: for an unknown net, or if the weights are not the released ones.
        """
        super().__init__()
        self.network = lpips_network(net, file=file)
        self.min_side = TRUNKS[net].min_side
        self.chunk = chunk

    @torch.no_grad()
    def forward(self, recon: Tensor, x: Tensor) -> Tensor:
        """LPIPS (B, T), float64, of pixels (B, 3, T, H, W) in [-1, 1]; computed in float32.

        Raises:
            ConfigError: if the frames are smaller than the trunk can see, or not finite.
        """
        check_frames(recon, x, min_side=self.min_side)
        ieee = torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False)
        with torch.autocast(x.device.type, enabled=False), ieee:
            clips = zip(recon, x, strict=True)
            values = torch.stack([self._of_clip(one, other) for one, other in clips])
        if not values.isfinite().all():
            raise ConfigError("LPIPS needs finite pixels, some are NaN or infinite")
        return values

    def _of_clip(self, recon: Tensor, x: Tensor) -> Tensor:
        """(T,), float64, of one clip (3, T, H, W).

        Never frames of two clips at once: kernels round differently for batches of other sizes, and
        a clip's values would depend on its neighbours.
        """
        pairs = zip(*(torch.split(_frames(clip), self.chunk) for clip in (recon, x)), strict=True)
        return torch.cat([self.network(one, other) for one, other in pairs]).double().flatten()


def lpips_network(
    net: str, *, file: Path | None = None, spatial: bool = False, empty: bool = False
) -> Any:
    """The ``lpips`` package's network with released weights: frozen, float32, in evaluation mode.

    Args:
        net: "alex" or "vgg".
        file: the trunk's weights, if not from the installed package.
        spatial: whether it answers with a map instead of its mean.
        empty: leave it on the meta device, without weights.

    Raises:
        ConfigError: for an unknown net, a missing package, or other weights than the released ones.
    """
    if net not in TRUNKS:
        raise ConfigError(f"LPIPS has no net {net!r}; known nets: {', '.join(sorted(TRUNKS))}")
    tree = {} if empty else released_weights.load(TRUNKS[net].source, file=file)
    try:
        import_torchvision()
        lpips = importlib.import_module("lpips")
    except ImportError as error:
        raise ConfigError(f"LPIPS needs a package: run 'pip install lpips' ({error})") from error
    with torch.device("meta"), warnings.catch_warnings():
        # On "meta" nothing is drawn and nothing allocated: the classifier's 100M unused parameters,
        # and torch's generator, stay out of it. torchvision warns of an argument lpips still gives.
        warnings.simplefilter("ignore", category=UserWarning)
        network = lpips.LPIPS(
            net=net, pretrained=False, pnet_rand=True, spatial=spatial, verbose=False
        )
    if empty:
        return network.requires_grad_(False).eval()
    state = _state(tree, names=list(network.state_dict()), convolutions=TRUNKS[net].convolutions)
    network.load_state_dict(state, assign=True)
    return network.requires_grad_(False).eval()


def _state(tree: dict[str, Tensor], *, names: list[str], convolutions: str) -> dict[str, Tensor]:
    """The packaged tensors under the ``lpips`` package's names."""
    state = {
        "scaling_layer.shift": torch.tensor(_SHIFT).view(1, 3, 1, 1),
        "scaling_layer.scale": torch.tensor(_SCALE).view(1, 3, 1, 1),
    }
    trunk = [name.removesuffix(".weight") for name in names if name.startswith("net.")]
    for index, name in enumerate(name for name in trunk if not name.endswith(".bias")):
        state[f"{name}.weight"] = tree[f"{convolutions}/Conv_{index}/kernel"]
        state[f"{name}.bias"] = tree[f"{convolutions}/Conv_{index}/bias"]
    for head in range(5):
        for alias in (f"lin{head}", f"lins.{head}"):
            state[f"{alias}.model.1.weight"] = tree[f"NetLinLayer_{head}/Conv_0/kernel"]
    return state


def check_frames(recon: Tensor, x: Tensor, *, min_side: int) -> None:
    """Refuse clips that are not alike, not RGB or too small.

    Raises:
        ConfigError: saying which.
    """
    if recon.shape != x.shape or x.dim() != 5 or x.shape[1] != 3:
        raise ConfigError(
            f"LPIPS compares clips (B, 3, T, H, W) of one shape, "
            f"got {tuple(recon.shape)} and {tuple(x.shape)}"
        )
    if min(x.shape[3:]) < min_side:
        raise ConfigError(f"this LPIPS needs {min_side} pixels a side, got {tuple(x.shape[3:])}")


def _frames(clip: Tensor) -> Tensor:
    frames: Tensor = rearrange(clip, "c t h w -> t c h w")
    return frames.float()
