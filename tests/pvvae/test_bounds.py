import math

import pytest

from pvvae.bounds import at_least, below_one


def test_values_at_the_bound_pass_and_none_is_none():
    at_least(1, {"steps": 1, "frames": None})
    below_one({"decay": 0.0, "other": None})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"a": 2, "steps": 0, "b": 0}, "^steps must be at least 1, got 0$"),
        ({"lr": math.nan}, "^lr must be at least 1, got nan$"),
    ],
)
def test_the_first_value_below_is_named(values, said):
    with pytest.raises(ValueError, match=said):
        at_least(1, values)


@pytest.mark.parametrize("value", [-0.1, 1.0, math.nan])
def test_a_part_that_is_no_part_is_named(value):
    with pytest.raises(ValueError, match=r"^betas\[1\] must be in \[0, 1\), got "):
        below_one({"betas[1]": value})
