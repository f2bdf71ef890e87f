"""A folder of graphs, with what one must know to call them: ``export.json`` and ``README.md``."""

import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from pvvae.autoencoder.export.graphs import Graph
from pvvae.autoencoder.export.guide import DESCRIPTION, guide
from pvvae.errors import ConfigError
from pvvae.files import raise_if_unwritable, write_json, write_text
from pvvae.pretrained.published import AutoencoderConfig

NEEDED = ("onnx", "onnxscript")
"""What torch.onnx imports."""


def check_installed(name: str) -> None:
    """Refuse a format whose packages are missing, before anything is computed.

    Raises:
        ConfigError: naming the extra that has them.
    """
    if name != "onnx":
        return
    try:
        for package in NEEDED:
            importlib.import_module(package)
    except ImportError as error:
        raise ConfigError(
            f"--format onnx needs {' and '.join(NEEDED)} ({error}); install the extra 'onnx'"
        ) from None


def write_program(graph: Graph, folder: Path) -> str:
    """``NAME.pt2`` for torch.export.load; returns the file's name."""
    name = f"{graph.name}.pt2"
    torch.export.save(_program(graph), folder / name)
    return name


def write_onnx(graph: Graph, folder: Path) -> str:
    """``NAME.onnx``, with its weights beside it where they exceed what one file may hold (2 GB).

    Returns the file's name.
    """
    name = f"{graph.name}.onnx"
    made = torch.onnx.export(
        _program(graph),
        input_names=list(graph.inputs),
        output_names=list(graph.outputs),
        dynamo=True,
        verbose=False,
    )
    assert made is not None  # without a file to write, torch returns the program
    made.save(folder / name)
    return name


WRITERS: dict[str, Callable[[Graph, Path], str]] = {
    "torch-export": write_program,
    "onnx": write_onnx,
}
"""By the name of the format."""


def _program(graph: Graph) -> ExportedProgram:
    """The traced network.

    Raises:
        ConfigError: if it cannot be traced, which only networks of others should not.
    """
    try:
        with torch.no_grad():
            return torch.export.export(graph.module.eval(), graph.examples(), strict=False)
    except Exception as error:  # torch raises whatever it met
        line = str(error).strip().splitlines()
        raise ConfigError(
            f"{graph.name}: torch.export cannot trace this network: {type(error).__name__}: "
            f"{line[0] if line else ''}"
        ) from error


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
        why = "not a folder of graphs" if overwrite else "is there already"
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
