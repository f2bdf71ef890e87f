"""A trained VAE for those who only use it: methods as autoencoders of diffusers have them.

diffusers itself is not needed; its pipelines take :class:`pvvae.diffusers.AutoencoderPV`.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from pvvae.autoencoder.outputs import Decoded, Encoded, LatentDistribution
from pvvae.autoencoder.tiling import Tiles, Tiling
from pvvae.model import PredictiveVAE
from pvvae.pretrained.published import (
    AutoencoderConfig,
    describe,
    find_folder,
    read_folder,
    write_folder,
)
from pvvae.pretrained.runs import channel_facts, load_vae, vae_config
from pvvae.pretrained.weight_files import find, stored_dtype

TILE_CELLS = 32
"""Latent cells along an edge of a tile. Ours: 512 pixels at stride 16, the paper's largest."""
OVERLAP_CELLS = 8
"""Cells that neighbours share: a quarter of a tile, as ``pvvae reconstruct`` has it."""


class Autoencoder(nn.Module):
    """Videos (B, 3, T, H, W) in [-1, 1] to latents (B, c, t, h, w) and back.

    T = 1 + n * ``config.scale_factor_temporal``; H and W are multiples of
    ``config.scale_factor_spatial``.
    """

    pad: nn.Parameter | None

    def __init__(self, vae: PredictiveVAE, config: AutoencoderConfig) -> None:
        """Wrap ``vae``, which ``config`` describes; see also :meth:`from_pretrained`."""
        super().__init__()
        # Parameters go by the names that the exported file has, so the network's parts are held
        # here, and the network itself is none of this module's.
        self.backbone = vae.backbone
        self.register_parameter("pad", vae.pad)
        self._network = (vae,)
        self._config = config
        self._tiling: Tiling | None = None
        self._slicing = False
        self.train(vae.training)

    @property
    def vae(self) -> PredictiveVAE:
        """The network, whose parameters are those of this module."""
        (network,) = self._network
        # Conversions may put other objects in these places.
        network.backbone, network.pad = self.backbone, self.pad
        network.training = self.training
        return network

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        subfolder: str | None = None,
        torch_dtype: torch.dtype | None = None,
        revision: str | None = None,
        variant: str | None = None,
        plugins: Sequence[str | Path] = (),
    ) -> Self:
        """What :meth:`save_pretrained` wrote, in evaluation mode, on the CPU.

        Args:
            folder: a local folder, or an id of the Hugging Face hub.
            subfolder: of it, that holds the VAE.
            torch_dtype: of the weights; None leaves them as stored.
            revision: of the hub's repository.
            variant: of the weights, such as "fp16", where the folder has several.
            plugins: Python files that register a backbone which is none of ours.

        Raises:
            ConfigError: one line about what is missing or does not fit.
        """
        found = find_folder(folder, subfolder=subfolder, revision=revision, variant=variant)
        vae, config = read_folder(found, plugins=plugins, variant=variant)
        dtype = torch_dtype or stored_dtype(find(found, variant))
        return cls(vae if dtype is None else vae.to(dtype), config)

    @classmethod
    def from_run(
        cls, run: str | Path, *, latents: str | Path | None = None, step: int | None = None
    ) -> Self:
        """The trained VAE of a run.

        Args:
            run: folder of a VAE stage.
            latents: folder of a run of extract_latents, whose statistics become
                ``latents_mean`` and ``latents_std``; None leaves zeros and ones.
            step: of the checkpoint; None means the newest.

        Raises:
            ConfigError: if there is no VAE, or the latents are another encoder's.
        """
        vae = load_vae(Path(run), step=step).requires_grad_(True)
        backbone, _ = vae_config(Path(run))
        if latents is None:
            return cls(vae, describe(vae, backbone))
        facts = channel_facts(Path(latents), vae=vae, run=Path(run))
        config = describe(
            vae, backbone, mean=facts.mean, std=facts.std, measured_on=facts.measured_on
        )
        return cls(vae, config)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``config.json`` and the weights, as safetensors.

        Raises:
            ConfigError: if a weight is not finite, or the disk refuses.
        """
        write_folder(Path(folder), self.vae, self._config)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Weights by name; names that begin with ``vae.``, as they did before, are taken too."""
        named = {name.removeprefix("vae."): tensor for name, tensor in state_dict.items()}
        return super().load_state_dict(named, strict=strict, assign=assign)

    @property
    def config(self) -> AutoencoderConfig:
        """What is in ``config.json``: statistics of latents, channels, strides, the network."""
        return self._config

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the parameters."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return next(self.parameters()).device

    def forward(
        self,
        sample: Tensor,
        sample_posterior: bool = False,
        return_dict: bool = True,
        generator: torch.Generator | None = None,
    ) -> Decoded:
        """Pixels through the latents' mean, or a sample of them, and back."""
        posterior = self.encode(sample).latent_dist
        z = posterior.sample(generator) if sample_posterior else posterior.mode()
        return self.decode(z, return_dict=return_dict)

    def encode(self, x: Tensor, return_dict: bool = True) -> Encoded:
        """The distribution of a video's latents.

        Args:
            x: pixels (B, 3, T, H, W) in [-1, 1].
            return_dict: as diffusers has it; a tuple with a name comes back either way.

        Raises:
            ValueError: for a shape that the network cannot take; the message names the nearest.
        """
        if x.ndim != 5 or x.shape[1] != self._config.in_channels:
            raise ValueError(f"pixels must be (B, 3, T, H, W), got {tuple(x.shape)}")
        self.backbone.latent_frames(x.shape[2])
        self.backbone.check_size(*x.shape[3:])
        moments = self._slice_by_slice(x, self._encode_tiles)
        mean, logvar = moments.chunk(2, dim=1)
        return Encoded(LatentDistribution(mean, logvar))

    def decode(self, z: Tensor, return_dict: bool = True) -> Decoded:
        """Pixels (B, 3, T, H, W) of latents (B, c, t, h, w), not clamped to [-1, 1].

        Args:
            z: latents as encoded, that is, not normalised.
            return_dict: as diffusers has it; a tuple with a name comes back either way.

        Raises:
            ValueError: for a shape that has no such latents.
        """
        if z.ndim != 5 or z.shape[1] != self._config.z_dim:
            expected = f"(B, {self._config.z_dim}, t, h, w)"
            raise ValueError(f"latents must be {expected}, got {tuple(z.shape)}")
        return Decoded(self._slice_by_slice(z, self._decode_tiles))

    @property
    def use_slicing(self) -> bool:
        """Whether the clips of a batch are taken one by one; may be set."""
        return self._slicing

    @use_slicing.setter
    def use_slicing(self, value: bool) -> None:
        self._slicing = value

    @property
    def use_tiling(self) -> bool:
        """Whether large pictures are cut into tiles; may be set, which takes the usual sizes."""
        return self._tiling is not None

    @use_tiling.setter
    def use_tiling(self, value: bool) -> None:
        if value and self._tiling is None:
            self.enable_tiling()
        elif not value:
            self.disable_tiling()

    def enable_slicing(self) -> None:
        """Take the clips of a batch one by one, for less memory."""
        self._slicing = True

    def disable_slicing(self) -> None:
        """Take a batch at once."""
        self._slicing = False

    def enable_tiling(self, tile_size: int | None = None, overlap: int | None = None) -> None:
        """Cut large pictures into tiles that are blended where they meet, for less memory.

        Args:
            tile_size: pixels of a tile's edge; None means 32 latent cells.
            overlap: pixels that neighbours share; None means 8 latent cells.

        Raises:
            ValueError: if these are no multiples of a latent cell, or more than half is shared.
        """
        stride = self._config.scale_factor_spatial
        size = TILE_CELLS * stride if tile_size is None else tile_size
        shared = min(OVERLAP_CELLS, size // stride // 2) * stride if overlap is None else overlap
        tiling = Tiling(size=size, overlap=shared)
        Tiles(size, size, tiling, stride=stride)  # says what is no multiple
        self._tiling = tiling

    def disable_tiling(self) -> None:
        """Take pictures whole."""
        self._tiling = None

    def _slice_by_slice(self, x: Tensor, compute: Callable[[Tensor], Tensor]) -> Tensor:
        if not self._slicing:
            return compute(x)
        return torch.cat([compute(clip) for clip in torch.split(x, 1)])

    def _encode_tiles(self, x: Tensor) -> Tensor:
        """Pixels to mean and log-variance (B, 2c, t, h, w); tiles are blended as latents."""
        if self._tiling is None:
            return self._moments(x)
        stride = self._config.scale_factor_spatial
        pixels, cells = self._tiles(self._tiling, x.shape[3] // stride, x.shape[4] // stride)
        return cells.blend([self._moments(tile) for tile in pixels.split(x)])

    def _decode_tiles(self, z: Tensor) -> Tensor:
        """Latents to pixels; tiles are blended as pixels."""
        if self._tiling is None:
            return self.backbone.decode(z)
        pixels, cells = self._tiles(self._tiling, z.shape[3], z.shape[4])
        return pixels.blend([self.backbone.decode(tile) for tile in cells.split(z)])

    def _tiles(self, tiling: Tiling, height: int, width: int) -> tuple[Tiles, Tiles]:
        """Tiles of a picture of ``height`` x ``width`` latent cells, in pixels and in cells."""
        stride = self._config.scale_factor_spatial
        small = Tiling(size=tiling.size // stride, overlap=tiling.overlap // stride)
        return (
            Tiles(height * stride, width * stride, tiling, stride=stride),
            Tiles(height, width, small, stride=1),
        )

    def _moments(self, x: Tensor) -> Tensor:
        posterior = self.backbone.encode(x)
        return torch.cat([posterior.mean, posterior.logvar], dim=1)
