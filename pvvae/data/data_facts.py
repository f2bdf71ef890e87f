"""How many different clips a run learns from, and how often: ``data.json`` in its folder.

A longer run over few clips and a shorter one over many draw the same number of samples. Only these
facts tell them apart.
"""

from pathlib import Path
from typing import Any

from pvvae.data.schedule import Schedule
from pvvae.files import write_json

FILE = "data.json"


def data_facts(schedule: Schedule, *, unique: int) -> dict[str, Any]:
    """What a run over the whole schedule sees.

    Args:
        schedule: of the run.
        unique: different clips in its data, of which there may be mirrored samples too.

    Returns:
        ``unique_samples``: different clips that are drawn, fewer than there are where the run ends
        before its first epoch; ``epochs``: samples drawn, by the number of clips; ``steps``;
        ``drawn``: samples in all steps; ``samples``: in the data, mirrored ones counted.
    """
    return {
        "unique_samples": min(unique, schedule.drawn),
        "epochs": schedule.drawn / unique,
        "steps": schedule.steps,
        "drawn": schedule.drawn,
        "samples": schedule.num_samples,
    }


def record_data(run: Path, schedule: Schedule, *, unique: int) -> None:
    """Write :func:`data_facts`; for one process to call."""
    write_json(run / FILE, data_facts(schedule, unique=unique))
