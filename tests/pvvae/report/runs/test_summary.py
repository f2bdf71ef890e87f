import json
import re
import shutil
from pathlib import Path

import pytest

from pvvae.report.runs.run_records import find_groups
from pvvae.report.runs.summary import summary


def words(runs: Path) -> str:
    return re.sub(r"<[^>]+>", "", summary(find_groups(runs)))


def test_the_first_words_say_what_was_trained_on_what_and_how_it_went(runs: Path) -> None:
    text = words(runs)
    assert "cnn (0.41 million parameters) and vit (0.41 million parameters) are" in text
    assert "trained on the 96 clips of data/toy/train for 40 steps of images" in text
    assert "On 16 held-out clips of 17 × 32 × 32, cnn reaches 22.50 dB PSNR and vit 18.75" in text
    assert "10.00 dB more and 6.25 dB more than showing the training set’s mean frame" in text
    assert "FVD of generated clips: cnn 1,234 and vit 1,481" in text
    assert "From 16 samples this says little" in text


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ((0.8, 0.9), "cnn makes 20.0% less error and vit 10.0% less error"),
        ((0.8, 0.9), "At this size prediction beats repetition."),
        ((1.2, 1.1), "At this size repetition is still the better guess."),
        ((1.2, 0.9), "At this size prediction beats repetition for vit only."),
    ],
)
def test_prediction_is_judged_against_repeating_the_last_frame(
    errors: tuple[float, float], verdict: str, runs: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(runs, tmp_path / "toy")
    for name, error in zip(("cnn", "vit"), errors, strict=True):
        path = copy / name / "evaluate_reconstruction" / "results.json"
        results = json.loads(path.read_text())
        results["metrics"] |= {"predicted_mse": {"value": error}, "repeated_mse": {"value": 1.0}}
        path.write_text(json.dumps(results))
    assert "Shown the first 9 of 17 frames" in words(copy)
    assert verdict in words(copy)


def test_what_is_not_measured_yet_is_not_mentioned(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "cnn" / "image_pretrain", tmp_path / "cnn" / "image_pretrain")
    assert words(tmp_path) == "cnn is a video VAE, trained on images for 40 steps of images."
