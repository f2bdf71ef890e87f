"""What is measured of one reconstructed clip, and what follows from all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pvvae.data.video.pixels import in_8_bits, to_uint8
from pvvae.metrics.cached_features import KnownFeatures
from pvvae.metrics.curve import Curve
from pvvae.metrics.frame_protocol import FRAME_PROTOCOL, PREDICTION_PROTOCOL
from pvvae.metrics.fvd import FVD
from pvvae.metrics.latent_distance import LatentDistance
from pvvae.metrics.lpips import LPIPS
from pvvae.metrics.per_frame import PerFrame, to_unit
from pvvae.metrics.prediction_error import prediction_error
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.results import Value
from pvvae.metrics.ssim import frame_ssim
from pvvae.model import PredictiveVAE
from pvvae.run.item_results import Row

FRAMES = ("psnr", "ssim", "lpips")
PREDICTION, FEATURES, ERROR = "prediction_", "features_of_", "error_of_"
"""How the measurements of a clip are called: see :meth:`Examiner.examine`."""


class Examiner:
    """A VAE, what predicts, and the networks that judge both."""

    def __init__(
        self,
        vae: PredictiveVAE,
        predictor: PredictiveVAE | None,
        *,
        device: torch.device,
        fvd_frames: str,
        seed: int = 0,
        real_features: Path | None = None,
    ) -> None:
        """Load what judges.

        Args:
            vae: what rebuilds.
            predictor: what predicts withheld frames; None predicts nothing.
            device: of all networks.
            fvd_frames: see :class:`FVD`.
            seed: of a Gaussian pad's noise.
            real_features: folder of :class:`KnownFeatures`, for the originals.

        Raises:
            ConfigError: if weights are missing or not the released ones.
        """
        self.vae, self.predictor, self._seed = vae, predictor, seed
        self._perceptual = LPIPS("alex").to(device)
        self._videos = FVD(device=str(device), frames=fvd_frames)
        self._known = KnownFeatures(self._videos, folder=real_features, device=device)

    @torch.inference_mode()
    def examine(self, x: Tensor, *, number: int, latent: bool) -> tuple[Row, dict[str, Tensor]]:
        """Row and pictures of one clip (1, C, T, H, W) in [-1, 1].

        ``number`` is the clip's among those drawn. All measurements are of pictures in 8 bits.

        In the row: ``psnr ssim lpips`` (1, T) of each frame; ``features_of_…`` (1, 400) of I3D, for
        the original and the reconstruction; ``latent``, the posterior mean (1, c, t, h, w), if it
        is asked for. With a predictor, whose encoder sees the first half of the groups:
        ``prediction_psnr …`` (1, T) of its clip, ``observed`` () frames, and ``error_of_…`` (),
        squared error of the withheld frames, predicted and repeated.
        """
        recon, mean, _ = self.vae(x)
        recon = in_8_bits(recon)
        pictures = {"original": x, "reconstruction": recon}
        row = self._frames(recon, x)
        if latent:
            row["latent"] = mean
        for name, features_of in (
            ("original", self._known.of),
            ("reconstruction", self._videos.features_of),
        ):
            row[f"{FEATURES}{name}"] = features_of(torch.from_numpy(to_uint8(pictures[name])))
        if self.predictor is not None and self.vae.backbone.latent_frames(x.shape[2]) > 1:
            dropped, seen = self.vae.latter_half(x.shape[2])  # Figure 6
            noise = self.predictor.draw_pad(x, seed=self._seed, clips=[number])
            pictures["prediction"] = in_8_bits(self.predictor(x, dropped, pad_noise=noise)[0])
            row |= self._judged(pictures["prediction"], x, seen)
        return row, pictures

    def _frames(self, made: Tensor, x: Tensor) -> dict[str, Tensor]:
        return {
            "psnr": frame_psnr(to_unit(made), to_unit(x)),
            "ssim": frame_ssim(to_unit(made), to_unit(x)),
            "lpips": self._perceptual(made, x),
        }

    def _judged(self, prediction: Tensor, x: Tensor, seen: int) -> dict[str, Tensor]:
        last = x[:, :, seen - 1 : seen].expand(-1, -1, x.shape[2] - seen, -1, -1)
        repeated = torch.cat([x[:, :, :seen], last], dim=2)
        row = {f"{PREDICTION}{k}": v for k, v in self._frames(prediction, x).items()}
        for name, clip in (("predicted", prediction), ("repeated", repeated)):
            row[f"{ERROR}{name}"] = prediction_error(to_unit(clip), to_unit(x), seen)
        return {**row, "observed": torch.tensor(seen)}


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What all clips say."""

    metrics: dict[str, Value]
    protocol: dict[str, Any]
    facts: dict[str, Any]


def summarise(
    rows: Sequence[Row], *, frames: int, group: int, fvd_frames: str, seed: int
) -> Summary:
    """Metrics with intervals over clips, their protocol, and what else a report shows.

    Args:
        rows: of :meth:`Examiner.examine`, in the order of the clips.
        frames: of a clip.
        group: frames of a group, the stride in time.
        fvd_frames: see :class:`FVD`.
        seed: of the intervals and the noise floor.
    """
    metrics: dict[str, Value] = {}
    curves: dict[str, Curve] = {}
    for name in FRAMES:
        measure = _measured(row[name] for row in rows)
        metrics |= measure.values(name, seed=seed)
        curves[name] = measure.curve(group=group, larger_is_better=name != "lpips")
    videos = FVD(frames=fvd_frames)
    for row in rows:
        for name in ("original", "reconstruction"):
            videos.add(row[f"{FEATURES}{name}"], frames=frames, real=name == "original")
    distance = videos.compute(paired=True, seed=seed)
    metrics |= distance.values()
    facts: dict[str, Any] = {
        "curves": {name: curve.frames for name, curve in curves.items()},
        "flicker": {name: _flicker(curve) for name, curve in curves.items()},
        "floor": {"fvd": distance.floor, "clips": distance.num_floor},
    }
    if f"{PREDICTION}psnr" in rows[0]:
        metrics |= _predictions(rows, seed=seed)
        facts["prediction"] = {
            "observed": int(rows[0]["observed"]),
            "curves": {
                name: _predicted(rows, name).curve(larger_is_better=True).frames for name in FRAMES
            },
        }
    protocol: dict[str, Any] = {**FRAME_PROTOCOL, "fvd": distance.protocol}
    if "prediction" in facts:
        protocol["prediction"] = PREDICTION_PROTOCOL
    latents = [row["latent"] for row in rows if "latent" in row]
    if latents and latents[0].shape[2] > 1:
        facts["latent_distance"] = _latent_distance(latents)
        protocol["latent_distance"] = {"clips": len(latents), "scale": "each channel's deviation"}
    return Summary(metrics=metrics, protocol=protocol, facts=facts)


def _predictions(rows: Sequence[Row], *, seed: int) -> dict[str, Value]:
    """Values of the prediction, for frames that the encoder saw and for those it did not."""
    found: dict[str, Value] = {}
    for name in FRAMES:
        values = _predicted(rows, name).values(name, seed=seed)
        found |= {key: value for key, value in values.items() if key != name}
    for name in ("predicted", "repeated"):
        errors = [row[f"{ERROR}{name}"].reshape(1, 1) for row in rows]
        found |= _measured(errors).values(f"{name}_mse", seed=seed)
    return found


def _predicted(rows: Sequence[Row], name: str) -> PerFrame:
    """Measure ``name`` of the predicted clips, with the number of observed frames of each."""
    measure = PerFrame(_known)
    for row in rows:
        measure.add(row[f"{PREDICTION}{name}"], observed=row["observed"].reshape(1))
    return measure


def _measured(values: Iterable[Tensor]) -> PerFrame:
    """Values (1, T) of each clip, all frames alike."""
    measure = PerFrame(_known)
    for value in values:
        measure.add(value)
    return measure


def _known(recon: Tensor, x: Tensor) -> Tensor:
    raise AssertionError("everything was measured when the clips were there")


def _flicker(curve: Curve) -> dict[str, Any]:
    """What seams between groups do to a curve."""
    return {key: value for key, value in curve.plain().items() if key != "frames"}


def _latent_distance(latents: Sequence[Tensor]) -> dict[str, Any]:
    """Figure 5c and d, on latents (1, c, t, h, w) normalised channel by channel over all of them.

    Clip by clip: a thousand at once, in float64, would take gigabytes.
    """
    count = sum(z[:, 0].numel() for z in latents)
    zero = torch.zeros(1, dtype=torch.float64)
    cells = (0, 2, 3, 4)
    centre = sum((z.double().sum(cells, keepdim=True) for z in latents), zero) / count
    squares = ((z.double() - centre).square().sum(cells, keepdim=True) for z in latents)
    deviation = (sum(squares, zero) / (count - 1)).sqrt()
    distance = LatentDistance()
    for z in latents:
        distance.update((z.double() - centre) / deviation)
    found = distance.compute()
    return {
        "raw": found.raw,
        "normalised": found.normalised,
        "adjacent": found.adjacent.tolist(),
        "adjacent_median": found.adjacent_median,
        "clips": found.num_clips,
    }
