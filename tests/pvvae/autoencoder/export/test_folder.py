"""Graphs on disk give what the network gives: torch's own exactly, ONNX within rounding."""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from arch.interface import BackboneConfig
from arch.vit import ViTConfig
from pvvae.autoencoder.export.folder import check_installed, write_graphs
from pvvae.autoencoder.export.graphs import Graph, Size, stream, whole_clip
from pvvae.autoencoder.export.guide import guide
from pvvae.errors import ConfigError
from pvvae.pretrained.published import AutoencoderConfig, describe
from tests.tiny import backbone_configs, tiny_vae

SIZE = Size(frames=17, height=16, width=32)
CONFIGS = backbone_configs()
STREAMS = [config for config in CONFIGS if config.build().streams]
SMALL = next(
    replace(c, width=16, heads=1, encoder_blocks=1, decoder_blocks=1, window=2)
    for c in STREAMS
    if isinstance(c, ViTConfig)
)
FORMATS = ("torch-export", "onnx")
ONNX = {"rtol": 1e-4, "atol": 1e-5}
"""Another library's kernels add in another order."""


def graphs_of(config: BackboneConfig, later: int | None) -> tuple[list[Graph], AutoencoderConfig]:
    vae = tiny_vae(config).eval()
    facts = describe(vae, config, mean=[0.5] * vae.backbone.latent_channels, measured_on="4 clips")
    if later is None:
        return whole_clip(vae.backbone, config, SIZE), facts
    return stream(vae.backbone, config, SIZE, later=later), facts


def caller(path: Path) -> Callable[..., list[Tensor]]:
    """The graph in a file, as a function of tensors."""
    if path.suffix == ".pt2":
        program = torch.export.load(path).module()
        return lambda *inputs: nn.Module.__call__(program, *inputs)
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [x.name for x in session.get_inputs()]

    def run(*inputs: Tensor) -> list[Tensor]:
        given = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
        return [torch.from_numpy(y) for y in session.run(None, given)]

    return run


def inputs(graphs: list[Graph]) -> Iterator[tuple[Tensor, ...]]:
    """For each graph: random data, with what the graph before it remembers."""
    generator = torch.Generator().manual_seed(2)
    kept: tuple[Tensor, ...] = ()
    for graph in graphs:
        first = next(iter(graph.inputs.values()))
        x = torch.rand(first.shape, generator=generator) * 2 - 1
        given = (x, *(kept if len(graph.inputs) > 1 else ()))
        yield given
        outputs = [name for name in graph.outputs if not name.startswith("kept_")]
        kept = () if len(outputs) == len(graph.outputs) else graph.module(*given)[len(outputs) :]


@torch.no_grad()
def written_graphs_agree(config: BackboneConfig, later: int | None, format: str, out: Path) -> None:
    graphs, facts = graphs_of(config, later)
    write_graphs(out, graphs, facts, format=format)
    described = json.loads((out / "export.json").read_text())["graphs"]
    exact = {"rtol": 0.0, "atol": 0.0}
    for graph, given in zip(graphs, inputs(graphs), strict=True):
        about = described[graph.name]
        assert [x["shape"] for x in about["inputs"]] == [list(x.shape) for x in given]
        right = graph.module(*given)
        right = [right] if isinstance(right, Tensor) else list(right)
        found = caller(out / about["file"])(*given)
        found = [found] if isinstance(found, Tensor) else list(found)
        assert [x["shape"] for x in about["outputs"]] == [list(x.shape) for x in found]
        torch.testing.assert_close(found, right, **(exact if format != "onnx" else ONNX))


@pytest.mark.parametrize("format", FORMATS)
def test_graphs_of_a_clip_agree_with_the_network(format, tmp_path):
    written_graphs_agree(SMALL, None, format, tmp_path / "out")
    what_the_readme_says_works(SMALL, tmp_path / "out", 17)


@pytest.mark.matrix
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_graphs_of_every_backbone_agree(config, format, tmp_path):
    written_graphs_agree(config, None, format, tmp_path / "clip")
    if config in STREAMS:
        written_graphs_agree(config, 8, format, tmp_path / "stream")
        what_the_readme_says_works(config, tmp_path / "stream", 33)


def test_the_folder_says_what_one_must_know(tmp_path):
    graphs, facts = graphs_of(SMALL, 4)
    write_graphs(tmp_path / "out", graphs[:1], facts, format="torch-export")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "README.md",
        "encoder_first.pt2",
        "export.json",
    ]
    about = json.loads((tmp_path / "out/export.json").read_text())
    assert about["pixels"] == [-1.0, 1.0]
    assert about["latents_mean"] == [0.5] * SMALL.latent_channels
    assert about["latents_measured_on"] == "4 clips"
    text = guide(graphs, format="torch-export")
    row = "| `encoder_first` | `x` 1x3x17x16x32 | `latent_mean` 1x32x5x1x2, `latent_logvar` "
    assert row + "1x32x5x1x2, `kept_0` to `kept_2` |" in text


@torch.no_grad()
def what_the_readme_says_works(config: BackboneConfig, out: Path, frames: int) -> None:
    """Its code, run beside the graphs on a clip ``x``, gives the network's last latents."""
    backbone = tiny_vae(config).eval().backbone
    x = torch.rand(1, 3, frames, 16, 32, generator=torch.Generator().manual_seed(3)) * 2 - 1
    (code,) = re.findall(r"```python\n(.*?)```", (out / "README.md").read_text(), re.DOTALL)
    given = {"x": x.numpy() if "onnxruntime" in code else x}
    with contextlib.chdir(out):
        exec(code, given)
    right, found = backbone.encode(x).mean, torch.as_tensor(given["mean"])
    torch.testing.assert_close(found, right[:, :, -found.shape[2] :], **ONNX)
    if "pixels" in given:
        pixels = torch.as_tensor(given["pixels"])
        torch.testing.assert_close(pixels, backbone.decode(right), **ONNX)


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    graphs, facts = graphs_of(SMALL, None)
    with pytest.raises(ConfigError, match=r"is there already; remove it, or name another folder$"):
        write_graphs(tmp_path, graphs, facts, format="onnx")
    assert list(tmp_path.iterdir()) == []


class Untraceable(nn.Module):
    """Looks at numbers to decide what to compute."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


def test_a_network_that_cannot_be_traced_is_one_line_and_leaves_nothing(tmp_path):
    _, facts = graphs_of(SMALL, None)
    x = torch.empty(1, device="meta")
    graph = Graph("encoder", Untraceable(), {"x": x}, {"y": x})
    with pytest.raises(ConfigError, match=r"^encoder: torch.export cannot trace this") as error:
        write_graphs(tmp_path / "out", [graph], facts, format="torch-export")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_without_the_packages_of_onnx_the_extra_is_named(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    check_installed("torch-export")
    with pytest.raises(ConfigError, match=r"install the extra 'onnx'$"):
        check_installed("onnx")
