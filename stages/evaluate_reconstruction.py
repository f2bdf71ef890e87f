"""Tables 2 and 7, Figures 5 and 6: what a VAE rebuilds, predicts, and how its latents move."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np

from arch.interface import PeerConfig
from arch.ranges import Number
from pvvae import distributed
from pvvae.data.clip_shape import ClipShape
from pvvae.data.clips import to_pixels, to_uint8
from pvvae.data.evaluation.clip_set import EvaluationClips
from pvvae.evaluation.reconstruction import Examiner, Summary, summarise
from pvvae.evaluation.stage import EvaluationConfig, finish_with_results
from pvvae.files import write_array
from pvvae.metrics.per_frame import to_unit
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.results import Results, Value
from pvvae.metrics.weight_catalog import I3D_KINETICS, LPIPS_ALEX
from pvvae.model import PredictiveVAE
from pvvae.pretrained.runs import load_vae
from pvvae.pretrained.vae_source import check_trained, open_vae
from pvvae.run.item_results import ItemResults
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run
from pvvae.timing.load import Load, spread
from pvvae.timing.speed import Rounds, time_in_turn

ROUNDS = Rounds(warmup=2, timed=5)
"""Ours: a glance at one clip; Table 2's ISpeed is stage measure_reconstruction's."""


@dataclass(frozen=True, kw_only=True)
class Config(ClipShape, EvaluationConfig):
    """What is measured of a VAE's reconstructions, and on which clips: the first frames of each
    video. Table 2 also has 512 x 512."""

    vae: str | PeerConfig
    """Run folder of a VAE stage, or a peer with weights."""
    predictor: str | None = None
    """Run folder whose VAE predicts withheld frames: predictive training's, since fine-tuning the
    decoder no longer practises that. None asks ``vae``; of a peer, which never learned it, none."""
    clips: str
    """What to measure on: a folder of shards, of videos or of frames, or a list of them."""
    train: str | None = None
    """Shards of the training set, whose mean frame is the reconstruction that knows nothing."""
    latent_clips: Number = 1000
    """Clips whose latents are compared for Figure 5c and d (section 4.3), the first ones drawn."""
    shown: Number = 6
    """Clips kept for the report."""

    def __post_init__(self) -> None:
        check_trained(self.vae)


def run(config: Config) -> None:
    """Measure, and write RUN/results.json and the clips to show."""
    record = Run(config, stage="evaluate_reconstruction")
    if record.finished:
        return
    vae = open_vae(config.vae).to(distributed.device())
    predictor = None if isinstance(config.vae, PeerConfig) else vae
    if config.predictor is not None:
        predictor = load_vae(Path(config.predictor)).to(distributed.device())
    clips = config.draw(config.clips, frames=config.frames)
    kept = ItemResults(record.folder / "measured")
    _measure(vae, predictor, clips, config, record, kept)
    found = summarise(
        kept.rows(range(len(clips))),
        frames=config.frames,
        group=vae.backbone.stride.time,
        fvd_frames=config.fvd_frames,
        seed=config.seed,
    )
    _conclude(record, config, vae, clips, found)
    kept.discard()


def _measure(
    vae: PredictiveVAE,
    predictor: PredictiveVAE | None,
    clips: EvaluationClips,
    config: Config,
    record: Run,
    kept: ItemResults,
) -> None:
    """Keep the rows of this process's clips; write those to show."""
    device = distributed.device()
    examiner = Examiner(
        vae,
        predictor,
        device=device,
        fvd_frames=config.fvd_frames,
        seed=config.seed,
        real_features=config.features_folder,
    )
    for index in ResumableItems(record, range(len(clips)), kept=kept.has):
        x = to_pixels(clips[index].frames).to(device)
        row, pictures = examiner.examine(x, number=index, latent=index < config.latent_clips)
        if index < config.shown:
            for name, clip in pictures.items():
                path = record.folder / "clips" / f"{index:06d}_{name}.npy"
                write_array(path, to_uint8(clip)[0])
        kept.keep(index, row)


def _conclude(
    record: Run, config: Config, vae: PredictiveVAE, clips: EvaluationClips, found: Summary
) -> None:
    """Write what was found; ``times`` holds the seconds that one clip takes."""
    metrics = dict(found.metrics)
    if config.train is not None:
        metrics["mean_frame_psnr"] = Value(value=_mean_frame_psnr(clips, config))
    metrics["parameters"] = Value(value=sum(p.numel() for p in vae.parameters()))
    times = _speed(vae, clips)
    results = Results(
        metrics=metrics,
        protocol={
            "size": config.size,
            "clips": clips.protocol(),
            **found.protocol,
        },
        counts={"clips": len(clips), "skipped": len(clips.skipped)},
        seeds={"clips": config.seed, "intervals": config.seed, "pad": config.seed},
        weights={"i3d": I3D_KINETICS.sha256, "lpips_alex": LPIPS_ALEX.sha256},
        facts={"latent": vae.backbone.latent_config, **found.facts},
        times=times,
    )
    done = {"clips": len(clips)}
    finish_with_results(record, results, kind="reconstruction", done=done, beside=done)


def _mean_frame_psnr(clips: EvaluationClips, config: Config) -> float:
    """PSNR of showing the training set's mean frame, whatever the clip."""
    assert config.train is not None
    known = config.held_out_clips(config.train)
    mean = np.mean([clip.frames.mean(axis=0) for clip in known], axis=0)
    shown = to_unit(to_pixels(np.rint(mean).astype(np.uint8)[None]))  # (1, C, 1, H, W)
    targets = (to_unit(to_pixels(clip.frames)) for clip in clips)
    return fmean(float(frame_psnr(shown.expand_as(x), x).mean()) for x in targets)


def _speed(vae: PredictiveVAE, clips: EvaluationClips) -> Mapping[str, float]:
    """Median seconds to encode and to decode one clip, their spread, and the machine's load."""
    x = to_pixels(clips[0].frames).to(distributed.device())
    load = Load()
    seconds = time_in_turn({"vae": vae.backbone}, x, rounds=ROUNDS, train=False)
    found = load.facts()
    for part in ("encode", "decode"):
        found[f"{part}_seconds"] = median(seconds[part]["vae"])
        found |= spread(f"{part}_seconds", seconds[part]["vae"])
    return found
