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


def test_values_have_intervals_and_are_named_by_kind():
    measure = PerFrame(frame_psnr)
    measure.add(torch.tensor([[1.0, 3.0], [3.0, 5.0], [5.0, 7.0]]))
    values = measure.values("psnr")
    assert list(values) == ["psnr"]
    assert values["psnr"].value == 4.0
    low, high = values["psnr"].interval or (0.0, 0.0)
    assert 2.0 <= low < 4.0 < high <= 6.0
    measure.add(torch.tensor([[2.0, 4.0]]), observed=torch.tensor([1]))
    found = {name: value.value for name, value in measure.values("psnr").items()}
    assert found == {"psnr": 3.75, "psnr_observed": (2 + 4 + 6 + 2) / 4, "psnr_predicted": 4.0}


def test_the_curve_is_that_of_all_clips():
    measure = PerFrame(frame_psnr)
    measure.add(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    assert measure.curve(larger_is_better=True).frames == [2.0, 4.0]


def test_nan_is_refused():
    with pytest.raises(ConfigError, match="measured as NaN"):
        PerFrame(frame_psnr).add(torch.tensor([[1.0, torch.nan]]))
    with pytest.raises(ConfigError, match=r"in \[0, 1\], got \[nan, nan\]"):
        frame_psnr(torch.full((1, 3, 1, 4, 4), torch.nan), torch.zeros(1, 3, 1, 4, 4))
