import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pvvae.vae.losses.adversarial import AdaptiveWeight, discriminator_loss, generator_loss


def test_hinge_stops_pushing_beyond_the_margin():
    sure = torch.full((1, 4), 3.0)
    assert discriminator_loss(sure, -sure, "hinge").item() == 0.0
    assert discriminator_loss(-sure, sure, "hinge").item() == 4.0
    assert generator_loss(sure, "hinge").item() == -3.0


def test_nonsaturating_is_binary_cross_entropy():
    real, fake = torch.randn(2, 5), torch.randn(2, 5)
    expected = F.binary_cross_entropy_with_logits(real, torch.ones(2, 5), reduction="none").mean(1)
    expected += F.binary_cross_entropy_with_logits(fake, torch.zeros(2, 5), reduction="none").mean(
        1
    )
    torch.testing.assert_close(discriminator_loss(real, fake, "nonsaturating"), expected / 2)
    torch.testing.assert_close(generator_loss(fake, "nonsaturating"), F.softplus(-fake).mean(1))


@pytest.mark.parametrize("head", [nn.Conv3d(4, 3, 3, padding=1), nn.Linear(4, 3)])
def test_the_adaptive_weight_is_the_ratio_of_gradients_at_the_heads_weights(head):
    body = nn.Conv3d(3, 4, 1) if isinstance(head, nn.Conv3d) else nn.Linear(3, 4)
    x = torch.randn(2, 3, 2, 5, 3)
    adaptive = AdaptiveWeight(head)
    recon = head(torch.tanh(body(x)))
    first, second = recon.square().mean(), recon.sigmoid().mean()
    by_autograd = [
        torch.autograd.grad(loss, head.weight, retain_graph=True)[0].norm()
        for loss in (first, second)
    ]
    pulls = [torch.autograd.grad(loss, recon, retain_graph=True)[0] for loss in (first, second)]
    expected = by_autograd[0] / (by_autograd[1] + AdaptiveWeight.EPSILON)
    torch.testing.assert_close(adaptive.ratio(adaptive.gradients(*pulls)), expected)
