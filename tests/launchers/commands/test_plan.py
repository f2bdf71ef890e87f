"""``pvvae plan``: what it prints, and what it says of mistakes."""

import json
from collections.abc import Callable

import pytest

from launchers import cli
from tests.tiny import CONFIGS

SMALL = "data.buckets=[{frames: 9, height: 32, width: 32, batch: 2}]"
EIGHT_FRAMES = "data.buckets=[{frames: 8, height: 32, width: 32, batch: 1}]"
JUDGE_AGAIN = "discriminator_engine.activation_checkpointing=all"
TINY = str(CONFIGS / "tiny/vit/predictive.yaml")


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["plan", *words, "--nodes", "1", "--gpus", "2"]) == 0
    return capsys.readouterr().out


def test_a_plan_is_a_page_of_tables_with_what_it_rests_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = printed(capsys, TINY, SMALL)
    assert page.startswith(f"{TINY}: 200 steps of 2 slots on 1 x 2 H800\n")
    heads = [block.partition("  ")[0].partition("\n")[0] for block in page.split("\n\n")[1:]]
    assert heads == [
        "Parameters",
        "TFLOP of a slot",
        "GiB of a GPU",
        "Recomputed segments",
        "Largest batch",
        "Time and disk",
        "What this rests on",
    ]
    assert max(map(len, page.splitlines())) <= 100


def test_plain_data_has_the_numbers_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    plain = json.loads(printed(capsys, TINY, SMALL, "--json", "--device", "a100"))
    assert plain["machines"]["device"]["name"] == "A100 80GB"
    assert plain["gpu_hours"] == pytest.approx(2 * plain["hours"])
    assert plain["states"].keys() == {"0", "1", "2", "3"}
    (bucket,) = plain["buckets"]
    assert bucket["levels"].keys() == {"none", "half", "all"}
    memory = bucket["levels"]["none"]["memory"]
    assert memory["peak"] >= memory["saved"] > 0


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("image_pretrain", ["data.buckets=[{frames: 1, height: 32, width: 32, batch: 2}]"]),
        ("decoder_finetune", [SMALL]),
        ("latte", []),
    ],
)
def test_every_stage_that_trains_can_be_planned(
    stage: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "GPU-hours" in printed(capsys, str(CONFIGS / f"tiny/cnn/{stage}.yaml"), *words)


def test_groups_dropped_clip_by_clip_can_be_planned(capsys: pytest.CaptureFixture[str]) -> None:
    assert "GPU-hours" in printed(capsys, TINY, SMALL, "objective.drop=sample")


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--device", "b200"], "--device: no device is called 'b200'; known: h800, "),
        (["--nodes", "0"], "--nodes: must be at least 1, got 0"),
        (["--fraction", "30"], "--fraction: must be in (0, 1], got 30"),
        (["--gpus", "3"], "data.slots: 2 slots cannot be shared evenly by 6 processes"),
        (["sequence_parallel=5"], "sequence_parallel: 16 processes cannot be parted into teams"),
        (["data.slots=16", "sequence_parallel=4"], "4 processes cannot share 2 attention heads"),
        (["stepz=3"], "did you mean 'steps'?"),
        (["data.slots=16", JUDGE_AGAIN], "PatchGAN3D names no segments; leave it off"),
        (["engine={zero_stage: 0, precision: fp32, offload: optimizer}"], "needs zero_stage 1, 2"),
        (["data.slots=16", EIGHT_FRAMES], "data.buckets[0]: "),
    ],
)
def test_a_mistake_is_one_line(words: list[str], right: str, told: Callable[..., str]) -> None:
    assert right in told("plan", TINY, *words)


def test_a_stage_that_trains_nothing_is_refused(told: Callable[..., str]) -> None:
    line = told("plan", CONFIGS / "tiny/cnn/generate.yaml")
    assert line.startswith("stage generate cannot be planned: it trains nothing; plan image_")
