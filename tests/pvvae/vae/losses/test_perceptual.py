from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.vae.losses.perceptual import Perceptual


@pytest.fixture(scope="module", params=["alex", "vgg"])
def perceptual(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Perceptual]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PVVAE_CACHE", str(tmp_path_factory.mktemp("weights")))
        yield Perceptual(request.param).train()


def _clips(seed: int) -> Tensor:
    """Pixels (2, 3, 3, 32, 32) in [-1, 1], the smallest frames both trunks are used at."""
    return torch.rand(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_it_is_lpips_averaged_over_frames(perceptual):
    recon, x = _clips(0), _clips(1)
    frames = [perceptual.network(recon[:, :, i], x[:, :, i]).flatten() for i in range(3)]
    torch.testing.assert_close(perceptual(recon, x), torch.stack(frames).mean(0))


def test_it_may_look_at_some_frames_only(perceptual):
    recon, x = _clips(0), _clips(1)
    alike = perceptual(recon, x, frames=torch.tensor([2, 0]))
    torch.testing.assert_close(alike, perceptual(recon[:, :, [2, 0]], x[:, :, [2, 0]]))
    own = perceptual(recon, x, frames=torch.tensor([[2], [1]]))
    torch.testing.assert_close(own[0], perceptual(recon[:1, :, 2:], x[:1, :, 2:])[0])
    torch.testing.assert_close(own[1], perceptual(recon[1:, :, 1:2], x[1:, :, 1:2])[0])


def test_only_the_reconstruction_receives_a_gradient(perceptual):
    recon, x = _clips(0).requires_grad_(), _clips(1).requires_grad_()
    perceptual(recon, x).sum().backward()
    assert recon.grad is not None
    assert recon.grad.abs().max() > 0
    assert x.grad is None
    assert all(parameter.grad is None for parameter in perceptual.parameters())


def test_frames_not_looked_at_receive_none(perceptual):
    recon = _clips(0).requires_grad_()
    perceptual(recon, _clips(1), frames=torch.tensor([1])).sum().backward()
    assert torch.equal(recon.grad[:, :, [0, 2]], torch.zeros(2, 3, 2, 32, 32))


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_an_exact_reconstruction_costs_nothing_and_pulls_nowhere(perceptual, level):
    recon = torch.full((1, 3, 1, 32, 32), level, requires_grad=True)
    loss = perceptual(recon, recon.detach())
    loss.sum().backward()
    assert loss.item() == 0.0
    assert torch.equal(recon.grad, torch.zeros_like(recon))


def test_features_of_length_zero_have_a_finite_gradient(perceptual):
    blind = {name: torch.zeros_like(p) for name, p in perceptual.network.net.named_parameters()}
    seeing = {name: p.clone() for name, p in perceptual.network.net.named_parameters()}
    recon = _clips(0).requires_grad_()
    perceptual.network.net.load_state_dict(blind)
    perceptual(recon, _clips(1)).sum().backward()
    perceptual.network.net.load_state_dict(seeing)
    assert torch.equal(recon.grad, torch.zeros_like(recon))


def test_it_stays_float32_under_autocast(perceptual):
    recon, x = _clips(0), _clips(1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = perceptual(recon.bfloat16(), x)
    assert found.dtype is torch.float32
    torch.testing.assert_close(found, perceptual(recon.bfloat16().float(), x))


def test_it_is_frozen_and_has_no_dropout_while_its_parent_trains(perceptual):
    torch.nn.ModuleList([perceptual]).train()
    assert not any(module.training for module in perceptual.modules())
    assert not any(parameter.requires_grad for parameter in perceptual.parameters())
    assert torch.equal(perceptual(_clips(0), _clips(1)), perceptual(_clips(0), _clips(1)))


def test_what_does_not_fit_is_refused(perceptual):
    with pytest.raises(ConfigError, match="one shape"):
        perceptual(_clips(0), _clips(1)[:, :, :2])
    with pytest.raises(ConfigError, match="pixels a side"):
        perceptual(_clips(0)[..., :12], _clips(1)[..., :12])
    with pytest.raises(ConfigError, match=r"frames must be \(F,\) or \(2, F\)"):
        perceptual(_clips(0), _clips(1), frames=torch.tensor([[0]]))
