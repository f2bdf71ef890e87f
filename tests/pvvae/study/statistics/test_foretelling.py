"""A number that is the quality itself foretells all of it; a draw beside it foretells none."""

import math

import numpy as np
import pytest
from scipy import stats

from pvvae.study.statistics.foretelling import ForetoldRun, foretelling

LEVELS = {"a": 10.0, "b": 100.0, "c": 1000.0}


def runs(number=lambda log, draw: log, *, studies=LEVELS, seeds=4, arms=3) -> list[ForetoldRun]:
    """Runs whose log FVD is a draw above the level of their study."""
    draw = np.random.default_rng(0)
    found = []
    for study, level in studies.items():
        for seed in range(seeds):
            for arm in range(arms):
                log = draw.normal()
                numbers = {"number": number(log, draw)}
                quality = level * math.exp(log)
                found.append(
                    ForetoldRun(
                        study=study, arm=str(arm), seed=seed, quality=quality, numbers=numbers
                    )
                )
    return found


def test_pooled_correlations_are_those_of_scipy():
    some = runs(lambda log, draw: log + draw.normal())
    found = foretelling(some, "number")
    assert found is not None
    x, y = [run.numbers["number"] for run in some], np.log([run.quality for run in some])
    assert found.pooled_pearson.value == pytest.approx(stats.pearsonr(x, y).statistic)
    assert found.pooled_spearman.value == pytest.approx(stats.spearmanr(x, y).statistic)


def test_a_line_is_foretold_whole_within_blocks_and_from_other_studies():
    found = foretelling(runs(lambda log, _: 3.0 - 2.0 * log), "number")
    assert found is not None
    assert (found.runs, found.blocks, found.studies) == (36, 12, 3)
    for one in (found.pearson, found.spearman):
        assert one.value == pytest.approx(-1.0)
        assert one.interval == pytest.approx((-1.0, -1.0))
    assert found.pairs.value == 1.0
    assert found.explained.value == pytest.approx(1.0)
    assert -1.0 < found.pooled_pearson.value < 0.0  # levels of studies differ, the number does not


def test_a_rising_curve_keeps_every_pair_but_is_no_line():
    found = foretelling(runs(lambda log, _: math.exp(2 * log)), "number")
    assert found is not None
    assert found.pairs.value == 1.0
    assert found.pearson.value < found.spearman.value <= 1.0


def test_noise_foretells_nothing():
    found = foretelling(runs(lambda _, draw: draw.normal(), seeds=20), "number")
    assert found is not None
    assert found.pearson.interval is not None and found.pairs.interval is not None
    assert found.pearson.interval[0] < 0.0 < found.pearson.interval[1]
    assert found.pairs.interval[0] < 0.5 < found.pairs.interval[1]
    assert found.explained.value < 0.1


def test_of_one_study_nothing_is_foretold_from_others():
    found = foretelling(runs(studies={"a": 10.0}), "number")
    assert found is not None
    assert found.pearson.value == pytest.approx(1.0)
    assert math.isnan(found.pairs.value) and found.pairs.interval is None
    assert math.isnan(found.explained.value)


def test_there_is_no_answer_of_too_little():
    assert foretelling(runs(studies={"a": 1.0}, seeds=1, arms=2), "number") is None
    assert foretelling(runs(arms=1), "number") is None  # alone in their blocks
    assert foretelling(runs(lambda *_: 5.0), "number") is None
    assert foretelling(runs(), "another") is None


def test_the_interval_is_over_blocks_so_copies_of_runs_narrow_nothing():
    once = runs(lambda log, draw: log + draw.normal(), seeds=10)
    one, two = (foretelling(some, "number") for some in (once, once * 2))
    assert one is not None and two is not None
    assert one.pearson.value == pytest.approx(two.pearson.value)
    assert one.pearson.interval == pytest.approx(two.pearson.interval)
