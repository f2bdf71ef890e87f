"""Every check of the page has a name, a bound, and a program or a reason."""

import re

import pytest

from launchers.doctor.catalog import CHECKS, named
from launchers.doctor.measured import MEASUREMENTS
from pvvae.errors import ConfigError
from tests.processes import ROOT


def test_each_of_the_pages_checks_has_a_name() -> None:
    page = (ROOT / "docs/gpu-checks.md").read_text()
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", page, flags=re.MULTILINE)]
    assert numbers == list(range(1, 33))
    assert sorted(c.number for c in CHECKS if c.number is not None) == numbers
    assert all(f"`{check.name}`" in page for check in CHECKS)


def test_names_are_unique_and_every_program_is_there() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.bound and check.source
        for words in (*check.on_gpu, *check.on_cpu):
            if words[0] == "pytest":
                paths = [word for word in words if word.startswith("tests/")]
                assert paths and all((ROOT / path).exists() for path in paths)
            elif words[0] == "measure":
                assert words[1] in MEASUREMENTS


def test_only_keeps_the_order_and_a_strange_name_is_refused() -> None:
    assert [check.name for check in named(["i3d", "kernels"])] == ["kernels", "i3d"]
    assert named([]) == CHECKS
    with pytest.raises(ConfigError, match="--only: no check is called 'kernel'; known: background"):
        named(["kernel"])
