"""Wan's VAEs as backbones that train: the layers of diffusers, a whole clip in one pass.

Source: Wan 2.1 and 2.2 (Apache-2.0), as ``AutoencoderKLWan`` of diffusers 0.42, whose names the
parameters keep. There a clip goes in chunks of four frames, out group by group, and what layers
look back at lies in Python lists. Nothing but that bookkeeping keeps a clip from passing at once:
convolutions look back only, norms and attention stay within a frame, and the three places that
treat the first frame alone are written out in :class:`Resample`. The numbers are the same within
rounding (tests/arch/test_wan.py). Not taken over is the clamp to [-1, 1] at the end, beyond which
nothing would be learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from arch import ranges
from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.interop.diffusers import class_of_diffusers, wan_parts
from arch.interop.diffusers_folder import read_arguments, read_network, write_folder
from arch.ranges import Cells, Channels, Depth
from arch.registry import register

CLASS = "AutoencoderKLWan"


@register(BackboneConfig, "wan")
@dataclass(frozen=True, kw_only=True)
class WanConfig(BackboneConfig):
    """Sizes in our words; Wan2.2's and Wan2.1's are in configs/finetune."""

    encoder_width: Channels
    """Feature width of the encoder at the finest level (``base_dim``)."""

    decoder_width: Channels
    """Feature width of the decoder at the finest level (``decoder_base_dim``)."""

    multipliers: tuple[Channels, ...]
    """Factor of the width at each level, finest first (``dim_mult``)."""

    blocks: Depth
    """Residual blocks of the encoder at each level (``num_res_blocks``), the decoder one more."""

    time: tuple[bool, ...]
    """Whether time is halved as well, from each level to the next (``temperal_downsample``)."""

    shortcuts: bool
    """Average and duplicate shortcuts around each level, as in 2.2 (``is_residual``)."""

    patch: Cells
    """Edge of the square of pixels that is folded into channels first: 2 in 2.2, 1 in 2.1."""

    def __post_init__(self) -> None:
        """Refuse levels that do not fit each other.

        Raises:
            ValueError: naming the key.
        """
        steps = len(self.multipliers) - 1
        if len(self.time) != steps:
            raise ValueError(
                f"time: must have {steps} entries for {steps + 1} multipliers, got {len(self.time)}"
            )
        ranges.check(self)

    @property
    def stride(self) -> Stride:
        """Stride of the levels and the patch together."""
        levels = len(self.multipliers) - 1
        return Stride(time=2 ** sum(self.time), space=self.patch * 2**levels)

    def build(self) -> "Wan":
        return Wan(self)

    def check_pretrained(self, folder: Path) -> None:
        """Refuse a folder of another size.

        Raises:
            ValueError: naming the first that differs, or what is wrong with its config.
        """
        made = read_arguments(folder, class_of_diffusers(CLASS))
        for key, wanted in self.arguments().items():
            if key.startswith("latents_") or _plain(made[key]) == _plain(wanted):
                continue
            raise ValueError(f"{folder}: its {key} is {made[key]!r}, but backbone says {wanted!r}")

    def pretrained(self, folder: Path) -> dict[str, Tensor]:
        """The weights in a folder of diffusers.

        Raises:
            ValueError: as :meth:`check_pretrained`, or for what is wrong with the weights.
        """
        self.check_pretrained(folder)
        weights = read_network(folder, class_of_diffusers(CLASS))
        return {_ours(name): value for name, value in weights.items()}

    def export(self, folder: Path, weights: Mapping[str, Tensor]) -> None:
        """A folder of diffusers; its latents are not normalised (mean 0, deviation 1)."""
        names = {_ours(name): name for name in self._on_meta().state_dict()}
        theirs = {names[name]: value for name, value in weights.items()}
        write_folder(folder, class_of_diffusers(CLASS), self.arguments(), theirs)

    def arguments(self) -> dict[str, Any]:
        """Arguments of diffusers' class for this network."""
        channels = 3 * self.patch**2
        return {
            "base_dim": self.encoder_width,
            "decoder_base_dim": self.decoder_width,
            "z_dim": self.latent_channels,
            "dim_mult": list(self.multipliers),
            "num_res_blocks": self.blocks,
            "attn_scales": [],
            "temperal_downsample": list(self.time),  # diffusers spells it so
            "dropout": 0.0,
            "latents_mean": [0.0] * self.latent_channels,
            "latents_std": [1.0] * self.latent_channels,
            "is_residual": self.shortcuts,
            "in_channels": channels,
            "out_channels": channels,
            "patch_size": self.patch if self.patch > 1 else None,
            "scale_factor_temporal": self.stride.time,
            "scale_factor_spatial": self.stride.space,
        }

    def _on_meta(self) -> Any:
        with torch.device("meta"):
            return class_of_diffusers(CLASS)(**self.arguments())


class Wan(Backbone):
    """Encoder and decoder of an ``AutoencoderKLWan``."""

    causal = True

    def __init__(self, config: WanConfig) -> None:
        super().__init__()
        self.stride, self.latent_channels = config.stride, config.latent_channels
        network = class_of_diffusers(CLASS)(**config.arguments())
        _pass_whole(network)
        self.encoder: Encoder = Encoder(network, patch=config.patch)
        self.decoder: Decoder = Decoder(network, patch=config.patch)

    @property
    def head(self) -> nn.Module:  # type: ignore[override]
        return self.decoder.coder.conv_out  # type: ignore[no-any-return]

    @property
    def segments(self) -> tuple[nn.Module, ...]:
        """Residual blocks, attentions and resamplings."""
        parts = wan_parts()
        kinds = (parts.WanResidualBlock, parts.WanAttentionBlock, Resample)
        return tuple(module for module in self.modules() if isinstance(module, kinds))

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        """Posterior of every group; ``observed`` needs no care, since no group sees a later one."""
        self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        return Posterior.from_moments(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        out: Tensor = self.decoder(z)
        return out


class Encoder(nn.Module):
    """(B, 3, T, H, W) -> moments (B, 2c, t, h, w)."""

    def __init__(self, network: Any, *, patch: int) -> None:
        super().__init__()
        self.patch = patch
        self.coder, self.quant_conv = network.encoder, network.quant_conv

    def forward(self, x: Tensor) -> Tensor:
        p = self.patch
        x = rearrange(x, "b c t (h p) (w q) -> b (c q p) t h w", p=p, q=p)
        x = x.contiguous(memory_format=torch.channels_last_3d)
        moments: Tensor = self.quant_conv(self.coder(x))
        return moments


class Decoder(nn.Module):
    """(B, c, t, h, w) -> pixels (B, 3, T, H, W)."""

    def __init__(self, network: Any, *, patch: int) -> None:
        super().__init__()
        self.coder, self.post_quant_conv = network.decoder, network.post_quant_conv
        self.coder.conv_out = Head(self.coder.conv_out, patch=patch)

    def forward(self, z: Tensor) -> Tensor:
        z = z.contiguous(memory_format=torch.channels_last_3d)
        # The shortcuts then drop the copies of the first frame, as for a chunk that begins a clip.
        out: Tensor = self.coder(self.post_quant_conv(z), first_chunk=True)
        return out


class Head(nn.Module):
    """The last convolution, and the patches unfolded."""

    def __init__(self, conv: nn.Module, *, patch: int) -> None:
        super().__init__()
        self.conv, self.patch = conv, patch

    def forward(self, x: Tensor) -> Tensor:
        p = self.patch
        y: Tensor = self.conv(x)
        return rearrange(y, "b (c q p) t h w -> b c t (h p) (w q)", p=p, q=p)


class Resample(nn.Module):
    """``WanResample`` for a whole clip.

    In time the first frame is passed on as it is, and the others do not see it on the way up; an
    image therefore has no use for ``time_conv``, which joins with weight zero: ZeRO waits for every
    trained parameter's gradient.
    """

    def __init__(self, theirs: Any) -> None:
        super().__init__()
        self.mode: str = theirs.mode
        self.resample: nn.Sequential = theirs.resample
        if self.mode.startswith("upsample"):  # theirs goes through fp32, and only copies
            self.resample[0] = nn.Upsample(scale_factor=(2.0, 2.0), mode="nearest-exact")
        if self.mode.endswith("3d"):
            self.time_conv: nn.Module = theirs.time_conv

    def forward(
        self, x: Tensor, feat_cache: None = None, feat_idx: list[int] | None = None
    ) -> Tensor:
        """(B, C, T, H, W), halved or doubled; the other arguments are diffusers' of a chunk."""
        if self.mode == "upsample3d":
            x = self._doubled(x)
        batch = len(x)
        x = self.resample(rearrange(x, "b c t h w -> (b t) c h w"))
        x = rearrange(x, "(b t) c h w -> b c t h w", b=batch)
        return self._halved(x) if self.mode == "downsample3d" else x

    def _doubled(self, x: Tensor) -> Tensor:
        """1 + n frames -> 1 + 2n."""
        if x.shape[2] == 1:
            return x + self._nothing(x)
        later = self.time_conv(x[:, :, 1:])  # pads two frames of zeros in front
        later = rearrange(later, "b (two c) t h w -> b c (t two) h w", two=2)
        return torch.cat([x[:, :, :1], later], dim=2)

    def _halved(self, x: Tensor) -> Tensor:
        """1 + 2n frames -> 1 + n."""
        if x.shape[2] == 1:
            return x + self._nothing(x)
        return torch.cat([x[:, :, :1], self.time_conv(x)], dim=2)

    def _nothing(self, x: Tensor) -> Tensor:
        """Zero (), by ``time_conv`` on one pixel: under ZeRO 3 only a call has its weights."""
        taps = x[:, :, :, :1, :1].expand(-1, -1, 3, -1, -1)
        out: Tensor = self.time_conv(taps)
        return 0.0 * out.sum()


def _pass_whole(network: Any) -> None:
    """Put a :class:`Resample` in the place of every ``WanResample``, with its weights."""
    kind = wan_parts().WanResample
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, kind):
                setattr(module, name, Resample(child))


def _ours(name: str) -> str:
    """Name in :class:`Wan` of a parameter of diffusers' class."""
    name = name.replace("decoder.conv_out.", "decoder.conv_out.conv.")
    side, _, rest = name.partition(".")
    if side in ("encoder", "decoder"):
        return f"{side}.coder.{rest}"
    return {"quant_conv": "encoder", "post_quant_conv": "decoder"}[side] + f".{name}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
