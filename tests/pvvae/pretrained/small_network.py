"""A network small enough to look at."""

import dataclasses

from arch.cnn import CNNConfig
from tests.tiny import backbone_configs


def small() -> CNNConfig:
    config = next(config for config in backbone_configs() if isinstance(config, CNNConfig))
    blocks, widths = (0, 1, 0, 1, 0), (20, 40, 64, 64, 64)  # a shortcut over 5, as at paper size
    small = dataclasses.replace(config, encoder_blocks=blocks, decoder_blocks=blocks)
    return dataclasses.replace(small, encoder_channels=widths)
