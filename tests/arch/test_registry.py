"""A user's network, in a file of its own, is found by name and held to the same contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arch import registry
from arch.interface import BackboneConfig
from tests.arch.contract import CONTRACT

PLUGIN = '''
from dataclasses import dataclass

from einops import rearrange
from torch import nn

from arch.interface import Backbone, BackboneConfig, Posterior, Stride
from arch.registry import register


@register(BackboneConfig, "per_frame")
@dataclass(frozen=True, kw_only=True)
class PerFrameConfig(BackboneConfig):
    """One linear map for each frame's patches: no compression of time at all."""

    def build(self):
        return PerFrame(self)


class PerFrame(Backbone):
    stride = Stride(time=1, space=8)
    causal = True

    def __init__(self, config):
        super().__init__()
        self.latent_channels = config.latent_channels
        self.encoder = nn.Conv3d(3, 2 * config.latent_channels, (1, 8, 8), (1, 8, 8))
        self.decoder = nn.ConvTranspose3d(config.latent_channels, 3, (1, 8, 8), (1, 8, 8))

    @property
    def head(self):
        return self.decoder

    def encode(self, x, observed=None):
        self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        return Posterior.from_moments(self.encoder(x))

    def decode(self, z):
        return self.decoder(z)
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A plugin file; whatever it registers is forgotten afterwards."""
    members = {family: dict(table) for family, table in registry._members.items()}
    monkeypatch.setattr(registry, "_members", members)
    path = tmp_path / "per_frame.py"
    path.write_text(PLUGIN)
    return path


@pytest.mark.parametrize(
    "promise",
    [p for p in CONTRACT if "wrong_lengths" not in p.__name__],  # stride 1 has no wrong length
    ids=lambda promise: promise.__name__,
)
def test_a_plugin_backbone_is_held_to_the_contract(
    plugin: Path, promise: Callable[[BackboneConfig], None]
) -> None:
    registry.load_plugin(plugin)
    promise(registry.lookup(BackboneConfig, "per_frame")(latent_channels=4))


def test_a_plugin_is_listed_beside_the_shipped_networks(plugin: Path) -> None:
    registry.load_plugin(plugin)
    registry.load_plugin(plugin)  # once more changes nothing
    assert {"cnn", "per_frame", "vit"} <= set(registry.names(BackboneConfig))


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no plugin file .*nothing\.py"):
        registry.load_plugin(tmp_path / "nothing.py")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no backbone is called 'unet'; known names: cnn.* vit"):
        registry.lookup(BackboneConfig, "unet")


def test_a_name_is_taken_once(plugin: Path) -> None:
    other = type("Other", (BackboneConfig,), {})
    with pytest.raises(ValueError, match=r"BackboneConfig 'cnn' is already in arch\.cnn"):
        registry.register(BackboneConfig, "cnn")(other)
