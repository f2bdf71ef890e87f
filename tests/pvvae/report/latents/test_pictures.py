"""Clips beside their latents in colours."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pvvae.analysis.latents import AnalysedVAE
from pvvae.analysis.measure import KeptLatents
from pvvae.errors import ConfigError
from pvvae.metrics.results import Results
from pvvae.report.latents.pictures import Picture, _bases
from pvvae.run.item_results import ItemResults


def _analysed(folder: Path, label: str, channels: int, *, seed: int = 0) -> AnalysedVAE:
    draw = torch.Generator().manual_seed(seed)
    kept = ItemResults(folder / label, remember=False)
    for number in range(3):
        kept.keep(number, {"latent": torch.randn(channels, 2, 3, 3, generator=draw)})
    facts = {
        "latent_shape": [channels, 2, 3, 3],
        "scale": {"mean": [0.0] * channels, "std": [1.0] * channels},
    }
    results = Results(metrics={}, protocol={}, counts={}, facts=facts)
    return AnalysedVAE(label, results, KeptLatents(kept, [0, 1, 2]), (4, 8))


def test_one_basis_for_all_or_one_for_each(tmp_path: Path) -> None:
    pair = [_analysed(tmp_path, "a", 4), _analysed(tmp_path, "b", 4, seed=1)]
    own, shared = _bases(pair, shared=False), _bases(pair, shared=True)
    assert not np.array_equal(own["a"].axes, own["b"].axes)
    assert shared["a"] is shared["b"]


def test_latents_of_different_channels_cannot_share_one(tmp_path: Path) -> None:
    pair = [_analysed(tmp_path, "a", 4), _analysed(tmp_path, "b", 6)]
    assert set(_bases(pair, shared=False)) == {"a", "b"}
    with pytest.raises(ConfigError, match="--basis shared: the latents have 4, 6 channels"):
        _bases(pair, shared=True)


def test_stills_are_two_frames_that_are_not_adjacent() -> None:
    clip = np.zeros((17, 8, 8, 3), np.uint8)
    assert Picture("a", {"clip": clip}).stills == (5, 16)
    assert Picture("a", {"clip": clip, "flow": clip}).film.shape[0] == 17
