"""Taking trained networks out of run folders, whole and without the engine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from arch.interface import BackboneConfig, DiscriminatorConfig
from pvvae import config as codec
from pvvae.config.reading import expected_form, read_object
from pvvae.data.latent_shards import STATISTICS
from pvvae.errors import ConfigError, shown
from pvvae.model import Pad, PredictiveVAE
from pvvae.pretrained.box import located
from pvvae.pretrained.published import WEIGHTS, is_published, read_folder, read_published_config
from pvvae.pretrained.tensor_files import fill, inflate, read_tensors
from pvvae.run import checkpoints
from pvvae.run.checkpoints import Checkpoint
from pvvae.run.folder import read_config
from pvvae.run.progress_bar import say


def checkpoint_of(run: Path, step: int | None = None) -> Checkpoint:
    """The newest good checkpoint of a run, or that of one step.

    Raises:
        ConfigError: if ``run`` is no run folder or has none.
    """
    read_config(run)
    if step is not None:
        return checkpoints.at_step(run / "checkpoints", step)
    found = checkpoints.newest(run / "checkpoints", warn=say)
    if found is None:
        raise ConfigError(f"{run}: this run has no checkpoint yet; train it first (pvvae train)")
    return found


def load_vae(run: Path, *, step: int | None = None) -> PredictiveVAE:
    """The trained VAE of a run, in fp32, in evaluation mode, on the CPU.

    Args:
        run: its folder; or one that ``Autoencoder.save_pretrained`` wrote; or ``box:NAME``.
        step: of the checkpoint; None means the newest.

    Raises:
        ConfigError: if the run holds no VAE.
    """
    run = located(run)
    if is_published(run):
        return read_folder(run)[0].float().requires_grad_(False)
    backbone, pad = vae_config(run)
    vae = PredictiveVAE(backbone.build(), pad=pad)
    load_vae_weights(vae, backbone, run=run, step=step)
    return vae.eval().requires_grad_(False)


def vae_config(run: Path) -> tuple[BackboneConfig, Pad]:
    """The backbone of a run, or of whatever else :func:`load_vae` takes, and its pad.

    Raises:
        ConfigError: if it holds no VAE.
    """
    run = located(run)
    if is_published(run):
        facts = read_published_config(run)
        return facts.backbone.portable(), facts.pad
    plain = read_config(run)
    if "backbone" not in plain:
        raise ConfigError(
            f"{run}: a run of stage {plain.get('stage')} holds no VAE; name one of image_pretrain, "
            "predictive or decoder_finetune"
        )
    return _backbone(run, plain), codec.decode(Pad, plain.get("pad"), f"{run}: pad")  # type: ignore[arg-type]


def _backbone(run: Path, plain: dict[str, Any]) -> BackboneConfig:
    """The network of a run's config."""
    load_run_plugins(run, plain)
    try:
        return codec.decode(BackboneConfig, plain["backbone"], "backbone").portable()
    except ConfigError as error:
        raise ConfigError(f"{run}: another version made it, or it is damaged; {error}") from None


def load_run_plugins(run: Path, plain: dict[str, Any]) -> None:
    """Import the files that register the networks of a run's config.

    Raises:
        ConfigError: if they are not named as files, or cannot be imported.
    """
    plugins = plain.get("plugins") or []
    if not isinstance(plugins, list) or not all(isinstance(one, str) for one in plugins):
        raise ConfigError(f"{run}/config.yaml: damaged: plugins must be a list of files")
    codec.load_plugins({"plugins": plugins})


@dataclass(frozen=True)
class ChannelFacts:
    """Mean and deviation of each latent channel, and whose latents were measured."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    measured_on: str


def channel_facts(latents: Path, *, vae: PredictiveVAE, run: Path) -> ChannelFacts:
    """Statistics of what a run of extract_latents made with the encoder of ``vae``.

    Args:
        latents: folder of that run.
        vae: of ``run``.
        run: may differ from the one whose VAE made the latents, as after decoder fine-tuning.

    Raises:
        ConfigError: if ``latents`` is no such run, unfinished, or of another encoder.
    """
    plain, path = read_config(latents), latents / "train" / STATISTICS
    if plain.get("stage") != "extract_latents":
        raise ConfigError(f"{latents}: a run of stage {plain.get('stage')}, not extract_latents")
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; run extract_latents (to its end) first")
    maker = plain.get("vae")
    if not isinstance(maker, str):
        raise ConfigError(f"{latents}: latents of a peer, {shown(maker)}, not of {run}")
    other = Path(maker)
    if other.resolve() != run.resolve() and not _same_encoder(load_vae(other), vae):
        raise ConfigError(f"{latents}: latents of another encoder, that of {other}, not of {run}")
    facts = read_object(path)
    with expected_form(path):
        mean, std = (tuple(map(float, facts[name])) for name in ("mean", "std"))
        return ChannelFacts(mean, std, f"{int(facts['count'])} clips, {latents}")


def _same_encoder(one: PredictiveVAE, two: PredictiveVAE) -> bool:
    mine, theirs = one.backbone.encoder.state_dict(), two.backbone.encoder.state_dict()
    return mine.keys() == theirs.keys() and all(
        torch.equal(mine[name], theirs[name]) for name in mine
    )


def load_vae_weights(
    vae: PredictiveVAE, backbone: BackboneConfig, *, run: Path, step: int | None = None
) -> None:
    """Fill ``vae`` with a run's weights, of its newest checkpoint or of ``step``.

    Raises:
        ConfigError: if that run trained another backbone.
    """
    found, wanted = _anywhere(read_config(run)), codec.encode(backbone.portable())
    require_same(run, "backbone", found, wanted)
    path = checkpoint_of(run, step).folder / "vae.safetensors"
    weights = read_tensors(path)
    _fit_pad(vae, weights)
    fill(vae, weights, where=str(path))


def load_published(vae: PredictiveVAE, backbone: BackboneConfig, folder: Path) -> None:
    """Fill ``vae`` with the weights of a folder that ``Autoencoder.save_pretrained`` wrote.

    Raises:
        ConfigError: if they are another backbone's.
    """
    check_published(backbone, folder)
    weights = read_tensors(folder / WEIGHTS)
    _fit_pad(vae, weights)
    fill(vae, weights, where=str(folder / WEIGHTS))


def check_published(backbone: BackboneConfig, folder: Path) -> None:
    """Refuse such a folder with another backbone, before its weights are read.

    Raises:
        ConfigError: naming the first key that differs.
    """
    found, wanted = (
        codec.encode(one.portable()) for one in (read_published_config(folder).backbone, backbone)
    )
    require_same(folder, "backbone", found, wanted)


def _fit_pad(vae: PredictiveVAE, weights: dict[str, Tensor]) -> None:
    """Leave out a pad that ``vae`` has not, and give one that begins at zero where it has."""
    if vae.pad is None:
        weights.pop("pad", None)  # a stage may change the pad: Table 6 from one image pretraining
    elif "pad" not in weights:
        weights["pad"] = torch.zeros_like(vae.pad)


def load_vae_file(vae: PredictiveVAE, path: Path) -> None:
    """Fill ``vae`` with a file's weights, those of an image VAE inflated; a pad may be missing.

    Raises:
        ConfigError: if the file holds no weights, or others than ``vae`` has.
    """
    wanted = vae.state_dict()
    weights = inflate(_of_backbone(read_tensors(path)), wanted)
    _fit_pad(vae, weights)
    fill(vae, weights, where=str(path))


def _of_backbone(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Under the names that they have in a VAE, if they are a backbone's own."""
    if any(name.startswith("backbone.") for name in weights):
        return weights
    return {f"backbone.{name}": tensor for name, tensor in weights.items()}


def load_discriminator_weights(
    network: nn.Module, config: DiscriminatorConfig, *, run: Path
) -> None:
    """Fill ``network`` with a run's discriminator; leave it fresh if that run trained without one.

    Raises:
        ConfigError: if that run trained another discriminator.
    """
    found = read_config(run).get("discriminator")
    if found is None:
        return
    require_same(run, "discriminator", found, codec.encode(config))
    path = checkpoint_of(run).folder / "discriminator.safetensors"
    fill(network, read_tensors(path), where=str(path))


def _anywhere(plain: dict[str, Any]) -> Any:
    """A run's backbone without what was chosen for its machine, as plain data."""
    if "backbone" not in plain:
        return None
    return codec.encode(_backbone(Path(plain.get("run", "")), plain))


def require_same(run: Path, what: str, found: Any, wanted: dict[str, Any]) -> None:
    """Refuse the weights of another network.

    Raises:
        ConfigError: naming the first key that differs.
    """
    other = codec.differences(found, wanted, what)
    if other:
        raise ConfigError(f"{run}: was trained with another {what}: {other[0]}")
