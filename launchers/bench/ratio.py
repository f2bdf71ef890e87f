"""Two columns of seconds as one number and how sure it is."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Ratio:
    """How fast the first is beside the second; above 1 it is faster."""

    value: float
    """Median of the second's seconds over median of the first's."""
    quartiles: tuple[float, float]
    """Quartiles of the ratios block by block."""
    first: float
    """Median seconds a step."""
    second: float
    """Median seconds a step."""
    blocks: int

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float], *, block: int) -> "Ratio":
        """Compare two columns of steps taken in turn.

        Args:
            first, second: seconds of each step, equally many.
            block: steps whose mean is one sample: the period of what does not happen every step.

        Raises:
            ValueError: unless there are two whole blocks or more.
        """
        if len(first) != len(second) or len(first) < 2 * block:
            raise ValueError(
                f"needs two equal columns of at least {2 * block}, "
                f"got {len(first)} and {len(second)}"
            )
        a, b = _means(first, block), _means(second, block)
        parts = statistics.quantiles([y / x for x, y in zip(a, b, strict=True)], n=4)
        low, high = parts[0], parts[2]
        middle = statistics.median(a), statistics.median(b)
        return cls(middle[1] / middle[0], (low, high), *middle, blocks=len(a))

    def data(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def _means(seconds: Sequence[float], block: int) -> list[float]:
    """Mean of each whole block."""
    starts = range(0, len(seconds) - block + 1, block)
    return [statistics.fmean(seconds[start : start + block]) for start in starts]
