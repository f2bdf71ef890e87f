"""What a run says about its data, in every stage that trains."""

import json

from tests.stages.short import run_stage


def test_stages_of_clips_and_of_latents_count_the_same_clips(whole):
    facts = {
        stage: json.loads((whole / stage / "data.json").read_text())
        for stage in ("image_pretrain", "predictive", "decoder_finetune", "latte")
    }
    assert {f["unique_samples"] for f in facts.values()} == {8}
    assert {f["steps"] for f in facts.values()} == {5}
    for of in facts.values():
        assert of["epochs"] == of["drawn"] / 8
    assert (facts["latte"]["drawn"], facts["latte"]["samples"]) == (20, 8)


def test_latents_of_mirrored_clips_are_of_no_more_clips(shards, whole, tmp_path):
    latents = tmp_path / "latents"
    run_stage("extract_latents", shards, whole, f"run={latents}", "flips=true")
    run_stage("latte", shards, whole, f"run={tmp_path}/latte", f"latents={latents}", "steps=1")
    facts = json.loads((tmp_path / "latte/data.json").read_text())
    assert (facts["samples"], facts["drawn"], facts["unique_samples"]) == (16, 4, 4)
    assert facts["epochs"] == 0.5
    assert json.loads((latents / "train/stats.json").read_text())["unique"] == 8
