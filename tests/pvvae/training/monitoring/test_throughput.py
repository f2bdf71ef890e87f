import pytest

from pvvae.training.monitoring.throughput import Wait, memory, pace


def test_an_interval_in_numbers():
    found = pace(seconds=10.0, waited=2.5, steps=4, clips=20.0, pixels=3e6)
    assert found == {
        "seconds_per_step": 2.5,
        "clips_per_second": 2.0,
        "data_wait_share": 0.25,
        "pixels_per_second": 3e5,
    }


def test_arithmetic_is_held_against_the_peak():
    done = {"seconds": 10.0, "waited": 0.0, "steps": 1, "clips": 1.0, "pixels": 0.0}
    assert pace(**done, flops=5e12, peak=1e12)["peak_share"] == 0.5
    found = pace(**done, flops=5e12)
    assert found["flops_per_second"] == 5e11
    assert "peak_share" not in found


def test_latents_have_no_pixels():
    assert "pixels_per_second" not in pace(seconds=1.0, waited=0.0, steps=1, clips=1.0, pixels=0.0)


def test_what_was_waited_is_taken_once():
    wait = Wait()
    with pytest.raises(ZeroDivisionError), wait.measured():
        1 / 0  # noqa: B018 - whatever happens within
    assert wait.take() > 0.0
    assert wait.take() == 0.0


def test_a_process_with_torch_in_it_holds_some_memory():
    assert 0.05 < memory()["memory_gib"] < 1000.0
