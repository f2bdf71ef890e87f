"""What a check of the machine says, and which checks there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pvvae.doctor.wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: what was looked at, what was found, whether it is right, what to do."""

    name: str
    found: str
    right: bool | None = True
    """None where it cannot be said, or nothing here depends on it."""
    advice: str = ""
    """What to do; empty where there is nothing to do."""


CheckMachine = Callable[[Wanted], Iterator[Finding]]
"""Looks at one side of the machine; quick, changes nothing, and leaves no file behind."""
CHECKS: dict[str, CheckMachine] = {}
"""By name, in the order in which they are made."""


def register_check(name: str) -> Callable[[CheckMachine], CheckMachine]:
    """Function decorator: make a check one of those that ``pvvae doctor`` makes.

    Raises:
        ValueError: if the name is taken by another check.
    """

    def add(check: CheckMachine) -> CheckMachine:
        if CHECKS.setdefault(name, check) is not check:
            raise ValueError(f"check {name!r} is already in {CHECKS[name].__module__}")
        return check

    return add
