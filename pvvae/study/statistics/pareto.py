"""Which arms no other beats in everything."""

from collections.abc import Sequence

Point = tuple[float, ...]


def front(points: Sequence[Point], *, higher_is_better: Sequence[bool]) -> list[int]:
    """Indices of the points that no other point dominates, in their order.

    One dominates another if it is at least as good in every coordinate, and better in one; equal
    points do not dominate each other.

    Args:
        points: one an arm.
        higher_is_better: of each coordinate.
    """
    signs = [1.0 if higher else -1.0 for higher in higher_is_better]
    gains = [tuple(s * x for s, x in zip(signs, point, strict=True)) for point in points]
    return [i for i, gain in enumerate(gains) if not any(_beats(other, gain) for other in gains)]


def _beats(one: Point, other: Point) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
