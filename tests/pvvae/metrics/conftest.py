"""Networks with released weights, loaded once, and frames of a photograph."""

from collections.abc import Iterator

import pytest
import skimage.data
import torch
from torch import Tensor

from arch.interop.torchvision import import_torchvision
from pvvae.metrics.i3d import I3D

import_torchvision()  # before torchmetrics does: see there


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Converted weights go to a folder of the test run, not to the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PVVAE_CACHE", str(tmp_path_factory.mktemp("weights")))
        yield


@pytest.fixture(scope="session")
def i3d(own_cache: None) -> I3D:
    return I3D()


@pytest.fixture(scope="session")
def photograph() -> Tensor:
    """A clip (2, 3, 3, 64, 80) in [0, 1]: a window that moves over a photograph, at two places."""
    image = torch.from_numpy(skimage.data.astronaut()).permute(2, 0, 1) / 255.0  # (3, 512, 512)
    places = ((40, 180), (300, 100))
    clips = [
        torch.stack(
            [image[:, y : y + 64, x + 8 * step : x + 8 * step + 80] for step in range(3)], 1
        )
        for y, x in places
    ]
    return torch.stack(clips)


@pytest.fixture(scope="session")
def noisy(photograph: Tensor) -> Tensor:
    """The same clip, each frame noisier than the one before."""
    noise = torch.randn(photograph.shape, generator=torch.Generator().manual_seed(0))
    strength = torch.tensor([0.02, 0.05, 0.1]).view(1, 1, 3, 1, 1)
    return (photograph + strength * noise).clamp(0.0, 1.0)
