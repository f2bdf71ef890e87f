"""FLOPs of slots and steps."""

from pathlib import Path

import pytest

from pvvae.planning.compute import slot_flops, step_flops, total_flops
from pvvae.planning.plan import Machines, make_plan
from pvvae.planning.stage import stage_of
from pvvae.training.monitoring.flops import device_named
from stages import program
from tests.pvvae.planning.stages import stage

TINY = Path(__file__).parents[3] / "configs/tiny"


BUCKETS = (
    "data.buckets=[{frames: 17, height: 32, width: 32, batch: 2}, "
    "{frames: 17, height: 48, width: 48, batch: 2}]"
)
SHORT = "data.buckets=[{frames: 9, height: 32, width: 32, batch: 2}]"
WHOLE = "objective.max_drop_ratio=0"
"""Nothing dropped: one rehearsal of a bucket, not one for each number of groups."""


@pytest.mark.parametrize("freeze", [False, True], ids=["whole", "decoder alone"])
def test_it_is_what_the_plan_says(freeze: bool) -> None:
    _, config = program.load(TINY / "cnn/predictive.yaml", ["steps=40", SHORT, WHOLE])
    machines = Machines(nodes=1, gpus=1, device=device_named("h800"), fraction=0.4)
    plan = make_plan(stage_of(config, freeze_encoder=freeze, processes=1), machines)
    assert total_flops(config, freeze_encoder=freeze) == 40 * plan.step.all_processes > 0


def test_dropping_groups_saves_the_encoder_s_work() -> None:
    made = stage("tiny/cnn/predictive.yaml", BUCKETS)
    flops = slot_flops(made, made.buckets[0])
    assert len(flops.by_dropped) == 5
    assert list(flops.by_dropped) == sorted(flops.by_dropped, reverse=True)
    assert flops.total == pytest.approx(sum(flops.by_dropped) / 5)


def test_a_frozen_encoder_costs_no_backward_pass() -> None:
    name = "tiny/cnn/decoder_finetune.yaml"
    trained, frozen = (stage(name, BUCKETS, freeze_encoder=freeze) for freeze in (False, True))
    one, other = (slot_flops(each, each.buckets[0]).phases for each in (trained, frozen))
    assert one["forward"] == other["forward"]
    assert one["backward"] > other["backward"]


def test_steps_without_the_gan_count_for_their_part() -> None:
    found = []
    for start in (0, 75, 150):  # of 150 steps
        made = stage("tiny/cnn/predictive.yaml", BUCKETS, WHOLE, f"objective.gan_start={start}")
        slots = [slot_flops(made, bucket) for bucket in made.buckets]
        found.append(step_flops(made, slots, processes=1).all_processes)
    assert found[0] > found[1] > found[2]
    assert found[1] == pytest.approx((found[0] + found[2]) / 2)


def test_processes_wait_for_the_slowest() -> None:
    made = stage("tiny/cnn/predictive.yaml", BUCKETS, WHOLE, "objective.gan_weighting=fixed")
    slots = [slot_flops(made, bucket) for bucket in made.buckets]
    alone, two = (step_flops(made, slots, processes=n) for n in (1, 2))
    assert alone.slowest_process == pytest.approx(alone.all_processes)
    assert two.all_processes == alone.all_processes
    assert two.all_processes / 2 < two.slowest_process < two.all_processes


def test_several_slots_to_a_process_are_looked_at_twice_for_the_adaptive_weight() -> None:
    found = {}
    for weighting in ("adaptive", "fixed"):
        words = (
            BUCKETS,
            WHOLE,
            "data.slots=2",
            "objective.gan_start=0",
            f"objective.gan_weighting={weighting}",
        )
        made = stage("tiny/cnn/predictive.yaml", *words)
        slots = [slot_flops(made, bucket) for bucket in made.buckets]
        for n in (1, 2):
            found[weighting, n] = step_flops(made, slots, processes=n).all_processes
    assert found["fixed", 1] == found["fixed", 2]
    more = found["adaptive", 1] - found["adaptive", 2]
    assert 0 < more < found["adaptive", 2] / 3  # a forward pass of a step that has a backward too
