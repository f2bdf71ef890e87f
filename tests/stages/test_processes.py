"""ZeRO stages and numbers of processes change where things are, not what comes out.

The plain case, over fifty steps, is in ``test_curves.py``; here are the others, over a few.
"""

from pathlib import Path

import pytest

from tests.processes import run_group
from tests.stages.curves import NAMES, SHARDED, SMOOTH, curve, vit
from tests.stages.short import run_stage

# Its runs are made by whichever test comes first.
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(900)]

ZERO = (0, 1, 2, 3)

RECOMPUTED = "engine.activation_checkpointing=all"
AGAIN = [(0, "batch"), (1, "sample"), (2, "batch"), (3, "batch"), (3, "sample")]
"""ZeRO stages and ways to drop that are run once more: all segments recomputed, all offloaded."""
OFFLOADED = "engine.offload=optimizer discriminator_engine.offload=optimizer"
LECAM = "objective.weight_lecam=0.5 objective.lecam_decay=0.5"


@pytest.fixture(scope="module")
def runs(shards: Path, tmp_path_factory: pytest.TempPathFactory, group: None) -> Path:
    """Image pretraining by this process alone; then everything else by two, and some by one."""
    folder = tmp_path_factory.mktemp("processes")
    run_stage("image_pretrain", shards, folder)
    plain = [(k, "sample") for k in ZERO] + [(k, "batch") for k in (0, 2, 3)]
    jobs = [
        f"zero{k}{how} predictive engine.zero_stage={k} objective.drop={how}" for k, how in plain
    ]
    jobs += [
        f"recomputed{k}{how} predictive engine.zero_stage={k} objective.drop={how} {RECOMPUTED}"
        for k, how in AGAIN
    ]
    jobs += [
        f"offloaded{k}{how} predictive engine.zero_stage={k} objective.drop={how} {OFFLOADED}"
        for k, how in AGAIN[1:]
    ]
    jobs += [f"judge{k} predictive discriminator_engine.zero_stage={k}" for k in (0, 2, 3)]
    jobs += [f"vit{k} predictive engine.zero_stage={k} {vit()}" for k in (2, 3)]
    jobs += [f"lecam predictive objective.drop=sample {LECAM}"]
    run_jobs(shards, folder, jobs)
    for name, extra in (("alone", ""), ("lecamalone", LECAM)):
        words = [f"run={folder}/{name}", "objective.drop=sample", *SMOOTH, *extra.split()]
        run_stage("predictive", shards, folder, *words)
    jobs = ["finetune2 decoder_finetune", "finetune3 decoder_finetune engine.zero_stage=3"]
    jobs += [f"finetune4 decoder_finetune engine.zero_stage=3 {RECOMPUTED}"]
    run_jobs(shards, folder, [f"{job} init={folder}/zero2batch" for job in jobs])
    return folder


def run_jobs(shards: Path, folder: Path, jobs: list[str]) -> None:
    jobs = [" ".join([job, *SMOOTH, *SHARDED]) for job in jobs]
    run_group(["-m", "tests.stages.worker", str(shards), str(folder), *jobs], processes=2)


@pytest.mark.parametrize("k", ZERO[1:])
@pytest.mark.parametrize("name", NAMES)
def test_a_drop_for_each_clip_changes_nothing_under_any_stage(runs, k, name):
    expected = curve(runs / "zero0sample", name)
    assert len(expected) >= 2
    assert curve(runs / f"zero{k}sample", name) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("k", "how"), AGAIN)
def test_recomputing_changes_nothing(runs, k, how):
    for name in NAMES:
        expected = curve(runs / f"zero{k}{how}", name)
        assert len(expected) >= 2
        assert curve(runs / f"recomputed{k}{how}", name) == expected


@pytest.mark.parametrize(("k", "how"), AGAIN[1:])
def test_offloading_changes_nothing(runs, k, how):
    for name in NAMES:
        expected = curve(runs / f"zero{k}{how}", name)
        assert curve(runs / f"offloaded{k}{how}", name) == pytest.approx(expected, rel=1e-5)


def test_recomputing_beside_a_frozen_encoder_changes_nothing(runs):
    for name in NAMES:
        assert curve(runs / "finetune4", name) == curve(runs / "finetune3", name)


@pytest.mark.parametrize("k", [0, 2, 3])
def test_the_discriminators_own_stage_changes_nothing(runs, k):
    for name in NAMES:
        expected = curve(runs / "zero2batch", name)
        assert curve(runs / f"judge{k}", name) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_transformer_too(runs):
    for name in NAMES:
        expected = curve(runs / "vit2", name)
        assert curve(runs / "vit3", name) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_a_frozen_encoder_too(runs):
    for name in NAMES:
        expected = curve(runs / "finetune2", name)
        assert curve(runs / "finetune3", name) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_one_process_sees_what_two_see(runs, name):
    # The adaptive GAN weight too, whose norms are of gradients summed over both slots.
    expected = curve(runs / "alone", name)
    assert curve(runs / "zero2sample", name) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_averages_of_lecam_are_over_all_processes(runs):
    for name in ("lecam", *NAMES):
        expected = curve(runs / "lecamalone", name)
        assert curve(runs / "lecam", name) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_held_out_values_are_the_same_from_one_process_as_from_two(runs):
    for name in ("psnr", "prediction_mse", "lpips"):
        expected = curve(runs / "zero2sample", name, kind="held_out")
        assert curve(runs / "alone", name, kind="held_out") == pytest.approx(expected, rel=2e-4)
