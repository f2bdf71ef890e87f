"""Speeds say how busy the machine was, and how far rounds lay apart."""

import os

import pytest

from pvvae.timing.load import (
    Load,
    Moment,
    busy_cores,
    in_words,
    is_crowded,
    machine_seconds,
    spread,
)

TICK = os.sysconf("SC_CLK_TCK")
IDLE = {"others_cores": 0.1, "cores": 2.0, "threads": 1.0}
BUSY = {"others_cores": 1.8, "cores": 2.0, "threads": 1.0}


def test_idle_and_guest_time_is_no_work():
    line = " ".join(str(TICK * k) for k in (1, 2, 3, 100, 50, 4, 5, 6, 70, 80))
    assert machine_seconds(f"cpu  {line}\ncpu0 1 2 3\n") == 1 + 2 + 3 + 4 + 5 + 6


def test_own_work_is_not_the_others():
    began = Moment(wall=10.0, machine=100.0, own=5.0)
    assert busy_cores(began, Moment(wall=14.0, machine=111.0, own=8.0)) == 2.0
    assert busy_cores(began, Moment(wall=14.0, machine=102.0, own=8.0)) == 0.0


def test_a_load_is_told_with_the_cores_there_are():
    facts = Load().facts()
    assert set(facts) == {"others_cores", "cores", "threads"}
    assert facts["cores"] == os.cpu_count()


def test_a_machine_is_crowded_when_more_cores_are_wanted_than_there_are():
    assert (is_crowded(IDLE), is_crowded(BUSY), is_crowded({})) == (False, True, False)
    assert in_words(IDLE) == "others 0.1 of 2 cores"
    assert in_words(BUSY) == "others 1.8 of 2 cores: too busy to compare"
    assert in_words({}) == ""


def test_a_spread_is_that_of_nine_rounds_of_ten():
    rounds = [float(k) for k in range(101)]
    assert spread("encode_seconds", rounds) == {
        "encode_seconds_low": 5.0,
        "encode_seconds_high": 95.0,
    }
    found = spread("ispeed", [value + 1.0 for value in rounds])
    assert found == pytest.approx({"ispeed_low": 1 / 96, "ispeed_high": 1 / 6})
    assert spread("encode_seconds", [2.0, 2.0], each=4)["encode_seconds_high"] == 0.5
