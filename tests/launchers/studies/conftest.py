"""A study of the toy VAE: images that all cells share, then video with and without prediction."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from launchers.studies.request import StudyRequest, read


@pytest.fixture
def plain(config: Path, tmp_path: Path) -> dict[str, Any]:
    """What the study's file says; its folder is tmp_path/study."""
    return {
        "title": "Toy",
        "folder": str(tmp_path / "study"),
        "stages": {
            "images": {"config": str(config), "set": {"pad": "gaussian"}},
            "vae": {"config": str(config), "set": {"init": "$images"}},
        },
        "factors": {
            "objective": {
                "baseline": {"vae": {"objective.max_drop_ratio": 0.0}},
                "+ predictive": {},
            }
        },
        "measures": {
            "psnr": {
                "stage": "vae",
                "of": "held_out",
                "value": "psnr",
                "label": "PSNR",
                "unit": "dB",
                "better": "higher",
            }
        },
        "seeds": [0, 1],
        "claims": [{"subject": "prediction", "measure": "psnr", "arm": "+ predictive"}],
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the study's file is."""
    return tmp_path / "study.yaml"


@pytest.fixture
def ask(plain: dict[str, Any], path: Path) -> Callable[..., StudyRequest]:
    """Write the study as it stands in ``plain``, and read it."""

    def give(
        *overrides: str, seeds: list[int] | None = None, only: str | None = None
    ) -> StudyRequest:
        path.write_text(yaml.safe_dump(plain, sort_keys=False))
        return read(path, overrides, seeds=seeds, only=only)

    return give
