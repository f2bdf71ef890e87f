"""Two processes and all that a run can have switched on: cut in two it writes the same lines."""

import json
from pathlib import Path

import pytest

from tests.processes import run_group
from tests.stages.curves import SHARDED, in_words
from tests.stages.cuts import COMMON, SMALL, VAE, metrics
from tests.stages.short import run_stage

# Its runs are made by whichever test comes first.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1500)]

ZERO = (0, 1, 2, 3)
CUT = 3
"""The step that a run never takes before it is cut: one after a checkpoint, so that one is lost."""
FRAME = {"discriminator": {"name": "patchgan2d", "channels": 8, "layers": 2}}
STAGES = {
    "image_pretrain": VAE | FRAME,
    "predictive": VAE,
    "decoder_finetune": VAE,
    "latte": COMMON | {"slots": 4},
}
"""Averages, GAN, two slots a process, several shapes (see ``short.py``), several kinds of steps."""


@pytest.fixture(scope="module")
def runs(shards: Path, tmp_path_factory: pytest.TempPathFactory, group: None) -> Path:
    """What the stages start from; then each of them whole, and cut in two with wandb on."""
    folder = tmp_path_factory.mktemp("cuts")
    before = tuple(in_words(SMALL))
    run_stage("image_pretrain", shards, folder, *before, "steps=1")
    run_stage("predictive", shards, folder, *before, "steps=1", "discriminator.channels=8")
    run_stage("extract_latents", shards, folder, f"vae={folder}/predictive")
    jobs = []
    for stage, settings in STAGES.items():
        for k in ZERO:
            words = [stage, *in_words(settings), f"engine.zero_stage={k}", *sharded(stage)]
            words += [f"init={folder}/predictive"] if stage == "decoder_finetune" else []
            logged = [f"cut_{stage}{k}", *words, "tracking.wandb=offline"]
            jobs += [[f"whole_{stage}{k}", *words], [*logged, f"until={CUT}"], logged]
    worker = ["-m", "tests.stages.worker", str(shards), str(folder), *map(" ".join, jobs)]
    run_group(worker, processes=2, timeout=1200)
    return folder


def sharded(stage: str) -> list[str]:
    return SHARDED if stage != "latte" else ["engine.persistent_elements=0"]


@pytest.mark.parametrize("k", ZERO)
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_cut_in_two_writes_the_lines_of_a_run_in_one_piece(stage, k, runs):
    whole, cut = runs / f"whole_{stage}{k}", runs / f"cut_{stage}{k}"
    assert metrics(cut) == metrics(whole)
    assert files(cut) == files(whole)
    steps = [json.loads(x)["step"] for x in metrics(whole) if json.loads(x)["kind"] == "train"]
    assert steps == [1, 2, 3, 4, 5]


def files(run: Path) -> dict[str, bytes]:
    """Weights, every process's part of the checkpoints, and samples; not wandb's copies."""
    found = [p for kind in ("safetensors", "mp4") for p in run.rglob(f"*.{kind}")]
    named = {str(p.relative_to(run)): p for p in found if "wandb" not in p.parts}
    return {name: path.read_bytes() for name, path in named.items()}


@pytest.mark.parametrize("k", ZERO)
@pytest.mark.parametrize("stage", STAGES)
def test_everything_was_on(stage, k, runs):
    last = [json.loads(x) for x in metrics(runs / f"whole_{stage}{k}")]
    last = [line for line in last if line["kind"] == "train"][-1]
    assert ("gan_scale" in last) == (stage != "latte")
    assert len(list((runs / f"cut_{stage}{k}/wandb").glob("offline-run-*"))) == 2
    newest = max((runs / f"whole_{stage}{k}/checkpoints").glob("step_*"))
    engine = "denoiser" if stage == "latte" else "generator"
    kept = json.loads((newest / "manifest.json").read_text())["files"]
    assert (f"{engine}/part_00001.safetensors" in kept) == (k > 0)
