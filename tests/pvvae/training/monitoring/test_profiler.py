import json

import torch

from pvvae.training.monitoring.profiler import Profile


def test_the_steps_asked_for_are_in_the_trace_and_no_others(tmp_path):
    profile = Profile(tmp_path / "profile", start=2, steps=2)
    for step in range(6):
        profile.before(step)
        with torch.profiler.record_function(f"step {step}"):
            torch.ones(4).sum()
    profile.stop()
    assert [p.name for p in sorted(tmp_path.rglob("step_*"))] == [
        "step_00000002.json",
        "step_00000002.txt",
    ]
    trace = json.loads((tmp_path / "profile/step_00000002.json").read_text())
    names = {event.get("name") for event in trace["traceEvents"]}
    assert {"step 2", "step 3"} <= names
    assert not names & {"step 1", "step 4"}


def test_a_run_that_ends_within_the_window_still_writes(tmp_path):
    profile = Profile(tmp_path, start=0, steps=10)
    profile.before(0)
    profile.stop()
    profile.stop()
    assert (tmp_path / "step_00000000.json").exists()


def test_a_run_beyond_the_window_writes_nothing(tmp_path):
    profile = Profile(tmp_path, start=0, steps=1)
    for step in (5, 6):
        profile.before(step)
    profile.stop()
    assert not list(tmp_path.iterdir())
