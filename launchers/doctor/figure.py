"""One number that was measured, and the bound that it must keep."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A value of a check."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    """What the value may be at most; None is a figure without a bound."""

    @property
    def right(self) -> bool:
        """Whether the bound is kept; NaN keeps none."""
        return self.most is None or self.value <= self.most

    @property
    def line(self) -> str:
        """For people."""
        bound = (
            "" if self.most is None else f" ({'within' if self.right else 'beyond'} {self.most:g})"
        )
        return f"{self.name} {self.value:.4g}{self.unit and ' ' + self.unit}{bound}"
