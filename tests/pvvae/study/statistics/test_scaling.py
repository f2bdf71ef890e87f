"""What is said of an arm: its law, its rivals, its forecast, and when nothing may be believed."""

import pytest

from pvvae.errors import ConfigError
from pvvae.study.statistics.observations import Observation
from pvvae.study.statistics.scaling import difference_of_exponents, measure_scaling
from tests.pvvae.study.simulated import EXPONENT, FLOOR, SCALE, SIZES, law, runs
from tests.pvvae.study.statistics.flat_runs import flat


def test_a_law_without_noise_is_recovered_and_its_largest_size_forecast() -> None:
    found = measure_scaling(runs())
    assert (found.floor, found.scale, found.exponent) == pytest.approx(
        (FLOOR, SCALE, EXPONENT), rel=1e-6
    )
    assert found.degenerate == ()
    assert found.forecast is not None
    assert found.forecast.size == SIZES[-1]
    assert found.forecast.predicted == pytest.approx(law(SIZES[-1]), rel=1e-6)
    assert found.forecast.error == pytest.approx(0, abs=1e-6)
    assert found.forecast.repeated == pytest.approx(law(SIZES[-2]))


def test_the_law_is_better_than_a_constant_and_than_no_floor_where_it_holds() -> None:
    rivals = measure_scaling(runs(noise=0.02)).rivals
    assert rivals.constant is not None and rivals.constant > 30
    assert rivals.no_floor is not None and rivals.no_floor > 5


def test_a_constant_is_better_where_nothing_scales() -> None:
    rivals = measure_scaling(flat()).rivals
    assert rivals.constant is not None and rivals.constant < 0


def test_a_pure_power_law_is_better_without_a_floor() -> None:
    found = measure_scaling(runs(noise=0.02, floor=0.0))
    assert found.rivals.no_floor is not None and found.rivals.no_floor < 0
    assert found.rivals.constant is not None and found.rivals.constant > 30
    assert "no floor shows (E ≈ 0)" in measure_scaling(runs(floor=0.0)).degenerate


def test_too_few_runs_to_tell_rivals_apart_are_not_told_apart() -> None:
    rivals = measure_scaling(runs(noise=0.02, seeds=1, sizes=SIZES[:4])).rivals
    assert rivals.no_floor is None


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        (runs(sizes=SIZES[:4]), "4 sizes, fewer than 5"),
        (
            [Observation(size=r.size, seed=r.seed, loss=2 / r.loss) for r in runs()],
            "the loss does not fall (A = 0)",
        ),
        (runs(exponent=3.0), "β = 1.2 lies at the edge of what was looked at"),
        (
            [
                Observation(size=r.size, seed=r.seed, loss=r.loss * (1.2 if r.size == 512 else 1))
                for r in runs(noise=0.01)
            ],
            "the loss rises from 256 to 512",
        ),
    ],
)
def test_degenerate_fits_are_called_degenerate(observed: list[Observation], reason: str) -> None:
    assert reason in measure_scaling(observed).degenerate


def test_an_exponent_that_the_runs_do_not_determine_is_called_degenerate() -> None:
    found = measure_scaling(runs(noise=0.02, sizes=(64.0, 80.0, 96.0, 112.0, 128.0)))
    assert "the interval of β reaches the edge of what was looked at" in found.degenerate


def test_the_difference_of_two_exponents_covers_the_true_one() -> None:
    base = runs(noise=0.005, exponent=0.3)
    steeper = runs(noise=0.005, exponent=0.6, number=1)
    found = difference_of_exponents(base, steeper)
    assert found.pairs == 18
    assert found.interval is not None
    assert 0 < found.interval[0] < 0.3 < found.interval[1]


def test_noise_that_both_arms_share_does_not_widen_their_difference() -> None:
    same = difference_of_exponents(runs(noise=0.02), runs(noise=0.02))
    assert (same.value, same.interval) == (0.0, (0.0, 0.0))


def test_exponents_are_compared_over_the_runs_that_both_arms_have() -> None:
    missing = [run for run in runs() if (run.size, run.seed) != (SIZES[2], 1)]
    assert difference_of_exponents(runs(), missing).pairs == 17


def test_the_same_runs_in_any_order_give_the_same_answer() -> None:
    observed = runs(noise=0.02)
    assert measure_scaling(observed) == measure_scaling(observed[::-1])


@pytest.mark.parametrize(
    ("observed", "line"),
    [
        (runs(sizes=SIZES[:2]), "a scaling law needs at least 3 sizes, got 2"),
        (
            [Observation(size=size, seed=0, loss=0.0) for size in SIZES],
            "a scaling law needs losses above zero, got 0",
        ),
    ],
)
def test_what_no_law_can_be_fitted_to_is_refused_in_a_line(
    observed: list[Observation], line: str
) -> None:
    with pytest.raises(ConfigError, match=line):
        measure_scaling(observed)
