"""What a checkpoint holds: the engines' parts, and whole weights for everyone else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from pvvae import distributed
from pvvae.files import write_json
from pvvae.run.checkpoints import Write


def write_snapshot(
    engines: Mapping[str, Write],
    whole: Mapping[str, Mapping[str, Tensor]],
    small: Mapping[str, Any],
    folder: Path,
) -> list[Path]:
    """Write one process's files into ``folder``; the files.

    Args:
        engines: by name, what writes an engine's part into a folder.
        whole: by name, a network's weights; empty but on the main process.
        small: plain data by file name, equal on all processes; the main one writes it.
        folder: of the checkpoint.
    """
    written = [path for name, write in engines.items() for path in write(folder / name)]
    for name, weights in whole.items():
        if weights:
            save_file(dict(weights), folder / f"{name}.safetensors")
            written.append(folder / f"{name}.safetensors")
    for name, data in small.items() if distributed.is_main() else ():
        write_json(folder / name, data)
        written.append(folder / name)
    return written
