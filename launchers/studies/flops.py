"""FLOPs that the runs of a study trained with, each counted once."""

from pathlib import Path

from pvvae.config.reading import read_object
from pvvae.errors import ConfigError
from pvvae.files import write_json
from pvvae.study.spec.expansion import Task, Trial

FILE = "flops.json"
"""In a study's folder: address to FLOPs."""
TRAINING = ("image_pretrain", "predictive", "decoder_finetune", "latte")
"""Stages that train."""


class TrainingFlops:
    """What cells cost in FLOPs, as ``pvvae plan`` counts them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: dict[str, float] = read_object(self._path) if self._path.is_file() else {}

    def of(self, cell: Trial) -> float | None:
        """FLOPs of a cell's training in all stages; its runs are complete.

        None where a run's config is not one that this version can read.
        """
        tasks = cell.runs.values()
        found = {}
        for task in tasks:
            if task.address not in self._known:
                try:
                    found[task.address] = flops_of(task)
                except ConfigError:
                    return None
        if found:
            self._known |= found
            write_json(self._path, self._known, shared=True)
        return sum(self._known[task.address] for task in tasks)


def flops_of(task: Task) -> float:
    """FLOPs of a complete run's training; 0 if it trains nothing.

    Raises:
        ConfigError: if its config cannot be read.
    """
    if task.plain.get("stage") not in TRAINING:
        return 0.0
    from pvvae.planning.compute import total_flops
    from stages import program

    _, config = program.load(task.folder / "config.yaml", ())
    return total_flops(config, freeze_encoder=task.plain["stage"] == "decoder_finetune")
