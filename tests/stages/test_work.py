"""The FLOP/s that a run logs are those of its slots."""

import pytest

from pvvae.planning.flops import slot_counter
from pvvae.run.folder import read_metrics
from pvvae.training.monitoring.flops import SlotWork
from tests.stages.short import run_stage

pytestmark = pytest.mark.usefixtures("group")

ONE = "data.buckets=[{frames: 5, height: 32, width: 32, batch: 2}]"
NONE_DROPPED = ("init=null", "objective.max_drop_ratio=0.0", "held_out.frames=5")


def flops_per_step(run) -> list[float]:
    times = [line["times"] for line in read_metrics(run, "train")]
    return [t["flops_per_second"] * t["seconds_per_step"] for t in times]


def test_a_step_is_as_much_work_as_its_slots(shards, tmp_path):
    gan = ["objective.gan_start=2", "objective.discriminator_warmup=1"]
    config = run_stage(
        "predictive", shards, tmp_path, *NONE_DROPPED, ONE, *gan, "watch.peak_tflops=0.001"
    )
    count = slot_counter(config)
    slots, shape = config.data.slots, (2, 5, 32, 32)
    assert slots > 1
    plain = slots * count(SlotWork(shape))
    judged = slots * count(SlotWork(shape, gan=True))
    twice = slots * count(SlotWork(shape, gan=True, forward_passes=2))
    assert plain < judged < twice
    expected = [plain, judged, twice, twice, twice]
    assert flops_per_step(tmp_path / "predictive") == pytest.approx(expected, rel=1e-9)
    (line, *_) = read_metrics(tmp_path / "predictive", "train")
    times = line["times"]
    assert times["peak_share"] == pytest.approx(times["flops_per_second"] / 1e9)


def test_nothing_is_counted_where_no_peak_is_known(shards, tmp_path):
    run_stage("predictive", shards, tmp_path, *NONE_DROPPED, ONE, "steps=1")
    (line,) = read_metrics(tmp_path / "predictive", "train")
    assert "flops_per_second" not in line["times"]


def test_the_second_look_is_one_more_forward_pass(shards, tmp_path):
    config = run_stage("predictive", shards, tmp_path, *NONE_DROPPED, ONE, "steps=1")
    count = slot_counter(config)
    slot = SlotWork((1, 17, 32, 32), dropped=2)
    again = count(slot._replace(forward_passes=2)) - count(slot)
    assert (
        0.0
        < again
        == count(slot._replace(forward_passes=3)) - count(slot._replace(forward_passes=2))
    )
    assert count(slot) > count(slot._replace(dropped=4))
