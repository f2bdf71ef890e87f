"""The VAE as a model of diffusers: loaded, saved, configured and called as theirs are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.models.autoencoders.vae import DecoderOutput, DiagonalGaussianDistribution
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from arch.interface import BackboneConfig
from pvvae import config as codec
from pvvae.autoencoder.autoencoder import TILE_CELLS
from pvvae.diffusers.config import PipelineAttributes, PipelineConfig, completed
from pvvae.diffusers.loading import PublishedModel
from pvvae.errors import ConfigError
from pvvae.model import Pad, PredictiveVAE
from pvvae.pretrained.published import AutoencoderConfig


class LatentGaussian(DiagonalGaussianDistribution):  # type: ignore[misc]
    """diffusers' distribution, whose sums are over all axes of a video's latents.

    In diffusers they leave the last axis out: it was made for images.
    """

    def __init__(self, mean: Tensor, logvar: Tensor) -> None:
        """``mean`` and ``logvar`` are (B, c, t, h, w)."""
        super().__init__(torch.cat([mean, logvar], dim=1))

    def kl(self, other: DiagonalGaussianDistribution | None = None) -> Tensor:
        """Nats (B,) between each clip's latents and ``other``, or a standard normal."""
        if other is None:
            each = self.mean.square() + self.var - 1.0 - self.logvar
        else:
            near = ((self.mean - other.mean).square() + self.var) / other.var
            each = near - 1.0 - self.logvar + other.logvar
        nats: Tensor = 0.5 * each.flatten(1).sum(dim=1)
        return nats

    def nll(self, sample: Tensor, dims: tuple[int, ...] = (1, 2, 3, 4)) -> Tensor:
        """Nats of a sample (B, c, t, h, w), summed over ``dims``."""
        found: Tensor = super().nll(sample, dims)
        return found


class AutoencoderPV(PipelineAttributes, PublishedModel, ConfigMixin):  # type: ignore[misc]
    """An :class:`Autoencoder` that is also a model of diffusers."""

    _supports_gradient_checkpointing = True

    # With weights cast or moved by hooks these are what is computed with, not what is stored.
    dtype = ModelMixin.dtype
    device = ModelMixin.device

    def __init__(
        self,
        vae: PredictiveVAE | None = None,
        config: AutoencoderConfig | None = None,
        *,
        backbone: BackboneConfig | dict[str, Any] | None = None,
        pad: Pad | None = None,
        plugin: str | None = None,
        latents_mean: Sequence[float] | None = None,
        latents_std: Sequence[float] | None = None,
        latents_measured_on: str | None = None,
        z_dim: int | None = None,
        scale_factor_temporal: int | None = None,
        scale_factor_spatial: int | None = None,
        in_channels: int | None = None,
        out_channels: int | None = None,
        scaling_factor: float | None = None,
    ) -> None:
        """Wrap ``vae``, which ``config`` describes; or build one from entries of a ``config.json``.

        Entries are those of :class:`~pvvae.pretrained.published.AutoencoderConfig`; all but
        ``backbone`` may be left out.

        Raises:
            ConfigError: naming the entry that does not fit.
        """
        if vae is None or config is None:
            if vae is not None or config is not None:
                raise ConfigError("AutoencoderPV: give vae and config, or entries of a config.json")
            vae, config = completed(
                {
                    "backbone": backbone,
                    "pad": pad,
                    "plugin": plugin,
                    "latents_mean": latents_mean,
                    "latents_std": latents_std,
                    "latents_measured_on": latents_measured_on,
                    "z_dim": z_dim,
                    "scale_factor_temporal": scale_factor_temporal,
                    "scale_factor_spatial": scale_factor_spatial,
                    "in_channels": in_channels,
                    "out_channels": out_channels,
                    "scaling_factor": scaling_factor,
                }
            )
        super().__init__(vae, config)
        self.gradient_checkpointing = False
        self.register_to_config(**codec.encode(config))

    def __getattr__(self, name: str) -> Any:
        """Parts of the network first: ``backbone`` and ``pad`` are entries of the config too."""
        for kind in ("_parameters", "_modules"):
            if name in vars(self).get(kind, ()):
                return vars(self)[kind][name]
        return super().__getattr__(name)

    @property
    def config(self) -> PipelineConfig:  # type: ignore[override]
        """What is in ``config.json``, by key and by attribute; typed, :attr:`description`."""
        return PipelineConfig(self._internal_dict)

    @property
    def description(self) -> AutoencoderConfig:
        """The network and its latents, with types, as :attr:`Autoencoder.config` has them."""
        return self._config

    @property
    def _no_split_modules(self) -> list[str]:
        """Classes of the network that ``device_map`` keeps on one device."""
        return sorted({type(segment).__name__ for segment in self.backbone.segments})

    @property
    def _repeated_blocks(self) -> list[str]:
        """Classes of the network that ``compile_repeated_blocks`` compiles."""
        return self._no_split_modules

    # Pipelines call it directly; accelerate moves weights before a forward.
    @apply_forward_hook  # type: ignore[untyped-decorator]
    def encode(self, x: Tensor, return_dict: bool = True) -> Any:  # type: ignore[override]
        """The distribution of a video's latents, in diffusers' output class or a tuple of one."""
        found = super().encode(x).latent_dist
        latent_dist = LatentGaussian(found.mean, found.logvar)
        return AutoencoderKLOutput(latent_dist=latent_dist) if return_dict else (latent_dist,)

    @apply_forward_hook  # type: ignore[untyped-decorator]
    def decode(  # type: ignore[override]
        self, z: Tensor, temb: Tensor | bool | None = None, return_dict: bool = True
    ) -> Any:
        """Pixels (B, 3, T, H, W) of latents, in diffusers' output class or a tuple of one.

        Args:
            z: latents (B, c, t, h, w) as encoded, that is, not normalised.
            temb: LTX passes None here, other callers ``return_dict``.
            return_dict: whether to give the output class.

        Raises:
            ValueError: for a shape that has no such latents, or a noise level, which is no input.
        """
        if isinstance(temb, Tensor):
            raise ValueError("temb: this decoder takes no noise level")
        keep = return_dict if temb is None else temb
        found = super().decode(z).sample
        return DecoderOutput(sample=found) if keep else (found,)

    def enable_tiling(
        self, tile_size: int | None = None, overlap: int | None = None, **wan: float | None
    ) -> None:
        """Cut large pictures into tiles that are blended where they meet, for less memory.

        Args:
            tile_size: pixels of a tile's edge.
            overlap: pixels that neighbours share.
            wan: what Wan calls them: ``tile_sample_min_height``, ``tile_sample_min_width``,
                ``tile_sample_stride_height``, ``tile_sample_stride_width``; tiles are square.

        Raises:
            ValueError: for another argument, tiles that are not square, or what does not fit.
        """
        usual = TILE_CELLS * self.spatial_compression_ratio
        super().enable_tiling(*wan_tiles(tile_size, overlap, wan, usual=usual))

    def _set_gradient_checkpointing(
        self,
        enable: bool = True,
        gradient_checkpointing_func: Callable[..., Any] = checkpoint,
    ) -> None:
        if enable and not self.backbone.segments:
            raise ValueError(
                f"{self._config.backbone.name}: this backbone names no segments to be recomputed"
            )
        self.gradient_checkpointing = enable
        self._gradient_checkpointing_func = gradient_checkpointing_func

    def _slice_by_slice(self, x: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
        again = self.gradient_checkpointing and torch.is_grad_enabled()
        function = self._gradient_checkpointing_func
        with recomputed(self.backbone.segments, function) if again else nullcontext():
            return super()._slice_by_slice(x, compute)


@contextmanager
def recomputed(segments: Sequence[nn.Module], checkpoint: Callable[..., Any]) -> Iterator[None]:
    """Let each segment's inside be computed again in the backward pass, while this is open.

    Others put their own ``forward`` in place of a module's too (offloading, casting), and may do so
    at any time. So it is changed for a pass alone, and is afterwards what it was.

    Args:
        segments: of a network.
        checkpoint: as diffusers has it, called with a function and its arguments.
    """
    before = [vars(segment).get("forward") for segment in segments]
    for segment in segments:
        segment.forward = partial(_again, checkpoint, segment.forward)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for segment, forward in zip(segments, before, strict=True):
            if forward is None:
                del segment.forward
            else:
                segment.forward = forward


def _again(checkpoint: Any, forward: Any, *args: Any, **named: Any) -> Any:
    return checkpoint(partial(forward, **named), *args)


SIDES = ("height", "width")


def wan_tiles(
    size: int | None, overlap: int | None, wan: dict[str, float | None], *, usual: int
) -> tuple[int | None, int | None]:
    """Edge and overlap of a tile, in pixels; None where neither words say.

    Args:
        size: in our words.
        overlap: likewise.
        wan: in Wan's: ``tile_sample_min_height``, ``tile_sample_stride_height``, and their widths.
        usual: edge of a tile where no words say.

    Raises:
        ValueError: for another word, or tiles that are not square.
    """
    given = {key: value for key, value in wan.items() if value is not None}
    edges = {
        given.pop(f"tile_sample_min_{side}") for side in SIDES if f"tile_sample_min_{side}" in given
    }
    steps = {
        given.pop(f"tile_sample_stride_{side}")
        for side in SIDES
        if f"tile_sample_stride_{side}" in given
    }
    if given:
        raise ValueError(f"{min(given)}: tiles have a height, a width and their strides alone")
    if len(edges) > 1 or len(steps) > 1:
        raise ValueError("tile_sample: tiles are square; give one height, width and stride")
    if (edges and size is not None) or (steps and overlap is not None):
        raise ValueError("tile_sample: give sizes in our words or in Wan's, not in both")
    size = int(edges.pop()) if edges else size
    if steps:
        size = usual if size is None else size
        overlap = size - int(steps.pop())
    return size, overlap
