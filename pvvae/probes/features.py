"""What a probe reads: frozen features of a clip, from any network or from none.

A source of features says how it is called, what it depends on and how large its cells are, and
turns pixels into features; training and measuring know nothing else of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import torch
from einops import rearrange
from torch import Tensor, nn

from arch.interface import Denoiser, PeerConfig, Stride
from pvvae import seeding
from pvvae.data.latent_scale import LatentScale, encoder_digest
from pvvae.denoiser.rectified_flow import interpolate
from pvvae.denoiser.trained_run import check_decoder, latte_scale, latte_vae
from pvvae.errors import ConfigError
from pvvae.model import PredictiveVAE
from pvvae.pretrained.box import MANIFEST, is_boxed_latte, located, open_box
from pvvae.pretrained.denoisers import load_denoiser
from pvvae.pretrained.vae_source import open_vae
from pvvae.probes.head import folded
from pvvae.run.folder import is_run, read_config

PIXELS = "pixels"
"""What raw pixels are called."""
DEFAULT_TIME = 0.2
"""Share of noise that a denoiser is shown. The paper names none; DIFT (arXiv 2306.03881) shows a
fifth of its steps to find correspondences in video (t = 201 of 1,000)."""


class FeatureSource(ABC):
    """Frozen features of clips."""

    label: str
    """What a page calls it."""
    about: str
    """Which features, in a few words."""
    digest: str
    """What they depend on, weights included."""
    stride: Stride
    """Pixels per cell; the first group is one frame."""
    vae: PredictiveVAE | None = None
    """What they are behind, if anything: its reconstruction is a floor."""

    @abstractmethod
    def features(self, x: Tensor, *, clip: str) -> Tensor:
        """Features (1, F, t, h, w) of pixels (1, C, T, H, W), T = 1 + (t - 1) * stride.time.

        Args:
            x: in [-1, 1].
            clip: names it, for what is drawn for it.
        """

    def check(self, frames: int, height: int, width: int) -> None:
        """Refuse clips that do not divide into cells.

        Raises:
            ConfigError: naming the source.
        """
        if self.vae is None:
            return
        try:
            self.vae.backbone.latent_frames(frames)
            self.vae.backbone.check_size(height, width)
        except ValueError as error:
            raise ConfigError(f"{self.label}: {error}") from None

    def to(self, device: torch.device) -> None:
        """Move what computes."""
        if self.vae is not None:
            self.vae.to(device)


class PixelFeatures(FeatureSource):
    """The pixels themselves, folded into cells: what a head knows without any network."""

    def __init__(self, stride: Stride) -> None:
        """See the class."""
        self.label, self.stride = PIXELS, stride
        self.about = f"pixels in cells of {stride.time} x {stride.space} x {stride.space}"
        self.digest = f"{PIXELS} {tuple(stride)}"

    def features(self, x: Tensor, *, clip: str) -> Tensor:
        """All pixels of a cell are its features."""
        return folded(x, self.stride)


class LatentFeatures(FeatureSource):
    """A VAE's latents alone: means of the posterior."""

    def __init__(self, label: str, vae: PredictiveVAE) -> None:
        """Keep the VAE."""
        self.label, self.vae, self.stride = label, vae, vae.backbone.stride
        self.about = f"latents {vae.backbone.latent_config}, means"
        self._backbone = vae.backbone
        self.digest = encoder_digest(vae.backbone)

    def features(self, x: Tensor, *, clip: str) -> Tensor:
        """Latents."""
        return self._backbone.encode(x).mean.float()


@dataclass(frozen=True)
class TrainedDenoiser:
    """A denoiser with the scale and the maker of its latents."""

    denoiser: Denoiser
    scale: LatentScale
    vae: PredictiveVAE

    @property
    def depth(self) -> int:
        """Blocks that can be probed."""
        return len(self.denoiser.segments)


class DenoiserFeatures(FeatureSource):
    """What comes out of one block of a denoiser that sees a clip's latents with some noise.

    Noise belongs to seed and clip; the class is "no class".
    """

    def __init__(
        self, label: str, trained: TrainedDenoiser, *, block: int, time: float, seed: int
    ) -> None:
        """Choose the block (1 is the first) and the time (0 is no noise).

        Raises:
            ConfigError: if there is no such block.
        """
        if not 1 <= block <= trained.depth:
            raise ConfigError(
                f"--block: {label} has blocks 1 to {trained.depth}, got {block}"
                if trained.depth
                else f"{label}: its denoiser names no segments, so no block of it can be probed"
            )
        self.label, self.vae, self.stride = label, trained.vae, trained.vae.backbone.stride
        self.block, self.time, self.seed, self._trained = block, time, seed, trained
        self._backbone = trained.vae.backbone
        self.about = f"block {block} of {trained.depth}, noise {time:g}"
        scale = trained.scale
        what = (encoder_digest(self._backbone), encoder_digest(trained.denoiser), block, time, seed)
        self.digest = f"{what} {scale.mean.tolist()} {scale.deviation.tolist()}"

    def to(self, device: torch.device) -> None:
        """Move VAE and denoiser."""
        super().to(device)
        self._trained.denoiser.to(device)

    def features(self, x: Tensor, *, clip: str) -> Tensor:
        """Tokens of the block, at their places."""
        denoiser = self._trained.denoiser
        z = self._trained.scale.normalize(self._backbone.encode(x).mean.float())
        generator = seeding.torch_generator(self.seed, "probe", clip)
        noise = torch.randn(z.shape, generator=generator).to(z)
        time = torch.full((1,), self.time, device=z.device)
        label = None
        if denoiser.num_classes:
            label = torch.full((1,), denoiser.num_classes, device=z.device)
        found: list[Tensor] = []

        def keep(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
            found.append(output)

        hook = denoiser.segments[self.block - 1].register_forward_hook(keep)
        try:
            denoiser(interpolate(z, noise, time), time, label)
        finally:
            hook.remove()
        return _at_places(found[0], h=z.shape[3], w=z.shape[4]).float()


def _at_places(tokens: Tensor, *, h: int, w: int) -> Tensor:
    """(B, t, h * w, F), or features that have their places already, as (B, F, t, h, w)."""
    if tokens.ndim == 5:
        return tokens
    return rearrange(tokens, "b t (h w) f -> b f t h w", h=h, w=w)


def open_sources(
    label: str,
    run: str | PeerConfig,
    *,
    blocks: tuple[int, ...],
    times: tuple[float, ...],
    seed: int,
) -> list[FeatureSource]:
    """Every source that a RUN is: one for a VAE, and one a block and time for a denoiser.

    Args:
        label: what a page calls it.
        run: folder of a VAE stage or of stage latte, a published VAE, ``box:NAME``, or a peer.
        blocks: of a denoiser, 1 the first; none is the middle one (14 of 28, section 4.3).
        times: share of noise in what it sees.
        seed: of the noise.

    Raises:
        ConfigError: if a network cannot be had, or has no such block.
    """
    trained = _denoiser(run) if isinstance(run, str) else None
    if trained is None:
        return [LatentFeatures(label, open_vae(run))]
    middle = (max(1, trained.depth // 2),)
    return [
        DenoiserFeatures(label, trained, block=block, time=time, seed=seed)
        for block in dict.fromkeys(blocks or middle)
        for time in dict.fromkeys(times)
    ]


def frames_seen(sources: Sequence[FeatureSource], frames: int) -> int:
    """Frames that all sources can see so that another one comes after: one group less of each.

    Raises:
        ConfigError: if none would be left.
    """
    step = lcm(*(source.stride.time for source in sources))
    if frames - step < 1:
        raise ConfigError(f"--frames: {frames} leave none to see; use {1 + step} or more")
    return frames - step


def _denoiser(run: str) -> TrainedDenoiser | None:
    """The denoiser of a run of stage latte or of a box; None where the run is of a VAE."""
    folder = located(run)
    if is_boxed_latte(folder):
        if not (folder.parent / MANIFEST).is_file():
            raise ConfigError(f"{run}: a Latte without its box; {MANIFEST} should be beside it")
        box = open_box(folder.parent)
        denoiser, scale = box.latte(folder.name)
        return TrainedDenoiser(denoiser, scale, box.vae(box.lattes[folder.name].vae))
    if not is_run(folder) or "denoiser" not in read_config(folder):
        return None
    plain = read_config(folder)
    if plain["denoiser"].get("num_classes") and plain.get("label_dropout") == 0:
        raise ConfigError(
            f"{run}: was trained with label_dropout: 0, so it does not know clips of no class, "
            "which is what a probe shows it"
        )
    scale, vae = latte_scale(folder), open_vae(latte_vae(folder))
    check_decoder(vae, scale, key="latents", name=str(run))
    return TrainedDenoiser(load_denoiser(folder), scale, vae)
