"""Planned checkpoints against written ones."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pvvae.engine import Engine
from pvvae.model import PredictiveVAE
from pvvae.planning.disk import checkpoint_bytes
from tests.pvvae.planning.stages import config_of, stage


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_a_checkpoint_has_the_planned_size(zero: int, tmp_path: Path) -> None:
    words = [f"engine.zero_stage={zero}", "engine.ema_decay=0.9", "discriminator=null"]
    name = "tiny/vit/predictive.yaml"
    config = config_of(name, *words)
    vae = PredictiveVAE(config.backbone.build(), pad=config.pad)
    engine = Engine(vae, config=config.engine, optimizer=config.optimizer, accumulation=1)
    recon, mean, logvar = engine(torch.rand(1, 3, 9, 32, 32), 0, None)
    engine.backward(recon.sum() + mean.sum() + logvar.sum())
    engine.step(lr=1e-4)
    engine.snapshot()(tmp_path / "generator")
    save_file(engine.weights(averaged=True), tmp_path / "vae.safetensors")
    written = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert checkpoint_bytes(stage(name, *words)) == pytest.approx(written, rel=0.1)
