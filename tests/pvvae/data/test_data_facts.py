import json

from pvvae.data.data_facts import record_data
from pvvae.data.schedule import Bucket, Schedule


def schedule(*, steps, num_samples):
    bucket = Bucket(frames=17, height=64, width=64, batch=3)
    return Schedule((bucket,), slots=2, steps=steps, num_samples=num_samples, seed=0)


def recorded(folder, **words):
    unique = words.pop("unique")
    record_data(folder, schedule(**words), unique=unique)
    return json.loads((folder / "data.json").read_text())


def test_repeated_data_are_not_more_data(tmp_path):
    assert recorded(tmp_path, steps=50, num_samples=20, unique=20) == {
        "unique_samples": 20,
        "epochs": 15.0,
        "steps": 50,
        "drawn": 300,
        "samples": 20,
    }


def test_a_run_shorter_than_an_epoch_has_seen_what_it_drew(tmp_path):
    facts = recorded(tmp_path, steps=2, num_samples=48, unique=48)
    assert (facts["unique_samples"], facts["epochs"]) == (12, 0.25)


def test_a_mirrored_clip_is_the_same_clip(tmp_path):
    facts = recorded(tmp_path, steps=50, num_samples=40, unique=20)
    assert (facts["unique_samples"], facts["epochs"], facts["samples"]) == (20, 15.0, 40)
