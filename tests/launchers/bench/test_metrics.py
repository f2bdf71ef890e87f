"""What is measured, on the smallest clips; how long it takes is for ``pvvae bench`` to say."""

import json
from pathlib import Path

import pytest
import torch

from launchers.cli import main
from pvvae.metrics import fvd as fvd_module
from pvvae.metrics.i3d import NUM_FEATURES, preprocess


class Small(torch.nn.Module):
    """In I3D's place: the mean of each of 400 parts of the pixels."""

    def __init__(self, *, file: None) -> None:
        super().__init__()
        self.register_buffer("head_bias", torch.zeros(NUM_FEATURES))

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        return self.logits(preprocess(clips))

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool1d(x.flatten(1), NUM_FEATURES)


def test_fvd_and_bare_passes_are_compared_and_memory_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fvd_module, "I3D", Small)
    out = tmp_path / "metrics.json"
    words = ["--clips", "2", "--clip", "9x16x16", "--statistics", "3", "--json", str(out)]
    assert main(["bench", "metrics", *words]) == 0
    found = json.loads(out.read_text())
    seconds = found["seconds"]
    assert found["overhead"] == seconds["fvd"] / seconds["bare"]
    assert found["ratios"] == {"fvd/bare": seconds["bare"] / seconds["fvd"]}
    assert seconds["fvd"] > seconds["distances"] > 0
    assert found["memory"]["statistics"] >= 2 * 3 * 400 * 8  # at least both sets in float64
    assert found["memory"]["one_clip"] > 3 * 9 * 224 * 224 * 4  # at least what I3D looks at
    assert found["protocol"]["clip"] == [9, 16, 16]
    assert f"FVD takes {found['overhead']:.3f} times as long" in capsys.readouterr().out


def test_one_clip_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "metrics", "--clips", "1"]) == 2
    assert "--clips: must be at least 2, got 1" in capsys.readouterr().err
