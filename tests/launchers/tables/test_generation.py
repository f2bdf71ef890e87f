"""Table 1 becomes runs of stages."""

import pytest

from launchers.tables.make import read_table
from pvvae.errors import ConfigError
from tests.launchers.tables.conftest import GENERATION
from tests.launchers.tables.planned import all_words, short


def test_samples_are_taken_or_made_then_measured_and_then_steps_are_timed(table):
    path = table(GENERATION, sampler={"steps": 20}, evaluation={"fvd_frames": "first16"})
    plan = read_table("generation", path, [], processes=2).plan
    assert [short(words) for words in all_words(plan)] == [
        ("evaluate_generation", "out/ours/UCF101"),
        ("generate", "out/ours/RealEstate10K_samples"),
        ("evaluate_generation", "out/ours/RealEstate10K"),
        ("measure_training", "out/ours/speed"),
        ("measure_training", "out/timed/speed"),
    ]
    assert plan.commands[0].words[3:] == (
        "samples=samples",
        "real=real",
        "num=4",
        "seed=0",
        "frame_stride=3",
        "random_start=false",
        "height=32",
        "width=32",
        "manifest=out/clips/UCF101/eval_manifest.json",
        "fvd_frames=first16",
        "--processes",
        "2",
    )
    assert plan.commands[1].words[3:-2] == (
        "vae=cnn",
        "latte=latte",
        "num=4",
        "seed=0",
        'sampler={"steps": 20}',
    )
    assert plan.commands[2].words[3] == "samples=out/ours/RealEstate10K_samples"
    assert [sorted(row.runs) for row in plan.rows] == [
        ["RealEstate10K", "UCF101", "speed"],
        ["speed"],
    ]


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        (
            {"vae": "cnn", "samples": {"UCF101": "gone"}},
            "A: samples: gone: no such run folder; make it first (pvvae train of stage generate)",
        ),
        (
            {"vae": "cnn", "latte": {"UCF101": "gone"}},
            "A: latte: gone: no such run folder; make it first (pvvae train of stage latte)",
        ),
        (
            {"vae": {"name": "wan2.1"}, "latte": {"UCF101": "latte"}},
            "A: samples need a VAE to decode them: no weights are named",
        ),
        (
            {"vae": "cnn", "samples": {"UCF": "samples"}},
            "A: samples names 'UCF'; data has UCF101, RealEstate10K",
        ),
    ],
)
def test_samples_that_cannot_be_had_are_one_line(subject, message, table):
    path = table(GENERATION, subjects=[{"name": "A", **subject}])
    with pytest.raises(ConfigError) as error:
        read_table("generation", path, [], processes=None)
    assert str(error.value).startswith(f"{path}: {message}")
