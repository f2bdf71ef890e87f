import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from torchmetrics.functional.image import peak_signal_noise_ratio as torchmetrics_psnr

from pvvae.errors import ConfigError
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.psnr import frame_psnr


def test_every_frame_has_the_psnr_that_others_compute(noisy, photograph):
    found = frame_psnr(noisy, photograph)
    assert found.shape == (2, 3)
    for clip in range(2):
        for frame in range(3):
            one, other = photograph[clip, :, frame], noisy[clip, :, frame]
            expected = peak_signal_noise_ratio(one.numpy(), other.numpy(), data_range=1.0)
            assert found[clip, frame].item() == pytest.approx(expected, abs=1e-4)
            expected = torchmetrics_psnr(other, one, data_range=1.0).item()
            assert found[clip, frame].item() == pytest.approx(expected, abs=1e-4)


def test_an_error_of_a_tenth_is_20_db():
    x = torch.zeros(1, 3, 2, 4, 4)
    torch.testing.assert_close(frame_psnr(x + 0.1, x), torch.full((1, 2), 20.0).double())


def test_an_exact_frame_is_100_db(photograph):
    assert torch.equal(frame_psnr(photograph, photograph), torch.full((2, 3), 100.0).double())


def test_pixels_of_another_range_are_refused(photograph):
    with pytest.raises(ConfigError, match=r"must be in \[0, 1\]"):
        frame_psnr(photograph, photograph * 2 - 1)
    with pytest.raises(ConfigError, match=r"must be in \[0, 1\]"):
        frame_psnr(photograph * 1.5, photograph)
    with pytest.raises(ConfigError, match="one shape"):
        frame_psnr(photograph[:, :, :2], photograph)


def test_to_unit_is_half_and_clamped():
    x = torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5])
    assert to_unit(x).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
