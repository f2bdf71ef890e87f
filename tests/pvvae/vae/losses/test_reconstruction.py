import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as reference

from arch.interface import Posterior
from pvvae.vae.losses.reconstruction import kl_divergence, squared_error, temporal_difference


def test_equals_torchs_own_divergence_averaged_over_elements():
    mean, logvar = torch.randn(2, 4, 3, 2, 2), torch.randn(2, 4, 3, 2, 2)
    expected = reference(Normal(mean, (0.5 * logvar).exp()), Normal(0.0, 1.0)).mean(
        dim=(1, 2, 3, 4)
    )
    torch.testing.assert_close(kl_divergence(Posterior(mean, logvar)), expected)


def test_dropped_groups_do_not_count():
    mean, logvar = torch.randn(2, 4, 5, 2, 2), torch.randn(2, 4, 5, 2, 2)
    observed = torch.tensor([2, 5])
    found = kl_divergence(Posterior(mean, logvar), observed)
    for i, seen in enumerate((2, 5)):
        cut = Posterior(mean[i : i + 1, :, :seen], logvar[i : i + 1, :, :seen])
        torch.testing.assert_close(found[i : i + 1], kl_divergence(cut))


def test_the_prior_itself_costs_nothing():
    zero = torch.zeros(1, 4, 2, 2, 2)
    assert float(kl_divergence(Posterior(zero, zero))) == 0.0


def test_squared_error_is_each_clips_own_mean():
    x = torch.zeros(2, 3, 5, 4, 4)
    recon = torch.stack([torch.full((3, 5, 4, 4), 2.0), torch.full((3, 5, 4, 4), 1.0)])
    torch.testing.assert_close(squared_error(recon, x), torch.tensor([4.0, 1.0]))


def test_temporal_difference_is_the_error_of_the_changes_between_frames():
    recon, x = torch.randn(2, 3, 5, 4, 4), torch.randn(2, 3, 5, 4, 4)
    by_hand = torch.stack(
        [(recon[:, :, i + 1] - recon[:, :, i] - x[:, :, i + 1] + x[:, :, i]) for i in range(4)]
    )
    expected = by_hand.square().mean(dim=(0, 2, 3, 4))
    torch.testing.assert_close(temporal_difference(recon, x), expected)


def test_a_constant_offset_costs_nothing_in_the_changes():
    x = torch.randn(1, 3, 5, 4, 4)
    torch.testing.assert_close(temporal_difference(x + 0.5, x), torch.zeros(1), rtol=0, atol=1e-10)


def test_an_image_has_no_changes_and_the_loss_is_zero_not_nan():
    assert temporal_difference(torch.ones(2, 3, 1, 4, 4), torch.zeros(2, 3, 1, 4, 4)).tolist() == [
        0,
        0,
    ]
