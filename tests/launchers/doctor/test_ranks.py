"""A rank that is slower than the others is found by its name."""

from launchers.doctor.ranks import judge
from tests.processes import run_group

SLEEPER = """
import time
import torch.distributed as dist
from launchers.doctor.ranks import judge, product, timed_together
dist.init_process_group("gloo")
product()
asleep = dist.get_rank() == 1
seconds = timed_together(lambda: time.sleep(3.0) if asleep else product())
print(*[figure.name for figure in judge(seconds) if not figure.right])
"""


def test_a_rank_that_sleeps_is_named_by_all() -> None:
    assert run_group(["-c", SLEEPER], processes=2) == ["rank 1: times the others' median\n"] * 2


def test_equal_ranks_are_right() -> None:
    assert [figure.right for figure in judge([1.0, 1.1, 0.9, 1.9])] == [True] * 4
    assert [figure.right for figure in judge([1.0, 1.1, 9.0, 1.0])] == [True, True, False, True]
