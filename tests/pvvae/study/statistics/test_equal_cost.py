"""Values between two looks, and none beyond them."""

from dataclasses import replace

import pytest

from pvvae.study.cells import cells_of
from pvvae.study.statistics.equal_cost import at_equal_cost, cost_of_reaching, curves_of, value_at
from tests.pvvae.study.made_up import BASELINE, GFVD, PREDICTIVE, QUESTION, labels, outcomes

CURVE = [(1.0, 300.0), (10.0, 200.0), (100.0, 150.0)]


@pytest.mark.parametrize(
    ("cost", "value"),
    [(1.0, 300.0), (10.0, 200.0), (10.0**1.5, 175.0), (100.0, 150.0), (0.9, None), (101.0, None)],
)
def test_values_are_read_between_looks_and_never_beyond(cost: float, value: float | None) -> None:
    assert value_at(CURVE, cost) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("value", "cost"), [(300.0, 1.0), (175.0, 10.0**1.5), (150.0, 100.0), (149.0, None)]
)
def test_the_cost_of_a_value_is_that_of_its_first_crossing(
    value: float, cost: float | None
) -> None:
    found = cost_of_reaching([*CURVE, (200.0, 160.0)], value, higher_is_better=False)
    assert found == (None if cost is None else pytest.approx(cost))


def test_a_measure_that_should_rise_is_reached_from_below() -> None:
    rising = [(1.0, 10.0), (4.0, 20.0)]
    assert cost_of_reaching(rising, 15.0, higher_is_better=True) == pytest.approx(2.0)


def test_arms_are_compared_at_the_largest_cost_that_all_reach() -> None:
    short = [(1.0, 250.0), (10.0, 210.0)]
    equal = at_equal_cost({"a": {0: CURVE, 1: CURVE}, "b": {0: short}}, "flops")
    assert equal.at == 10.0
    assert equal.values == {"a": {0: 200.0, 1: 200.0}, "b": {0: 210.0}}


def test_arms_without_a_common_cost_are_not_compared() -> None:
    equal = at_equal_cost({"a": {0: [(1.0, 3.0)]}, "b": {0: [(2.0, 3.0)]}}, "parameters")
    assert (equal.at, equal.values) == (None, {})
    assert equal.ranges == {"a": (1.0, 1.0), "b": (2.0, 2.0)}


def test_ranges_are_of_all_seeds_though_no_cost_is_common_to_them() -> None:
    seeds = {0: [(10.8, 3.0)], 1: [(11.7, 3.0)]}
    equal = at_equal_cost({"a": seeds, "b": {0: [(11.0, 3.0)]}}, "seconds")
    assert (equal.at, equal.ranges) == (None, {"a": (10.8, 11.7), "b": (11.0, 11.0)})


def test_what_is_no_number_is_on_no_curve() -> None:
    (outcome,) = outcomes(BASELINE, [float("nan")])
    looked = replace(outcome, curves={"gfvd": ((100.0, 200.0), (400.0, float("nan")))})
    for found, curves in (
        (looked, {"Baseline": {0: [(75.0, 200.0)]}}),
        (outcome, {}),
        (replace(outcome, values={"gfvd": 1.0}, costs={"seconds": float("nan")}), {}),
    ):
        assert curves_of(cells_of(QUESTION, [found]), GFVD, "seconds", by="") == curves


def test_a_cells_cost_is_spread_over_its_steps() -> None:
    (outcome,) = outcomes(BASELINE, [150.0])
    looked = replace(outcome, curves={"gfvd": ((0.0, 900.0), (100.0, 200.0), (400.0, 150.0))})
    curves = curves_of(cells_of(QUESTION, [looked]), GFVD, "seconds", by="")
    assert curves == {"Baseline": {0: [(75.0, 200.0), (300.0, 150.0)]}}


def test_over_parameters_sizes_of_one_kind_are_a_curve() -> None:
    kinds = labels(backbone=("cnn",), width=("small", "large"))
    question = replace(QUESTION, factors=kinds, claims=())
    found = [
        replace(outcomes(BASELINE, [value])[0], arm=arm, costs={"parameters": size})
        for arm, size, value in zip(question.arms, (4.0, 2.0), (90.0, 100.0), strict=True)
    ]
    curves = curves_of(cells_of(question, found), GFVD, "parameters", by="backbone")
    assert curves == {"cnn": {0: [(2.0, 100.0), (4.0, 90.0)]}}


def test_failed_and_stale_outcomes_have_no_curve() -> None:
    failed = replace(outcomes(BASELINE, [1.0])[0], failed="no")
    stale = replace(outcomes(PREDICTIVE, [1.0])[0], stale="old")
    assert curves_of(cells_of(QUESTION, [failed, stale]), GFVD, "seconds", by="") == {}
