"""A number is in its declared range or refused: NaN and infinities never are."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from arch.ranges import Count, Range, Share, check


@dataclass(frozen=True, kw_only=True)
class Numbers:
    count: Count = 1
    shares: tuple[Share, ...] = ()
    pair: tuple[Share, Count] = (0.0, 1)
    named: dict[str, Annotated[float, Range(0.0, 1.0, above=True, below=True)]] | None = None
    either: Count | str = "all"
    flag: bool = True


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"count": 10**12}, "count must be at most 1,000,000,000, got 10{12}"),
        ({"count": float("nan")}, "count must be at least 1, got nan"),
        ({"shares": (0.0, 1.0, float("inf"))}, r"shares\[2\] must be in \[0, 1\], got inf"),
        ({"shares": (-0.1,)}, r"shares\[0\] must be in \[0, 1\], got -0.1"),
        ({"pair": (0.5, -1)}, r"pair\[1\] must be at least 1, got -1"),
        ({"named": {"a": 0.5, "b": 1.0}}, r"named.b must be in \(0, 1\), got 1.0"),
        ({"named": {"a": 0.0}}, r"named.a must be in \(0, 1\), got 0.0"),
        ({"either": 0}, "either must be at least 1, got 0"),
    ],
)
def test_the_first_number_outside_is_named(values, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        check(Numbers(**values))


def test_ends_are_inside_and_what_is_no_number_has_no_range():
    check(Numbers(count=10**9, shares=(0.0, 1.0), named={"a": 0.5}, either="none", flag=False))
