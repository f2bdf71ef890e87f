from collections import Counter

import pytest
import torch

from pvvae.vae.losses.adversarial import generator_loss
from pvvae.vae.losses.perceptual import Perceptual
from pvvae.vae.losses.reconstruction import squared_error, temporal_difference
from pvvae.vae.objective import Objective, ObjectiveConfig, frozen, most_dropped, sample_dropped
from tests.tiny import discriminator_config

CPU = torch.device("cpu")


def weights(**values):
    return ObjectiveConfig(lpips_net="alex", gan_weighting="fixed", **values)


@pytest.mark.parametrize(("ratio", "most"), [(1.0, 4), (0.75, 3), (0.5, 2), (0.0, 0)])
def test_k_is_uniform_up_to_the_ratio_and_never_takes_the_first_group(ratio, most):
    config = weights(max_drop_ratio=ratio)
    drawn = Counter(sample_dropped(5, config, seed=0, positions=[i]) for i in range(1000))
    assert set(drawn) == set(range(most + 1))
    assert all(abs(count - 1000 / (most + 1)) < 90 for count in drawn.values())


def test_the_most_that_is_dropped_is_the_floor_of_the_ratio_as_it_is_written():
    assert int(100 * 0.29) == 28  # what float64 makes of it
    for hundredths in range(101):
        for groups in range(1, 130):
            expected = (groups - 1) * hundredths // 100
            assert most_dropped(groups, hundredths / 100) == expected


def test_k_depends_on_the_clips_position_alone():
    each = weights(drop="sample")
    whole = sample_dropped(5, each, seed=3, positions=range(8))
    parts = [sample_dropped(5, each, seed=3, positions=range(i, i + 4)) for i in (0, 4)]
    assert torch.equal(whole, torch.cat(parts))
    common = [sample_dropped(5, weights(), seed=3, positions=[i, 99]) for i in range(8)]
    assert common == whole.tolist()


def test_an_image_has_nothing_to_drop():
    assert sample_dropped(1, weights(), seed=0, positions=[5]) == 0


def test_the_pull_is_the_gradient_of_equation_1():
    torch.manual_seed(0)
    discriminator = discriminator_config().build()
    config = weights(weight_rec=2.0, weight_diff=0.5, weight_lpips=3.0, weight_gan=0.7)
    x = torch.rand(2, 3, 5, 32, 32) * 2 - 1
    recon = (x + 0.1 * torch.randn_like(x)).requires_grad_(True)
    objective = Objective(config, head=torch.nn.Conv3d(1, 1, 1), device=CPU)
    found = objective.pixel_gradients(recon, x, discriminator=discriminator)

    perceptual = Perceptual("alex")
    total = 2.0 * (squared_error(recon, x) + 0.5 * temporal_difference(recon, x)).mean()
    total = total + 3.0 * perceptual(recon, x).mean()
    total = total + 0.7 * generator_loss(discriminator(recon), "hinge").mean()
    (expected,) = torch.autograd.grad(total, recon)
    torch.testing.assert_close(found.total, expected, rtol=1e-4, atol=1e-8)
    by_loss = {
        "rec": 2.0 * (squared_error(recon, x) + 0.5 * temporal_difference(recon, x)).mean(),
        "lpips": 3.0 * perceptual(recon, x).mean(),
        "gan": 0.7 * generator_loss(discriminator(recon), "hinge").mean(),
    }
    assert found.gradients.keys() == by_loss.keys()
    for name, loss in by_loss.items():
        (pull,) = torch.autograd.grad(loss, recon)
        assert float(found.squares()[name]) == pytest.approx(float(pull.square().sum()), rel=1e-3)
    assert all(p.grad is None for p in discriminator.parameters())


def test_the_scale_of_summed_parts_is_that_of_the_whole_batch():
    torch.manual_seed(0)
    discriminator, head = discriminator_config().build(), torch.nn.Conv3d(4, 3, 3, padding=1)
    config = ObjectiveConfig(lpips_net="alex")
    objective = Objective(config, head=head, device=CPU)
    x, features = torch.rand(4, 3, 5, 32, 32) * 2 - 1, torch.randn(4, 4, 5, 32, 32)

    def heads(part: slice) -> torch.Tensor:
        found = objective.pixel_gradients(
            head(features[part]), x[part], discriminator=discriminator
        )
        return len(x[part]) / len(x) * found.at_head

    whole = objective.scale(heads(slice(4)))
    one, two = heads(slice(1)), heads(slice(1, 4))
    torch.testing.assert_close(objective.scale(one + two), whole, rtol=1e-4, atol=0.0)
    assert abs(float(objective.scale(one)) - float(whole)) > 1e-3 * float(whole)


def test_a_scaled_gan_gradient_is_as_much_larger_and_says_so():
    x = torch.rand(1, 3, 5, 32, 32)
    objective = Objective(weights(), head=torch.nn.Conv3d(1, 1, 1), device=CPU)
    found = objective.pixel_gradients(x + 0.1, x, discriminator=discriminator_config().build())
    scaled = found.scaled(torch.tensor(3.0))
    torch.testing.assert_close(scaled.total, found.total + 2.0 * found.gradients["gan"])
    assert float(scaled.losses["gan_scale"]) == 3.0


def test_a_chosen_subset_of_frames_is_all_that_lpips_sees():
    x = torch.rand(1, 3, 5, 32, 32)
    recon = x.clone()
    recon[:, :, 3] = 0.0
    objective = Objective(weights(), head=torch.nn.Conv3d(1, 1, 1), device=CPU)
    seen = objective.pixel_gradients(recon, x, frames=torch.tensor([3])).losses["lpips"]
    unseen = objective.pixel_gradients(recon, x, frames=torch.tensor([0, 4])).losses["lpips"]
    assert seen > 0.01
    assert float(unseen) == pytest.approx(0.0, abs=1e-6)


def test_a_frozen_network_comes_back_as_it_was():
    network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    network[0].requires_grad_(False)
    with frozen(network):
        assert not any(p.requires_grad for p in network.parameters())
    assert [p.requires_grad for p in network.parameters()] == [False, False, True, True]


@pytest.mark.parametrize("ratio", [-0.1, 1.1])
def test_a_ratio_outside_0_to_1_is_refused(ratio):
    with pytest.raises(ValueError, match="max_drop_ratio must be in"):
        weights(max_drop_ratio=ratio)
