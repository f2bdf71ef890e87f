"""Run folders with damaged files, beside a whole one, through the commands that look at runs."""

import io
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from launchers.cli import main
from tools.fuzz.mutation import wrong_bytes, wrong_value
from tools.fuzz.trial import Read

PREDICTIVE: dict[str, Any] = {
    "stage": "predictive",
    "run": "runs/cnn/predictive",
    "steps": 10,
    "data": {"train": "data/train"},
}
LINES: tuple[dict[str, Any], ...] = (
    {"step": 5, "kind": "train", "mse": 0.5, "skipped": 0, "times": {"seconds_per_step": 0.1}},
    {"step": 10, "kind": "train", "mse": 0.4, "kl": 3.0, "times": {"seconds_per_step": 0.1}},
    {"step": 10, "kind": "held_out", "psnr": 20.0, "mse": 0.4, "times": {"seconds": 1.0}},
)
RESULTS: dict[str, Any] = {
    "metrics": {
        "psnr": {"value": 20.0, "interval": [19.0, 21.0]},
        "rfvd": {"value": 100.0, "note": "few clips"},
        "predicted_mse": {"value": 0.01},
        "repeated_mse": {"value": 0.02},
        "parameters": {"value": 1000},
    },
    "protocol": {
        "size": "5x8x8",
        "lpips": {"network": "alex"},
        "fvd": {"features": "i3d"},
        "prediction": {"observed": 1},
    },
    "counts": {"clips": 2},
    "curves": {"psnr": [20.0] * 5, "ssim": [0.9] * 5},
    "prediction": {"observed": 1, "curves": {"psnr": [20.0] * 5}},
    "latent_distance": {"raw": [1.0], "normalised": [1.0], "adjacent_median": 0.5},
    "floor": {"fvd": 5.0, "clips": 2},
    "times": {"encode_seconds": 0.1},
}
CHECKPOINT = "predictive/checkpoints/step_00000010"
PROVENANCE: dict[str, Any] = {
    "command": "pvvae train configs/tiny/cnn/predictive.yaml",
    "commit": "0" * 40,
    "python": "3.12",
    "packages": {"torch": "2"},
    "processes": 1,
    "started": "2026-01-02T03:04:05Z",
}


def _clip() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros((5, 8, 8, 3), np.uint8))
    return file.getvalue()


def whole_group() -> dict[str, bytes]:
    """Files of two runs of one group, as stages write them, by their paths in the group."""
    evaluation = PREDICTIVE | {"stage": "evaluate_reconstruction", "clips": "data/held_out"}
    del evaluation["steps"]
    files = {
        "predictive/config.yaml": yaml.safe_dump(PREDICTIVE).encode(),
        "predictive/metrics.jsonl": "".join(json.dumps(x) + "\n" for x in LINES).encode(),
        "predictive/provenance.json": json.dumps(PROVENANCE).encode(),
        f"{CHECKPOINT}/manifest.json": b'{"step": 10, "facts": {}, "files": {}}',
        "evaluation/config.yaml": yaml.safe_dump(evaluation).encode(),
        "evaluation/results.json": json.dumps(RESULTS).encode(),
        "evaluation/finished.json": b"{}",
        "evaluation/progress.json": b'{"done": 1, "total": 2, "begun": 0, "seconds": 1.0}',
    }
    names = ("000000_original", "000000_reconstruction", "000000_prediction")
    return files | {f"evaluation/clips/{name}.npy": _clip() for name in names}


class Runs:
    """A folder of two groups of runs, one of them spoilt in one file."""

    def __init__(self, folder: Path) -> None:
        """Write the whole group."""
        self._folder, self._out = folder / "runs", folder / "out"
        self._files = whole_group()
        for name, data in self._files.items():
            self._put(f"whole/{name}", data)

    def make(self, draw: random.Random, number: int) -> Read:
        """Spoil one file, and look at the runs in one way."""
        shutil.rmtree(self._folder / "spoilt", ignore_errors=True)
        chosen = draw.choice(list(self._files))
        for name, data in self._files.items():
            self._put(f"spoilt/{name}", self._spoilt(draw, name, data) if name == chosen else data)
        spoilt, whole = str(self._folder / "spoilt"), str(self._folder / "whole")
        runs = str(self._folder)
        words = draw.choice(
            (
                ["status", runs],
                ["status", runs],
                ["compare", whole, spoilt],
                ["compare", whole, f"{spoilt}/predictive", "--anyway"],
                ["export", f"{spoilt}/predictive", str(self._out / "vae.safetensors")],
                ["report", runs, "--out", str(self._out)],
            )
        )
        return lambda: self._judged(words)

    def _judged(self, words: list[str]) -> int:
        """Pages of all runs end well, whatever one of them is."""
        status = main(words)
        if words[0] in ("status", "report"):
            assert status == 0, f"pvvae {words[0]} ended with {status}"
        return status

    @staticmethod
    def _spoilt(draw: random.Random, name: str, data: bytes) -> bytes:
        if name.endswith(".npy") or draw.random() < 0.4:
            return wrong_bytes(draw, data)
        if name.endswith(".yaml"):
            return yaml.safe_dump(wrong_value(draw, yaml.safe_load(data))).encode()
        if name.endswith(".jsonl"):
            lines = [json.loads(line) for line in data.splitlines()]
            lines[0] = wrong_value(draw, lines[0])
            return "".join(json.dumps(line) + "\n" for line in lines).encode()
        return json.dumps(wrong_value(draw, json.loads(data))).encode()

    def _put(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
