import pytest

from pvvae.watch.pace import Wait, memory, pace


def test_an_interval_in_numbers():
    found = pace(seconds=10.0, waited=2.5, steps=4, clips=20.0, pixels=3e6)
    assert found == {
        "seconds_per_step": 2.5,
        "clips_per_second": 2.0,
        "data_wait_share": 0.25,
        "pixels_per_second": 3e5,
    }


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
