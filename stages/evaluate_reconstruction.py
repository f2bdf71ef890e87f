"""Tables 2 and 7, Figures 5 and 6: what a VAE rebuilds, predicts, and how its latents move."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
import torch
from torch import Tensor

from arch.interface import PeerConfig
from pvvae import distributed
from pvvae.bounds import at_least
from pvvae.data.clips import HeldOutClips, held_out_clips, to_pixels, to_uint8
from pvvae.files import write_array
from pvvae.items import Items
from pvvae.kept import Kept, Row
from pvvae.metrics.fvd import FVD
from pvvae.metrics.latent_distance import LatentDistance
from pvvae.metrics.lpips import LPIPS
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.prediction_error import prediction_error
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.ssim import frame_ssim
from pvvae.model import PredictiveVAE
from pvvae.others import check_trained, open_vae
from pvvae.pretrained import load_vae
from pvvae.results import FILE, Results, Value
from pvvae.run import Run, RunConfig

TIMED_RUNS, WARM_UP = 5, 2
"""Ours: the median of five after two; ``ISpeed`` of Table 2 averages 100 after 50, on a GPU."""
FRAMES = ("psnr", "ssim", "lpips")
FEATURES, ERROR = "features_of_", "error_of_"
"""How the measurements of a clip are called: see :func:`_measure_clip`."""


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The same measurements for any VAE."""

    vae: str | PeerConfig
    """Run folder of a VAE stage, or a peer with weights."""
    predictor: str | None = None
    """Run folder whose VAE predicts withheld frames: predictive training's, since fine-tuning the
    decoder no longer practises that. None asks ``vae``; of a peer, which never learned it, none."""
    clips: str
    """Shards to measure on."""
    num: int = 2048
    """Section 4.1."""
    frames: int = 17
    """Section 4.1."""
    height: int = 256
    """Section 4.1; Table 2 also has 512."""
    width: int = 256
    """Section 4.1."""
    train: str | None = None
    """Shards of the training set, whose mean frame is the reconstruction that knows nothing."""
    shown: int = 6
    """Clips kept for the report."""

    def __post_init__(self) -> None:
        check_trained(self.vae)
        at_least(2, {"num": self.num})  # FVD is a distance between covariances
        at_least(1, {"frames": self.frames, "height": self.height, "width": self.width})


def run(config: Config) -> None:
    """Measure, and write RUN/results.json and the clips to show."""
    record = Run(config, stage="evaluate_reconstruction")
    if record.finished:
        return
    vae = open_vae(config.vae).to(distributed.device())
    predictor = None if isinstance(config.vae, PeerConfig) else vae
    if config.predictor is not None:
        predictor = load_vae(Path(config.predictor)).to(distributed.device())
    clips = held_out_clips(
        config.clips,
        frames=config.frames,
        height=config.height,
        width=config.width,
        limit=config.num,
    )
    kept = Kept(record.folder / "measured")
    _measure(vae, predictor, clips, config, record, kept)
    rows = kept.rows(range(len(clips)))
    metrics, protocol, facts = _summarise(rows, config)
    if config.train is not None:
        metrics["mean_frame_psnr"] = _mean_frame_psnr(clips, config)
    metrics["parameters"] = sum(p.numel() for p in vae.parameters())
    times = _speed(vae, to_pixels(clips[0].frames).to(distributed.device()))
    if distributed.is_main():
        found = Results(
            metrics={name: Value(value=value) for name, value in metrics.items()},
            protocol=protocol,
            counts={"clips": len(rows)},
            facts=facts,
            times=times,
        )
        found.write(record.folder / FILE)
    line = {"step": 0, "kind": "reconstruction", **metrics, "clips": len(rows), "times": times}
    record.write_metrics([line])
    record.finish({"clips": len(rows)})
    kept.discard()


@torch.inference_mode()
def _measure(
    vae: PredictiveVAE,
    predictor: PredictiveVAE | None,
    clips: HeldOutClips,
    config: Config,
    record: Run,
    kept: Kept,
) -> None:
    """Keep the rows of this process's clips; write those to show."""
    perceptual = LPIPS("alex").to(distributed.device())
    videos = FVD(device=str(distributed.device()))
    for index in Items(record, range(len(clips)), kept=kept.has):
        x = to_pixels(clips[index].frames).to(distributed.device())
        row, pictures = _measure_clip(vae, predictor, x, perceptual, videos)
        if index < config.shown:
            for name, clip in pictures.items():
                path = record.folder / "clips" / f"{index:06d}_{name}.npy"
                write_array(path, to_uint8(clip)[0])
        kept.keep(index, row)


def _measure_clip(
    vae: PredictiveVAE, predictor: PredictiveVAE | None, x: Tensor, perceptual: LPIPS, videos: FVD
) -> tuple[Row, dict[str, Tensor]]:
    """Row and pictures of one clip (1, C, T, H, W).

    In the row: ``psnr ssim lpips`` (1, T) of each frame; ``features_of_…`` (1, 400) of I3D, for the
    original and the reconstruction; ``error_of_…`` (), squared error of the withheld frames,
    predicted and repeated, if there is a predictor; ``latent``, the posterior mean (1, c, t, h, w).
    """
    recon, mean, _ = vae(x)
    pictures = {"original": x, "reconstruction": recon}
    row = {
        "psnr": frame_psnr(to_unit(recon), to_unit(x)),
        "ssim": frame_ssim(to_unit(recon), to_unit(x)),
        "lpips": perceptual(recon.clamp(-1.0, 1.0), x),
        "latent": mean,
    }
    for name, clip in pictures.items():
        row[f"{FEATURES}{name}"] = videos.network(torch.from_numpy(to_uint8(clip)))
    if predictor is not None and vae.backbone.latent_frames(x.shape[2]) > 1:
        dropped, seen = vae.latter_half(x.shape[2])  # Figure 6
        pictures["prediction"] = predictor(x, dropped)[0]
        last = x[:, :, seen - 1 : seen].expand(-1, -1, x.shape[2] - seen, -1, -1)
        repeated = torch.cat([x[:, :, :seen], last], dim=2)
        for name, clip in (("predicted", pictures["prediction"]), ("repeated", repeated)):
            row[f"{ERROR}{name}"] = prediction_error(to_unit(clip), to_unit(x), seen)
    return row, pictures


def _mean_frame_psnr(clips: HeldOutClips, config: Config) -> float:
    """PSNR of showing the training set's mean frame, whatever the clip."""
    assert config.train is not None
    known = held_out_clips(
        config.train, frames=config.frames, height=config.height, width=config.width
    )
    mean = np.mean([clip.frames.mean(axis=0) for clip in known], axis=0)
    shown = to_unit(to_pixels(np.rint(mean).astype(np.uint8)[None]))  # (1, C, 1, H, W)
    targets = [to_unit(to_pixels(clip.frames)) for clip in clips]
    return fmean(float(frame_psnr(shown.expand_as(x), x).mean()) for x in targets)


def _summarise(
    rows: Sequence[Row], config: Config
) -> tuple[dict[str, float], dict[str, object], dict[str, object]]:
    """Metrics over all clips, what they depend on, and what else the report shows."""
    metrics: dict[str, float] = {}
    curves: dict[str, list[float]] = {}
    for name in FRAMES:
        values = torch.cat([row[name] for row in rows]).double()  # (N, T)
        metrics[name] = float(values.mean(1).mean())
        curves[name] = values.mean(0).tolist()
    videos = FVD()
    for name in _named(rows[0], FEATURES):
        features = torch.cat([row[f"{FEATURES}{name}"] for row in rows])
        videos.add(features, frames=config.frames, real=name == "original")
    rfvd = videos.compute(paired=True)
    metrics["rfvd"] = rfvd.fvd
    for name in _named(rows[0], ERROR):
        metrics[f"{name}_mse"] = fmean(float(row[f"{ERROR}{name}"]) for row in rows)
    facts: dict[str, object] = {
        "curves": curves,
        "floor": {"fvd": rfvd.floor, "clips": rfvd.num_floor},
    }
    protocol: dict[str, object] = {
        "size": f"{config.frames}x{config.height}x{config.width}",
        "lpips": {"network": "AlexNet v0.1"},
        "fvd": rfvd.protocol,
    }
    latents = torch.cat([row["latent"] for row in rows]).double()
    if latents.shape[2] > 1:
        facts["latent_distance"] = _latent_distance(latents)
    return metrics, protocol, facts


def _named(row: Row, prefix: str) -> list[str]:
    """What a row has of one kind, in order."""
    return sorted(name.removeprefix(prefix) for name in row if name.startswith(prefix))


def _latent_distance(z: Tensor) -> dict[str, object]:
    """Figure 5c and d, on latents (N, c, t, h, w) normalised channel by channel."""
    deviation, centre = torch.std_mean(z, dim=(0, 2, 3, 4), keepdim=True)
    distance = LatentDistance()
    distance.update((z - centre) / deviation)
    found = distance.compute()
    return {
        "raw": found.raw,
        "normalised": found.normalised,
        "adjacent": found.adjacent.tolist(),
        "adjacent_median": found.adjacent_median,
    }


@torch.inference_mode()
def _speed(vae: PredictiveVAE, x: Tensor) -> dict[str, float]:
    """Seconds to encode and to decode one clip."""
    z = vae.backbone.encode(x).mean
    return {
        "encode_seconds": _timed(lambda: vae.backbone.encode(x)),
        "decode_seconds": _timed(lambda: vae.backbone.decode(z)),
    }


def _timed(work: Callable[[], object]) -> float:
    """Median seconds of a call."""
    seconds = []
    for _ in range(WARM_UP + TIMED_RUNS):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return median(seconds[WARM_UP:])
