"""Any other VAE as a peer: a checkout and a checkpoint that the user names, and a few facts.

Nothing of theirs is in this project: their code is imported from where it lies.
"""

import importlib
import math
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from arch import ranges
from arch.interface import Backbone, LatentFacts, PeerConfig, Posterior, Stride
from arch.interop.torchvision import import_torchvision
from arch.interop.weights import check_finite, check_fits, read_weights
from arch.ranges import Cells, Channels, Range
from arch.registry import register

Level = Annotated[float, Range(-65_535.0, 65_535.0)]
"""A value of a pixel; the widest are those of 16 bits."""
AXES = "BCTHW"
CERTAIN = -30.0
"""Log-variance of a latent that comes without one: the least that a posterior here has."""


@register(PeerConfig, "external")
@dataclass(frozen=True, kw_only=True)
class ExternalConfig(PeerConfig):
    """Where code and weights are, and how the network is called."""

    checkout: str
    """Folder from which its code is imported."""

    target: str
    """``package.module:Class``, or a function that makes the network."""

    arguments: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the class or function."""

    weights_key: str | None = None
    """Entry of the checkpoint that holds the weights, where they are not all of it."""

    ignored: tuple[str, ...] = ()
    """Prefixes of the names of weights that the network does not use, such as a loss's."""

    trusted_pickle: bool = False
    """Whether ``weights`` may be a pickle, which is then read as tensors alone."""

    encode: str = "encode"
    """Method that takes pixels."""

    decode: str = "decode"
    """Method that takes latents; it gives pixels, or something whose ``sample`` they are."""

    latent: Literal["distribution", "moments", "sample"]
    """What ``encode`` gives: something whose ``latent_dist`` has ``mean`` and ``logvar``; mean and
    log-variance in twice the channels; or latents alone, drawn with the same noise every time."""

    latent_channels: Channels
    """c of its latents."""

    layout: str = AXES
    """Order of axes of its pixels and latents, such as BTCHW."""

    range: tuple[Level, Level] = (-1.0, 1.0)
    """Values of black and white in its pixels."""

    stride: tuple[Cells, Cells]
    """Frames and pixels of a latent cell; the first frame is one of its own."""

    def __post_init__(self) -> None:
        """Refuse facts that cannot be.

        Raises:
            ValueError: naming the key.
        """
        if sorted(self.layout) != sorted(AXES):
            raise ValueError(f"layout: must order the letters {AXES}, got {self.layout!r}")
        if self.range[0] >= self.range[1]:
            raise ValueError(f"range: must go from black to white, got {list(self.range)}")
        if self.target.count(":") != 1:
            raise ValueError(f"target: is written package.module:Class, got {self.target!r}")
        ranges.check(self)

    def latents(self) -> LatentFacts:
        """What the user says; a clip that is sent through shows whether it is so."""
        return LatentFacts(channels=self.latent_channels, stride=Stride(*self.stride))

    def build(self) -> "External":
        """The network, and one small clip through it to see that the facts hold.

        Raises:
            ValueError: in one line, for whatever does not work.
        """
        factory = self._factory()
        try:
            network = factory(**self.arguments)
        except Exception as error:
            raise ValueError(f"target: {self.target} cannot be made: {_line(error)}") from None
        if not isinstance(network, nn.Module):
            raise ValueError(
                f"target: {self.target} gives a {type(network).__name__}, not an nn.Module"
            )
        peer = External(network, self)
        if not any(p.is_meta for p in network.parameters()):
            if self.weights is not None:
                self._load(network, Path(self.weights))
            peer.check_facts()
        return peer

    def _factory(self) -> Callable[..., Any]:
        folder = Path(self.checkout).resolve()
        if not folder.is_dir():
            raise ValueError(f"checkout: no folder {self.checkout}; clone the code there")
        module, _, name = self.target.partition(":")
        with suppress(
            ImportError
        ):  # much code imports it, and fails beside a torch of another build
            import_torchvision()
        sys.path.insert(0, str(folder))
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise ValueError(
                f"target: {module} needs {error.name}, which is neither in {self.checkout} nor "
                "installed here; install what its authors ask for"
            ) from None
        except Exception as error:
            raise ValueError(f"target: {module} cannot be imported: {_line(error)}") from None
        finally:
            sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))  # for what it imports later
        place = Path(found.__file__ or "")
        if not place.resolve().is_relative_to(folder):
            raise ValueError(f"target: {module} was found in {place}, not in {self.checkout}")
        if name not in vars(found):
            raise ValueError(f"target: {module} has no {name}")
        factory: Callable[..., Any] = vars(found)[name]
        return factory

    def _load(self, network: nn.Module, path: Path) -> None:
        weights = read_weights(path, trusted_pickle=self.trusted_pickle)
        if self.weights_key is not None:
            if self.weights_key not in weights:
                known = ", ".join(sorted(map(str, weights))[:8])
                raise ValueError(f"weights_key: {path} has no {self.weights_key!r}; it has {known}")
            weights = weights[self.weights_key]
            if not isinstance(weights, dict):
                raise ValueError(f"weights_key: {self.weights_key} of {path} holds no weights")
        kept = {name: w for name, w in weights.items() if not name.startswith(self.ignored)}
        check_fits(kept, network, where=path)
        check_finite(kept, where=path)
        network.load_state_dict(kept)


class External(Backbone):
    """Someone's network, called as its config says."""

    causal = False  # nothing is known of it

    def __init__(self, network: nn.Module, config: ExternalConfig) -> None:
        super().__init__()
        self.network = network
        self.stride, self.latent_channels = Stride(*config.stride), config.latent_channels
        self._config = config
        self._theirs = " ".join(config.layout.lower())
        self._black, self._white = config.range

    @property
    def encoder(self) -> nn.Module:  # type: ignore[override]
        return self.network

    @property
    def decoder(self) -> nn.Module:  # type: ignore[override]
        return self.network

    def encode(self, x: Tensor, observed: Tensor | None = None) -> Posterior:
        """Posterior of every group.

        Raises:
            ValueError: if groups are to be hidden, or the latents have another shape than promised.
        """
        if observed is not None:
            raise ValueError("an external peer cannot hide later groups from earlier ones")
        groups = self.latent_frames(x.shape[2])
        self.check_size(*x.shape[3:])
        unit = (x + 1.0) / 2.0
        theirs = self._to(self._black + unit * (self._white - self._black))
        with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
            torch.manual_seed(0)
            posterior = self._posterior(self._method(self._config.encode)(theirs))
        height, width = (n // self.stride.space for n in x.shape[3:])
        self._check("encode", posterior.mean, (len(x), self.latent_channels, groups, height, width))
        return posterior

    def decode(self, z: Tensor) -> Tensor:
        out = self._method(self._config.decode)(self._to(z))
        x = self._from(out if isinstance(out, Tensor) else out.sample)
        frames = 1 + (z.shape[2] - 1) * self.stride.time
        height, width = (n * self.stride.space for n in z.shape[3:])
        self._check("decode", x, (len(z), 3, frames, height, width))
        return (x - self._black) / (self._white - self._black) * 2.0 - 1.0

    def check_facts(self) -> None:
        """One clip of two groups there and back.

        Raises:
            ValueError: in one line, with what went wrong.
        """
        size = (1, 3, 1 + self.stride.time, 4 * self.stride.space, 4 * self.stride.space)
        device = next((p.device for p in self.network.parameters()), torch.device("cpu"))
        training = self.network.training
        self.network.eval()
        try:
            with torch.no_grad():
                self.decode(self.encode(_ramp(size, device)).mean)
        except Exception as error:
            clip = "x".join(map(str, size[2:]))
            raise ValueError(f"with a clip of {clip}: {_line(error)}") from None
        finally:
            self.network.train(training)

    def _posterior(self, out: Any) -> Posterior:
        if self._config.latent == "distribution":
            found = out.latent_dist
            return Posterior(self._from(found.mean), self._from(found.logvar))
        z = self._from(out)
        if self._config.latent == "moments":
            return Posterior.from_moments(z)
        return Posterior(z, torch.full_like(z, CERTAIN))

    def _method(self, name: str) -> Callable[[Tensor], Any]:
        if not hasattr(self.network, name):
            raise ValueError(
                f"{type(self.network).__name__} has no method {name}; name one that it has"
            )
        method: Callable[[Tensor], Any] = getattr(self.network, name)  # the user's fact
        return method

    def _to(self, x: Tensor) -> Tensor:
        return rearrange(x, f"b c t h w -> {self._theirs}")

    def _from(self, x: Any) -> Tensor:
        if not isinstance(x, Tensor) or x.dim() != len(AXES):
            raise ValueError(f"wanted a tensor of {self._config.layout}, got {_described(x)}")
        return rearrange(x, f"{self._theirs} -> b c t h w")

    def _check(self, what: str, x: Tensor, wanted: tuple[int, ...]) -> None:
        if x.shape != wanted:
            raise ValueError(
                f"{what} gives {_described(x)}, but {'x'.join(map(str, wanted))} follows from "
                f"stride {list(self._config.stride)}, latent_channels {self.latent_channels} and "
                f"layout {self._config.layout}"
            )


def _ramp(size: tuple[int, ...], device: torch.device) -> Tensor:
    """Pixels from black to white: some code checks their range."""
    return torch.linspace(-1.0, 1.0, math.prod(size), device=device).reshape(size)


def _described(x: Any) -> str:
    return "x".join(map(str, x.shape)) if isinstance(x, Tensor) else f"a {type(x).__name__}"


def _line(error: Exception) -> str:
    if isinstance(error, ValueError):
        return " ".join(str(error).split())
    return " ".join(f"{type(error).__name__}: {error}".split())
