"""Graphs as files: programs of torch.export, or ONNX."""

import importlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch.export import ExportedProgram

from pvvae.autoencoder.export.graphs import Graph
from pvvae.errors import ConfigError

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
