"""A folder of graphs, with what one must know to call them: ``export.json`` and ``README.md``."""

import os
import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

from pvvae.errors import ConfigError
from pvvae.export.formats import WRITERS
from pvvae.export.graphs import Graph
from pvvae.files import raise_if_unwritable, write_json, write_text
from pvvae.published import AutoencoderConfig

DESCRIPTION = "export.json"
README = """\
# A predictive video VAE as {format} graphs

Batch 1, fixed shapes, float32. Pixels (1, 3, T, H, W) are RGB in [-1, 1]; what is decoded may leave
that range a little: clamp it. Latents (1, c, t, h, w): the encoder gives mean and log-variance; use
the mean, or mean + exp(logvar / 2) * noise. A diffusion model denoises (z - latents_mean) /
latents_std, each channel its own: `{description}` has them, and all shapes.

{table}
{calling}"""
CALLING = {
    "torch-export": """
```python
program = torch.export.load("NAME.pt2").module()
mean, logvar = program(x)
```
""",
    "onnx": """
```python
session = onnxruntime.InferenceSession("NAME.onnx")
mean, logvar = session.run(None, {"x": x})
```
""",
}
STREAMING = """
A video of any length comes in chunks. `NAME_first` takes the first one, `NAME_next` each that
follows: give it as `past_0`, `past_1`, ... what the chunk before gave as `kept_0`, `kept_1`, ...
The chunks' results, put together, are those of the whole video.
"""


def write_graphs(out: Path, graphs: list[Graph], config: AutoencoderConfig, *, format: str) -> None:
    """Make the folder, whole or not at all.

    Args:
        out: the folder, which is not there yet.
        graphs: to be written.
        config: of the VAE.
        format: ``torch-export`` or ``onnx``.

    Raises:
        ConfigError: if it is there, the disk refuses, or a network cannot be traced.
    """
    if out.exists():
        raise ConfigError(f"{out}: is there already; remove it, or name another folder")
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        files = [WRITERS[format](graph, partial) for graph in graphs]
        write_json(partial / DESCRIPTION, _described(graphs, files, config, format=format))
        write_text(partial / "README.md", _readme(graphs, format=format))
        os.replace(partial, out)
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


def _readme(graphs: list[Graph], *, format: str) -> str:
    rows = ["| graph | takes | gives |", "|---|---|---|"]
    rows += [f"| `{g.name}` | {_listed(g.inputs)} | {_listed(g.outputs)} |" for g in graphs]
    streams = any("past_0" in graph.inputs for graph in graphs)
    return README.format(
        format=format,
        description=DESCRIPTION,
        table="\n".join(rows),
        calling=CALLING[format] + (STREAMING if streams else ""),
    )


def _listed(tensors: dict[str, Tensor]) -> str:
    """Names and shapes; of what is remembered, the number of tensors."""
    plain = [(n, x) for n, x in tensors.items() if not n.startswith(("past_", "kept_"))]
    words = [f"`{name}` {'x'.join(map(str, x.shape))}" for name, x in plain]
    rest = [name for name in tensors if name.startswith(("past_", "kept_"))]
    return ", ".join([*words, f"`{rest[0]}` to `{rest[-1]}`"] if rest else words)
