"""A folder of graphs, with what one must know to call them: ``export.json`` and ``README.md``."""

import os
import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

from pvvae.autoencoder.export.formats import WRITERS
from pvvae.autoencoder.export.graphs import Graph
from pvvae.autoencoder.export.guide import DESCRIPTION, guide
from pvvae.errors import ConfigError
from pvvae.files import raise_if_unwritable, write_json, write_text
from pvvae.pretrained.published import AutoencoderConfig


def write_graphs(
    out: Path,
    graphs: list[Graph],
    config: AutoencoderConfig,
    *,
    format: str,
    overwrite: bool = False,
) -> None:
    """Make the folder, whole or not at all.

    Args:
        out: the folder, which is not there yet unless ``overwrite``.
        graphs: to be written.
        config: of the VAE.
        format: ``torch-export`` or ``onnx``.
        overwrite: whether graphs that were written there before are replaced.

    Raises:
        ConfigError: if it is there, the disk refuses, or a network cannot be traced.
    """
    before = out.with_name(f".{out.name}.replaced")
    if out.exists() and not (overwrite and (out / DESCRIPTION).is_file()):
        why = "is no folder of graphs" if overwrite else "is there already"
        raise ConfigError(f"{out}: {why}; remove it, or name another folder")
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        files = [WRITERS[format](graph, partial) for graph in graphs]
        write_json(partial / DESCRIPTION, _described(graphs, files, config, format=format))
        write_text(partial / "README.md", guide(graphs, format=format))
        if out.exists():
            os.replace(out, before)
        os.replace(partial, out)
        shutil.rmtree(before, ignore_errors=True)
    except Exception as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise_if_unwritable(error, out)
        raise


def _described(
    graphs: list[Graph], files: list[str], config: AutoencoderConfig, *, format: str
) -> dict[str, Any]:
    return {
        "format": format,
        "pixels": [-1.0, 1.0],
        "scale_factor_temporal": config.scale_factor_temporal,
        "scale_factor_spatial": config.scale_factor_spatial,
        "latents_mean": config.latents_mean,
        "latents_std": config.latents_std,
        "latents_measured_on": config.latents_measured_on,
        "graphs": {
            graph.name: {
                "file": file,
                "inputs": _tensors(graph.inputs),
                "outputs": _tensors(graph.outputs),
            }
            for graph, file in zip(graphs, files, strict=True)
        },
    }


def _tensors(tensors: dict[str, Tensor]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch.")}
        for name, x in tensors.items()
    ]
