"""What the run folder of a trained Latte says of its latents: their scale, and who made them."""

from pathlib import Path
from typing import Any

from arch.interface import PeerConfig
from pvvae import config as codec
from pvvae.data.latent_scale import LatentScale, encoder_digest
from pvvae.data.latent_shards import LatentDataset
from pvvae.denoiser.online_latents import OnlineConfig, scale_of
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.pretrained.vae_source import vae_of_latents
from pvvae.run.folder import read_config


def latte_scale(latte: Path) -> LatentScale:
    """Size, scale and classes of the latents that a run has learned.

    Raises:
        ConfigError: if it is no run of stage latte, or its latents are gone.
    """
    latents = _latents(latte)
    return LatentDataset(Path(latents) / "train") if isinstance(latents, str) else scale_of(latte)


def latte_vae(latte: Path) -> str | PeerConfig:
    """The run folder of the VAE that made those latents, or the peer that did.

    Raises:
        ConfigError: if it is no run of stage latte, or a folder on the way is gone.
    """
    latents = _latents(latte)
    if isinstance(latents, str):
        return vae_of_latents(Path(latents))
    return codec.decode(OnlineConfig, latents, "latents").vae


def latte_classes(latte: Path, scale: LatentScale) -> tuple[str, ...]:
    """Names of the classes that a run has learned; none if it learned without."""
    return scale.classes if read_config(latte)["denoiser"].get("num_classes") else ()


def check_null_label(latte: Path, *, key: str) -> None:
    """Refuse to guide a Latte that has not learned what no class looks like.

    Raises:
        ConfigError: that begins with ``key``.
    """
    plain = read_config(latte)
    lacking = None
    if not plain["denoiser"].get("num_classes"):
        lacking = "without classes"
    elif plain.get("label_dropout") == 0:
        lacking = "with label_dropout: 0"
    if lacking is not None:
        raise ConfigError(
            f"{key}: {latte} was trained {lacking}, so there is no null label to guide away from; "
            "set it to 1"
        )


def check_decoder(vae: PredictiveVAE, scale: LatentScale, *, key: str, name: str) -> None:
    """Refuse to decode latents of another encoder.

    Args:
        vae: shall decode.
        scale: of the latents; where no encoder was noted, the number of channels must do.
        key: of the config that names the VAE.
        name: of the VAE.

    Raises:
        ConfigError: in one line.
    """
    channels = vae.backbone.latent_channels
    if channels != scale.channels:
        raise ConfigError(
            f"{key}: {name} decodes latents of {channels} channels, Latte learned {scale.channels}"
        )
    if scale.encoder and encoder_digest(vae.backbone.encoder) != scale.encoder:
        raise ConfigError(
            f"{key}: {name} has another encoder than the one whose latents Latte learned, so it "
            "cannot decode them; name the VAE that made them, or a decoder_finetune of it"
        )


def _latents(latte: Path) -> Any:
    """The key ``latents`` of its config."""
    plain = read_config(latte)
    if "latents" not in plain:
        raise ConfigError(
            f"{latte} is a run of stage {plain['stage']}; sampling needs one of stage latte"
        )
    codec.load_plugins(plain)
    return plain["latents"]
