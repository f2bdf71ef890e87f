"""Videos longer and larger than what Latte learned, and videos that go on from others."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pvvae.data.clips import held_out_clips
from pvvae.errors import ConfigError
from tests.stages.short import run_stage
from tests.stages.toy_runs import SMALL, cache, vae_run

pytestmark = pytest.mark.usefixtures("group")

SHORT = ("num=2", "sampler.steps=2")


@pytest.fixture(scope="module")
def runs(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained VAE, a Latte that learned to go on from what it is given, and a plain one."""
    folder = tmp_path_factory.mktemp("history")
    cache(shards, folder, vae_run(folder / "decoder_finetune"), "height=32", "width=32")
    latte = [*SMALL, "steps=2", "denoiser.positions=rope"]
    run_stage("latte", shards, folder, *latte, "history=0.5")
    run_stage("latte", shards, folder, *latte, f"run={folder}/plain")
    return folder


def clips(run: Path) -> list[np.ndarray]:
    return [np.load(path) for path in sorted((run / "clips").glob("*.npy"))]


def test_a_video_can_be_longer_and_larger_than_those_that_were_learned(runs, shards, tmp_path):
    run = tmp_path / "longer"
    run_stage("generate", shards, runs, *SHORT, f"run={run}", "frames=25", "height=48", "width=64")
    assert [clip.shape for clip in clips(run)] == [(25, 48, 64, 3)] * 2


def test_a_video_goes_on_from_the_frames_it_is_given(runs, shards, tmp_path):
    run, words = tmp_path / "onward", ["frames=33", "known=2", f"first={shards}/held_out"]
    run_stage("generate", shards, runs, *SHORT, f"run={run}", *words)
    given = held_out_clips(shards / "held_out", frames=5, height=32, width=32)
    for made, first in zip(clips(run), given, strict=False):
        assert made.shape == (33, 32, 32, 3)
        assert np.array_equal(made[:5], first.frames)
        assert not np.array_equal(made[5:17], made[17:29])


def test_a_rollout_begins_as_a_clip_does_and_a_longer_one_as_a_shorter(runs, shards, tmp_path):
    made = {}
    for frames in (17, 21, 33):
        run = tmp_path / str(frames)
        words = [f"run={run}", f"frames={frames}", "known=1"]
        run_stage("generate", shards, runs, *SHORT, *words)
        made[frames] = clips(run)
    run_stage("generate", shards, runs, *SHORT, f"run={tmp_path / 'whole'}")
    for i, whole in enumerate(clips(tmp_path / "whole")):
        assert np.array_equal(made[17][i], whole)
        assert np.array_equal(made[21][i][:17], whole)
        assert np.array_equal(made[33][i][:21], made[21][i])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["frames=16"], r"^frames, height, width: .* got 16; nearest valid lengths: 13, 17$"),
        (["height=40"], r"^frames, height, width: .*40"),
        (["known=5"], r"^known: a window of 5 groups can go on from 1 to 4, got 5$"),
        (["known=1", "num=999"], None),
    ],
)
def test_what_cannot_be_generated_is_refused(words, message, runs, shards, tmp_path):
    if message is None:
        words, message = [*words, f"first={shards}/held_out"], r"^first: .* clips, num asks for 999"
    with pytest.raises(ConfigError, match=message):
        run_stage("generate", shards, runs, *SHORT, f"run={tmp_path / 'run'}", *words)


def test_a_latte_that_never_learned_to_go_on_is_refused(runs, shards, tmp_path):
    words = [*SHORT, f"run={tmp_path / 'run'}", f"latte={runs}/plain", "known=1"]
    with pytest.raises(ConfigError, match=r"^known: .*/plain was trained with history: 0"):
        run_stage("generate", shards, runs, *words)


def test_beginnings_without_a_number_of_groups_are_refused(runs, shards, tmp_path):
    with pytest.raises(ValueError, match=r"first: needs known: 1 or more"):
        run_stage("generate", shards, runs, f"run={tmp_path / 'run'}", f"first={shards}/held_out")


def test_a_latte_of_another_version_is_named(runs, shards, tmp_path):
    latte = tmp_path / "latte"
    shutil.copytree(runs / "latte", latte)
    config = latte / "config.yaml"
    config.write_text(config.read_text().replace("qk_norm: false", "wide: false"))
    with pytest.raises(ConfigError, match=r"/latte: another version made it; denoiser\.wide: "):
        run_stage("generate", shards, runs, f"run={tmp_path / 'run'}", f"latte={latte}")
