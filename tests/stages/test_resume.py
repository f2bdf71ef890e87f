"""A run cut in two equals a run in one piece, for every stage."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from launchers import cli
from pvvae.denoiser.trainer import DenoiserTrainer
from pvvae.engine.fragments import FragmentReader
from pvvae.errors import ConfigError
from pvvae.files import write_array
from pvvae.metrics import results as results_module
from pvvae.pretrained.runs import load_vae
from pvvae.run.item_results import ItemResults
from pvvae.run.progress_file import ItemProgress
from pvvae.run.stop_request import VARIABLE, Stopped
from pvvae.vae.trainer import VAETrainer
from stages import evaluate_reconstruction, extract_latents, generate
from tests.stages.cuts import Killed, dying, metrics, results
from tests.stages.short import STAGES, run_stage

pytestmark = pytest.mark.usefixtures("group")


CUTS = {
    "image_pretrain": (VAETrainer, "step", 3),
    "predictive": (VAETrainer, "step", 3),
    "decoder_finetune": (VAETrainer, "step", 3),
    "extract_latents": (extract_latents, "write_shard", 1),
    "latte": (DenoiserTrainer, "step", 3),
    "generate": (generate, "write_array", 3),
    "evaluate_reconstruction": (evaluate_reconstruction, "write_array", 3),
    "evaluate_generation": (ItemResults, "keep", 2),
}
"""What the stage is doing when it dies, and after how many of them."""


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_cut_in_two_equals_a_run_in_one_piece(stage, whole, shards, tmp_path, monkeypatch):
    for earlier in whole.iterdir():
        if earlier.name != stage:
            (tmp_path / earlier.name).symlink_to(earlier)
    owner, name, calls = CUTS[stage]
    with monkeypatch.context() as patch:
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


def test_the_averages_of_lecam_come_along_from_the_stage_before(shards, tmp_path):
    lecam = ("objective.weight_lecam=0.5", "objective.lecam_decay=0.5", "steps=2")
    gan = ("objective.gan_start=0", "objective.discriminator_warmup=0")
    run_stage("predictive", shards, tmp_path, "init=null", *gan, *lecam)
    before = max((tmp_path / "predictive/checkpoints").glob("step_*")) / "lecam.json"
    run_stage("decoder_finetune", shards, tmp_path, *lecam, f"run={tmp_path}/with")
    before.unlink()  # as if the stage before had done without; a manifest would miss it
    manifest = json.loads((before.parent / "manifest.json").read_text())
    del manifest["files"]["lecam.json"]
    (before.parent / "manifest.json").write_text(json.dumps(manifest))
    run_stage("decoder_finetune", shards, tmp_path, *lecam, f"run={tmp_path}/without")
    first = {name: json.loads(metrics(tmp_path / name)[1])["lecam"] for name in ("with", "without")}
    assert first["with"] > 0.0
    assert first["without"] == 0.0


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


def test_an_export_of_decoder_finetuning_is_whole_without_the_stage_before(whole, tmp_path):
    # Its engine knows nothing of the frozen encoder: what is exported must not be put together
    # from the engine's parts, nor from the folder that init names, which is not there.
    shutil.copytree(whole / "decoder_finetune", tmp_path / "moved")
    run, out = tmp_path / "moved", tmp_path / "vae.safetensors"
    config = yaml.safe_load((run / "config.yaml").read_text())
    (run / "config.yaml").write_text(yaml.safe_dump(config | {"init": str(tmp_path / "gone")}))
    assert cli.main(["export", str(run), str(out)]) == 0
    found = load_file(out)
    before, trained = last_weights(whole / "predictive"), last_weights(run)
    assert found.keys() == load_vae(run).state_dict().keys() == before.keys()
    assert all(torch.equal(found[name], trained[name]) for name in trained)
    encoder = [name for name in found if name.startswith("backbone.encoder.")]
    assert encoder
    assert all(torch.equal(found[name], before[name]) for name in encoder)
    parts = FragmentReader(max((run / "checkpoints").glob("step_*")) / "generator")
    assert not any(name.startswith("backbone.encoder.") for name in parts.shapes)


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


def test_an_evaluation_says_how_the_samples_were_made(whole):
    found = json.loads((whole / "evaluate_generation" / "results.json").read_text())
    assert found["protocol"]["sampling"]["sampler"]["steps"] == 3
    assert found["protocol"]["sampling"]["known"] == 0


WITHOUT_STEPS = (
    "extract_latents",
    "generate",
    pytest.param("evaluate_reconstruction", marks=pytest.mark.matrix),
    "evaluate_generation",
)


@pytest.mark.parametrize("stage", WITHOUT_STEPS)
def test_a_stage_without_steps_leaves_after_any_item_and_goes_on(
    stage, whole, shards, tmp_path, monkeypatch
):
    for earlier in whole.iterdir():
        if earlier.name != stage:
            (tmp_path / earlier.name).symlink_to(earlier)
    run = tmp_path / stage
    left = []
    with monkeypatch.context() as patch:
        patch.setenv(VARIABLE, str(tmp_path))  # it is there from the start
        while not (run / "finished.json").exists():
            try:
                run_stage(stage, shards, tmp_path)
            except Stopped:
                left.append(ItemProgress.read(run))
    assert [(s.done, s.total) for s in left] == LEAVES[stage]
    assert metrics(run) == metrics(whole / stage)
    assert results(run) == results(whole / stage)
    assert scores(run) == scores(whole / stage)
    assert not (run / "measured").exists()


LEAVES = {
    "extract_latents": [(2, 10), (4, 10), (6, 10), (8, 10)],  # shards of two clips
    "generate": [(2, 5), (4, 5)],  # blocks of two
    "evaluate_reconstruction": [(1, 2)],
    "evaluate_generation": [(1, 4), (2, 4), (3, 4)],
}
"""Clips done and in all each time the stage leaves."""


def scores(run: Path) -> dict[str, object]:
    """What an evaluation concludes, without what depends on the clock."""
    path = run / "results.json"
    return json.loads(path.read_text()) | {"times": None} if path.exists() else {}


@pytest.mark.parametrize(
    "stage",
    ["evaluate_reconstruction", pytest.param("evaluate_generation", marks=pytest.mark.matrix)],
)
def test_an_evaluation_killed_at_its_conclusion_measures_nothing_again(
    stage, whole, shards, tmp_path, monkeypatch
):
    for earlier in whole.iterdir():
        if earlier.name != stage:
            (tmp_path / earlier.name).symlink_to(earlier)
    with monkeypatch.context() as patch:
        patch.setattr(results_module, "write_json", dying(None, calls=0))
        with pytest.raises(Killed):
            run_stage(stage, shards, tmp_path)
    monkeypatch.setattr(ItemResults, "keep", dying(None, calls=0))
    run_stage(stage, shards, tmp_path)
    assert scores(tmp_path / stage) == scores(whole / stage)


CONSTANT = ("optimizer.schedule=constant", "optimizer.warmup=2")


def test_a_run_that_is_lengthened_elsewhere_equals_one_in_one_piece(shards, tmp_path):
    """More steps, the same shards under another path, another rhythm: the same weights."""
    shutil.copytree(shards, tmp_path / "copy")
    run_stage("image_pretrain", shards, tmp_path, *CONSTANT, "steps=3")
    longer = (*CONSTANT, "steps=6", "loop.checkpoint_every=3", "loop.evaluate_every=3")
    run_stage("image_pretrain", tmp_path / "copy", tmp_path, *longer)
    whole = tmp_path / "whole"
    run_stage("image_pretrain", shards, tmp_path, *CONSTANT, "steps=6", f"run={whole}")
    one, other = last_weights(tmp_path / "image_pretrain"), last_weights(whole)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    noted = json.loads((tmp_path / "image_pretrain/provenance.json").read_text())["changes"]
    keys = [line.partition(":")[0] for line in noted[0]["keys"]]
    assert keys == [
        *("data.train", "data.held_out", "steps"),
        *("loop.evaluate_every", "loop.checkpoint_every"),
    ]
    assert json.loads((tmp_path / "image_pretrain/finished.json").read_text()) == {"steps": 6}


def test_a_run_does_not_go_on_with_other_shards(shards, tmp_path):
    run_stage("image_pretrain", shards, tmp_path, *CONSTANT, "steps=2")
    other = f"data.train={shards}/held_out"
    with pytest.raises(ConfigError, match=r"another config: data\.train: "):
        run_stage("image_pretrain", shards, tmp_path, *CONSTANT, "steps=2", other)
