"""A figure and its bound."""

from launchers.doctor.figure import Figure


def test_a_line_says_the_value_and_whether_it_keeps_its_bound() -> None:
    assert Figure(name="peak", value=3.25, unit="GiB").line == "peak 3.25 GiB"
    assert Figure(name="off by", value=0.5, most=0.1).line == "off by 0.5 (beyond 0.1)"
    assert Figure(name="off by", value=0.05, most=0.1).right
    assert not Figure(name="off by", value=float("nan"), most=0.1).right
