"""When the networks of a VAE stage learn, and how fast."""

from pathlib import Path

import pytest

from pvvae.errors import ConfigError
from pvvae.vae.config import VAETrainingConfig
from stages import program

ROOT = Path(__file__).resolve().parents[3]


def config(path: str, *overrides: str) -> VAETrainingConfig:
    _, found = program.load(ROOT / path, list(overrides))
    assert isinstance(found, VAETrainingConfig)
    return found


def test_the_discriminator_warms_up_from_its_own_first_step():
    predictive = config("configs/cnn/predictive.yaml")
    start, base = predictive.objective.discriminator_start, predictive.discriminator_optimizer.lr
    assert (start, predictive.discriminator_optimizer.warmup) == (5_000, 1_000)
    assert predictive.discriminator_rate(start) == pytest.approx(base / 1_000)
    assert predictive.discriminator_rate(start + 499) == pytest.approx(base / 2)
    assert predictive.discriminator_rate(start + 999) == pytest.approx(base)
    assert predictive.discriminator_rate(predictive.steps) == pytest.approx(base / 10)


def test_a_discriminator_that_is_there_from_the_start_keeps_the_stages_schedule():
    finetune = config("configs/cnn/decoder_finetune.yaml")
    for step in (0, 499, 20_000, finetune.steps - 1):
        expected = finetune.discriminator_optimizer.rate(step, finetune.steps)
        assert finetune.discriminator_rate(step) == expected


def test_a_discriminator_cannot_begin_before_the_stage():
    early = config("configs/cnn/predictive.yaml", "objective.discriminator_warmup=9000")
    assert early.objective.discriminator_start == 0
    assert early.discriminator_rate(0) == early.discriminator_optimizer.lr / 1_000


def test_a_stage_before_that_is_not_there_is_named_with_the_ways_to_do_without(tmp_path):
    missing = config("configs/cnn/predictive.yaml", f"init={tmp_path}/image_pretrain")
    with pytest.raises(
        ConfigError, match="image_pretrain: no such run folder; train the stage before"
    ):
        missing.check(1)
    with pytest.raises(ConfigError, match="or start from scratch with init=null"):
        missing.check(1)
    assert config("configs/own/cnn.yaml").init is None
