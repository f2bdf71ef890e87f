"""FLOPs of runs, from the configs that lie in their folders."""

from pathlib import Path

import pytest
import yaml

from launchers.studies.arithmetic import flops_of
from pvvae.study.expansion import Task
from stages import program


def task(folder: Path, **plain: object) -> Task:
    return Task(stage="it", address="0" * 64, seed=0, folder=folder, sets={}, plain=plain, needs={})


def trained(config: Path, folder: Path, *overrides: str) -> Task:
    """As if it had been: its resolved config lies where a run leaves it."""
    _, found = program.load(config, [f"run={folder}", *overrides])
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(program.resolved(found)))
    return task(folder, stage="predictive")


def test_twice_the_steps_are_twice_the_flops(config: Path, tmp_path: Path) -> None:
    one = flops_of(trained(config, tmp_path / "one", "steps=600"))
    two = flops_of(trained(config, tmp_path / "two", "steps=1200"))
    assert two == pytest.approx(2 * one, rel=1e-9) and one > 0


def test_a_command_and_a_stage_without_training_have_none(tmp_path: Path) -> None:
    assert flops_of(task(tmp_path, command="pvvae data scenes")) == 0
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"stage": "extract_latents", "run": "r", "vae": "v", "train": "t"})
    )
    assert flops_of(task(tmp_path, stage="extract_latents")) == 0
