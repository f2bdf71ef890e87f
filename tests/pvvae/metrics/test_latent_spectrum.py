"""Spectra of latents."""

import math

import numpy as np
import pytest
import torch

from pvvae.metrics.latent_spectrum import (
    channel_scatter,
    dct_energy,
    effective_rank,
    energy_beyond,
    on_grid,
    rank_of_scatters,
    ring_spectrum,
    spectrum_facts,
    spectrum_mismatch,
    time_energy,
)


def _white(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_equal_eigenvalues_have_their_number_as_rank_and_one_alone_has_one() -> None:
    assert effective_rank(torch.full((7,), 0.3)) == pytest.approx(7.0)
    assert effective_rank(torch.tensor([5.0, 0.0, 0.0])) == 1.0
    assert math.isnan(effective_rank(torch.zeros(3)))
    facts = spectrum_facts(torch.tensor([1.0, 4.0, 2.0]))
    assert facts["eigenvalues"] == [4.0, 2.0, 1.0]
    assert facts["condition"] == 4.0
    assert facts["largest_tenth"] == pytest.approx(4 / 7)
    assert spectrum_facts(torch.tensor([1.0, 0.0]))["condition"] is None


def test_the_dct_keeps_energy_and_puts_a_cosine_where_it_belongs() -> None:
    z = _white(3, 2, 6, 8)
    assert dct_energy(z).sum() == pytest.approx(float(z.square().mean()) * 48, rel=1e-6)
    assert time_energy(z).sum() == pytest.approx(float(z.square().mean()) * 2, rel=1e-6)
    wave = np.cos(np.pi * (np.arange(8) + 0.5) * 3 / 8)
    energy = dct_energy(np.broadcast_to(wave, (6, 8)).astype(np.float32))
    assert np.unravel_index(energy.argmax(), energy.shape) == (0, 3)
    assert energy[0, 3] == pytest.approx(energy.sum(), rel=1e-6)


def test_sec_of_white_latents_is_the_share_of_frequencies_beyond() -> None:
    energy = dct_energy(_white(400, 8, 8))
    for rho in (0.25, 0.5):
        beyond = sum(u + v > rho * 14 for u in range(8) for v in range(8)) / 64
        assert energy_beyond(energy, rho) / energy.sum() == pytest.approx(beyond, abs=0.02)
    flat = dct_energy(torch.ones(4, 8, 8))
    assert energy_beyond(flat, 0.25) == pytest.approx(0.0, abs=1e-20)


def test_spectra_match_themselves_and_differ_from_white_ones() -> None:
    smooth = torch.nn.functional.avg_pool2d(_white(200, 1, 20, 20), 5, stride=1)
    one, two = dct_energy(smooth), dct_energy(_white(200, 1, 16, 16))
    assert spectrum_mismatch(one, one) == 0.0
    assert spectrum_mismatch(one, two) > 0.05
    assert ring_spectrum(two) == pytest.approx(np.ones(len(ring_spectrum(two))), rel=0.2)
    assert len(ring_spectrum(np.ones((2, 2)))) == 3
    assert ring_spectrum(np.ones((1, 1))).tolist() == [1.0]


def test_pixels_come_to_the_grid_by_the_mean_of_each_cell() -> None:
    frames = np.zeros((1, 4, 4, 3), np.uint8)
    frames[0, :2, :2] = 255
    found = on_grid(frames, height=2, width=2)
    assert found.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(found[0, 0], [[1, -1], [-1, -1]])


def test_the_rank_over_channels_is_of_all_clips_together() -> None:
    z = _white(400, 4, 2, 4, 4)
    z[:, 3] = z[:, 2]
    rows = torch.stack([channel_scatter(clip).flatten() for clip in z])
    assert rank_of_scatters(rows) == pytest.approx(16 / 6, rel=0.03)  # 1, 1, 2, 0
