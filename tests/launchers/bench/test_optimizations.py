import argparse

import pytest
import torch

from launchers.bench import optimizations


def test_every_lever_does_the_same_work_in_both_ways_and_gets_a_ratio():
    parser = argparse.ArgumentParser()
    optimizations.declare(parser)
    words = ["--clip", "5x32x32", "--warmup", "0", "--rounds", "2"]
    result = optimizations.run(parser.parse_args(words))  # refuses unequal ways
    assert result["ratios"].keys() == optimizations.levers((5, 32, 32)).keys()
    assert min(result["ratios"].values()) > 0
    assert all(name in optimizations.table(result) for name in result["ratios"])


def test_two_ways_that_differ_are_refused():
    lever = optimizations.Lever(lambda: torch.zeros(2), lambda: torch.ones(2))
    with pytest.raises(AssertionError, match="this one: not the same"):
        optimizations._check("this one", lever)
