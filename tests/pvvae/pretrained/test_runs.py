"""A trained network is taken out of its run on any machine."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from safetensors.torch import save_file

from arch.vit import ViTConfig
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.pretrained import runs as pretrained
from tests.tiny import backbone_configs

VIT = next(config for config in backbone_configs() if isinstance(config, ViTConfig))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As left by a machine with a kernel that is missing here."""
    config = dataclasses.replace(VIT, attention_backend="flash-attn-3")
    plain = {"stage": "predictive", "backbone": codec.encode(config), "pad": "learnable"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(plain))
    save_file(PredictiveVAE(VIT.build()).state_dict(), tmp_path / "vae.safetensors")
    checkpoint = SimpleNamespace(folder=tmp_path)
    monkeypatch.setattr(pretrained, "checkpoint_of", lambda run, step: checkpoint)
    return tmp_path


@torch.no_grad()
def test_a_kernel_that_is_missing_here_does_not_matter(run: Path) -> None:
    vae = pretrained.load_vae(run)
    assert vae.backbone.encode(torch.zeros(1, 3, 1, 16, 16)).mean.shape == (1, 32, 1, 1, 1)


def test_the_next_stage_may_choose_another_kernel_but_no_other_network(run: Path) -> None:
    vae = PredictiveVAE(VIT.build())
    pretrained.load_vae_weights(vae, VIT, run=run)
    other = dataclasses.replace(VIT, rope_base=100.0)
    with pytest.raises(ConfigError, match=r"another backbone: backbone.rope_base: 10000.0 != 100"):
        pretrained.load_vae_weights(vae, other, run=run)
