"""Runs that look finished, and tables over them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the paths of a table begin: two VAEs, samples, a Latte, clips."""
    monkeypatch.chdir(tmp_path)
    for run, stage in (("cnn", "predictive"), ("samples", "generate"), ("latte", "latte")):
        (tmp_path / run).mkdir()
        (tmp_path / run / "config.yaml").write_text(f"stage: {stage}\n")
    for clips in ("clips", "weights", "real"):
        (tmp_path / clips).mkdir()
    return tmp_path


RECONSTRUCTION: dict[str, Any] = {
    "title": "Table 2",
    "folder": "out",
    "clips": "clips",
    "num": 3,
    "sizes": [32, 64],
    "speed": {"batch": 1, "height": 32},
    "subjects": [
        {"name": "Ours*", "vae": "cnn", "predictor": "cnn"},
        {"name": "Wan 2.2", "vae": {"name": "wan2.2", "weights": "weights"}},
        {"name": "Timed", "vae": {"name": "wan2.1"}},
    ],
}
GENERATION: dict[str, Any] = {
    "title": "Table 1",
    "folder": "out",
    "num": 4,
    "size": 32,
    "data": {"UCF101": {"real": "real", "frame_stride": 3}, "RealEstate10K": {"real": "real"}},
    "speed": {"batch": 1},
    "subjects": [
        {
            "name": "Ours",
            "vae": "cnn",
            "samples": {"UCF101": "samples"},
            "latte": {"RealEstate10K": "latte"},
        },
        {"name": "Timed", "vae": {"name": "wan2.1"}},
    ],
}


@pytest.fixture
def table(home: Path) -> Callable[..., Path]:
    """Writes a table's file."""

    def write(plain: dict[str, Any], **changed: Any) -> Path:
        path = home / "table.yaml"
        path.write_text(yaml.safe_dump({**plain, **changed}, sort_keys=False))
        return path

    return write


METRICS = ("rfvd", "psnr", "ssim", "lpips", "fvd", "kvd", "parameters")
TIMES = ("ispeed", "imem", "tspeed", "tmem", "tspeed_cached", "tmem_cached")


def finish(run: Path, *, value: float = 1.0, protocol: dict[str, Any] | None = None) -> None:
    """Leave ``run`` as an evaluation or a measurement of speed leaves it."""
    run.mkdir(parents=True, exist_ok=True)
    results = {
        "metrics": {name: {"value": value} for name in METRICS},
        "protocol": protocol or {"size": "17x32x32"},
        "protocol_hash": "0" * 16,
        "counts": {"clips": 3},
        "latent": "t4s16c4",
        "times": dict.fromkeys(TIMES, value),
    }
    (run / "results.json").write_text(json.dumps(results))
    (run / "finished.json").write_text("{}")
