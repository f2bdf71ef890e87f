"""Both discriminators, at paper size on the meta device and at tiny size."""

import pytest
import torch

from arch.interface import Discriminator, DiscriminatorConfig
from pvvae import config as codec
from tests.tiny import CONFIGS, discriminator_config

NAMES = ("patchgan2d", "patchgan3d")


@pytest.fixture(params=NAMES)
def discriminator(request: pytest.FixtureRequest) -> Discriminator:
    torch.manual_seed(0)
    return discriminator_config(request.param).build()


@pytest.mark.parametrize(("name", "millions"), [("patchgan2d", 2.77), ("patchgan3d", 8.29)])
def test_the_paper_size_is_that_of_pix2pix(name: str, millions: float) -> None:
    plain = codec.read_yaml(CONFIGS / f"discriminator/{name}.yaml")["discriminator"]
    with torch.device("meta"):
        network = codec.decode(DiscriminatorConfig, plain, "discriminator").build()
    count = sum(p.numel() for p in network.parameters())
    assert round(count / 1e6, 2) == millions


@pytest.mark.parametrize("frames", [1, 5, 17])
@torch.no_grad()
def test_there_is_one_row_of_logits_a_clip(discriminator: Discriminator, frames: int) -> None:
    logits = discriminator(torch.rand(2, 3, frames, 32, 48))
    assert logits.ndim == 2
    assert logits.shape[0] == 2


@torch.no_grad()
def test_clips_of_a_batch_are_judged_alone(discriminator: Discriminator) -> None:
    """No statistics over the batch."""
    x = torch.randn(3, 3, 5, 32, 32)
    torch.testing.assert_close(discriminator(x)[1:2], discriminator(x[1:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("frames", [1, 5])
def test_every_parameter_learns(discriminator: Discriminator, frames: int) -> None:
    discriminator(torch.randn(1, 3, frames, 32, 32)).square().mean().backward()
    grads = {name: p.grad for name, p in discriminator.named_parameters()}
    assert [n for n, grad in grads.items() if grad is None or not grad.abs().sum() > 0] == []


@torch.no_grad()
def test_the_order_of_frames_matters_to_the_3d_one_alone() -> None:
    x = torch.randn(1, 3, 5, 32, 32)
    for name, differs in (("patchgan2d", False), ("patchgan3d", True)):
        torch.manual_seed(0)
        network = discriminator_config(name).build()
        there, back = network(x).mean(), network(x[:, :, torch.tensor([0, 3, 1, 4, 2])]).mean()
        assert torch.isclose(there, back, rtol=1e-4, atol=1e-7) != differs


def test_frames_that_shrink_to_nothing_are_refused(discriminator: Discriminator) -> None:
    assert discriminator(torch.rand(1, 3, 1, 12, 12)).shape[1] >= 1
    with pytest.raises(
        ValueError, match="at least 12 pixels high and wide for 2 halvings, got 11 x 12"
    ):
        discriminator(torch.rand(1, 3, 1, 11, 12))
