"""Numbers of a config that make no sense are refused when it is loaded, in one line."""

from collections.abc import Mapping


def at_least(least: float, values: Mapping[str, float | None]) -> None:
    """Refuse smaller values, and NaN, by name; None, where it means none, passes.

    Raises:
        ValueError: naming the first.
    """
    for name, value in values.items():
        if value is not None and not value >= least:
            raise ValueError(f"{name} must be at least {least}, got {value}")


def below_one(values: Mapping[str, float | None]) -> None:
    """Refuse values outside [0, 1) by name; None passes.

    Raises:
        ValueError: naming the first.
    """
    for name, value in values.items():
        if value is not None and not 0 <= value < 1:
            raise ValueError(f"{name} must be in [0, 1), got {value}")
