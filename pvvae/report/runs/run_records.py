"""What the run folders say, however far each of them has come."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from pvvae.config.reading import read_object
from pvvae.errors import ConfigError
from pvvae.metrics.results import FILE
from pvvae.report.runs.damage import damage_of
from pvvae.report.tables.result_files import read_results
from pvvae.run.folder import is_finished, read_config, read_metrics, runs_below

STAGES = (
    "image_pretrain",
    "predictive",
    "decoder_finetune",
    "extract_latents",
    "latte",
    "generate",
    "evaluate_reconstruction",
    "evaluate_generation",
)
"""The order of the method (section 3.2, then 4.1); stages not named here come last."""

NUM_COLOURS = 6
"""Colours of the page's style sheet; a seventh group takes the first again."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run folder."""

    folder: Path
    name: str
    """Path below the folder that is reported on."""

    @cached_property
    def damage(self) -> str:
        """What is wrong with its files; empty if nothing is. All below is empty then."""
        return damage_of(self.folder)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config."""
        return {} if self.damage else read_config(self.folder)

    @cached_property
    def metrics(self) -> list[dict[str, Any]]:
        """All lines of metrics.jsonl."""
        return [] if self.damage else read_metrics(self.folder)

    @cached_property
    def results(self) -> dict[str, Any]:
        """results.json of an evaluation; empty where there is none, or none that is understood."""
        if self.damage or self.misunderstood or not self._results.exists():
            return {}
        return read_results(self._results)

    @cached_property
    def misunderstood(self) -> str:
        """What is wrong with results.json; empty if nothing is, or if there is none."""
        try:
            if self._results.exists():
                read_results(self._results)
        except ConfigError as error:
            return str(error)
        return ""

    @property
    def _results(self) -> Path:
        return self.folder / FILE

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Command, versions and number of processes."""
        path = self.folder / "provenance.json"
        return {} if self.damage or not path.exists() else read_object(path)

    @property
    def stage(self) -> str:
        """The stage that made the run; of a damaged one, if its config still says so."""
        with suppress(ConfigError):
            return str(read_config(self.folder)["stage"])
        return "unknown"

    @property
    def status(self) -> str:
        """``finished``, ``damaged``, or how far the run has come."""
        if self.damage:
            return "damaged"
        if is_finished(self.folder):
            return "finished"
        steps = self.config.get("steps")
        return f"step {self.steps} of {steps}" if steps else "unfinished"

    @property
    def steps(self) -> int:
        """Steps taken, as far as they are logged; 0 for a stage that takes none."""
        return max((int(line["step"]) for line in self.metrics), default=0)

    @property
    def seconds(self) -> float:
        """Time in the training loop, as far as it is logged."""
        total, before = 0.0, 0
        for line in self.metrics:
            times = line.get("times", {})
            if "seconds_per_step" in times:
                total += times["seconds_per_step"] * (line["step"] - before)
                before = line["step"]
            total += times.get("seconds", 0.0)
        return total

    @property
    def device_hours(self) -> dict[int, float]:
        """By step, hours of all processes in the steps up to it; evaluations are left out."""
        hours, before = {0: 0.0}, 0
        for line in self.metrics:
            if (pace := line.get("times", {}).get("seconds_per_step")) is not None:
                spent = pace * (line["step"] - before) * (self.provenance.get("processes") or 1)
                hours[line["step"]] = hours[before] + spent / 3600
                before = line["step"]
        return hours


@dataclass(frozen=True, kw_only=True)
class RunGroup:
    """The runs side by side in one folder: one backbone's, as a rule."""

    name: str
    colour: int
    """Number of its colour, the same everywhere on the page."""
    records: tuple[RunRecord, ...]

    def of(self, stage: str) -> RunRecord | None:
        """The run of a stage; of several the first finished one."""
        found = [record for record in self.records if record.stage == stage]
        return min(found, key=lambda record: record.status != "finished", default=None)

    def results(self, stage: str) -> dict[str, Any]:
        """Results of an evaluation; empty where there are none yet."""
        record = self.of(stage)
        return record.results if record else {}

    @property
    def observed(self) -> int | None:
        """Frames that the evaluation showed before prediction: the first half of the groups.

        None without results, or where they do not tell.
        """
        results = self.results("evaluate_reconstruction")
        if "prediction" in results:
            return int(results["prediction"]["observed"])
        intervals = len(results.get("latent_distance", {}).get("raw", []))
        if self.stride is None:
            return None
        groups = intervals + 1
        return 1 + (groups - groups // 2 - 1) * self.stride

    @property
    def stride(self) -> int | None:
        """Frames of a group but the first, which has one; from the intervals between latents."""
        results = self.results("evaluate_reconstruction")
        frames = len(results.get("curves", {}).get("psnr", []))
        intervals = len(results.get("latent_distance", {}).get("raw", []))
        return (frames - 1) // intervals if frames and intervals else None

    @property
    def clips(self) -> Path | None:
        """Folder of the clips that the evaluation of reconstruction kept."""
        record = self.of("evaluate_reconstruction")
        folder = record.folder / "clips" if record and not record.damage else None
        return folder if folder is not None and folder.is_dir() else None


def find_records(folder: Path) -> list[RunRecord]:
    """Every run at or below ``folder``, in the order of the method within each parent folder.

    Raises:
        ConfigError: if there is no such folder, or no run in it.
    """
    found = runs_below(folder)
    records = [RunRecord(folder=run, name=run.relative_to(folder).as_posix()) for run in found]
    return sorted(records, key=lambda r: (r.folder.parent, stage_order(r.stage), r.name))


def find_groups(folder: Path) -> list[RunGroup]:
    """Every run below ``folder``, by parent folder.

    Raises:
        ConfigError: as :func:`find_records`.
    """
    by_parent = groupby(find_records(folder), key=lambda record: record.folder.parent)
    parts = [(parent, tuple(records)) for parent, records in by_parent]
    names = short_names([parent for parent, _ in parts])
    return [
        RunGroup(name=name, colour=i % NUM_COLOURS, records=records)
        for i, (name, (_, records)) in enumerate(zip(names, parts, strict=True))
    ]


def short_names(folders: Sequence[Path]) -> list[str]:
    """The shortest ends of paths that tell them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts), default=1) + 1):
        names = [os.path.join(*p[-length:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def stage_order(stage: str) -> tuple[int, str]:
    """Sorts stages in the order of the method."""
    return (STAGES.index(stage) if stage in STAGES else len(STAGES), stage)
