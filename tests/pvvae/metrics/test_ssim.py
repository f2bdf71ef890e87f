import pytest
import torch
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from pvvae.errors import ConfigError
from pvvae.metrics import ssim as module
from pvvae.metrics.ssim import frame_ssim


def test_every_frame_has_the_ssim_that_others_compute(noisy, photograph):
    found = frame_ssim(noisy, photograph)
    assert found.shape == (2, 3)
    for clip in range(2):
        for frame in range(3):
            one, other = photograph[clip, :, frame].double(), noisy[clip, :, frame].double()
            expected = structural_similarity(
                one.numpy(),
                other.numpy(),
                channel_axis=0,
                data_range=1.0,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            assert found[clip, frame].item() == pytest.approx(expected, abs=1e-9)
            # torchmetrics' own mean takes in windows that reach over the edge, mirrored.
            _, windows = structural_similarity_index_measure(
                other[None], one[None], data_range=1.0, return_full_image=True
            )
            expected = windows[..., 5:-5, 5:-5].mean().item()
            assert found[clip, frame].item() == pytest.approx(expected, abs=1e-9)


def test_identical_frames_are_fully_similar_even_where_flat(photograph):
    assert torch.equal(frame_ssim(photograph, photograph), torch.ones(2, 3).double())
    flat = torch.full((1, 3, 1, 16, 16), 0.9)
    torch.testing.assert_close(
        frame_ssim(flat, flat), torch.ones(1, 1).double(), rtol=0, atol=1e-12
    )


def test_it_does_not_matter_how_many_planes_go_at_a_time(noisy, photograph, monkeypatch):
    whole = frame_ssim(noisy, photograph)
    monkeypatch.setattr(module, "_CHUNK", 5)
    assert torch.equal(frame_ssim(noisy, photograph), whole)


def test_frames_smaller_than_the_window_are_refused():
    x = torch.zeros(1, 3, 1, 10, 16)
    with pytest.raises(ConfigError, match="11 pixels a side"):
        frame_ssim(x, x)
