import pytest
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.per_frame import PerFrame
from pvvae.metrics.psnr import frame_psnr


def test_any_split_over_batches_gives_the_same_bits():
    generator = torch.Generator().manual_seed(0)
    recon, x = torch.rand(2, 9, 3, 5, 8, 8, generator=generator)
    observed = torch.tensor([1, 5, 3, 2, 2, 4, 1, 5, 3])
    whole, parts, backwards = PerFrame(frame_psnr), PerFrame(frame_psnr), PerFrame(frame_psnr)
    whole.update(recon, x, observed=observed)
    for batch in torch.arange(9).split([2, 6, 1]):
        parts.update(recon[batch], x[batch], observed=observed[batch])
    backwards.update(recon.flip(0), x.flip(0), observed=observed.flip(0))
    assert parts.compute() == whole.compute() == backwards.compute()
    assert parts.num_clips == 9


def test_frames_are_averaged_within_a_clip_first():
    measure = PerFrame(frame_psnr)
    measure.add(torch.tensor([[1.0, 2.0, 6.0]]), observed=torch.tensor([2]))
    measure.add(torch.tensor([[5.0]]))  # an image, observed whole
    assert measure.compute() == {
        "all": pytest.approx((3.0 + 5.0) / 2),
        "observed": pytest.approx((1.5 + 5.0) / 2),
        "predicted": 6.0,
    }


def test_nothing_predicted_is_left_out():
    measure = PerFrame(frame_psnr)
    measure.add(torch.tensor([[1.0, 3.0]]))
    assert measure.compute() == {"all": 2.0, "observed": 2.0}


def test_update_returns_what_each_frame_was_worth():
    x = torch.zeros(1, 3, 2, 4, 4)
    torch.testing.assert_close(PerFrame(frame_psnr).update(x + 0.1, x), frame_psnr(x + 0.1, x))


def test_an_impossible_count_of_frames_is_refused():
    measure = PerFrame(frame_psnr)
    with pytest.raises(ConfigError, match=r"2 numbers of 0\.\.3 frames"):
        measure.add(torch.zeros(2, 3), observed=torch.tensor([4, 1]))
    with pytest.raises(ConfigError, match="no clips"):
        measure.compute()
