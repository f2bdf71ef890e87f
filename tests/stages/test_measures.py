"""The stages that tables run beside evaluations: speed, memory, clips to show."""

import json
from pathlib import Path

import numpy as np
import pytest

from arch.interface import PeerConfig
from pvvae import config as codec
from pvvae.errors import ConfigError
from pvvae.pretrained.vae_source import fresh_vae, open_vae
from pvvae.run.stop_request import VARIABLE, Stopped
from stages import program
from stages import show_clips as show_clips_module
from tests.arch.checkout import write_checkout
from tests.launchers.conftest import packed, vae_run, videos
from tests.stages.cuts import dying
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")
__all__ = ["packed", "vae_run", "videos"]

SMALL = ["batch=1", "frames=5", "height=32", "width=32", "warmup=0", "rounds=2", "precision=fp32"]
LATTE = "denoiser={name: latte, num_classes: 2, depth: 2, width: 16, heads: 2, mlp_ratio: 1.0}"
LOAD = {"others_cores", "cores", "threads"}
"""What is said of the machine."""


def spread(*names: str) -> set[str]:
    """Each of these, and the ends between which most of its rounds lie."""
    return {f"{name}{end}" for name in names for end in ("", "_low", "_high")}


def run(stage: str, *words: str):
    start, config = program.load(CONFIGS / f"shared/{stage}.yaml", list(words))
    start(config)
    return config


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def test_speed_and_memory_of_a_vae_are_all_that_depends_on_the_clock(vae_run, tmp_path):
    found = []
    for name in ("a", "b"):
        run("measure_reconstruction", f"run={tmp_path}/{name}", f"vae={vae_run}", *SMALL)
        found.append(results(tmp_path / name))
    times = found[0]["times"]
    assert times.keys() == {"imem", *spread("ispeed", "encode_seconds", "decode_seconds"), *LOAD}
    both = times["encode_seconds"] + times["decode_seconds"]
    assert times["ispeed"] == pytest.approx(1 / both, rel=1e-6)
    assert (
        times["imem"] == found[1]["times"]["imem"] > 4 * found[0]["metrics"]["parameters"]["value"]
    )
    assert found[0] | {"times": None} == found[1] | {"times": None}
    assert found[0]["latent"] == "t4s16c4"
    assert found[0]["protocol"]["size"] == "5x32x32"
    assert found[0]["protocol"]["ispeed"]["batch"] == 1


def test_the_whole_training_step_holds_the_encoder_that_the_cached_one_lacks(vae_run, tmp_path):
    run("measure_training", f"run={tmp_path}/run", f"vae={vae_run}", LATTE, *SMALL)
    found = results(tmp_path / "run")
    times = found["times"]
    assert times.keys() == {"tmem", "tmem_cached", *spread("tspeed", "tspeed_cached"), *LOAD}
    weights = sum(p.numel() for p in open_vae(str(vae_run)).backbone.parameters())
    clip = 3 * 5 * 32 * 32
    assert times["tmem"] >= times["tmem_cached"] + 4 * (weights + clip)
    # weights, fp32 copy, average and two moments, and a gradient while it lasts
    assert times["tmem_cached"] >= 4 * 5 * found["metrics"]["denoiser_parameters"]["value"]


def test_a_peer_needs_no_weights_to_be_timed_and_nothing_is_read_of_them(tmp_path):
    facts = write_checkout(tmp_path, package="theirs_for_speed")
    fresh = fresh_vae(codec.decode(PeerConfig, facts | {"weights": "nowhere"}))
    trained = open_vae(codec.decode(PeerConfig, facts))
    sizes = [sum(p.numel() for p in vae.parameters()) for vae in (fresh, trained)]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("stage", ["measure_reconstruction", "measure_training"])
def test_a_clip_that_the_vae_does_not_take_is_one_line(stage, vae_run, tmp_path):
    words = [f"run={tmp_path}/run", f"vae={vae_run}", *SMALL, "frames=6"]
    with pytest.raises(ConfigError, match=r"a clip must have 1 \+ n \* 4 frames, got 6"):
        run(stage, *words)


def test_speed_is_that_of_one_process(vae_run, tmp_path):
    words = [f"run={tmp_path}/run", f"vae={vae_run}"]
    _, config = program.load(CONFIGS / "shared/measure_reconstruction.yaml", words)
    with pytest.raises(ConfigError, match="one process, got 2; give --processes 1"):
        config.check(2)


SHOWN = ["frames=5", "height=32", "width=32", "num=3", "chosen=[2, 0]", "pages=1"]


def test_chosen_clips_and_a_page_are_shown_as_the_vae_rebuilds_them(
    vae_run, packed, tmp_path, monkeypatch
):
    words = [f"vae={vae_run}", f"clips={packed}", *SHOWN]
    run("show_clips", f"run={tmp_path}/whole", *words)
    files = sorted(path.name for path in (tmp_path / "whole/clips").iterdir())
    assert files == [
        f"{name}_{kind}.npy"
        for name in ("000000", "000002", "text0")
        for kind in ("original", "reconstruction")
    ]
    clip = np.load(tmp_path / "whole/clips/000002_original.npy")
    assert (clip.shape, clip.dtype) == ((5, 32, 32, 3), np.uint8)
    with monkeypatch.context() as patch:
        patch.setattr(show_clips_module, "write_array", dying(None, calls=0))
        with pytest.raises(BaseException):  # noqa: B017, PT011 - Killed, which nothing may catch
            run("show_clips", f"run={tmp_path}/cut", *words)
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path))
        with pytest.raises(Stopped):
            run("show_clips", f"run={tmp_path}/cut", *words)
    run("show_clips", f"run={tmp_path}/cut", *words)
    for name in files:
        one, other = (tmp_path / run / "clips" / name for run in ("whole", "cut"))
        assert one.read_bytes() == other.read_bytes()


def test_a_clip_beyond_the_draw_is_one_line(vae_run, packed, tmp_path):
    words = [f"run={tmp_path}/run", f"vae={vae_run}", f"clips={packed}", *SHOWN, "chosen=[4]"]
    with pytest.raises(ConfigError, match="chosen: clip 4 is not among the 3 that are drawn"):
        run("show_clips", *words)
