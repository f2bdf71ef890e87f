"""A run cut in two equals a run in one piece, for every stage."""

import importlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pvvae.files import write_array
from pvvae.training import VAETrainer
from tests.stages.short import STAGES, run_stage

pytestmark = pytest.mark.usefixtures("group")


@pytest.fixture(scope="module")
def whole(shards: Path, tmp_path_factory: pytest.TempPathFactory, group: None) -> Path:
    """Every stage in one piece."""
    runs = tmp_path_factory.mktemp("whole")
    for stage in STAGES:
        run_stage(stage, shards, runs)
    return runs


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


def dying(function, *, calls: int):
    """``function`` for so many calls, then the end."""
    left = calls

    def call(*args, **kwargs):
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return function(*args, **kwargs)

    return call


CUTS = {
    "image_pretrain": ("pvvae.training.VAETrainer.step", 3),
    "predictive": ("pvvae.training.VAETrainer.step", 3),
    "decoder_finetune": ("pvvae.training.VAETrainer.step", 3),
    "extract_latents": ("stages.extract_latents.write_shard", 1),
    "latte": ("pvvae.denoising.DenoiserTrainer.step", 3),
    "generate": ("stages.generate.write_array", 3),
    "evaluate_reconstruction": ("stages.evaluate_reconstruction.write_array", 3),
    "evaluate_generation": ("stages.evaluate_generation.write_json", 0),
}
"""What the stage is doing when it dies, and after how many of them."""


def metrics(run: Path) -> list[str]:
    """Lines of metrics.jsonl without what depends on the clock."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.dumps({k: v for k, v in json.loads(x).items() if k != "times"}) for x in lines]


def results(run: Path) -> dict[str, bytes]:
    """Every result file of a run that must be the same byte for byte."""
    suffixes = (".npy", ".safetensors", ".mp4")
    found = (
        p for p in sorted(run.rglob("*")) if p.suffix in suffixes and "generator" not in p.parts
    )
    return {str(p.relative_to(run)): p.read_bytes() for p in found}


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_cut_in_two_equals_a_run_in_one_piece(stage, whole, shards, tmp_path, monkeypatch):
    for earlier in whole.iterdir():
        if earlier.name != stage:
            (tmp_path / earlier.name).symlink_to(earlier)
    where, calls = CUTS[stage]
    module, name = where.rsplit(".", 1)
    with monkeypatch.context() as patch:
        owner = _resolve(module)
        patch.setattr(owner, name, dying(getattr(owner, name), calls=calls))
        with pytest.raises(Killed):
            run_stage(stage, shards, tmp_path)
    assert not (tmp_path / stage / "finished.json").exists()
    run_stage(stage, shards, tmp_path)
    assert metrics(tmp_path / stage) == metrics(whole / stage)
    assert results(tmp_path / stage) == results(whole / stage)


def test_the_averages_of_lecam_go_on_where_they_were(shards, tmp_path, monkeypatch):
    extra = (
        "init=null",
        "objective.gan_start=1",
        "objective.weight_lecam=0.5",
        "objective.lecam_decay=0.5",
    )
    run_stage("predictive", shards, tmp_path, *extra, f"run={tmp_path}/whole")
    with monkeypatch.context() as patch:
        patch.setattr(VAETrainer, "step", dying(VAETrainer.step, calls=3))
        with pytest.raises(Killed):
            run_stage("predictive", shards, tmp_path, *extra)
    run_stage("predictive", shards, tmp_path, *extra)
    assert metrics(tmp_path / "predictive") == metrics(tmp_path / "whole")
    assert results(tmp_path / "predictive") == results(tmp_path / "whole")
    held = [json.loads(line).get("lecam") for line in metrics(tmp_path / "whole")]
    held = [value for value in held if value is not None]
    assert held[0] == 0.0  # no averages yet
    assert all(value > 0.0 for value in held[1:])
    path = max((tmp_path / "whole/checkpoints").glob("step_*")) / "lecam.json"
    assert json.loads(path.read_text()).keys() == {"real", "fake"}


def _resolve(path: str) -> object:
    """A module, or a class in one, by its dotted path."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        parent, name = path.rsplit(".", 1)
        return getattr(importlib.import_module(parent), name)


def test_a_finished_run_is_left_alone(whole, shards, monkeypatch):
    before = results(whole / "predictive")
    monkeypatch.setattr(VAETrainer, "step", dying(VAETrainer.step, calls=0))
    run_stage("predictive", shards, whole)
    assert results(whole / "predictive") == before


def test_decoder_finetuning_leaves_encoder_and_pad_as_they_were(whole):
    before = last_weights(whole / "predictive")
    after = last_weights(whole / "decoder_finetune")
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith("backbone.decoder.") for name in moved)


def last_weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(max((run / "checkpoints").glob("step_*")) / "vae.safetensors")


def test_the_damaged_newest_checkpoint_is_passed_over(whole, shards, tmp_path, capsys):
    for earlier in whole.iterdir():
        if earlier.name != "predictive":
            (tmp_path / earlier.name).symlink_to(earlier)
    run_stage("predictive", shards, tmp_path)
    run = tmp_path / "predictive"
    (run / "finished.json").unlink()
    newest = max((run / "checkpoints").glob("step_*")) / "vae.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1] + b"?")
    run_stage("predictive", shards, tmp_path)
    assert "vae.safetensors is not what was written" in capsys.readouterr().err
    assert metrics(run) == metrics(whole / "predictive")


def test_samples_depend_on_seed_and_number_alone(whole, shards, tmp_path):
    for earlier in whole.iterdir():
        (tmp_path / earlier.name).symlink_to(earlier)
    (tmp_path / "generate").unlink()
    run_stage("generate", shards, tmp_path, "num=3")
    for name in ("000000.npy", "000001.npy"):
        clips = (tmp_path / "generate/clips" / name, whole / "generate/clips" / name)
        assert clips[0].read_bytes() == clips[1].read_bytes()


def test_arrays_are_written_whole(tmp_path):
    write_array(tmp_path / "a" / "b.npy", torch.arange(4).numpy())
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.npy"]
