"""Numbers of `pvvae analyze latents`, given to the outcomes of studies whose runs they are of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from pvvae.config.reading import expected_form, read_object
from pvvae.errors import ConfigError
from pvvae.metrics.analysis_catalog import ANALYSIS, OF_ONE_SIZE
from pvvae.study.outcomes import Outcome, arm_name

PREFIX = "latents."
"""Before the name of a number of latents."""


@dataclass(frozen=True, kw_only=True)
class AnalysedRun:
    """One run of an analysis."""

    file: Path
    label: str
    source: str
    """Path of the run as it was given; of older analyses the label, which is its last parts."""
    numbers: Mapping[str, float]
    protocol: Mapping[str, Any]
    shape: tuple[int, ...]
    """(c, t, h, w); empty where it is not told."""

    def is_of(self, run: str) -> bool:
        """Whether the shorter of both paths is the end of the other."""
        one, other = PurePath(self.source).parts, PurePath(run).parts
        length = min(len(one), len(other))
        return length > 0 and one[-length:] == other[-length:]


def read_analyses(files: Sequence[Path]) -> list[AnalysedRun]:
    """All runs of all files.

    Raises:
        ConfigError: if a file is none of `pvvae analyze latents`, or two analyses differ in what
            their numbers depend on.
    """
    found = [run for file in files for run in _read(file)]
    for run in found:
        first = found[0]
        keys = sorted({*first.protocol, *run.protocol})
        other = [key for key in keys if first.protocol.get(key) != run.protocol.get(key)]
        if other:
            raise ConfigError(
                f"{run.file}: {run.label!r} was measured with other {', '.join(other)} than "
                f"{first.label!r} of {first.file}; analyse all runs on the same clips"
            )
    return found


def _read(file: Path) -> list[AnalysedRun]:
    plain: Mapping[str, Any] = read_object(file)
    with expected_form(file):
        if plain["kind"] != "latents":
            raise ConfigError(f"{file}: is not of `pvvae analyze latents`")
        return [
            AnalysedRun(
                file=file,
                label=label,
                source=str(plain.get("sources", {}).get(label, label)),
                numbers={
                    PREFIX + name: float(value["value"])
                    for name, value in run["metrics"].items()
                    if value["value"] is not None
                },
                protocol=run.get("protocol", {}),
                shape=tuple(run.get("latent_shape", ())),
            )
            for label, run in plain["runs"].items()
        ]


def owners(analysed: Sequence[AnalysedRun], outcomes: Sequence[Outcome]) -> dict[int, str]:
    """By place in ``analysed``, the run of the outcomes that it is of; without those of none.

    Raises:
        ConfigError: if one may be any of several runs, or two are of one run with other numbers.
    """
    runs = dict.fromkeys(run for outcome in outcomes for run in outcome.runs.values())
    found: dict[int, str] = {}
    for place, one in enumerate(analysed):
        own = [run for run in runs if one.is_of(run)]
        if len(own) > 1:
            raise ConfigError(
                f"{one.file}: {one.source!r} may be any of {len(own)} runs ({own[0]}, {own[1]}, "
                "say); give `pvvae analyze latents` the runs by the paths that the studies have"
            )
        if own:
            found[place] = own[0]
    for place, run in found.items():
        for other in (analysed[each] for each, same in found.items() if same == run):
            if other.numbers != analysed[place].numbers:
                raise ConfigError(
                    f"{run}: is analysed twice with other numbers, in {other.file} and in "
                    f"{analysed[place].file}; give one of them"
                )
    return found


def numbers_of(
    outcome: Outcome, analysed: Sequence[AnalysedRun], owned: Mapping[int, str]
) -> Mapping[str, float]:
    """What is known of the latents of an outcome's runs; nothing if none was analysed.

    A decoder that was tuned later has its VAE's encoder, and so its latents.

    Raises:
        ConfigError: if several of its runs were, with other numbers.
    """
    mine = [analysed[place] for place, run in owned.items() if run in outcome.runs.values()]
    for one in mine[1:]:
        if one.numbers != mine[0].numbers:
            raise ConfigError(
                f"{arm_name(outcome.arm)}, seed {outcome.seed}: two of its runs are analysed, with "
                f"other numbers: {mine[0].source} and {one.source}; analyse the VAE that made the "
                "latents alone"
            )
    return mine[0].numbers if mine else {}


def notes_on(analysed: Sequence[AnalysedRun], owned: Mapping[int, str]) -> list[str]:
    """A line if the latents that are compared differ in size."""
    used = {run: analysed[place].shape for place, run in owned.items()}
    shapes = Counter("x".join(map(str, shape)) for shape in used.values() if shape)
    if len(shapes) < 2:
        return []
    named = ", ".join(ANALYSIS[name].entry.label for name in OF_ONE_SIZE)
    counts = ", ".join(f"{shape} ({number} runs)" for shape, number in sorted(shapes.items()))
    return [f"latents differ in size: {counts}; {named} compare latents of one size only"]
