"""Every shipped study expands, and its cells differ in what its table says and in nothing else."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest

from launchers.machines.shipped_configs import ROOT
from launchers.studies.request import StudyRequest, read
from pvvae import config as codec
from pvvae.denoiser.times import shift_of
from pvvae.study.spec.expansion import Trial

STUDIES = [p for p in sorted((ROOT / "studies").rglob("*.yaml")) if "title" in codec.read_yaml(p)]
SIZES = ["", "tiny/", "tiny/clips/"]
"""Folders of Tables 4 to 7 and Figure 5b: the paper's size, scenes, packaged clips."""
NAMES = [str(path.relative_to(ROOT / "studies")) for path in STUDIES]


def ask(name: str) -> StudyRequest:
    return read(ROOT / "studies" / name, [], seeds=None, only=None)


def cells(asked: StudyRequest) -> dict[str, Trial]:
    return {", ".join(c.arm.values()): c for c in asked.expansion.cells if c.seed == 0}


def changed(one: Trial, other: Trial) -> set[str]:
    """Keys of stages in which two cells differ."""
    return {
        f"{stage}.{line.partition(':')[0]}"
        for stage in one.runs.keys() | other.runs.keys()
        if stage in one.runs and stage in other.runs
        for line in codec.differences(one.runs[stage].plain, other.runs[stage].plain)
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_study_expands_and_opens_with_what_it_is(name: str) -> None:
    text = (ROOT / "studies" / name).read_text()
    assert text.startswith("# ") and f"pvvae study configs/studies/{name}" in text
    asked = ask(name)
    assert len(asked.expansion.cells) == len(asked.study.arms) * len(asked.study.seeds)
    assert asked.study.folder == f"runs/studies/{Path(name).with_suffix('')}"


def test_no_two_studies_share_a_folder() -> None:
    folders = [codec.read_yaml(path)["folder"] for path in STUDIES]
    assert len(set(folders)) == len(folders)


@pytest.mark.parametrize("name", ["table4.yaml", "tiny/table4.yaml", "tiny/clips/table4.yaml"])
def test_table_4_adds_one_thing_a_row(name: str) -> None:
    asked = ask(name)
    rows = list(cells(asked).values())
    steps = [changed(one, other) for one, other in pairwise(rows)]
    assert steps == [
        {"vae.objective.max_drop_ratio"},
        {"vae.objective.weight_diff"},
        {"samples.vae", "rebuilt.vae"},
    ]
    *_, motion, decoder = rows
    for shared in ("images", "vae", "latents", "latte"):
        assert motion.runs[shared] == decoder.runs[shared]
    assert len({row.runs["images"].address for row in rows}) == 1
    assert "decoder" in decoder.runs and "decoder" not in motion.runs
    assert asked.seeds == (0, 1, 2)


@pytest.mark.parametrize("name", ["table3.yaml", "tiny/table3.yaml"])
def test_table_3_probes_what_was_trained_with_prediction_and_without(name: str) -> None:
    asked = ask(name)
    without, with_it = cells(asked).values()
    assert changed(without, with_it) >= {"vae.objective.max_drop_ratio"}
    assert without.runs["vae"].address != with_it.runs["vae"].address
    assert {"flow", "next_frame", "tracking"} <= without.runs.keys()
    assert not {"samples", "generated", "rebuilt", "decoder"} & without.runs.keys()
    assert {task.seed for task in with_it.runs.values() if task.stage == "flow"} == {0}


def test_pans_are_table_4_s_first_two_rows() -> None:
    asked = ask("tiny/pans.yaml")
    before, after = cells(asked).values()
    rows = list(cells(ask("tiny/table4.yaml")).values())[:2]
    assert changed(before, after) == changed(*rows) == {"vae.objective.max_drop_ratio"}
    assert len(asked.seeds) == 5
    assert {task.stage for task in asked.expansion.tasks.values()} == {*rows[0].runs}
    finetuned = ask("tiny/pans_decoders.yaml")
    assert finetuned.seeds == asked.seeds
    own = finetuned.expansion.tasks.keys() - asked.expansion.tasks.keys()
    made = {finetuned.expansion.tasks[address].stage for address in own}
    assert made == {"decoder", "samples", "generated", "rebuilt"}


@pytest.mark.parametrize("name", ["table4", "table5", "table6", "table7"])
def test_on_packaged_clips_the_same_arms_are_asked_of_the_same_networks(name: str) -> None:
    scenes, clips = (ask(f"tiny/{data}{name}.yaml") for data in ("", "clips/"))
    assert clips.study.arms == scenes.study.arms and clips.seeds == scenes.seeds
    for one, other in zip(cells(scenes).values(), cells(clips).values(), strict=True):
        assert not {"scenes", "unseen"} & other.runs.keys()
        for key in changed(one, other):
            stage, _, what = key.partition(".")
            assert what in {
                *("data.train", "data.held_out", "held_out.clips", "steps", "num", "clips"),
                *("train", "held_out", "denoiser.num_classes", "validation_clips", "real"),
                *("latent_clips", "init", "vae", "predictor", "latents", "latte", "samples"),
            }, f"{stage}: {what}"


@pytest.mark.parametrize(
    ("size", "name", "trained", "taken"),
    [
        *((size, "table5", 3, 1) for size in SIZES),
        *((size, "table6", 2, 1) for size in SIZES),
        *((size, "drop", 2, 1) for size in SIZES[:2]),
        *((size, "difference_weight", 4, 2) for size in SIZES[:2]),
    ],
)
def test_other_studies_take_what_table_4_has_trained(
    size: str, name: str, trained: int, taken: int
) -> None:
    table4, other = (ask(f"{size}{file}.yaml") for file in ("table4", name))
    assert table4.folder in other.study.shared
    vaes = {c.runs["vae"].address for c in cells(other).values()}
    assert len(vaes) == trained
    assert len(vaes & set(table4.expansion.tasks)) == taken


def test_equal_decoders_are_table_4_s_three_ways_to_train_and_latte_is_not_trained_again() -> None:
    table4, equal = ask("tiny/table4.yaml"), ask("tiny/equal_decoders.yaml")
    theirs = set(table4.expansion.tasks)
    for task in equal.expansion.tasks.values():
        if task.stage in ("images", "vae", "latents", "latte"):
            assert task.address in theirs
    one, *others = cells(equal).values()
    assert [changed(one, other) for other in others] == [
        {"vae.objective.max_drop_ratio"},
        {"vae.objective.max_drop_ratio", "vae.objective.weight_diff"},
    ]


def test_keys_that_came_later_leave_published_runs_what_they_are() -> None:
    published = ROOT.parent / "docs/results/2026-11-22-figure5b/outcomes"
    now = {address[:8] for address in ask("tiny/figure5b.yaml").expansion.tasks}
    for path in published.glob("*.json"):
        runs = json.loads(path.read_text())["runs"]
        assert {runs[stage][-8:] for stage in ("latte", "samples")} <= now


def test_the_time_shift_is_asked_of_training_and_sampling_with_the_paper_s_shift() -> None:
    asked = ask("tiny/time_shift.yaml")
    made = [task.stage for task in asked.expansion.tasks.values()]
    assert (made.count("vae"), made.count("latte"), made.count("samples")) == (3, 9, 27)
    for cell in cells(asked).values():
        c, t, h, w = 16, 5, 4, 4  # of configs/studies/tiny/stages/latte.yaml
        shifts = {
            shift_of((c, t, h, w), base=cell.runs["latte"].plain["time_shift"]),
            shift_of((c, t, h, w), base=cell.runs["samples"].plain["sampler"]["time_shift"]),
        }
        assert shifts <= {1.0, shift_of((64, 5, 16, 16), base=4096), math.sqrt(1280 / 4096)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["table4.yaml", "table7.yaml"])
def test_tables_4_and_7_have_three_seeds(size: str, name: str) -> None:
    assert ask(size + name).seeds == (0, 1, 2)


@pytest.mark.parametrize(
    ("name", "one", "other", "keys"),
    [
        ("table5", "100%", "50%", {"vae.objective.max_drop_ratio"}),
        ("table5", "100%", "75%", {"vae.objective.max_drop_ratio"}),
        ("table6", "Learnable", "Gaussian", {"vae.pad", "decoder.pad"}),
        ("drop", "batch", "sample", {"vae.objective.drop"}),
        ("difference_weight", "0.0", "5.0", {"vae.objective.weight_diff"}),
        ("clip_length", "17", "9", {"vae.data.buckets"}),
        (
            "convergence",
            "PV-VAE",
            "Without prediction",
            {"vae.objective.max_drop_ratio", "vae.objective.weight_diff"},
        ),
        (
            "attention",
            "full",
            "block-causal",
            {f"{stage}.backbone.attention" for stage in ("images", "vae", "decoder")},
        ),
    ],
)
@pytest.mark.parametrize("size", ["", "tiny/"])
def test_a_study_changes_the_keys_of_its_factor_alone(
    size: str, name: str, one: str, other: str, keys: set[str]
) -> None:
    found = cells(ask(f"{size}{name}.yaml"))
    assert changed(found[one], found[other]) == keys


@pytest.mark.parametrize(
    ("name", "num"), [("convergence.yaml", 2048), ("tiny/convergence.yaml", 192)]
)
def test_convergence_is_seen_through_fine_tuned_decoders_in_100_steps(name: str, num: int) -> None:
    asked = ask(name)
    wan, *ours = cells(asked).values()
    assert wan.name.startswith("Wan2.2")
    made = {task.stage for task in asked.expansion.tasks.values()}
    assert made - {"scenes", "unseen"} == {"images", "vae", "decoder", "latents", "latte"}
    for cell in (wan, *ours):
        early = cell.runs["latte"].plain["early"]
        assert (early["num"], early["sampler"]["steps"]) == (num, 100)
        assert early["vae"] == (None if cell is wan and num == 2048 else "$decoder")
    later = {key for key in changed(wan, ours[-1]) if key.startswith(("latents.", "latte."))}
    peer = {"latents.vae", "latte.early.vae", "latte.denoiser.latent_channels"}
    assert later == (peer if num == 2048 else set())  # at tiny size its layout is trained


def test_the_layouts_of_tiny_convergence_are_equally_large() -> None:
    import torch

    from arch.interface import BackboneConfig

    found = cells(ask("tiny/convergence.yaml")).values()
    plains = [cell.runs["vae"].plain["backbone"] for cell in found]
    with torch.device("meta"):
        networks = [codec.decode(BackboneConfig, plain).build() for plain in plains]
    wan, *_, ours = (sum(p.numel() for p in network.parameters()) for network in networks)
    assert wan / ours == pytest.approx(1, abs=0.02)
    assert len({network.stride for network in networks}) == 1


@pytest.mark.parametrize("size", SIZES)
def test_sizes_of_figure_5b_are_nested_subsets_at_equal_steps(size: str) -> None:
    asked = ask(f"{size}figure5b.yaml")
    vaes = [cell.runs["vae"] for cell in cells(asked).values()]
    assert len({str(vae.plain["steps"]) for vae in vaes}) == 1
    subsets = {cell.runs["subset"].address for cell in asked.expansion.cells}
    assert len(subsets) >= 5  # the same ones for both objectives and all seeds
    assert len(subsets) == len(asked.study.factors["data"])


@pytest.mark.parametrize("name", ["model_size.yaml", "tiny/model_size.yaml"])
def test_model_sizes_have_equal_compute(name: str) -> None:
    import torch

    from arch.interface import BackboneConfig
    from pvvae.model import PredictiveVAE

    work = []
    for cell in cells(ask(name)).values():
        plain = cell.runs["vae"].plain
        with torch.device("meta"):
            vae = PredictiveVAE(codec.decode(BackboneConfig, plain["backbone"]).build())
        work.append(plain["steps"] * sum(p.numel() for p in vae.parameters()))
    assert max(work) / min(work) < 1.001


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("tiny/layout.yaml", [2_736_805, 2_766_250, 2_737_317]),
        ("tiny/full_resolution.yaml", [2_736_805, 2_739_505, 2_726_999, 2_729_807]),
    ],
)
def test_the_layouts_compared_differ_in_their_backbone_alone_and_are_equally_large(
    name: str, sizes: list[int]
) -> None:
    import torch

    from arch.interface import BackboneConfig

    ours, *others = cells(ask(name)).values()
    keys = {key for theirs in others for key in changed(ours, theirs)}
    assert {key.split(".")[1] for key in keys} == {"backbone"}
    backbones = [cell.runs["vae"].plain["backbone"] for cell in (ours, *others)]
    with torch.device("meta"):
        found = [
            sum(p.numel() for p in codec.decode(BackboneConfig, plain).build().parameters())
            for plain in backbones
        ]
    assert found == sizes


def test_the_last_layout_of_full_resolution_is_the_shipped_one_over_16() -> None:
    shipped = codec.read_yaml(ROOT / "cnn/backbone.yaml")["backbone"]
    *_, last = cells(ask("tiny/full_resolution.yaml")).values()
    ours = last.runs["vae"].plain["backbone"]
    for half in ("encoder", "decoder"):
        assert [16 * width for width in ours[f"{half}_channels"]] == shipped[f"{half}_channels"]
        for key in (f"{half}_blocks", f"{half}_attentions"):
            assert ours[key] == shipped[key]
