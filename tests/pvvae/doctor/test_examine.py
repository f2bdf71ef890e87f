"""Findings as lines, and a check that fails itself."""

import pytest

from pvvae.doctor.examine import data, examine, is_right, line
from pvvae.doctor.finding import CHECKS, Finding, register_check
from pvvae.doctor.wanted import Wanted

WRONG = Finding(name="clock", found="+9.0 s", right=False, advice="start chrony")


def test_a_line_says_what_was_found_whether_it_is_right_and_what_to_do():
    assert line(WRONG) == f"WRONG clock{' ' * 20}+9.0 s; start chrony"
    assert line(Finding(name="disk", found="1 B free")).startswith("ok    disk ")
    assert line(Finding(name="slurm", found="none\nhere", right=None)).endswith("none\\nhere")


def test_only_what_is_wrong_is_wrong():
    assert is_right([Finding(name="a", found=""), Finding(name="b", found="", right=None)])
    assert not is_right([Finding(name="a", found=""), WRONG])
    assert data([WRONG]) == [
        {"name": "clock", "found": "+9.0 s", "right": False, "advice": "start chrony"}
    ]


def test_a_check_that_fails_is_a_finding_and_the_others_go_on(monkeypatch):
    def broken(wanted):
        raise PermissionError("no such right")
        yield

    monkeypatch.setattr(
        "pvvae.doctor.examine.CHECKS", {"broken": broken, "none": lambda w: iter([])}
    )
    (found,) = examine(Wanted())
    assert (found.name, found.right) == ("broken", False)
    assert found.found == "could not be looked at: PermissionError: no such right"


def test_a_name_belongs_to_one_check():
    list(examine(Wanted(weights=())))
    with pytest.raises(ValueError, match=r"check 'cores' is already in pvvae\.doctor\.cores"):
        register_check("cores")(lambda wanted: iter([]))
    assert "cores" in CHECKS
