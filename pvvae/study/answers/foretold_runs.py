"""Finished runs of any studies: what was measured of each VAE, and FVD of samples made with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvvae.errors import ConfigError
from pvvae.study.answers.analysed_runs import (
    notes_on,
    numbers_of,
    owners,
    read_analyses,
)
from pvvae.study.outcomes import OUTCOMES, Outcome, arm_name, read_outcomes
from pvvae.study.spec.study import read_study
from pvvae.study.statistics.foretelling import ForetoldRun

QUALITY = "gfvd"
"""Name by which studies measure FVD of samples."""
NOT_OF_THE_VAE = ("gfvd", "kvd", "is", "ispeed", "tspeed", "repeated")
"""Measures that are no number of a VAE: of samples, of speed, of the clips alone."""
RATIO = "predicted_to_repeated"
"""Error of withheld frames over that of the last frame seen, repeated: below 1 a VAE predicts."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The runs that can be compared, and how many of each study cannot, with why."""

    runs: Sequence[ForetoldRun]
    left_out: Sequence[str]
    notes: Sequence[str] = ()
    """What has to be read beside the numbers."""


def gather(studies: Sequence[Path], analyses: Sequence[Path] = ()) -> Gathered:
    """Read outcomes; no run is opened.

    Args:
        studies: YAML files of studies, or folders with ``outcomes/``.
        analyses: ``analysis.json`` of `pvvae analyze latents`; its numbers are added to outcomes
            whose runs it names.

    Raises:
        ConfigError: if a study is none, is named twice, or no outcome of any has FVD of samples;
            if an analysed run may be any of several, or was measured otherwise than the others.
    """
    folders = [_folder(path) for path in studies]
    names = [folder.resolve().name for folder in folders]
    for folder in folders:
        if names.count(folder.resolve().name) > 1:
            raise ConfigError(f"{folder}: a study of this name is given twice")
    found = {name: read_outcomes(folder) for name, folder in zip(names, folders, strict=True)}
    analysed = read_analyses(analyses)
    owned = owners(analysed, [one for outcomes in found.values() for one in outcomes])
    runs: list[ForetoldRun] = []
    left_out: list[str] = []
    for name, outcomes in found.items():
        sound = [one for one in outcomes if _is_sound(one)]
        if len(sound) < len(outcomes):
            number = len(outcomes) - len(sound)
            left_out.append(f"{name}: {number} of {len(outcomes)} failed, stale or without gFVD")
        latents = [numbers_of(one, analysed, owned) for one in sound]
        runs += [_run(name, one, more) for one, more in zip(sound, latents, strict=True)]
        if analyses and not all(latents):
            missing = sum(not more for more in latents)
            left_out.append(f"{name}: latents of {missing} of {len(sound)} runs are not analysed")
    if not runs:
        raise ConfigError(
            f"{', '.join(map(str, studies))}: no outcome has {QUALITY!r}, so there is nothing to "
            "foretell; a study needs a measure of that name"
        )
    left_out += [
        f"{one.label}: analysed, but no study has this run"
        for place, one in enumerate(analysed)
        if place not in owned
    ]
    return Gathered(runs=runs, left_out=left_out, notes=notes_on(analysed, owned))


def _folder(path: Path) -> Path:
    folder = Path(read_study(path, ()).folder) if path.suffix in (".yaml", ".yml") else path
    if not (folder / OUTCOMES).is_dir():
        raise ConfigError(
            f"{path}: no study with outcomes ({folder / OUTCOMES} is missing); give a study's YAML "
            "or its folder"
        )
    return folder


def _is_sound(outcome: Outcome) -> bool:
    known = outcome.values.get(QUALITY, math.nan)
    return not (outcome.failed or outcome.stale) and math.isfinite(known) and known > 0


def _run(study: str, outcome: Outcome, more: Mapping[str, float]) -> ForetoldRun:
    values = {k: v for k, v in outcome.values.items() if math.isfinite(v)}
    numbers = {k: v for k, v in values.items() if k not in NOT_OF_THE_VAE}
    if values.get("repeated", 0.0) > 0 and "predicted" in values:
        numbers[RATIO] = values["predicted"] / values["repeated"]
    return ForetoldRun(
        study=study,
        arm=arm_name(outcome.arm),
        seed=outcome.seed,
        quality=values[QUALITY],
        numbers=numbers | dict(more),
    )
