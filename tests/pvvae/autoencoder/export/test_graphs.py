"""What becomes a graph: the network's numbers, with all that is remembered in the open."""

from dataclasses import replace

import pytest
import torch

from arch.interface import BackboneConfig
from arch.layers.streaming import Stream
from arch.registry import load_plugin, lookup
from arch.vit import ViTConfig
from pvvae.autoencoder.export.graphs import Graph, Size, flattened, nested, stream, whole_clip
from pvvae.errors import ConfigError
from tests.launchers.conftest import PLUGIN
from tests.tiny import backbone_configs, tiny_vae

SIZE = Size(frames=17, height=32, width=48)
CONFIGS = backbone_configs()
STREAMS = [config for config in CONFIGS if config.build().streams]
WINDOWED = next(c for c in STREAMS if isinstance(c, ViTConfig))


def clip(frames: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(1, 3, frames, 32, 48, generator=generator) * 2 - 1


def shapes(tensors: dict[str, torch.Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(x.shape) for name, x in tensors.items()}


def named(graphs: list[Graph]) -> dict[str, Graph]:
    return {graph.name: graph for graph in graphs}


def test_a_past_is_flattened_and_nested_again():
    a, b = torch.zeros(1), torch.ones(2)
    flat = list(flattened((3, (a, (b,)), ())))
    assert [tuple(x.shape) for x in flat] == [(), (1,), (2,)]
    assert flat[0].item() == 3
    count, (one, (two,)), nothing = nested((0, (a, (b,)), ()), iter(flat))
    assert (int(count), one is a, two is b, nothing) == (3, True, True, ())


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
@torch.no_grad()
def test_graphs_of_a_clip_say_their_shapes_and_give_the_backbone_s_numbers(config):
    backbone = tiny_vae(config).eval().backbone
    encoder, decoder = whole_clip(backbone, config, SIZE)
    assert shapes(encoder.inputs) == {"x": (1, 3, 17, 32, 48)}
    latents = (1, config.latent_channels, 5, 2, 3)
    assert shapes(encoder.outputs) == {"latent_mean": latents, "latent_logvar": latents}
    assert shapes(decoder.inputs) == {"z": latents}
    assert shapes(decoder.outputs) == {"pixels": (1, 3, 17, 32, 48)}
    assert [x.device.type for x in encoder.examples()] == ["cpu"]
    posterior = backbone.encode(clip(17))
    mean, logvar = encoder.module(clip(17))
    assert torch.equal(mean, posterior.mean)
    assert torch.equal(logvar, posterior.logvar)
    assert torch.equal(decoder.module(mean), backbone.decode(mean))


@pytest.mark.parametrize("config", STREAMS, ids=lambda config: config.name)
@torch.no_grad()
def test_graphs_of_a_stream_go_on_where_the_last_one_ended(config):
    backbone = tiny_vae(config).eval().backbone
    graphs = named(stream(backbone, config, SIZE, later=8))
    assert list(graphs) == ["encoder_first", "encoder_next", "decoder_first", "decoder_next"]
    x = clip(33)
    whole = backbone.encode(x)
    parts = []
    mean, logvar, *kept = graphs["encoder_first"].module(x[:, :, :17])
    for start in (17, 25):
        parts.append((mean, logvar))
        graph = graphs["encoder_next"]
        assert [tuple(k.shape) for k in kept] == list(shapes(graph.inputs).values())[1:]
        assert [k.dtype for k in kept] == [k.dtype for k in graph.inputs.values()][1:]
        mean, logvar, *kept = graph.module(x[:, :, start : start + 8], *kept)
        assert len(kept) == len(graph.outputs) - 2
    parts.append((mean, logvar))
    for found, right in zip(zip(*parts, strict=True), (whole.mean, whole.logvar), strict=True):
        torch.testing.assert_close(torch.cat(found, dim=2), right, rtol=1e-5, atol=1e-5)
    pixels, *kept = graphs["decoder_first"].module(whole.mean[:, :, :5])
    clips = [pixels]
    for start in (5, 7):
        pixels, *kept = graphs["decoder_next"].module(whole.mean[:, :, start : start + 2], *kept)
        clips.append(pixels)
    right = backbone.decode(whole.mean)
    torch.testing.assert_close(torch.cat(clips, dim=2), right, rtol=1e-5, atol=1e-5)


def test_the_weights_are_not_copied():
    backbone = tiny_vae(WINDOWED).eval().backbone
    graphs = named(stream(backbone, WINDOWED, SIZE, later=8))
    for name, coder in (("encoder_next", backbone.encoder), ("decoder_first", backbone.decoder)):
        assert isinstance(coder, Stream)
        assert list(graphs[name].module.children()) == [coder]


@pytest.mark.parametrize(
    ("size", "right"),
    [
        (replace(SIZE, frames=16), "--clip: a clip must have 1 .* nearest valid lengths: 13, 17$"),
        (replace(SIZE, height=40), "--clip: height must be .* nearest valid sizes: 32, 48$"),
    ],
)
def test_clips_that_cannot_be_name_the_nearest(size, right):
    backbone = WINDOWED.build()
    with pytest.raises(ConfigError, match=right):
        whole_clip(backbone, WINDOWED, size)
    with pytest.raises(ConfigError, match=right):
        stream(backbone, WINDOWED, size, later=4)


@pytest.mark.parametrize("later", [0, -4, 6])
def test_chunks_that_cannot_be_name_the_nearest(later):
    with pytest.raises(ConfigError, match=r"--stream: a later chunk must have n .* nearest: 4, 8$"):
        stream(WINDOWED.build(), WINDOWED, SIZE, later=later)


def test_a_memory_that_still_grows_is_refused():
    growing = replace(WINDOWED, window=None)
    for config, size in ((growing, SIZE), (WINDOWED, replace(SIZE, frames=5))):
        with pytest.raises(ConfigError, match=r"needs a longer first chunk .* bounded memory"):
            stream(config.build(), config, size, later=4)


def test_what_cannot_stream_is_refused():
    load_plugin(PLUGIN)
    full = next(c for c in CONFIGS if isinstance(c, ViTConfig) and c.attention == "full")
    for config in (full, lookup(BackboneConfig, "toy")(latent_channels=4)):
        with pytest.raises(ConfigError, match=r"as configured cannot stream; leave it out$"):
            stream(config.build(), config, SIZE, later=4)
