import threading

import pytest

from pvvae.training.monitoring.monitor import Watch, WatchConfig


def stall_threads() -> int:
    return sum(thread.name == "stall" for thread in threading.enumerate())


def test_nothing_is_written_where_nothing_happens(tmp_path):
    watch = Watch(WatchConfig(profile_start=1, profile_steps=1), folder=tmp_path)
    with watch.on():
        assert stall_threads() >= 1
        watch.alive("step 1")
    assert not list(tmp_path.iterdir())


def test_a_profile_is_in_the_run_folder_however_the_run_ends(tmp_path):
    watch = Watch(WatchConfig(stall_seconds=None, profile_start=0), folder=tmp_path)

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
        WatchConfig(**wrong)
