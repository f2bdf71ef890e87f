"""Rotary positions: only differences count, along each axis."""

import pytest
import torch
from torch import Tensor

from arch.layers import rope

CPU = torch.device("cpu")


def test_a_128_wide_head_gives_a_quarter_to_time() -> None:
    assert rope.split_head(128) == (16, 24, 24)


@pytest.mark.parametrize("width", [4, 9])
def test_a_head_that_cannot_be_split_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        rope.split_head(width)


def scores(grid: tuple[int, int, int], content: Tensor) -> Tensor:
    """Dot products between all positions of a grid that hold the same content."""
    angle = rope.angles(grid, head_dim=32, base=100.0, device=CPU)
    turned = rope.rotate(content.expand(1, 1, len(angle), 32), angle)[0, 0]
    return (turned @ turned.T).view(*grid, *grid)


def test_scores_depend_on_differences_of_position_alone() -> None:
    s = scores((3, 4, 5), torch.randn(32))
    torch.testing.assert_close(s[:2, :3, :4, :2, :3, :4], s[1:, 1:, 1:, 1:, 1:, 1:])


def test_positions_do_not_depend_on_the_size_of_the_grid() -> None:
    content = torch.randn(32)
    small, large = scores((2, 2, 3), content), scores((5, 4, 7), content)
    torch.testing.assert_close(large[:2, :2, :3, :2, :2, :3], small)


def test_every_axis_turns_its_own_pairs() -> None:
    angle = rope.angles((2, 2, 2), head_dim=128, base=10.0, device=CPU).view(2, 2, 2, 64)
    moved = [
        (angle[i] != angle[0, 0, 0]).nonzero()[:, 0] for i in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    ]
    assert [(int(m.min()), int(m.max())) for m in moved] == [(0, 15), (16, 39), (40, 63)]


def test_turning_keeps_lengths() -> None:
    x = torch.randn(2, 3, 24, 16)
    angle = rope.angles((2, 3, 4), head_dim=16, base=100.0, device=CPU)
    torch.testing.assert_close(rope.rotate(x, angle).norm(dim=-1), x.norm(dim=-1))
