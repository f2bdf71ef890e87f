"""A video network with an image network's weights does to images what that does."""

import dataclasses

import pytest
import torch

from arch.cnn import CNN, CNNConfig
from arch.interface import Posterior
from arch.interop.inflation import inflate
from tests.arch.contract import awake
from tests.arch.layers.image_cnn import ImageCNN
from tests.tiny import backbone_configs


def small() -> CNNConfig:
    config = next(config for config in backbone_configs() if isinstance(config, CNNConfig))
    blocks, widths = (0, 1, 0, 1, 0), (20, 40, 64, 64, 64)  # a shortcut over 5, as at paper size
    small = dataclasses.replace(config, encoder_blocks=blocks, decoder_blocks=blocks)
    return dataclasses.replace(small, encoder_channels=widths)


@pytest.fixture(scope="module")
def networks() -> tuple[ImageCNN, CNN]:
    """An image VAE, and the video VAE made of it; in float64."""
    video = awake(small()).double()
    assert isinstance(video, CNN)
    image = ImageCNN(video)
    video.load_state_dict(inflate(image.weights, video.state_dict()))
    return image, video.requires_grad_(False)


def picture() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 3, 32, 48, generator=generator, dtype=torch.float64) * 2 - 1


def test_on_images_it_is_the_image_vae(networks: tuple[ImageCNN, CNN]) -> None:
    image, video = networks
    expected = Posterior.from_moments(image.encode(picture()))
    found = video.encode(picture()[:, :, None])
    torch.testing.assert_close(found.mean[:, :, 0], expected.mean)
    torch.testing.assert_close(found.logvar[:, :, 0], expected.logvar)
    recon = video.decode(found.mean)
    torch.testing.assert_close(recon[:, :, 0], image.decode(expected.mean))


def test_a_clip_that_stands_still_is_its_image_at_all_times(
    networks: tuple[ImageCNN, CNN],
) -> None:
    """Each latent is the image's, and each frame of the reconstruction."""
    image, video = networks
    z = image.encode(picture())[:, :32]
    mean = video.encode(picture()[:, :, None].repeat(1, 1, 9, 1, 1)).mean
    torch.testing.assert_close(mean, z[:, :, None].expand_as(mean))
    recon = video.decode(mean)
    torch.testing.assert_close(recon, image.decode(z)[:, :, None].expand_as(recon))


def test_kernels_are_the_last_taps_and_nothing_else_changes() -> None:
    weights = {"conv": torch.ones(2, 3, 3, 3), "linear": torch.ones(4, 4)}
    video = {"conv": torch.zeros(2, 3, 3, 3, 3), "linear": torch.zeros(4, 4)}
    found = inflate(weights, video)
    assert torch.equal(found["conv"][:, :, 2], weights["conv"])
    assert not found["conv"][:, :, :2].any()
    assert found["linear"] is weights["linear"]
