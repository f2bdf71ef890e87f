"""The VAE as a model of diffusers: loaded, saved, configured and called as theirs are."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from diffusers.utils.accelerate_utils import apply_forward_hook
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from arch.interface import BackboneConfig
from pvvae import config as codec
from pvvae.autoencoder import Autoencoder
from pvvae.autoencoder.autoencoder import TILE_CELLS
from pvvae.diffusers import loading
from pvvae.diffusers.attributes import PipelineAttributes
from pvvae.diffusers.config import PipelineConfig, completed
from pvvae.diffusers.outputs import LatentGaussian
from pvvae.diffusers.recomputing import recomputed
from pvvae.diffusers.wan_tiles import wan_tiles
from pvvae.errors import ConfigError
from pvvae.model import Pad, PredictiveVAE
from pvvae.pretrained.published import AutoencoderConfig, find_folder, read_published_config
from pvvae.pretrained.tensor_files import check_finite
from pvvae.pretrained.weight_files import placing


class AutoencoderPV(PipelineAttributes, Autoencoder, ModelMixin, ConfigMixin):  # type: ignore[misc]
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

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        subfolder: str | None = None,
        revision: str | None = None,
        variant: str | None = None,
        use_safetensors: bool | None = None,
        output_loading_info: bool = False,
        plugins: Sequence[str | Path] = (),
        **arguments: Any,
    ) -> Any:
        """Load what :meth:`save_pretrained` wrote, in evaluation mode.

        Args:
            pretrained_model_name_or_path: a local folder, or an id of the Hugging Face hub.
            subfolder: of it, that holds the VAE.
            revision: of the hub's repository.
            variant: of the weights, such as "fp16".
            use_safetensors: False is refused; nothing else is read.
            output_loading_info: whether to return, beside the VAE, what diffusers says of the
                loading.
            plugins: Python files that register a backbone which is none of ours.
            arguments: as models of diffusers have them: ``torch_dtype`` or ``dtype`` (None leaves
                weights as stored), ``device_map``, ``cache_dir``, ``local_files_only``, ``token``
                and others; and entries of ``config.json`` that are to be other than there.

        Raises:
            ConfigError: one line about what is missing, does not fit, or is not offered; where a
                file is at fault it is an OSError too, as diffusers raises it.
        """
        arguments = loading.accepted(arguments)
        if use_safetensors is False:
            raise ConfigError("use_safetensors: weights are safetensors and nothing else")
        device = loading.place(arguments)
        with loading.file_errors(pretrained_model_name_or_path):
            folder = find_folder(
                pretrained_model_name_or_path,
                subfolder=subfolder,
                revision=revision,
                variant=variant,
                **loading.hub_arguments(arguments),
            )
            read_published_config(folder, plugins=plugins, others=True)
            loading.settle_dtype(arguments, loading.files_of(folder, variant))
            vae, info = super(Autoencoder, cls).from_pretrained(
                str(folder),
                variant=variant,
                use_safetensors=True,
                output_loading_info=True,
                **arguments,
            )
            loading.check_complete(info, folder)
            check_finite(loading.present(vae), where=str(folder))
        vae.register_to_config(_name_or_path=str(pretrained_model_name_or_path))
        vae = vae if device is None else vae.to(device)
        return (vae, info) if output_loading_info else vae

    def save_pretrained(  # type: ignore[override]
        self,
        save_directory: str | Path,
        is_main_process: bool = True,
        save_function: None = None,
        safe_serialization: bool = True,
        variant: str | None = None,
        max_shard_size: int | str = "10GB",
        push_to_hub: bool = False,
        **hub: Any,
    ) -> None:
        """Write ``config.json`` and the weights: whole, or not at all.

        Args:
            save_directory: is made if need be.
            is_main_process: False writes nothing.
            save_function: has no effect, here as in diffusers.
            safe_serialization: False is answered with a warning; pickles are not written.
            variant: of the weights, such as "fp16"; others beside it stay.
            max_shard_size: of a file; larger weights become several, with an index.
            push_to_hub: whether to send them to the Hugging Face hub as well.
            hub: ``repo_id`` (the folder's name unless given), ``token``, ``private``,
                ``commit_message``, ``create_pr``.

        Raises:
            ConfigError: if a weight is not finite, or the disk or the hub refuses.
        """
        if not is_main_process:
            return
        if not safe_serialization:
            warnings.warn("safe_serialization: weights are safetensors all the same", stacklevel=2)
        folder = Path(save_directory)
        check_finite(self.state_dict(), where=str(folder))
        write = super(Autoencoder, self).save_pretrained
        sizes = {"variant": variant, "max_shard_size": max_shard_size}
        with placing(folder, variant=variant) as partial:
            write(str(partial), **sizes)
        if push_to_hub:
            hub.setdefault("repo_id", folder.resolve().name)
            with loading.file_errors(hub["repo_id"]), TemporaryDirectory() as copy:
                write(copy, push_to_hub=True, **sizes, **hub)

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
