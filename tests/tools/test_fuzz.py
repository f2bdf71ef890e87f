"""Broken inputs of every kind are taken, or refused in a line."""

import pytest

from tools.fuzz.__main__ import KINDS, fuzz
from tools.fuzz.trial import Tally, attempt

INPUTS = {"configs": 400, "runs": 40}
"""Of each kind; of others 150. Ours: a minute in all."""


@pytest.mark.matrix
@pytest.mark.parametrize("kind", KINDS)
def test_no_input_ends_in_a_traceback_a_hang_or_all_of_memory(kind):
    tally = fuzz(kind, inputs=INPUTS.get(kind, 150), seconds=None, seed=0)
    assert tally.faults == []
    assert tally.refused > 0


def test_a_traceback_is_a_fault_and_a_refusal_is_none():
    tally = Tally()
    attempt(lambda: {}["x"], tally, "one")
    attempt(lambda: 0, tally, "two")
    assert tally.faults[0].startswith("one: KeyError: 'x' (")
    assert (tally.done, tally.refused, len(tally.faults)) == (2, 0, 1)
