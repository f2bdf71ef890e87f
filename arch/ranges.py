"""What a number of a config may be: declared once, in its type, and checked wherever one is built.

    lr: Annotated[float, Range(0.0, 1.0)]
    heads: Count

Every range has two finite ends, so no NaN and no infinity is in any. The upper end of a count says
what could only be a slip of the keyboard, not what a machine can hold.
"""

import dataclasses
import functools
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

BILLION = 10**9
"""Above every count that has a meaning here. Ours: the largest video data sets have 10^8 clips."""

FAR = 1_000.0
"""Ends from here on are met by slips alone: a message names the end that was passed."""


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from ``least`` to ``most``, both included unless said otherwise."""

    least: float
    most: float
    above: bool = False
    """Whether ``least`` itself is refused."""
    below: bool = False
    """Whether ``most`` itself is refused."""

    def __contains__(self, value: float) -> bool:
        low = self.least < value if self.above else self.least <= value
        return low and (value < self.most if self.below else value <= self.most)

    def wanted(self, value: float) -> str:
        """What a number must be that is not ``value``, to follow the word "be"."""
        if self.most < FAR or self.below:
            ends = "(" if self.above else "[", ")" if self.below else "]"
            return f"in {ends[0]}{self.least:g}, {self.most:g}{ends[1]}"
        if value > self.most:
            return f"at most {self.most:,.12g}"
        return f"{'above' if self.above else 'at least'} {self.least:g}"


Count = Annotated[int, Range(1, BILLION)]
"""How many there are of something of which there must be one."""
Number = Annotated[int, Range(0, BILLION)]
"""How many there are of something that may be absent; a place in a list."""
Several = Annotated[int, Range(2, BILLION)]
"""How many there are of something of which there must be two, as samples of a covariance."""
Steps = Annotated[int, Range(1, 99_999_999)]
"""Steps of a run; checkpoints have names of eight digits."""
Step = Annotated[int, Range(0, 99_999_999)]
"""A step of a run."""
Length = Annotated[int, Range(1, 1_000_000)]
"""Frames of a clip; ours: nine hours of video."""
Pixels = Annotated[int, Range(1, 65_536)]
"""Rows or columns of a picture; ours: the side of a picture of 4 gigapixels."""
Channels = Annotated[int, Range(1, 65_536)]
"""Features of a layer; ours: four times the widest published Transformers."""
Cells = Annotated[int, Range(1, 1_024)]
"""Pixels or frames that one latent stands for along an axis; ours."""
Depth = Annotated[int, Range(1, 1_000)]
"""Layers, blocks or heads in a row; ours."""
Workers = Annotated[int, Range(0, 1_024)]
"""Processes that decode ahead; ours: more than machines have cores."""
Extra = Annotated[int, Range(0, 1_000)]
"""Layers or blocks that a network may lack; ours."""
Share = Annotated[float, Range(0.0, 1.0)]
"""A probability, or a part of a whole."""
Decay = Annotated[float, Range(0.0, 1.0, below=True)]
"""What is kept of an average at each step."""
Weight = Annotated[float, Range(0.0, 1e6)]
"""How much a loss counts; ours: 0 leaves it out, and no published weight is near the end."""
Positive = Annotated[float, Range(0.0, 1e6, above=True)]
"""A factor, or a measure of something that is there."""
Seed = Annotated[int, Range(0, 2**63 - 1)]
"""Seed of random draws; its largest value is that of an int64."""


def check(config: Any) -> None:
    """Refuse a dataclass with a number outside its declared range.

    Raises:
        ValueError: naming the first such key, what it must be, and what it is.
    """
    kind: Any = type(config)
    hints = hints_of(kind)
    for field in dataclasses.fields(config):
        for path, allowed, value in numbers(hints[field.name], getattr(config, field.name)):
            if value not in allowed:
                raise ValueError(f"{field.name}{path} must be {allowed.wanted(value)}, got {value}")


def numbers(hint: Any, value: Any, path: str = "") -> Iterator[tuple[str, Range, float]]:
    """All numbers in ``value`` that its type declares a range for: path, range, number."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield path, declared(hint), value
    elif origin in (Union, types.UnionType):
        for option in inner:
            yield from numbers(option, value, path)
    elif origin is tuple and isinstance(value, tuple):
        each = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        for i, (part, item) in enumerate(zip(each, value, strict=True)):
            yield from numbers(part, item, f"{path}[{i}]")
    elif origin is dict and isinstance(value, Mapping):
        for key, item in value.items():
            yield from numbers(inner[1], item, f"{path}.{key}")


def declared(hint: Any) -> Range:
    """The range in an annotated type."""
    return next(extra for extra in get_args(hint)[1:] if isinstance(extra, Range))


@functools.cache
def hints_of(target: Any) -> dict[str, Any]:
    """A class's types, ranges included; finding them takes most of the time of a check."""
    return get_type_hints(target, include_extras=True)
