"""What a dry run refuses, and the data that it makes up; test_dry_run.py of launchers runs it."""

from pathlib import Path

import pytest

from pvvae.data.latent_shards import LatentDataset
from pvvae.data.schedule import Bucket
from pvvae.data.shards.index import ShardIndex, check_shards, require_size
from pvvae.errors import ConfigError
from pvvae.planning import dry_run
from pvvae.planning import dry_run as dry_run_module
from pvvae.planning.synthetic_data import made_up_clips, made_up_latents
from tests.pvvae.planning.stages import config_of, stage


def test_too_little_memory_is_said_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dry_run_module.os, "sysconf", lambda name: 1)
    name = "tiny/vit/predictive.yaml"
    with pytest.raises(ConfigError, match=r"needs about 0 GB of memory, 0 GB are free; `pvvae pl"):
        dry_run.dry_run(config_of(name), stage(name), freeze_encoder=False, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_made_up_clips_fit_every_bucket_and_every_process(tmp_path: Path) -> None:
    wide = Bucket(frames=5, height=32, width=48, batch=1)
    long = Bucket(frames=9, height=32, width=32, batch=1)
    index = ShardIndex.open(made_up_clips(tmp_path, (wide, long), stride=2, processes=3))
    check_shards(index, 3)
    require_size(index, frames=17, height=32, width=48)


def test_made_up_latents_have_every_class(tmp_path: Path) -> None:
    latents = LatentDataset(made_up_latents(tmp_path, (2, 3, 4), channels=5, classes=3) / "train")
    assert latents.shape == (5, 2, 3, 4)
    assert sorted(latents[i][2] for i in range(len(latents))) == [0, 0, 1, 1, 2, 2]
    assert len(latents.classes) == 3
