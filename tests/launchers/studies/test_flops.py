"""FLOPs of runs, from the configs that lie in their folders."""

from pathlib import Path

import pytest
import yaml

from launchers.studies.flops import TrainingFlops, flops_of
from pvvae.planning.compute import total_flops
from pvvae.study.spec.expansion import Task, Trial
from stages import program


def task(folder: Path, **plain: object) -> Task:
    return Task(stage="it", address="0" * 64, seed=0, folder=folder, sets={}, plain=plain, needs={})


def trained(config: Path, folder: Path, *overrides: str) -> Task:
    """As if it had been: its resolved config lies where a run leaves it."""
    _, found = program.load(config, [f"run={folder}", *overrides])
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(program.resolved(found)))
    return task(folder, stage=program.resolved(found)["stage"])


def test_twice_the_steps_are_twice_the_flops(config: Path, tmp_path: Path) -> None:
    one = flops_of(trained(config, tmp_path / "one", "steps=600"))
    two = flops_of(trained(config, tmp_path / "two", "steps=1200"))
    assert two == pytest.approx(2 * one, rel=1e-9) and one > 0


def test_a_frozen_encoder_is_spared_its_backward_pass(tmp_path: Path) -> None:
    config = Path(__file__).parents[3] / "configs/tiny/cnn/decoder_finetune.yaml"
    _, found = program.load(config, ["steps=10"])
    spared, whole = (total_flops(found, freeze_encoder=freeze) for freeze in (True, False))
    assert flops_of(trained(config, tmp_path / "run", "steps=10")) == spared < whole


def test_a_config_that_cannot_be_read_leaves_the_cost_out(config: Path, tmp_path: Path) -> None:
    one = trained(config, tmp_path / "one")
    text = (one.folder / "config.yaml").read_text()
    (one.folder / "config.yaml").write_text(text + "of_an_older_version: 1\n")
    cell = Trial(arm={}, seed=0, runs={"vae": one})
    assert TrainingFlops(tmp_path / "study").of(cell) is None
    (one.folder / "config.yaml").write_text(text)
    found = TrainingFlops(tmp_path / "study").of(cell)
    assert found == flops_of(one)
    (one.folder / "config.yaml").unlink()
    assert TrainingFlops(tmp_path / "study").of(cell) == found  # counted once


def test_a_command_and_a_stage_without_training_have_none(tmp_path: Path) -> None:
    assert flops_of(task(tmp_path, command="pvvae data scenes")) == 0
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"stage": "extract_latents", "run": "r", "vae": "v", "train": "t"})
    )
    assert flops_of(task(tmp_path, stage="extract_latents")) == 0
