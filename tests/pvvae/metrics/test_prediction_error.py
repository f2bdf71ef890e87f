import pytest
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.prediction_error import prediction_error


def _brightening() -> tuple[torch.Tensor, torch.Tensor]:
    """Reconstructions whose frame i is off by i / 4, of black clips (2, 3, 5, 4, 4)."""
    x = torch.zeros(2, 3, 5, 4, 4)
    return torch.arange(5).view(1, 1, 5, 1, 1).expand_as(x) / 4.0, x


def test_it_looks_at_unobserved_frames_only():
    errors = prediction_error(*_brightening(), torch.tensor([1, 4]))
    assert errors.tolist() == [(1 + 4 + 9 + 16) / 16 / 4, 1.0]


def test_all_clips_may_share_one_number():
    recon, x = _brightening()
    alike = prediction_error(recon, x, 3)
    assert torch.equal(alike, prediction_error(recon, x, torch.tensor([3, 3])))


def test_a_clip_observed_whole_is_refused():
    with pytest.raises(ConfigError, match="must leave some of 5 frames"):
        prediction_error(*_brightening(), torch.tensor([1, 5]))
