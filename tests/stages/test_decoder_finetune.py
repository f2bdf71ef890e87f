"""The decoder learns on alone: of whole clips as in the paper, or of clips cut short if asked."""

from pathlib import Path

import pytest
import torch

from pvvae.pretrained.runs import checkpoint_of
from pvvae.pretrained.tensor_files import read_tensors
from tests.stages.short import run_stage

pytestmark = pytest.mark.usefixtures("group")

ONE = ("steps=2", "data.buckets=[{frames: 17, height: 32, width: 32, batch: 1}]", "data.slots=1")


def weights(run: Path) -> dict[str, torch.Tensor]:
    return read_tensors(checkpoint_of(run).folder / "vae.safetensors")


def test_a_decoder_that_practises_prediction_leaves_the_encoder_too(shards, tmp_path):
    run_stage("predictive", shards, tmp_path, *ONE, "init=null", "held_out.frames=5")
    run_stage("decoder_finetune", shards, tmp_path, *ONE, "objective.max_drop_ratio=1.0")
    before, after = weights(tmp_path / "predictive"), weights(tmp_path / "decoder_finetune")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("backbone.decoder.") for name in changed)
