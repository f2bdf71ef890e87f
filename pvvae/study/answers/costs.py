"""What a cell can cost, and in which unit each cost is read."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One key of ``Outcome.costs``."""

    name: str
    """In sentences, and above columns."""
    factor: float
    """From the outcome's unit to the one that is shown."""
    unit: str
    equal: bool = False
    """Whether arms are compared where it is equal."""
    higher_is_better: bool = False


COSTS = {
    "parameters": Cost(name="parameters", factor=1e-6, unit="million", equal=True),
    "flops": Cost(name="FLOPs", factor=1e-12, unit="TFLOPs", equal=True),
    "seconds": Cost(name="wall-clock", factor=1 / 60, unit="min", equal=True),
    "memory": Cost(name="memory", factor=2.0**-30, unit="GiB"),
    "speed": Cost(name="speed", factor=1.0, unit="it/s", higher_is_better=True),
}
"""Those that tables and plots show."""


def cost_of(key: str) -> Cost:
    """A known cost, or one that a study has named itself, in its own unit."""
    return COSTS.get(key, Cost(name=key.replace("_", " "), factor=1.0, unit=key.replace("_", " ")))


def shown(amount: float, key: str) -> str:
    """A cost in its unit."""
    cost = cost_of(key)
    value = amount * cost.factor
    return f"{value:,.0f} {cost.unit}" if value >= 1000 else f"{value:.3g} {cost.unit}"


def title(key: str) -> str:
    """A cost as the head of a column or of a plot has it."""
    name = cost_of(key).name
    return name[0].upper() + name[1:]
