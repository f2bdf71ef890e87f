"""FVD of samples while Latte learns."""

import pytest

from pvvae.run.folder import read_metrics
from tests.stages.short import run_stage

pytestmark = pytest.mark.usefixtures("group")


@pytest.fixture(scope="module")
def watched(whole, shards, tmp_path_factory):
    """A run of Latte that was looked at twice."""
    run = tmp_path_factory.mktemp("early") / "latte"
    early = f"early={{num: 3, batch: 2, real: {shards}/train, sampler: {{steps: 2}}}}"
    run_stage("latte", shards, whole, f"run={run}", early, "steps=2")
    return run


def held_out(run) -> list[dict[str, float]]:
    return read_metrics(run, "held_out")


def test_every_evaluation_has_fvd_beside_its_floor_and_a_video(watched):
    lines = held_out(watched)
    assert [line["step"] for line in lines] == [0, 2]
    assert lines[0]["fvd_floor"] == lines[1]["fvd_floor"] > 0
    assert lines[0]["fvd"] != lines[1]["fvd"]
    for line in lines:
        assert (watched / "samples" / f"step_{line['step']:08d}.mp4").stat().st_size > 0


def test_a_run_ends_with_the_steps_to_the_fvd_that_was_named(whole, shards, tmp_path, capsys):
    early = f"early={{num: 3, real: {shards}/train, sampler: {{steps: 2}}, target: 1e5}}"
    run_stage("latte", shards, whole, f"run={tmp_path / 'latte'}", early, "steps=2")
    assert "gFVD 100000: reached after 2 steps" in capsys.readouterr().out


def test_looking_changes_nothing_that_is_learned(watched, whole, shards, tmp_path):
    run_stage("latte", shards, whole, f"run={tmp_path / 'plain'}", "steps=2")
    plain = held_out(tmp_path / "plain")
    assert [line["flow"] for line in held_out(watched)] == [line["flow"] for line in plain]


@pytest.mark.parametrize(
    ("early", "message"),
    [
        ("{num: 1, real: x}", "early.num: must be 0 .no FVD while training. or at least 2"),
        ("{target: 300}", "early.target: needs early.num: 2 or more"),
        ("{num: 2}", "early.real: missing; name the shards"),
        ("{num: 999, real: SHARDS}", "early.real: .* clips, early.num asks for 999"),
    ],
)
def test_what_cannot_be_measured_is_refused(early, message, whole, shards, tmp_path):
    early = early.replace("SHARDS", f"{shards}/train")
    with pytest.raises(ValueError, match=message):
        run_stage("latte", shards, whole, f"run={tmp_path / 'latte'}", f"early={early}")
