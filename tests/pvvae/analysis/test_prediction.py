"""Predictions beside their rivals."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pvvae.analysis import prediction as module
from pvvae.analysis.clips import AnalysedClips, ClipQuestion
from pvvae.analysis.futures import Future
from pvvae.analysis.prediction import (
    FILE,
    PREDICTED,
    REBUILT,
    analyse_prediction,
    errors_of,
)
from pvvae.autoencoder.long_video import through
from pvvae.errors import ConfigError
from pvvae.pretrained.runs import load_vae


def _clips(where: Path, **changes: object) -> AnalysedClips:
    asked = {"num": 6, "frames": 9, "height": 32, "width": 32, "seed": 0} | changes
    return AnalysedClips(ClipQuestion(where=where, **asked))  # type: ignore[arg-type]


def test_errors_of_what_moves_and_what_stands_still_are_those_of_the_whole() -> None:
    draw = np.random.default_rng(0)
    frames, made = draw.integers(0, 256, (2, 9, 4, 6, 3), dtype=np.uint8)
    moves = draw.random((9, 4, 6)) < 0.3
    moves[0] = False
    row = errors_of({PREDICTED: made, REBUILT: frames}, Future(frames, moves, made), observed=5)
    whole = ((made.astype(float) - frames) / 255) ** 2
    both = (row[PREDICTED] * row["share"]).sum(dim=0)
    np.testing.assert_allclose(both, whole.mean(axis=(1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(row["share"][0], moves.mean(axis=(1, 2)))
    assert row[REBUILT].abs().max() == 0
    assert row["repeated"][:, :5].abs().max() == 0


def test_numbers_are_means_over_the_pixels_of_withheld_frames(
    tmp_path: Path, scenes: Path, vaes: Path
) -> None:
    clips = _clips(scenes)
    found = analyse_prediction({"one": str(vaes / "one")}, clips, [None], tmp_path)
    assert [one.observed for one in found] == [5]  # three groups, of which one is dropped
    vae, sums, weights = load_vae(vaes / "one"), 0.0, 0.0
    for number in range(len(clips)):
        frames = clips.frames(number)
        future = module.future_of(clips, number, observed=5)
        error = (through(vae, frames, dropped=1).astype(float) - frames) ** 2 / 255**2
        sums += float((error.mean(axis=-1) * future.moving)[5:].sum())
        weights += float(future.moving[5:].sum())
    metrics = found[0].results.metrics
    assert metrics["predicted_moving_mse"].value == pytest.approx(sums / weights, rel=1e-5)
    over = metrics["predicted_moving_mse"].value / metrics["repeated_moving_mse"].value - 1
    against = metrics["predicted_against_repeated_moving"]
    assert against.value == pytest.approx(over)
    assert against.interval[0] < against.value < against.interval[1]
    curves = found[0].results.facts["curves"]["still"]
    assert {name: len(curve) for name, curve in curves.items()} == dict.fromkeys(module.MAKERS, 4)
    plain = json.loads((tmp_path / FILE).read_text())
    assert list(plain["runs"]["one"]) == ["5"]


def test_any_number_of_observed_frames_and_a_cut_lead_to_the_same(
    tmp_path: Path, scenes: Path, vaes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {name: str(vaes / name) for name in ("one", "two")}
    clips = _clips(scenes, frames=9, num=3)
    whole = analyse_prediction(sources, clips, [5], tmp_path / "whole")
    through_vae, calls = module.through, []

    def cut(*args: object, **words: object) -> object:
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return through_vae(*args, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "through", cut)
    with pytest.raises(KeyboardInterrupt):
        analyse_prediction(sources, clips, [5], tmp_path / "cut")
    found = analyse_prediction(sources, clips, [5], tmp_path / "cut")
    assert len(calls) == 8 + 2 * 3  # three clips were kept, each takes two
    assert [one.results.metrics for one in found] == [one.results.metrics for one in whole]


@pytest.mark.parametrize("observed", [1, 9])
def test_what_leaves_nothing_to_go_on_or_to_predict_is_one_line(
    tmp_path: Path, scenes: Path, vaes: Path, observed: int
) -> None:
    message = f"one: --observed: {observed} of 9 frames; between 5 and 5 leave something"
    with pytest.raises(ConfigError, match=message):
        analyse_prediction({"one": str(vaes / "one")}, _clips(scenes), [observed], tmp_path)
    with pytest.raises(ConfigError, match="one: a clip must have 1 \\+ n \\* 4 frames, got 6"):
        analyse_prediction({"one": str(vaes / "one")}, _clips(scenes), [6], tmp_path)


def test_weights_of_a_decoder_and_a_pad_are_part_of_what_is_kept(vaes: Path) -> None:
    one, same, other = (load_vae(vaes / "one") for _ in range(3))
    with torch.no_grad():
        other.pad.add_(1.0)
    assert module.weights_digest(one) == module.weights_digest(same)
    assert module.weights_digest(one) != module.weights_digest(other)
