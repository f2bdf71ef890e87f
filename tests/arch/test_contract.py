"""Every shipped tiny backbone keeps the contract; a new one is tested by having a tiny config."""

from collections.abc import Callable

import pytest

from arch import registry
from arch.interface import BackboneConfig
from pvvae import config as codec
from tests.arch.contract import CONTRACT
from tests.tiny import CONFIGS, fragments

TINY = {path.parent.name: path for path in fragments("backbone")}
ELSEWHERE = {"wan"}
"""Held to the contract in tests/arch/test_wan.py, with diffusers, but for one promise: an image
teaches nothing to its layers that halve or double time, though they are in the graph."""


@pytest.fixture(params=TINY)
def config(request: pytest.FixtureRequest) -> BackboneConfig:
    plain = codec.read_yaml(TINY[request.param])["backbone"]
    return codec.decode(BackboneConfig, plain, "backbone")


def test_every_backbone_has_a_tiny_config() -> None:
    tested = {codec.read_yaml(path)["backbone"]["name"] for path in TINY.values()}
    assert tested | ELSEWHERE >= set(registry.names(BackboneConfig)) - plugins()


def plugins() -> set[str]:
    """Names that other tests registered from outside ``arch``."""
    names = registry.names(BackboneConfig)
    return {
        n for n in names if not registry.lookup(BackboneConfig, n).__module__.startswith("arch.")
    }


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
def test_a_tiny_backbone_keeps_the_promise(
    config: BackboneConfig, promise: Callable[[BackboneConfig], None]
) -> None:
    promise(config)


def test_the_tiny_configs_lie_where_they_are_looked_for() -> None:
    assert (CONFIGS / "tiny").is_dir()
    assert {"cnn", "vit", "vit_causal"} <= set(TINY)
