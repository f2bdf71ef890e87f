import math

import pytest
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.marked_pixels import marked_errors, marked_share
from pvvae.metrics.psnr import frame_errors


def clips() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    recon, x = torch.rand(2, 2, 3, 4, 6, 8, generator=generator)
    return recon, x


def test_all_pixels_marked_is_the_error_of_the_frame() -> None:
    recon, x = clips()
    everything = torch.ones(2, 4, 6, 8, dtype=torch.bool)
    torch.testing.assert_close(marked_errors(recon, x, everything), frame_errors(recon, x))


def test_two_halves_weighed_by_their_share_are_the_whole() -> None:
    recon, x = clips()
    marked = torch.rand(2, 4, 6, 8, generator=torch.Generator().manual_seed(1)) < 0.3
    sums = sum(marked_errors(recon, x, m) * marked_share(m) for m in (marked, ~marked))
    torch.testing.assert_close(sums, frame_errors(recon, x))


def test_one_marked_pixel_is_its_own_error_and_unmarked_frames_have_none() -> None:
    x = torch.zeros(1, 3, 2, 2, 2)
    recon = x.clone()
    recon[0, :, 1, 0, 0] = torch.tensor([0.5, 0.0, 0.1])
    marked = torch.zeros(1, 2, 2, 2, dtype=torch.bool)
    marked[0, 1, 0, 0] = True
    found = marked_errors(recon, x, marked)
    assert math.isnan(found[0, 0])
    assert found[0, 1].item() == pytest.approx((0.25 + 0.01) / 3, rel=1e-6)


def test_pixels_outside_zero_to_one_are_refused() -> None:
    with pytest.raises(ConfigError, match="see to_unit"):
        marked_errors(*(torch.full((1, 3, 2, 2, 2), -1.0),) * 2, torch.ones(1, 2, 2, 2).bool())
