"""What is drawn for a latent."""

import pytest
import torch

from pvvae.denoiser.trainer import draw_known
from pvvae.seeding import torch_generator


def known(history: float, *, draws: int = 400, groups: int = 5) -> list[int]:
    return [
        int(draw_known(torch_generator(0, "known", i), history, groups=groups))
        for i in range(draws)
    ]


def test_without_history_nothing_is_known():
    assert set(known(0.0)) == {0}


def test_with_history_at_least_the_first_group_is_known_and_one_is_left():
    drawn = known(1.0)
    assert set(drawn) == {1, 2, 3, 4}
    assert all(drawn.count(n) == pytest.approx(100, abs=40) for n in (1, 2, 3, 4))


def test_a_share_of_clips_has_a_history():
    assert sum(n > 0 for n in known(0.25)) == pytest.approx(100, abs=30)


def test_the_same_generator_draws_the_same():
    a, b = (draw_known(torch.Generator().manual_seed(3), 0.5, groups=5) for _ in range(2))
    assert torch.equal(a, b)
