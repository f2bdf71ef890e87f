import pytest
import torch

from pvvae.vae.losses.lecam import Anchors, lecam

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
