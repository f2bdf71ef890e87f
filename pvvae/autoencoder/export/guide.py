"""How exported graphs are called: the README.md beside them."""

from torch import Tensor

from pvvae.autoencoder.export.graphs import Graph

DESCRIPTION = "export.json"
"""The file that says the same to programs."""
README = """\
# A predictive video VAE as {format} graphs

Batch 1, fixed shapes, float32. Pixels (1, 3, T, H, W) are RGB in [-1, 1]; what is decoded may leave
that range a little: clamp it. Latents (1, c, t, h, w): the encoder gives mean and log-variance; use
the mean, or mean + exp(logvar / 2) * noise. A diffusion model denoises (z - latents_mean) /
latents_std, each channel its own: `{description}` has them, and all shapes.

{table}

{calling}"""
STREAMING = """\
A video of any length comes in chunks: `encoder_first` takes the first {first} frames, then
`encoder_next` {later} after {later}. What a chunk must know of those before it goes out as
`kept_0`, `kept_1`, ... and in again as `past_0`, `past_1`, ... The chunks' results, put together,
are those of the whole video. The decoder's graphs are called the same way, with `z`.

```python
{code}```
"""
WHOLE = """\
```python
{code}```
"""
ONNX_WHOLE = """\
import onnxruntime

encoder = onnxruntime.InferenceSession("encoder.onnx")
decoder = onnxruntime.InferenceSession("decoder.onnx")
mean, logvar = encoder.run(None, {"x": x})
(pixels,) = decoder.run(None, {"z": mean})
"""
ONNX_STREAM = """\
import onnxruntime

first = onnxruntime.InferenceSession("encoder_first.onnx")
later = onnxruntime.InferenceSession("encoder_next.onnx")
mean, logvar, *kept = first.run(None, {"x": x[:, :, :FIRST]})
for start in range(FIRST, x.shape[2], LATER):
    past = {f"past_{i}": tensor for i, tensor in enumerate(kept)}
    mean, logvar, *kept = later.run(None, {"x": x[:, :, start : start + LATER], **past})
"""
TORCH_WHOLE = """\
import torch

encoder = torch.export.load("encoder.pt2").module()
decoder = torch.export.load("decoder.pt2").module()
mean, logvar = encoder(x)
pixels = decoder(mean)
"""
TORCH_STREAM = """\
import torch

first = torch.export.load("encoder_first.pt2").module()
later = torch.export.load("encoder_next.pt2").module()
mean, logvar, *kept = first(x[:, :, :FIRST])
for start in range(FIRST, x.shape[2], LATER):
    mean, logvar, *kept = later(x[:, :, start : start + LATER], *kept)
"""
CODE = {"torch-export": (TORCH_WHOLE, TORCH_STREAM), "onnx": (ONNX_WHOLE, ONNX_STREAM)}
"""Example code for whole clips and for streams, by format."""


def guide(graphs: list[Graph], *, format: str) -> str:
    """The README of ``graphs``, whole clips or streams, in ``format``."""
    rows = ["| graph | takes | gives |", "|---|---|---|"]
    rows += [f"| `{g.name}` | {_listed(g.inputs)} | {_listed(g.outputs)} |" for g in graphs]
    return README.format(
        format=format,
        description=DESCRIPTION,
        table="\n".join(rows),
        calling=_calling({graph.name: graph for graph in graphs}, format),
    )


def _calling(graphs: dict[str, Graph], format: str) -> str:
    whole, stream = CODE[format]
    if "encoder_next" not in graphs:
        return WHOLE.format(code=whole)
    first, later = (str(graphs[f"encoder_{k}"].inputs["x"].shape[2]) for k in ("first", "next"))
    code = stream.replace("FIRST", first).replace("LATER", later)
    return STREAMING.format(first=first, later=later, code=code)


def _listed(tensors: dict[str, Tensor]) -> str:
    """Names and shapes; of what is remembered, the first and last name."""
    rest = [name for name in tensors if name.startswith(("past_", "kept_"))]
    plain = [(name, x) for name, x in tensors.items() if name not in rest]
    words = [f"`{name}` {'x'.join(map(str, x.shape))}" for name, x in plain]
    return ", ".join([*words, f"`{rest[0]}` to `{rest[-1]}`"] if rest else words)
