"""Latents where the video moves."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr

from pvvae.metrics.motion_match import motion_matches, motion_of_cells


def test_motion_of_a_cell_is_the_mean_of_the_moves_into_its_frames() -> None:
    speed = np.zeros((8, 4, 6), np.float32)
    speed[4:, :2, 2:4] = 3.0  # the second later group, one cell
    speed[7, :2, 2:4] = 7.0
    found = motion_of_cells(speed, time=4, space=2)
    assert found.shape == (2, 2, 3)
    assert found[1, 0, 1] == pytest.approx(4.0)
    assert found.sum() == pytest.approx(4.0)


def test_correlations_are_those_of_scipy() -> None:
    draw = torch.Generator().manual_seed(0)
    z, motion = torch.randn(4, 3, 5, 6, generator=draw), torch.rand(2, 5, 6, generator=draw)
    found = motion_matches(z, motion)
    strength = z[:, 1:].norm(dim=0).flatten().numpy()
    change = (z[:, 1:] - z[:, :-1]).norm(dim=0).flatten().numpy()
    for name, values in (("activation", strength), ("change", change)):
        for kind, other in (("pearson", pearsonr), ("spearman", spearmanr)):
            expected = other(values, motion.flatten().numpy()).statistic
            assert found[f"{name}_{kind}"] == pytest.approx(expected, rel=1e-5)


def test_a_latent_that_is_the_motion_matches_it_and_a_still_clip_has_no_correlation() -> None:
    motion = torch.rand(2, 4, 4, generator=torch.Generator().manual_seed(1))
    z = torch.cat([torch.zeros(1, 4, 4), motion])[None]  # (1, 3, 4, 4)
    assert motion_matches(z, motion)["activation_pearson"] == pytest.approx(1.0)
    still = motion_matches(z, torch.zeros(2, 4, 4))
    assert all(math.isnan(value) for value in still.values())
    constant = motion_matches(torch.full((1, 3, 4, 4), 0.3), motion)
    assert math.isnan(constant["activation_pearson"]) and math.isnan(constant["change_spearman"])
