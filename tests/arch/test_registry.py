"""A user's network, in a file of its own, is found by name and held to the same contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arch import registry
from arch.interface import BackboneConfig
from tests.arch.contract import CONTRACT
from tests.arch.plugin_text import PLUGIN


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
