"""A third backbone is one file and one YAML: it trains, and its run loads, without touching us."""

import sys
from pathlib import Path

import pytest
import torch

from arch import registry
from pvvae.pretrained.runs import load_vae
from stages import program
from tests.arch.plugin_text import PLUGIN
from tests.stages.short import overrides
from tests.tiny import CONFIGS

YAML = f"""
extends: {CONFIGS}/tiny/cnn/predictive.yaml
plugins: [networks/per_frame.py]
backbone: {{name: per_frame, latent_channels: 8}}
"""


def test_a_backbone_from_one_file_and_one_yaml_trains(group, shards, tmp_path: Path, monkeypatch):
    registry.discover()  # what were first registered in the copy would be gone after this test
    members = {family: dict(table) for family, table in registry._members.items()}
    monkeypatch.setattr(registry, "_members", members)
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks/per_frame.py").write_text(PLUGIN)
    (tmp_path / "mine.yaml").write_text(YAML)

    words = [*overrides("predictive", shards, tmp_path), "init=null"]
    run, config = program.load(tmp_path / "mine.yaml", words)
    run(config)

    members[type(config.backbone).__mro__[1]].pop("per_frame")  # as in another process:
    monkeypatch.setattr(sys, "modules", _without_plugins())
    vae = load_vae(tmp_path / "predictive")  # the run folder alone brings the plugin back
    assert type(vae.backbone).__name__ == "PerFrame"
    assert vae(torch.zeros(1, 3, 5, 16, 16))[0].shape == (1, 3, 5, 16, 16)


def test_a_plugin_that_is_not_there_is_named(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text(YAML)
    with pytest.raises(ValueError, match=r"plugins: no plugin file .*networks/per_frame.py"):
        program.load(tmp_path / "mine.yaml", [])


def _without_plugins() -> dict:

    return {name: m for name, m in sys.modules.items() if not name.startswith("plugin_")}
