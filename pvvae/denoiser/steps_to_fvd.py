"""After how many steps a Latte's samples first came to an FVD that was named beforehand."""

from collections.abc import Mapping, Sequence
from typing import Any

LOW, HIGH = "fvd_low", "fvd_high"
"""Ends of the 95% interval of ``fvd`` over clips, in metrics.jsonl."""


def steps_to_fvd(lines: Sequence[Mapping[str, Any]], target: float) -> str:
    """One sentence: steps to ``target``, and the interval that FVD's own interval makes of them.

    Its ends are the steps after which the lower, and the upper, end of FVD's 95% interval over
    clips first came to the target. Looks are as far apart as ``loop.evaluate_every``, and nothing
    is read off between them.

    Args:
        lines: of metrics.jsonl, kind ``held_out``, in their order.
        target: an FVD.
    """
    looks = [line for line in lines if line["step"] > 0 and "fvd" in line]
    if not looks:
        return f"gFVD {target:g}: no look at samples was taken"
    ends = [_first(looks, key, target) for key in (LOW, "fvd", HIGH)]
    low, steps, high = (None if step is None else f"{step:,}" for step in ends)
    last = f"{looks[-1]['step']:,}"
    if steps is None:
        best = min(looks, key=lambda line: float(line["fvd"]))
        maybe = "" if low is None else f"; its interval holds {target:g} after {low}"
        return f"gFVD {target:g}: not reached in {last} steps{maybe}; the lowest is {_shown(best)}"
    between = f" [{low}, {high or f'not in {last}'}]" if LOW in looks[-1] else ""
    return f"gFVD {target:g}: reached after {steps} steps{between}"


def _first(looks: Sequence[Mapping[str, Any]], key: str, target: float) -> int | None:
    """The first step at which ``key`` was no higher than ``target``."""
    return next((line["step"] for line in looks if key in line and line[key] <= target), None)


def _shown(line: Mapping[str, Any]) -> str:
    """FVD of one look with its interval."""
    between = f" [{line[LOW]:.1f}, {line[HIGH]:.1f}]" if LOW in line else ""
    return f"{line['fvd']:.1f}{between}, after {line['step']:,}"
