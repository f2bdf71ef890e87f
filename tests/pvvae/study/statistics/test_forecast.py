"""The largest size, held out and forecast."""

from pvvae.study.statistics.forecast import forecast_largest
from tests.pvvae.study.simulated import SIZES, runs


def test_a_held_out_size_lies_in_its_interval_about_nine_times_in_ten() -> None:
    held = []
    for number in range(60):
        found = forecast_largest(runs(noise=0.02, number=number), seed=number)
        assert found is not None and found.interval is not None
        held.append(found.interval[0] <= found.measured <= found.interval[1])
    assert 49 <= sum(held) <= 59  # 54 expected, with a deviation of 2.3


def test_three_sizes_are_too_few_to_hold_one_out() -> None:
    assert forecast_largest(runs(sizes=SIZES[:3]), seed=0) is None


def test_three_runs_forecast_without_an_interval() -> None:
    found = forecast_largest(runs(sizes=SIZES[:4], seeds=1), seed=0)
    assert found is not None and found.interval is None
