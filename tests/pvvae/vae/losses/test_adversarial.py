import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pvvae.vae.losses.adversarial import (
    AdaptiveWeight,
    Anchors,
    discriminator_loss,
    generator_loss,
    lecam,
)

ANCHORS = Anchors(real=1.0, fake=-1.0)


def test_each_side_is_held_to_the_average_of_the_other():
    real, fake = torch.tensor([[2.0, 0.0], [-1.0, -1.0]]), torch.tensor([[0.0, 1.0], [1.0, -2.0]])
    expected = torch.tensor([(9 + 1) / 2 + (1 + 0) / 2, (0 + 0) / 2 + (0 + 9) / 2])
    torch.testing.assert_close(lecam(real, fake, ANCHORS), expected)


def test_logits_that_do_not_tell_clips_apart_are_left_alone():
    real, fake = torch.full((1, 3), -2.0), torch.full((1, 3), 2.0)
    real.requires_grad_(True)
    penalty = lecam(real, fake, ANCHORS)
    assert penalty.tolist() == [0.0]
    assert torch.autograd.grad(penalty.sum(), real)[0].abs().sum() == 0.0


def test_nothing_is_held_before_there_are_averages():
    assert lecam(torch.ones(2, 3), torch.ones(2, 3), None).tolist() == [0.0, 0.0]


def test_the_averages_move_towards_the_logits_of_a_step():
    moved = ANCHORS.moved(real=2.0, fake=1.0, decay=0.75)
    assert (moved.real, moved.fake) == pytest.approx((1.25, -0.5))


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
