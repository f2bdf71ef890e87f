"""AutoencoderPV of every tiny backbone."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from arch.interface import BackboneConfig
from pvvae.diffusers import AutoencoderPV
from pvvae.pretrained.published import describe
from tests.tiny import backbone_configs, tiny_vae

MEAN, STD = 0.25, 2.0


def made(config: BackboneConfig) -> AutoencoderPV:
    """One whose latents were measured, in evaluation mode."""
    network = tiny_vae(config).eval()
    channels = network.backbone.latent_channels
    statistics = {"mean": [MEAN] * channels, "std": [STD] * channels}
    return AutoencoderPV(network, describe(network, config, **statistics))


def clip(*, batch: int = 1, width: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, 3, 5, 32, width, generator=generator) * 2 - 1


@pytest.fixture(params=backbone_configs(), ids=lambda config: str(config.name))
def config(request: pytest.FixtureRequest) -> BackboneConfig:
    found: BackboneConfig = request.param
    return found


@pytest.fixture
def vae(config: BackboneConfig) -> AutoencoderPV:
    return made(config)


@pytest.fixture
def small() -> AutoencoderPV:
    """One backbone, for what does not depend on it."""
    return made(backbone_configs()[0])


@pytest.fixture
def warnings_of_diffusers(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What diffusers has logged so far."""
    return lambda: [r.getMessage() for r in caplog.records if r.name.startswith("diffusers")]
