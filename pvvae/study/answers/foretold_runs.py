"""Finished runs of any studies: what was measured of each VAE, and FVD of samples made with it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from pvvae.config.reading import expected_form, read_object
from pvvae.errors import ConfigError
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


def gather(studies: Sequence[Path], analyses: Sequence[Path] = ()) -> Gathered:
    """Read outcomes; no run is opened.

    Args:
        studies: YAML files of studies, or folders with ``outcomes/``.
        analyses: ``analysis.json`` of `pvvae analyze latents`; its numbers are added to outcomes
            whose runs it names.

    Raises:
        ConfigError: if a study is none, is named twice, or no outcome of any has FVD of samples.
    """
    folders = [_folder(path) for path in studies]
    names = [folder.resolve().name for folder in folders]
    for folder in folders:
        if names.count(folder.resolve().name) > 1:
            raise ConfigError(f"{folder}: a study of this name is given twice")
    measured = {label: numbers for path in analyses for label, numbers in _numbers(path).items()}
    runs: list[ForetoldRun] = []
    left_out, used = [], set[str]()
    for name, folder in zip(names, folders, strict=True):
        outcomes = read_outcomes(folder)
        sound = [one for one in outcomes if _is_sound(one)]
        if len(sound) < len(outcomes):
            number = len(outcomes) - len(sound)
            left_out.append(f"{name}: {number} of {len(outcomes)} failed, stale or without gFVD")
        for outcome in sound:
            more = {label: found for label, found in measured.items() if _names(label, outcome)}
            used |= set(more)
            runs.append(_run(name, outcome, more.values()))
    if not runs:
        raise ConfigError(
            f"{', '.join(map(str, studies))}: no outcome has {QUALITY!r}, so there is nothing to "
            "foretell; a study needs a measure of that name"
        )
    left_out += [
        f"{label}: analysed, but no study has this run" for label in measured.keys() - used
    ]
    return Gathered(runs=runs, left_out=left_out)


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


def _run(study: str, outcome: Outcome, more: Iterable[Mapping[str, float]]) -> ForetoldRun:
    values = {k: v for k, v in outcome.values.items() if math.isfinite(v)}
    numbers = {k: v for k, v in values.items() if k not in NOT_OF_THE_VAE}
    if values.get("repeated", 0.0) > 0 and "predicted" in values:
        numbers[RATIO] = values["predicted"] / values["repeated"]
    for found in more:
        numbers |= found
    return ForetoldRun(
        study=study,
        arm=arm_name(outcome.arm),
        seed=outcome.seed,
        quality=values[QUALITY],
        numbers=numbers,
    )


def _numbers(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Numbers of each run of an analysis, by its label: the last parts of the run's path."""
    plain: Mapping[str, Any] = read_object(path)
    with expected_form(path):
        if plain["kind"] != "latents":
            raise ConfigError(f"{path}: is not of `pvvae analyze latents`")
        return {
            label: {
                f"latents.{name}": float(value["value"])
                for name, value in run["metrics"].items()
                if value["value"] is not None
            }
            for label, run in plain["runs"].items()
        }


def _names(label: str, outcome: Outcome) -> bool:
    """Whether a run of the outcome ends with the parts of the label."""
    parts = PurePath(label).parts
    return any(PurePath(run).parts[-len(parts) :] == parts for run in outcome.runs.values())
