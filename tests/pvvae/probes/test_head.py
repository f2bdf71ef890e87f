"""Features up to pixels, and pixels down to features."""

import torch

from arch.interface import Stride
from pvvae.probes.head import HeadConfig, folded, fresh_head

SMALL = HeadConfig(width=16, blocks=1)


def test_a_head_gives_every_frame_and_pixel() -> None:
    for stride in (Stride(4, 8), Stride(1, 1), Stride(2, 6)):
        head = fresh_head(5, 3, stride, SMALL, seed=0)
        pixels = head(torch.randn(2, 5, 3, 4, 2))
        assert pixels.shape == (2, 3, 1 + 2 * stride.time, 4 * stride.space, 2 * stride.space)


def test_an_untrained_head_says_the_mean_of_what_it_knows() -> None:
    head = fresh_head(5, 2, Stride(4, 8), SMALL, seed=0)
    head.pixel_mean.copy_(torch.tensor([1.0, -2.0]))
    pixels = head(torch.randn(1, 5, 2, 2, 2))
    assert torch.equal(pixels[:, 0], torch.ones(1, 5, 16, 16))
    assert torch.equal(pixels[:, 1], torch.full((1, 5, 16, 16), -2.0))


def test_a_seed_makes_the_same_head_and_leaves_torchs_draws_alone() -> None:
    torch.manual_seed(7)
    one = fresh_head(5, 2, Stride(4, 8), SMALL, seed=3)
    drawn = torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(1))
    other = fresh_head(5, 2, Stride(4, 8), SMALL, seed=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_the_linear_layer_alone_gives_folded_pixels_back() -> None:
    stride = Stride(4, 2)
    x = torch.randn(1, 3, 9, 4, 6)
    features = folded(x, stride)
    assert features.shape == (1, 48, 3, 2, 3)
    head = fresh_head(48, 3, stride, SMALL, seed=0)
    with torch.no_grad():
        head.linear.weight.copy_(torch.eye(48)[:, :, None, None, None])
    # The layer's rows are (channel, frame, row, column) as folded pixels are.
    torch.testing.assert_close(head(features), x)
