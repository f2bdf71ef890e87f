"""Samples that cannot be made are refused in one line, before any is."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from pvvae.denoiser.rectified_flow import SamplerConfig
from pvvae.errors import ConfigError
from pvvae.pretrained.runs import load_vae
from stages import generate
from tests.stages.short import run_stage
from tests.stages.toy_runs import SMALL, cache, save, vae_run
from tests.toy_clips import pack_toy_clips

pytestmark = pytest.mark.usefixtures("group")


@pytest.fixture(scope="module")
def runs(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Latte with classes, without, and without null label; VAEs, of which one made the latents."""
    folder = tmp_path_factory.mktemp("refused")
    latents = cache(shards, folder, vae_run(folder / "vae"))
    vae_run(folder / "other", seed=1)
    vae_run(folder / "wide", channels=8)
    for name, word in (
        ("latte", "history=0.5"),
        ("unconditional", "denoiser.num_classes=0"),
        ("sure", "label_dropout=0"),
    ):
        words = [f"run={folder}/{name}", f"latents={latents}", "steps=1", word]
        run_stage("latte", shards, folder, *SMALL, *words)
    return folder


def sample(shards: Path, runs: Path, out: Path, *words: str) -> None:
    paths = [f"run={out}", f"latte={runs}/latte", f"vae={runs}/vae", "num=1", "sampler.steps=1"]
    run_stage("generate", shards, runs, *paths, *words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["vae=RUNS/other"], r"^vae: .*/other has another encoder than the one whose latents"),
        (["vae=RUNS/wide"], r"^vae: .*/wide decodes latents of 8 channels, Latte learned 4$"),
        (["classes=[cats,cows]"], r"^classes: no class is called 'cows'; known: cats, dogs$"),
        (
            ["latte=RUNS/unconditional", "classes=[cats]"],
            r"^classes: .* 'cats'; known: none, for .*/unconditional learned without classes$",
        ),
        (
            ["latte=RUNS/unconditional", "sampler.guidance=2"],
            r"^sampler\.guidance: .*/unconditional was trained without classes, so there is no ",
        ),
        (
            ["latte=RUNS/sure", "sampler.guidance=2"],
            r"^sampler\.guidance: .*/sure was trained with label_dropout: 0, so there is no ",
        ),
        (["frames=18"], r"^frames, height, width: .* got 18; nearest valid lengths: 17, 21$"),
        (["width=50"], r"^frames, height, width: .*50"),
        (["formats=[avi]"], r"formats\[0\]: must be one of mp4, gif, frames, sheet; got 'avi'$"),
        (["precision=fp16"], r"precision: must be one of fp32, bf16; got 'fp16'$"),
        (["known=2", "first=RUNS/short/shards/train"], r"too few frames: .* has 3, 5 are needed"),
        (["known=5"], r"^known: a window of 5 groups can go on from 1 to 4, got 5$"),
        (["latte=RUNS/vae"], r"/vae is a run of stage predictive; sampling needs one of stage"),
    ],
)
def test_what_cannot_be_sampled_is_refused(words, message, runs, shards, tmp_path):
    if "first" in str(words) and not (runs / "short").exists():
        pack_toy_clips(runs / "short", frames=3)
    with pytest.raises(ConfigError, match=message) as caught:
        sample(shards, runs, tmp_path / "out", *(word.replace("RUNS", str(runs)) for word in words))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out/clips").exists()


def test_another_decoder_of_the_same_encoder_is_welcome(runs, shards, tmp_path):
    tuned = tmp_path / "tuned"
    shutil.copytree(runs / "vae", tuned)
    weights = load_vae(tuned).state_dict()
    decoder = [name for name in weights if name.startswith("backbone.decoder.")]
    save(tuned, "vae", weights | {name: weights[name] + 0.1 for name in decoder}, step=2)
    sample(shards, runs, tmp_path / "out", f"vae={tuned}")
    sample(shards, runs, tmp_path / "plain")
    clips = [(tmp_path / run / "clips/000000.npy").read_bytes() for run in ("out", "plain")]
    assert decoder
    assert clips[0] != clips[1]


def test_a_class_without_clips_is_neither_drawn_nor_accepted():
    config = generate.Config(
        run="out", latte="latte", vae="vae", num=1, classes=(), sampler=SamplerConfig(steps=1)
    )
    classes, learned = ("ant", "bee", "cat"), (0, 2)
    assert generate._class_indices(config, classes, learned) == [0, 2]
    chosen = dataclasses.replace(config, classes=("cat",))
    assert generate._class_indices(chosen, classes, learned) == [2]
    for name, message in (("bee", "no clip was learned of 'bee'"), ("0", "no class is called '0'")):
        with pytest.raises(ConfigError, match=rf"^classes: {message}; known: ant, cat$"):
            generate._class_indices(dataclasses.replace(config, classes=(name,)), classes, learned)
