import json
import threading

import pytest
import torch

from pvvae.training.monitoring.monitor import Monitor, MonitorConfig, Profile


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


def stall_threads() -> int:
    return sum(thread.name == "stall" for thread in threading.enumerate())


def test_nothing_is_written_where_nothing_happens(tmp_path):
    watch = Monitor(MonitorConfig(profile_start=1, profile_steps=1), folder=tmp_path)
    with watch.on():
        assert stall_threads() >= 1
        watch.alive("step 1")
    assert not list(tmp_path.iterdir())


def test_a_profile_is_in_the_run_folder_however_the_run_ends(tmp_path):
    watch = Monitor(MonitorConfig(stall_seconds=None, profile_start=0), folder=tmp_path)

    def end() -> None:
        with watch.on():
            watch.before(0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        end()
    assert (tmp_path / "profile/step_00000000.json").exists()


@pytest.mark.parametrize(
    "wrong",
    [{"stall_seconds": 0.0}, {"profile_steps": 0}, {"spike_sigma": 0.0}, {"spike_window": 1}],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MonitorConfig(**wrong)
