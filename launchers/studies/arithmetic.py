"""FLOPs that the runs of a study trained with, each counted once."""

import json
from pathlib import Path

from pvvae.files import write_json
from pvvae.study.expansion import Cell, Task

FILE = "flops.json"
"""In a study's folder: address to FLOPs."""


class Arithmetic:
    """What cells cost in FLOPs, as ``pvvae plan`` counts them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: dict[str, float] = (
            json.loads(self._path.read_text()) if self._path.is_file() else {}
        )

    def of(self, cell: Cell) -> float:
        """Of all its training, that of every stage; its runs are complete."""
        tasks = cell.runs.values()
        found = {t.address: flops_of(t) for t in tasks if t.address not in self._known}
        if found:
            self._known |= found
            write_json(self._path, self._known)
        return sum(self._known[task.address] for task in tasks)


def flops_of(task: Task) -> float:
    """Of a complete run's training; 0 if it trains nothing."""
    if "command" in task.plain:
        return 0.0
    from pvvae.denoising_config import DenoiserTrainingConfig
    from pvvae.planning.total import total_flops
    from pvvae.training_config import VAETrainingConfig
    from stages import decoder_finetune, program

    _, config = program.load(task.folder / "config.yaml", ())
    if not isinstance(config, VAETrainingConfig | DenoiserTrainingConfig):
        return 0.0
    return total_flops(config, freeze_encoder=isinstance(config, decoder_finetune.Config))
