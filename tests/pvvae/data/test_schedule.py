import numpy as np
import pytest

from pvvae.data.schedule import Bucket, Schedule, shuffled
from pvvae.errors import ConfigError

SMALL = Bucket(frames=17, height=64, width=64, batch=5, weight=3.0)
LARGE = Bucket(frames=17, height=128, width=128, batch=2)
IMAGE = Bucket(frames=1, height=64, width=64, batch=7)

# Recorded: another answer would change the data of every run that is taken up again.
DRAWS = [5, 5, 5, 5, 5, 2, 5, 5]
IDS = [8, 18, 13, 14, 10]


def schedule(*buckets, slots=4, steps=50, num_samples=37, seed=0, image_ratio=0.0):
    return Schedule(
        buckets or (SMALL, LARGE),
        slots=slots,
        steps=steps,
        num_samples=num_samples,
        seed=seed,
        image_ratio=image_ratio,
    )


def test_every_sample_is_seen_once_an_epoch():
    plan = schedule()
    positions = [plan.draw(step, slot).positions for step in range(50) for slot in range(4)]
    joined = np.concatenate(positions)
    assert np.array_equal(joined, np.arange(len(joined)))  # no gap, no overlap, in order
    epochs = plan.sample_ids(joined)[: len(joined) // 37 * 37].reshape(-1, 37)
    assert all(sorted(epoch) == list(range(37)) for epoch in epochs.tolist())
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == len(epochs)  # in ever new order


def test_a_batch_across_two_epochs_has_both_their_orders():
    plan = schedule(num_samples=37)
    ids = plan.sample_ids(np.arange(30, 45))
    first, second = shuffled(37, seed=0, epoch=0), shuffled(37, seed=0, epoch=1)
    assert ids.tolist() == [*first[30:].tolist(), *second[:8].tolist()]


def test_a_step_counts_the_clips_of_its_slots():
    plan = schedule()
    for step in range(50):
        assert plan.clips_in_step(step) == sum(len(plan.draw(step, s).positions) for s in range(4))


def test_a_longer_run_begins_with_the_shorter_one():
    short, long = schedule(steps=20), schedule(steps=3_000)
    for step in range(20):
        for slot in range(4):
            a, b = short.draw(step, slot), long.draw(step, slot)
            assert a.bucket == b.bucket
            assert np.array_equal(a.positions, b.positions)


def test_another_seed_is_another_run():
    one, other = schedule(seed=0), schedule(seed=1)
    buckets = [[p.draw(s, 0).bucket for s in range(50)] for p in (one, other)]
    assert buckets[0] != buckets[1]
    assert not np.array_equal(one.sample_ids(np.arange(37)), other.sample_ids(np.arange(37)))


def test_buckets_are_drawn_by_their_weights():
    plan = schedule(slots=16, steps=5_000)
    draws = [plan.draw(step, slot).bucket for step in range(5_000) for slot in range(16)]
    share = draws.count(SMALL) / 80_000
    assert abs(share - 0.75) < 4 * (0.75 * 0.25 / 80_000) ** 0.5  # four standard errors


def test_a_step_is_of_images_or_of_videos_in_all_slots():
    plan = schedule(SMALL, LARGE, IMAGE, steps=4_000, image_ratio=0.25)
    kinds = [{plan.draw(step, s).bucket.is_image for s in range(4)} for step in range(4_000)]
    assert all(len(kind) == 1 for kind in kinds)
    share = sum(True in kind for kind in kinds) / 4_000
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / 4_000) ** 0.5
    assert {plan.draw(step, 0).bucket for step in range(200)} == {SMALL, LARGE, IMAGE}


def test_images_alone_need_no_ratio():
    plan = schedule(IMAGE)
    assert {plan.draw(*place).bucket for place in np.ndindex(plan.steps, plan.slots)} == {IMAGE}


def test_the_draws_are_these_forever():
    plan = schedule()
    assert [plan.draw(step, slot).bucket.batch for step in range(2) for slot in range(4)] == DRAWS
    assert plan.sample_ids(np.arange(5)).tolist() == IDS


def test_a_schedule_over_no_samples_is_refused():
    with pytest.raises(ConfigError, match="no samples"):
        schedule(num_samples=0)


def test_a_bucket_that_could_never_be_drawn_is_refused():
    with pytest.raises(ConfigError, match="image buckets are never drawn"):
        schedule(SMALL, IMAGE)
    with pytest.raises(ConfigError, match="weight must be above 0"):
        Bucket(frames=1, height=8, width=8, batch=1, weight=0.0)


def test_places_outside_the_run_are_an_error():
    for step, slot in ((50, 0), (0, 4), (-1, 0)):
        with pytest.raises(IndexError):
            schedule().draw(step, slot)


def test_a_rollback_changes_positions_and_clips_but_no_shape():
    plan = schedule()
    steps = [(step, slot) for step in range(plan.steps) for slot in range(plan.slots)]
    streams = [[plan.draw(*place, rollbacks=n) for place in steps] for n in range(3)]
    assert [draw.bucket for draw in streams[2]] == [draw.bucket for draw in streams[0]]
    positions = [np.concatenate([draw.positions for draw in stream]) for stream in streams]
    assert len(np.unique(np.concatenate(positions))) == 3 * len(positions[0])
    ids = [plan.sample_ids(each).tolist() for each in positions]
    assert ids[0] != ids[1] != ids[2] != ids[0]
