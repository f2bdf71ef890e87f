"""Latents as colours."""

import numpy as np

from pvvae.metrics.latent_colours import Pictures, colour_basis


def in_colours(latents: np.ndarray, *, stride: tuple[int, int]) -> Pictures:
    """One clip in a basis of its own."""
    return colour_basis([latents]).paint(latents, stride=stride)


def _noise(channels: int, *, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    scale = np.linspace(3, 1, channels)[:, None, None, None]
    return (draw.standard_normal((channels, 2, 4, 6)) * scale).astype(np.float32)


def test_latents_of_one_component_become_one_colour_scale() -> None:
    ramp = np.linspace(0, 1, 2 * 3 * 4, dtype=np.float32).reshape(1, 2, 3, 4)
    latents = np.concatenate([ramp, 0 * ramp, 0 * ramp, 0 * ramp])
    frames = in_colours(latents, stride=(4, 8))
    assert frames.shape == (5, 24, 32, 3)
    assert frames[0, 0, 0, 0] == 0
    assert frames[-1, -1, -1, 0] == 255
    np.testing.assert_array_equal(frames[1], frames[4])


def test_the_components_are_those_of_the_largest_variance() -> None:
    draw = np.random.default_rng(1)
    turn = np.linalg.qr(draw.standard_normal((5, 5)))[0]
    parts = draw.standard_normal((5, 4000)) * np.array([5, 4, 3, 0.1, 0.1])[:, None]
    basis = colour_basis([(turn @ parts).reshape(5, 4, 25, 40).astype(np.float32)])
    overlap = np.abs(basis.axes.T @ turn[:, :3])
    np.testing.assert_allclose(overlap, np.eye(3), atol=0.05)
    assert 0.999 < basis.share < 1.0


def test_a_shared_basis_paints_equal_latents_alike() -> None:
    one, two = _noise(4), _noise(4, seed=1) + 9
    basis = colour_basis([one, two])
    both = basis.paint(np.concatenate([one, two], axis=1))
    np.testing.assert_array_equal(both[:2], basis.paint(one))
    np.testing.assert_array_equal(both[2:], basis.paint(two))


def test_turned_latents_have_the_same_colours_but_for_their_direction() -> None:
    latents = _noise(4)
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((4, 4)))[0]
    turned = np.einsum("ij,jthw->ithw", turn, latents).astype(np.float32)
    one, two = (in_colours(z, stride=(1, 1)).astype(int) for z in (latents, turned))
    for channel in range(3):
        same = np.abs(one[..., channel] - two[..., channel]).max()
        mirrored = np.abs(one[..., channel] - (255 - two[..., channel])).max()
        assert min(same, mirrored) <= 1


def test_two_channels_leave_blue_dark_and_constant_latents_are_one_colour() -> None:
    assert (in_colours(_noise(2), stride=(1, 1))[..., 2] == 0).all()
    assert (in_colours(np.ones((4, 1, 2, 2), np.float32), stride=(1, 1)) == 0).all()
