"""A VAE as a folder that one can hand on: ``config.json`` beside one safetensors file.

Named and laid out as models of diffusers are, so that a pipeline of theirs can hold one.
"""

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from safetensors.torch import save_file

from arch.interface import BackboneConfig
from arch.ranges import Channels, Count, Positive, Range
from pvvae import config as codec
from pvvae.config import check_ranges
from pvvae.config.reading import read_object
from pvvae.errors import ConfigError, quoted
from pvvae.files import write_atomic, write_json
from pvvae.model import Pad, PredictiveVAE
from pvvae.pretrained import weight_files
from pvvae.pretrained.tensor_files import check_finite, fill
from pvvae.pretrained.weight_files import CONFIG

WEIGHTS = weight_files.name_of(None)
"""The file of weights where there is one, and no variant of it."""
CLASS = "AutoencoderPV"
"""What ``config.json`` says it is; the class is in ``pvvae.diffusers``."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig:
    """Everything in ``config.json``: the network, and what a pipeline asks of its VAE.

    Names are those of diffusers where it has one.
    """

    backbone: BackboneConfig
    """The network, as in a run's config."""
    pad: Pad
    """What stands in for dropped groups; generation and reconstruction drop none."""
    plugin: str | None
    """File that registers the backbone, where it is none of ours. Named, not shipped."""
    latents_mean: tuple[Annotated[float, Range(-1e6, 1e6)], ...]
    """Mean of each latent channel; a pipeline denoises (z - mean) / std."""
    latents_std: tuple[Positive, ...]
    """Standard deviation of each latent channel."""
    latents_measured_on: str | None
    """Whose latents these are of; null says nothing was measured: means 0, deviations 1."""
    z_dim: Channels
    """c, the channels of one latent cell."""
    scale_factor_temporal: Count
    """Frames of a latent group, but for the first, which is one frame."""
    scale_factor_spatial: Count
    """Pixels of a latent cell along height and width."""
    in_channels: Channels = 3
    """RGB."""
    out_channels: Channels = 3
    """RGB."""
    scaling_factor: Positive = 1.0
    """On top of mean and deviation: nothing. LTX and Mochi multiply with it too."""

    def __post_init__(self) -> None:
        """Refuse statistics that do not fit the network.

        Raises:
            ConfigError: naming the key.
        """
        channels = self.backbone.latent_channels
        if self.z_dim != channels:
            raise ConfigError(f"z_dim: the backbone has {channels} channels, got {self.z_dim}")
        for key, values in (("mean", self.latents_mean), ("std", self.latents_std)):
            if len(values) != channels:
                raise ConfigError(
                    f"latents_{key}: needs a number for each of {channels} channels, "
                    f"got {len(values)}"
                )
        check_ranges(self)

    @property
    def latent_channels(self) -> int:
        """Another name for ``z_dim``."""
        return self.z_dim

    @property
    def temporal_compression_ratio(self) -> int:
        """Another name for ``scale_factor_temporal``."""
        return self.scale_factor_temporal

    @property
    def spatial_compression_ratio(self) -> int:
        """Another name for ``scale_factor_spatial``."""
        return self.scale_factor_spatial


def describe(
    vae: PredictiveVAE,
    backbone: BackboneConfig,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    measured_on: str | None = None,
) -> AutoencoderConfig:
    """The config of ``vae``, built from ``backbone``; without statistics it says so."""
    channels, stride = vae.backbone.latent_channels, vae.backbone.stride
    file = Path(inspect.getfile(type(backbone)))
    return AutoencoderConfig(
        backbone=backbone,
        pad="gaussian" if vae.pad is None else "learnable",
        plugin=None if type(backbone).__module__.startswith("arch.") else file.name,
        latents_mean=tuple(mean or [0.0] * channels),
        latents_std=tuple(std or [1.0] * channels),
        latents_measured_on=measured_on,
        z_dim=channels,
        scale_factor_temporal=stride.time,
        scale_factor_spatial=stride.space,
    )


def write_folder(folder: Path, vae: PredictiveVAE, config: AutoencoderConfig) -> None:
    """Fill ``folder``, weights first: with its ``config.json`` it is whole.

    Raises:
        ConfigError: if a weight is not finite, or the disk refuses.
    """
    tensors = {name: tensor.contiguous() for name, tensor in vae.state_dict().items()}
    check_finite(tensors, where=str(folder))

    def save(partial: Path) -> None:
        save_file(tensors, partial, metadata={"format": "pt"})

    write_atomic(folder / WEIGHTS, save)
    write_json(folder / CONFIG, {"_class_name": CLASS, **codec.encode(config)})
    weight_files.remove_others(folder, {WEIGHTS}, variant=None)


def is_published(folder: Path) -> bool:
    """Whether ``folder`` is such a folder, and not a run's."""
    return (folder / CONFIG).is_file() and not (folder / "config.yaml").exists()


def is_ours(folder: Path) -> bool:
    """Whether ``folder`` is such a folder of this project's, not one of diffusers' own VAEs.

    Raises:
        ConfigError: if its config cannot be read.
    """
    return is_published(folder) and read_object(folder / CONFIG).get("_class_name") == CLASS


def read_folder(
    folder: Path, *, plugins: Sequence[str | Path] = (), variant: str | None = None
) -> tuple[PredictiveVAE, AutoencoderConfig]:
    """The VAE, in evaluation mode on the CPU, and what is known of it.

    Args:
        folder: with ``config.json`` and the weights.
        plugins: files that register backbones; a file in ``folder`` is never run unasked.
        variant: of the weights.

    Raises:
        ConfigError: if anything is missing, damaged, a pickle, or does not fit.
    """
    config = read_published_config(folder, plugins=plugins)
    vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
    check_strides(config, vae, where=f"{folder / CONFIG}: ")
    fill(vae, weight_files.read(folder, variant), where=str(folder / WEIGHTS))
    return vae.eval(), config


def read_published_config(
    folder: Path, *, plugins: Sequence[str | Path] = (), others: bool = False
) -> AutoencoderConfig:
    """What ``config.json`` says.

    Args:
        folder: that holds it.
        plugins: files that register backbones.
        others: whether it may have keys that are none of ours, as users of diffusers add them.

    Raises:
        ConfigError: if it is missing, damaged, another model's or does not fit.
    """
    codec.load_plugins({"plugins": [str(plugin) for plugin in plugins]})
    path = folder / CONFIG
    data = _parse(path)
    known = AutoencoderConfig.__dataclass_fields__
    return _decode({k: v for k, v in data.items() if k in known} if others else data, path)


def check_strides(config: AutoencoderConfig, vae: PredictiveVAE, *, where: str = "") -> None:
    """Refuse a config that tells pipelines other strides than ``vae`` has.

    Raises:
        ConfigError: after ``where``, with both.
    """
    stride = (config.scale_factor_temporal, config.scale_factor_spatial)
    if vae.backbone.stride != stride:
        raise ConfigError(
            f"{where}scale factors are {stride}, the backbone's {tuple(vae.backbone.stride)}"
        )


def find_folder(
    name: str | Path,
    *,
    subfolder: str | None,
    revision: str | None,
    variant: str | None = None,
    **hub: Any,
) -> Path:
    """The folder itself, or a copy of the hub's: of config and safetensors, nothing else.

    Args:
        name: a local folder, or OWNER/NAME of the hub.
        subfolder: of it.
        revision: of the hub's repository.
        variant: of the weights.
        hub: how the hub is asked: ``cache_dir``, ``local_files_only``, ``token``,
            ``force_download``.

    Raises:
        ConfigError: if there is neither.
    """
    local, below = Path(name), subfolder or ""
    if local.is_dir():
        return local / below
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", str(name)):
        raise ConfigError(f"{name}: no such folder, and not a hub id, which is written OWNER/NAME")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ConfigError(
            f"{name}: no such folder; a hub id needs huggingface_hub (the extra 'peers' has it)"
        ) from None
    wanted = [f"{below}/{file}".lstrip("/") for file in weight_files.patterns(variant)]
    try:
        copy = snapshot_download(str(name), revision=revision, allow_patterns=wanted, **hub)
    except (OSError, ValueError) as error:  # no network, no such thing, no such name
        line = " ".join(str(error).split())
        raise ConfigError(f"{name}: no such folder, and the hub does not give it: {line}") from None
    return Path(copy) / below


def _parse(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(
            f"{path}: no such file; name the folder of the VAE itself, or a subfolder"
        )
    data = read_object(path)
    found = data.pop("_class_name", None)
    if found != CLASS:
        raise ConfigError(f"{path}: _class_name must be {CLASS!r}, got {quoted(found)}")
    for key in [key for key in data if key.startswith("_")]:
        del data[key]  # the version of diffusers, and where it was loaded from
    return dict(data)


def _decode(data: dict[str, Any], path: Path) -> AutoencoderConfig:
    try:
        return codec.decode(AutoencoderConfig, data)
    except ConfigError as error:
        needed = data.get("plugin")
        hint = f"; name the file that registers it: plugins=[{needed!r}]" if needed else ""
        raise ConfigError(f"{path}: {error}{hint}") from None
