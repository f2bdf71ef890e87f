"""A Transformer small enough to be compared number by number."""

import dataclasses
from typing import Any

from arch.interface import BackboneConfig
from arch.vit import ViTConfig
from pvvae import config as codec
from tests.tiny import CONFIGS


def shipped(path: str) -> ViTConfig:
    plain = codec.read_yaml(CONFIGS / path)["backbone"]
    config = codec.decode(BackboneConfig, plain, "backbone")
    assert isinstance(config, ViTConfig)
    return config


def small(**changes: Any) -> ViTConfig:
    config = dataclasses.replace(shipped("tiny/vit/backbone.yaml"), width=32, heads=2)
    return dataclasses.replace(config, encoder_blocks=1, decoder_blocks=1, **changes)
