"""What of a VAE becomes a graph: tensors in, tensors out, all of fixed shape."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from arch.interface import Backbone, BackboneConfig, Past, Posterior, Stream, check_chunk
from pvvae.errors import ConfigError

MOMENTS = ("latent_mean", "latent_logvar")
"""Results of an encoder. A plain ``mean`` would meet the exporter's own name for an average."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of the clip that a graph takes, or of the first chunk of a stream."""

    frames: int
    height: int
    width: int

    @property
    def pixels(self) -> tuple[int, int, int, int, int]:
        """(1, 3, T, H, W)."""
        return 1, 3, self.frames, self.height, self.width


@dataclass(frozen=True)
class Graph:
    """A network and the tensors it takes and gives, by name, in order; on the meta device."""

    name: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]

    def examples(self) -> tuple[Tensor, ...]:
        """Zeros of the shapes that come in."""
        return tuple(torch.zeros_like(x, device="cpu") for x in self.inputs.values())


def whole_clip(backbone: Backbone, config: BackboneConfig, size: Size) -> list[Graph]:
    """``encoder`` and ``decoder`` of clips of one size.

    Args:
        backbone: with weights, on the CPU.
        config: that builds it, to find shapes without computing.
        size: of the clip.

    Raises:
        ConfigError: if there are no such clips.
    """
    shapes = _shapes(config, size)
    x = torch.empty(size.pixels, device="meta")
    posterior = shapes.encode(x)
    pixels = shapes.decode(posterior.mean)
    moments = dict(zip(MOMENTS, (posterior.mean, posterior.logvar), strict=True))
    return [
        Graph("encoder", Encode(backbone), {"x": x}, moments),
        Graph("decoder", Decode(backbone), {"z": posterior.mean}, {"pixels": pixels}),
    ]


def stream(backbone: Backbone, config: BackboneConfig, first: Size, *, later: int) -> list[Graph]:
    """Four graphs: encoder and decoder, each of the first chunk and of every later one.

    What a chunk must know of those before it goes out as ``kept_0`` ... and in, with the next
    chunk, as ``past_0`` ..., so that graphs of fixed shape take a video of any length.

    Args:
        backbone: with weights, on the CPU.
        config: that builds it, to find shapes without computing.
        first: size of the first chunk.
        later: frames of each later one.

    Raises:
        ConfigError: if the backbone cannot stream, or never stops remembering more.
    """
    shapes = _shapes(config, first)
    encoder, decoder = backbone.encoder, backbone.decoder
    if not isinstance(encoder, Stream) or not isinstance(decoder, Stream) or not backbone.streams:
        raise ConfigError(f"--stream: {config.name} as configured cannot stream; leave it out")
    try:
        check_chunk(later, stride=backbone.stride.time, first=False)
    except ValueError as error:
        raise ConfigError(f"--stream: {error}") from None
    space = backbone.stride.space
    cells = (first.height // space, first.width // space)
    x = [
        torch.empty(1, 3, n, first.height, first.width, device="meta")
        for n in (first.frames, later)
    ]
    groups = (backbone.latent_frames(first.frames), later // backbone.stride.time)
    z = [torch.empty(1, backbone.latent_channels, n, *cells, device="meta") for n in groups]
    return [
        *_chunks("encoder", encoder, shapes.encoder, {"x": x}, MOMENTS),
        *_chunks("decoder", decoder, shapes.decoder, {"z": z}, ("pixels",)),
    ]


class Encode(nn.Module):
    """Pixels of a clip to mean and log-variance."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        posterior = self.backbone.encode(x)
        return posterior.mean, posterior.logvar


class Decode(nn.Module):
    """Latents of a clip to pixels."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, z: Tensor) -> Tensor:
        return self.backbone.decode(z)


class Chunk(nn.Module):
    """A chunk and the past, flat, to its results and what to remember, flat.

    Encoders give two results, mean and log-variance, decoders one.
    """

    def __init__(self, coder: nn.Module, past: Past | None, *, results: int) -> None:
        """``past``: nested as the coder's is; None before the first chunk."""
        super().__init__()
        self.coder, self.past, self.results = coder, past, results

    def forward(self, x: Tensor, *flat: Tensor) -> tuple[Tensor, ...]:
        assert isinstance(self.coder, Stream)
        past = None if self.past is None else nested(self.past, iter(flat))
        out, kept = self.coder.stream(x, past)
        if self.results == 1:
            return (out, *flattened(kept))
        posterior = Posterior.from_moments(out)
        return (posterior.mean, posterior.logvar, *flattened(kept))


def flattened(past: Any) -> Iterator[Tensor]:
    """The tensors of a nested past; a count becomes a tensor of one."""
    if isinstance(past, tuple):
        for part in past:
            yield from flattened(part)
    else:
        yield past if isinstance(past, Tensor) else torch.full((), past, dtype=torch.int64)


def nested(like: Any, flat: Iterator[Tensor]) -> Any:
    """The inverse of :func:`flattened`, nested as ``like`` is."""
    if isinstance(like, tuple):
        return tuple(nested(part, flat) for part in like)
    return next(flat)


def _shapes(config: BackboneConfig, size: Size) -> Backbone:
    """The network without weights, once it is known to take ``size``."""
    with torch.device("meta"):
        backbone = config.build().eval()
    try:
        backbone.latent_frames(size.frames)
        backbone.check_size(size.height, size.width)
    except ValueError as error:
        raise ConfigError(f"--clip: {error}") from None
    return backbone


def _chunks(
    name: str,
    coder: nn.Module,
    shapes: nn.Module,
    chunks: dict[str, list[Tensor]],
    results: tuple[str, ...],
) -> list[Graph]:
    """The graphs of the first chunk and of the later ones."""
    assert isinstance(shapes, Stream)
    ((key, (first, later)),) = chunks.items()
    _, past = shapes.stream(first, None)
    _, after = shapes.stream(later, past)
    if [kept.shape for kept in flattened(after)] != [kept.shape for kept in flattened(past)]:
        raise ConfigError(
            f"--stream: the {name} remembers more after the second chunk than after the first; "
            "needs a longer first chunk (--clip), or a network with a bounded memory (window:)"
        )
    remembered = {f"past_{i}": kept.to("meta") for i, kept in enumerate(flattened(past))}
    count = len(results)
    graphs = []
    for suffix, x, before in (("first", first, {}), ("next", later, remembered)):
        module = Chunk(coder, past if before else None, results=count)
        empty = Chunk(shapes, past if before else None, results=count)
        kept = [f"kept_{i}" for i in range(len(remembered))]
        found = dict(zip((*results, *kept), empty(x, *before.values()), strict=True))
        graphs.append(Graph(f"{name}_{suffix}", module, {key: x, **before}, found))
    return graphs
