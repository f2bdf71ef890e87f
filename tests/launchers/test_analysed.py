"""Words that commands about analysed VAEs share."""

from pathlib import Path

import pytest

from launchers.analysed import labels_of, sources_of
from pvvae.errors import ConfigError


def test_runs_are_called_by_as_little_as_tells_them_apart() -> None:
    runs = [Path("/a/cnn/predictive"), Path("/a/vit/predictive"), Path("/a/peers/wan2.2.yaml")]
    assert labels_of(runs) == ["cnn/predictive", "vit/predictive", "wan2.2"]
    with pytest.raises(ConfigError, match="named twice"):
        labels_of([Path("/a/b"), Path("/a/../a/b")])


def test_a_yaml_names_a_run_or_a_peer(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("vae: runs/mine\n")
    (tmp_path / "none.yaml").write_text("seed: 1\n")
    assert sources_of([tmp_path / "mine.yaml"]) == {"mine": "runs/mine"}
    with pytest.raises(ConfigError, match=r"none\.yaml: has no vae"):
        sources_of([tmp_path / "none.yaml"])
    peers = sources_of([Path("configs/peers/wan2.2.yaml")])
    assert peers["wan2.2"].name == "wan2.2"
