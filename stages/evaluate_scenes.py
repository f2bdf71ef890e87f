"""What a VAE rebuilds and foretells of scenes, whose motion is known: errors on what moves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from arch.ranges import Length, Several
from pvvae import distributed
from pvvae.autoencoder.long_video import through, unit, valid_length
from pvvae.data.scenes import Pictures, SceneSettings, packaged_pictures
from pvvae.errors import ConfigError
from pvvae.evaluation.futures import Horizon, against, foretold, predicted, repeated
from pvvae.evaluation.known_motion import scene_clip
from pvvae.evaluation.stage import finish_with_results
from pvvae.metrics.frame_protocol import FRAME_PROTOCOL
from pvvae.metrics.intervals import mean_interval
from pvvae.metrics.psnr import frame_psnr
from pvvae.metrics.results import Results, Value
from pvvae.model import PredictiveVAE
from pvvae.pretrained.runs import load_vae
from pvvae.run.item_results import ItemResults, Row
from pvvae.run.resumable_items import ResumableItems
from pvvae.run.run import Run, RunConfig

PARTS = ("moving", "still")
"""Pixels that moved since the frame before, and all others."""
RIVALS = ("repeated", "extrapolated")
"""The last observed frame repeated; everything kept the true velocity that it had there."""


@dataclass(frozen=True, kw_only=True)
class Config(RunConfig):
    """Scenes 0 .. num - 1 of the run's seed, and the VAE that is shown their beginnings."""

    vae: str
    """Run folder of a VAE stage, or ``box:NAME``."""
    scenes: SceneSettings
    num: Several = 64
    """Ours: interval and estimate in half a minute on two cores."""
    observed: Length = 9
    """Frames that the encoder is shown. Ours: about half of 17, as in Figure 6."""


def run(config: Config) -> None:
    """Measure, and write RUN/results.json."""
    record = Run(config, stage="evaluate_scenes")
    if record.finished:
        return
    vae = load_vae(Path(config.vae)).to(distributed.device())
    check_observed(vae, frames=config.scenes.frames, observed=config.observed)
    pictures, kept = packaged_pictures(), ItemResults(record.folder / "measured")
    for index in ResumableItems(record, range(config.num), kept=kept.has):
        kept.keep(index, _row(vae, config, index, pictures))
    rows = kept.rows(range(config.num))
    results = Results(
        metrics=_metrics(rows, seed=config.seed),
        protocol={
            "scenes": asdict(config.scenes),
            "pictures": pictures.digest,
            "observed": config.observed,
            "psnr": FRAME_PROTOCOL["psnr"],
            "errors": "RGB of 8 bits, as [0, 1]; over all such pixels of all withheld frames",
        },
        counts={"clips": config.num},
        seeds={"scenes": config.seed, "intervals": config.seed, "pad": config.seed},
    )
    done = {"clips": config.num}
    finish_with_results(record, results, kind="scenes", done=done, beside=done)
    kept.discard()


def check_observed(vae: PredictiveVAE, *, frames: int, observed: int) -> None:
    """Refuse clips that the VAE does not take, and observed frames that are no whole groups.

    Raises:
        ConfigError: naming the key.
    """
    valid_length(vae, frames, "scenes.frames")
    valid_length(vae, observed, "observed")
    if observed >= frames:
        raise ConfigError(f"observed: must leave some of {frames} frames, got {observed}")


def _row(vae: PredictiveVAE, config: Config, index: int, pictures: Pictures) -> Row:
    """One scene: PSNR (1, T), and for each part of its pixels errors and share (1, withheld)."""
    seen = config.observed
    clip = scene_clip(
        config.scenes, seed=config.seed, index=index, observed=seen, pictures=pictures
    )
    made = {
        "predicted": predicted(vae, clip.frames, observed=seen, seed=config.seed),
        "repeated": repeated(clip.frames, observed=seen),
        "extrapolated": clip.extrapolated,
    }
    row = {"psnr": frame_psnr(unit(through(vae, clip.frames)), unit(clip.frames))}
    for part, marked in zip(PARTS, (clip.moving, ~clip.moving), strict=True):
        for name, frames in made.items():
            errors, share = foretold(clip.frames, frames, marked, observed=seen)
            row |= {f"{name}_{part}": errors, f"{part}_share": share}
    return row


def _metrics(rows: Sequence[Row], *, seed: int) -> dict[str, Value]:
    """Values with intervals over scenes; below zero against a rival is better than it."""
    psnr = torch.cat([row["psnr"].mean(dim=1) for row in rows])
    found = {"psnr": Value(value=float(psnr.mean()), interval=mean_interval(psnr, seed=seed))}
    for part in PARTS:
        horizons = {
            name: Horizon(*_gathered(rows, f"{name}_{part}", f"{part}_share"))
            for name in ("predicted", *RIVALS)
        }
        found |= _errors(part, horizons, seed=seed)
        for rival in RIVALS:
            ratio = against(horizons["predicted"], horizons[rival], seed=seed)
            found[f"{part}_against_{rival}"] = Value(value=ratio[0], interval=ratio[1])
    return found


def _errors(part: str, horizons: Mapping[str, Horizon], *, seed: int) -> dict[str, Value]:
    return {
        f"{part}_{name}_mse": Value(value=of.mean, interval=of.interval(seed=seed))
        for name, of in horizons.items()
    }


def _gathered(rows: Sequence[Row], *names: str) -> list[torch.Tensor]:
    return [torch.cat([row[name] for row in rows]) for name in names]
