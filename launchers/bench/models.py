"""Models and clips as the words of a bench name them."""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pvvae.errors import ConfigError

if TYPE_CHECKING:
    from arch.interface import Backbone

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def declare_models(parser: argparse.ArgumentParser) -> None:
    """The options that name models and the clip they take."""
    parser.add_argument(
        "--models",
        nargs="+",
        default=["cnn", "wan2.2"],
        metavar="MODEL",
        help="cnn, vit, tiny/cnn ... (folders of configs with a backbone.yaml), a peer, or a YAML "
        "of configs/peers",
    )
    parser.add_argument(
        "--clip", default="17x256x256", metavar="TxHxW", help="default: 17x256x256, the paper's"
    )


def builder(name: str, shape: tuple[int, ...]) -> "Callable[[], Backbone]":
    """Builds a model by name, ours from its config, others from the peers.

    Args:
        name: a folder of configs with a backbone.yaml, a peer, or a YAML file whose ``vae`` is one.
        shape: of the clips (B, 3, T, H, W) that it shall take.

    Raises:
        ConfigError: listing the known names, or the sizes near ``shape`` that the model takes.
    """
    import torch

    build = _named(name)
    with torch.device("meta"):
        model = build()
    try:
        model.latent_frames(shape[2])
        model.check_size(*shape[3:])
    except ValueError as error:
        raise ConfigError(f"--clip: {name}: {error}") from None
    return build


def clip_of(text: str) -> tuple[int, int, int]:
    """Frames, height and width from ``TxHxW``.

    Raises:
        ConfigError: if it is not written so.
    """
    try:
        frames, height, width = (int(part) for part in text.split("x"))
    except ValueError:
        raise ConfigError(f"--clip: is written TxHxW, such as 17x256x256, got {text!r}") from None
    return frames, height, width


def _named(name: str) -> "Callable[[], Backbone]":
    from arch.interface import BackboneConfig, PeerConfig
    from arch.registry import names
    from pvvae import config as codec

    if name.endswith(".yaml"):
        return _peer(codec.read_yaml(Path(name)).get("vae"))
    path = CONFIGS / name / "backbone.yaml"
    if path.is_file():
        plain = codec.read_yaml(path)["backbone"]
        build: Callable[[], Backbone] = codec.decode(BackboneConfig, plain, "backbone").build
        return build
    if name not in names(PeerConfig):
        ours = sorted(
            str(found.parent.relative_to(CONFIGS)) for found in CONFIGS.rglob("backbone.yaml")
        )
        known = ", ".join([*ours, *names(PeerConfig)])
        raise ConfigError(f"--models: no model is called {name!r}; known: {known}")
    return _peer({"name": name})


def _peer(plain: object) -> "Callable[[], Backbone]":
    """Builds a peer with fresh weights, as all are here; its mistakes are the user's."""
    from arch.interface import PeerConfig
    from pvvae import config as codec

    peer = dataclasses.replace(codec.decode(PeerConfig, plain, "vae"), weights=None)

    def build() -> "Backbone":
        try:
            return peer.build()
        except ValueError as error:
            raise ConfigError(f"--models: {error}") from None

    return build
