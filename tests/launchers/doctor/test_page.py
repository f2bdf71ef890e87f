"""The page says what ran where, and what never did."""

from launchers.doctor.catalog import named
from launchers.doctor.gpu_check import CheckResult
from launchers.doctor.page import page


def test_a_check_without_a_result_never_ran() -> None:
    found = CheckResult(
        state="pass", figure="a|b", bound="x", source="y", seconds=1.6, machine="1 x H100"
    )
    text = page(named(["i3d", "kernels"]), {"1 x H100": {"kernels": found}})
    assert "## 1 x H100\n" in text
    assert "| kernels | pass | a\\|b | x | y | 2 |\n" in text
    assert "| i3d | never |  | 1e-4 of the largest logit |" in text
