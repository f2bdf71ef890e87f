"""A dry run as text."""

from pvvae.planning.dry_run import DryRun
from pvvae.planning.table import columns

KINDS = {
    "trained": "all",
    "network": "network",
    "weight": "fp32 weights",
    "exp_avg": "exp_avg",
    "exp_avg_sq": "exp_avg_sq",
    "average": "average",
}
"""What an engine says it holds, and its column."""


def text(found: DryRun, *, title: str, processes: int) -> str:
    """The whole page."""
    taken = "no step" if found.skipped else "first steps"
    head = f"{title}: process 0 of {processes}, {taken} taken"
    parts = [head, _elements(found), _steps(found)]
    return "\n\n".join(parts + ([] if found.skipped is None else [f"No step: {found.skipped}."]))


def _elements(found: DryRun) -> str:
    used = [kind for kind in KINDS if any(kind in held for held in found.elements.values())]
    rows = [
        [f"{name}, ZeRO {found.zero[name]}", *(f"{held.get(kind, 0):,}" for kind in used)]
        for name, held in found.elements.items()
    ]
    return columns(["Trained elements", *(KINDS[kind] for kind in used)], rows)


def _steps(found: DryRun) -> str:
    rows = [
        [
            f"step {number}",
            *(f"{each:,}" for each in (step.slots, step.clips, step.pixels)),
            *(f"{each:,}" for each in (step.slots_here, step.clips_here)),
        ]
        for number, step in enumerate(found.steps)
    ]
    return columns(["Batch", "slots", "clips", "pixels", "slots here", "clips here"], rows)
