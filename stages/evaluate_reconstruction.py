"""Tables 2 and 7, Figures 5 and 6: what a VAE rebuilds, predicts, and how its latents move."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
import torch
from pvvae.data.clips import HeldOutClips, held_out_clips, to_pixels, to_uint8
from torch import Tensor

from pvvae import distributed
from pvvae.files import write_array, write_json
from pvvae.metrics.fvd import FVD
from pvvae.metrics.latent_distance import LatentDistance
from pvvae.metrics.lpips import LPIPS
from pvvae.metrics.per_frame import PerFrame, to_unit
from pvvae.metrics.prediction_error import prediction_error
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.ssim import frame_ssim
from pvvae.model import PredictiveVAE
from pvvae.pretrained import load_vae
from pvvae.progress import progress
from pvvae.run import Run, RunConfig

TIMED_RUNS, WARM_UP = 5, 2
"""Ours: the median of five after two; ``ISpeed`` of Table 2 averages 100 after 50, on a GPU."""


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """The same measurements for any VAE."""

    vae: str
    """Run folder of a VAE stage."""
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


@dataclass
class _Part:
    """What one process measured, by clip; gathered and ordered before any mean is taken."""

    frame_values: dict[str, dict[int, Tensor]] = field(default_factory=dict)
    errors: dict[str, dict[int, float]] = field(default_factory=dict)
    features: dict[str, dict[int, Tensor]] = field(default_factory=dict)
    distances: dict[int, Tensor] = field(default_factory=dict)


def run(config: Config) -> None:
    """Measure, and write RUN/results.json and the clips to show."""
    record = Run(config, stage="evaluate_reconstruction")
    if record.finished:
        return
    vae = load_vae(Path(config.vae)).to(distributed.device())
    clips = held_out_clips(
        config.clips,
        frames=config.frames,
        height=config.height,
        width=config.width,
        limit=config.num,
    )
    part = _measure(vae, clips, config, record)
    results = _summarise(_gather(part), len(clips), config)
    times = _speed(vae, to_pixels(clips[0].frames).to(distributed.device()))
    metrics = results["metrics"]
    assert isinstance(metrics, dict)
    if config.train is not None:
        metrics["mean_frame_psnr"] = _mean_frame_psnr(clips, config)
    results["parameters"] = sum(p.numel() for p in vae.parameters())
    if distributed.is_main():
        write_json(record.folder / "results.json", results | {"times": times})
    line = {"step": 0, "kind": "reconstruction", **_flat(results), "times": times}
    record.write_metrics([line])
    record.finish({"clips": len(clips)})


@torch.inference_mode()
def _measure(vae: PredictiveVAE, clips: HeldOutClips, config: Config, record: Run) -> _Part:
    part = _Part()
    perceptual = LPIPS("alex").to(distributed.device())
    videos = FVD(device=str(distributed.device()))
    mine = range(distributed.rank(), len(clips), distributed.world_size())
    with progress(record.folder.name, len(mine)) as bar:
        for index in mine:
            x = to_pixels(clips[index].frames).to(distributed.device())
            recon, mean, _ = vae(x)
            target = to_unit(x)
            for name, measure in measures.items():
                part.frame_values.setdefault(name, {})[index] = measure(
                    to_unit(recon), target
                ).cpu()
            part.distances[index] = mean.cpu()
            shown = {"original": x, "reconstruction": recon}
            shown |= _predict(vae, x, index, part)
            for name in ("original", "reconstruction"):
                pixels = torch.from_numpy(to_uint8(shown[name]))
                feature = videos.update(pixels, real=name == "original")
                part.features.setdefault(name, {})[index] = feature
            if index < config.shown:
                for name, clip in shown.items():
                    write_array(
                        record.folder / "clips" / f"{index:06d}_{name}.npy", to_uint8(clip)[0]
                    )
            bar.update()
    return part


def _predict(vae: PredictiveVAE, x: Tensor, index: int, part: _Part) -> dict[str, Tensor]:
    """Figure 6: withhold the latter half, and compare with repeating the last observed frame."""
    if vae.backbone.latent_frames(x.shape[2]) == 1:
        return {}
    dropped, seen = vae.latter_half(x.shape[2])
    predicted = vae(x, dropped)[0]
    last = x[:, :, seen - 1 : seen].expand(-1, -1, x.shape[2] - seen, -1, -1)
    repeated = torch.cat([x[:, :, :seen], last], dim=2)
    for name, clip in (("predicted", predicted), ("repeated", repeated)):
        error = prediction_error(to_unit(clip), to_unit(x), seen)
        part.errors.setdefault(name, {})[index] = float(error)
    return {"prediction": predicted}


def _mean_frame_psnr(clips: HeldOutClips, config: Config) -> float:
    """PSNR of showing the training set's mean frame, whatever the clip."""
    assert config.train is not None
    known = held_out_clips(
        config.train, frames=config.frames, height=config.height, width=config.width
    )
    mean = sum(known[i].frames.mean(axis=0) for i in range(len(known))) / len(known)
    shown = to_unit(to_pixels(np.rint(np.asarray(mean)).astype(np.uint8)[None]))  # one frame
    values = []
    for i in range(len(clips)):
        x = to_unit(to_pixels(clips[i].frames))
        values.append(float(frame_psnr(shown.expand_as(x), x).mean()))
    return sum(values) / len(values)


def _gather(part: _Part) -> _Part:
    whole = _Part()
    for other in distributed.gather_objects(part):
        assert isinstance(other, _Part)
        whole.distances |= other.distances
        for mine, theirs in (
            (whole.frame_values, other.frame_values),
            (whole.errors, other.errors),
            (whole.features, other.features),
        ):
            for name, values in theirs.items():
                mine.setdefault(name, {}).update(values)  # type: ignore[arg-type]
    return whole


def _summarise(part: _Part, count: int, config: Config) -> dict[str, object]:
    """Every metric over all clips, in clip order."""
    order = range(count)
    metrics: dict[str, float] = {}
    curves: dict[str, list[float]] = {}
    for name, values in part.frame_values.items():
        kept = PerFrame(frame_psnr)
        kept.add(torch.cat([values[i] for i in order]))
        metrics[name] = kept.compute()["all"]
        curves[name] = torch.cat([values[i] for i in order]).double().mean(0).tolist()
    videos = FVD()
    for name, features in part.features.items():
        rows = torch.cat([features[i] for i in order])
        videos.add(rows, frames=config.frames, real=name == "original")
    rfvd = videos.compute(paired=True)
    metrics["rfvd"] = rfvd.fvd
    for name, errors in part.errors.items():
        metrics[f"{name}_mse"] = sum(errors[i] for i in order) / count
    results: dict[str, object] = {
        "metrics": metrics,
        "curves": curves,
        "clips": count,
        "floor": {"fvd": rfvd.floor, "clips": rfvd.num_floor},
        "protocol": rfvd.protocol
        | {"size": f"{config.frames}x{config.height}x{config.width}", "lpips": "AlexNet v0.1"},
    }
    return results | _latents(part, order)


def _latents(part: _Part, order: range) -> dict[str, object]:
    """Latent temporal distance (Figure 5c and d), on latents normalised channel by channel."""
    z = torch.cat([part.distances[i] for i in order]).double()
    if z.shape[2] < 2:
        return {}
    deviation, centre = torch.std_mean(z, dim=(0, 2, 3, 4), keepdim=True)
    distance = LatentDistance()
    distance.update((z - centre) / deviation)
    found = distance.compute()
    return {
        "latent_distance": {
            "raw": found.raw,
            "normalised": found.normalised,
            "adjacent": found.adjacent.tolist(),
            "adjacent_median": found.adjacent_median,
        }
    }


@torch.inference_mode()
def _speed(vae: PredictiveVAE, x: Tensor) -> dict[str, float]:
    """Seconds to encode and to decode one clip."""
    z = vae.backbone.encode(x).mean
    return {
        "encode_seconds": _timed(lambda: vae.backbone.encode(x)),
        "decode_seconds": _timed(lambda: vae.backbone.decode(z)),
    }


def _timed(work: object) -> float:
    assert callable(work)
    seconds = []
    for _ in range(WARM_UP + TIMED_RUNS):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return median(seconds[WARM_UP:])


def _flat(results: dict[str, object]) -> dict[str, object]:
    metrics = results["metrics"]
    assert isinstance(metrics, dict)
    return {**metrics, "clips": results["clips"]}
