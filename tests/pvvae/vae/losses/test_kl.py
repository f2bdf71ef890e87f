import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as reference

from arch.interface import Posterior
from pvvae.vae.losses.kl import kl_divergence


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
