"""What a config wants of a machine, and what its stage would say here."""

from pathlib import Path

import pytest

from launchers.commands.plan import FRACTION
from pvvae.doctor.stage import stage, time_left, wanted_by, with_plan
from stages import program
from tests.processes import ROOT

TINY = ROOT / "configs/tiny/vit/predictive.yaml"
PAPER = ROOT / "configs/cnn/predictive.yaml"


def _config(path: Path, *overrides: str):
    return program.load(path, overrides)[1]


def test_workers_batches_weights_and_parts_are_the_configs():
    wanted = wanted_by(_config(PAPER, "engine.offload=optimizer"), processes=8, nodes=2)
    assert (wanted.processes, wanted.nodes, wanted.workers) == (8, 2, 4)
    assert wanted.batch_bytes == 4 * 17 * 256 * 256 * 3
    assert wanted.weights == ("LPIPS, VGG16",)
    assert wanted.needs("compiler")
    assert wanted.run == Path("runs/cnn/predictive")


def test_a_kernel_named_in_a_config_is_needed():
    wanted = wanted_by(_config(TINY, "backbone.attention_backend=xformers"), processes=1)
    assert wanted.needs("xformers")
    assert not wanted_by(_config(TINY), processes=1).needs("sdpa")


def test_memory_and_disk_are_those_of_a_plan():
    wanted = wanted_by(_config(TINY), processes=2)
    planned = with_plan(wanted, freeze_encoder=False, fraction=FRACTION)
    alone = with_plan(
        wanted_by(_config(TINY), processes=1), freeze_encoder=False, fraction=FRACTION
    )
    assert planned.disk_bytes == alone.disk_bytes
    assert planned.host_bytes is not None
    assert planned.host_bytes > (alone.host_bytes or 0)


def test_what_the_stage_refuses_is_wrong_before_it_begins():
    (found,) = stage(wanted_by(_config(TINY, "init=runs/gone"), processes=1))
    assert (found.right, found.found[:15]) == (False, "init: runs/gone")


@pytest.mark.parametrize(("ends", "right"), [("7200", None), ("18000", True)])
def test_hours_are_held_against_the_jobs_limit(ends, right):
    found = time_left(3.0, {"SLURM_JOB_END_TIME": ends}, now=0.0)
    assert found.right is right
    assert found.found == f"3.0 by `pvvae plan`, {int(ends) / 3600:.1f} to the job's time limit"
    assert time_left(3.0, {}, now=0.0).found == "3.0 by `pvvae plan` on what is here"
