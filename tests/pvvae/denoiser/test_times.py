"""Times of learning and sampling: how they are drawn, and how they shift."""

import math
from itertools import pairwise

import pytest
import torch

from pvvae.denoiser.times import grid, logit_normal_times, shift_of, shifted, uniform_times

TIMES = torch.linspace(0, 1, 1001, dtype=torch.float64)


def test_uniform_times_are_uniform_and_belong_to_the_generator():
    times = uniform_times(torch.Generator().manual_seed(0), 10000)
    again = uniform_times(torch.Generator().manual_seed(0), 10000)
    assert torch.equal(times, again) and times.dtype == torch.float32
    assert times.min() >= 0 and times.max() < 1
    counts = torch.histc(times, bins=10, min=0, max=1)
    assert (counts - 1000).abs().max() < 120  # 4 standard deviations


def test_logit_normal_times_have_a_normal_logit():
    logits = logit_normal_times(torch.Generator().manual_seed(0), 10000).logit()
    assert logits.mean().item() == pytest.approx(0, abs=0.04)
    assert logits.std().item() == pytest.approx(1, abs=0.04)


def test_a_shift_of_one_is_the_identity_to_the_last_bit():
    assert torch.equal(shifted(TIMES, 1.0), TIMES)
    drawn = uniform_times(torch.Generator().manual_seed(0), 10000)
    assert torch.equal(shifted(drawn, 1.0), drawn)


@pytest.mark.parametrize("shift", [0.25, 0.559, 1.7, 4.472135954999579, 100.0])
def test_a_shift_keeps_both_ends_and_the_order(shift):
    times = shifted(TIMES, shift)
    assert times[0] == 0 and times[-1] == 1
    assert shifted(0.0, shift) == 0 and shifted(1.0, shift) == 1
    assert (times.diff() > 0).all()
    inner = times[1:-1] - TIMES[1:-1]
    assert (inner > 0).all() if shift > 1 else (inner < 0).all()


@pytest.mark.parametrize("shift", [0.25, 4.472135954999579])
def test_a_shift_is_what_rae_writes_and_shifting_back_undoes_it(shift):
    times = shifted(TIMES, shift)
    torch.testing.assert_close(times, shift * TIMES / (1 + (shift - 1) * TIMES))
    torch.testing.assert_close(shifted(times, 1 / shift), TIMES)


@pytest.mark.parametrize(
    ("shape", "shift"),
    [
        ((64, 5, 16, 16), math.sqrt(81_920 / 4096)),  # ours, 17 x 256 x 256: 4.47
        ((48, 5, 16, 16), math.sqrt(61_440 / 4096)),  # Wan2.2's, SSVAE's: 3.87
        ((16, 5, 32, 32), math.sqrt(81_920 / 4096)),  # t4 s8 c16: 4.47
        ((16, 1, 16, 16), 1.0),
        ((16, 1, 8, 8), 0.5),
    ],
)
def test_the_shift_is_the_root_of_a_latent_s_elements_over_4096(shape, shift):
    assert shift_of(shape, base=4096) == shift
    assert shift_of(shape, base=None) == 1


def test_steps_begin_at_noise_end_at_the_data_and_meet():
    for shift in (1.0, 0.5, 4.5):
        steps = grid(100, shift=shift)
        assert steps[0][0] == 1 and steps[-1][1] == 0 and len(steps) == 100
        assert all(one[1] == other[0] for one, other in pairwise(steps))
        assert all(now > after for now, after in steps)
    assert grid(4, shift=1.0) == [(1.0, 0.75), (0.75, 0.5), (0.5, 0.25), (0.25, 0.0)]
