"""Runs side by side as plain text."""

from collections.abc import Sequence
from pathlib import Path

from pvvae.errors import ConfigError
from pvvae.report.findings import Record, find_records, short_names
from pvvae.report.scores import (
    ABSENT,
    GENERATION,
    RECONSTRUCTION,
    SCORES,
    Results,
    Score,
    at,
    beside_fvd,
    sample_counts,
)

LAST = "held_out"
"""Where a training run's last held-out values stand among the results."""

HELD_OUT = (
    Score(title="Step", read=at(LAST, "step"), better=None, form=",.0f"),
    Score(title="PSNR", read=at(LAST, "psnr"), better="higher", form=".2f", unit="dB"),
    Score(title="LPIPS", read=at(LAST, "lpips"), better="lower", form=".4f"),
    Score(title="Squared error", read=at(LAST, "mse"), better="lower", form=".5f"),
    Score(title="Temporal difference", read=at(LAST, "diff"), better="lower", form=".5f"),
    Score(title="Prediction error", read=at(LAST, "prediction_mse"), better="lower", form=".5f"),
    Score(title="KL", read=at(LAST, "kl"), better=None, form=",.4f"),
    Score(title="Flow matching loss", read=at(LAST, "flow"), better="lower", form=".4f"),
)
"""Of a training run that was named itself: values on its held-out clips."""


def comparison(runs: Sequence[Path]) -> str:
    """Results of several runs as a table: one column a path, ``*`` marks the best of a row.

    Args:
        runs: run folders of evaluations or of training, or folders that hold one evaluation of
            each kind.

    Raises:
        ConfigError: if a path holds no result yet, or two evaluations of one kind.
    """
    columns = [_results_below(run) for run in runs]
    names = short_names(runs)
    rows = [["", *(f"{name} " for name in names)]]
    for score in (*SCORES, *HELD_OUT):
        texts = [score.text(results) for results in columns]
        if set(texts) == {ABSENT}:
            continue
        best = score.best(columns)
        unit = f" ({score.unit})" if score.unit else ""
        title = f"{score.title}{unit} {score.arrow}".rstrip()
        rows.append([title, *(f"{t}{'*' if i in best else ' '}" for i, t in enumerate(texts))])
    return "\n".join([*_aligned(rows), *_protocol(columns, names)])


def _results_below(folder: Path) -> Results:
    records = find_records(folder)
    found: Results = {}
    for record in records:
        if record.stage not in (RECONSTRUCTION, GENERATION) or not record.results:
            continue
        if record.stage in found:
            raise ConfigError(f"{folder}: holds several runs of {record.stage}; name one of them")
        found[record.stage] = record.results
    if not found and records[0].folder == folder:
        found = _last_held_out(records[0])
    if not found:
        raise ConfigError(
            f"{folder}: nothing to compare yet: no results.json of evaluate_reconstruction or "
            "evaluate_generation, and no held-out values of a training run"
        )
    return found


def _last_held_out(record: Record) -> Results:
    lines = [line for line in record.metrics if line["kind"] == "held_out"]
    return {LAST: lines[-1]} if lines else {}


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    first = max(len(row[0]) for row in rows)
    widths = [max(len(row[i]) for row in rows) + 2 for i in range(1, len(rows[0]))]
    lines = [
        row[0].ljust(first) + "".join(c.rjust(w) for c, w in zip(row[1:], widths, strict=True))
        for row in rows
    ]
    return [lines[0].rstrip(), "-" * len(lines[0]), *(line.rstrip() for line in lines[1:])]


def _protocol(columns: Sequence[Results], names: Sequence[str]) -> list[str]:
    """What the distances were measured on, and whether the columns agree about it."""
    lines, seen = [], set()
    for name, results in zip(names, columns, strict=True):
        facts = {
            "size": at(RECONSTRUCTION, "protocol", "size")(results),
            "rFVD": beside_fvd(RECONSTRUCTION)(results),
            "gFVD": beside_fvd(GENERATION)(results),
        }
        shown = ". ".join(f"{key}: {value}" for key, value in facts.items() if value)
        lines += [f"{name}: {shown}"] if shown else []
        seen.add(
            (
                facts["size"],
                str(at(RECONSTRUCTION, "counts", "clips")(results)),
                sample_counts(results),
            )
        )
    if len(seen) > 1:
        lines.append("The columns differ in clips or size: FVD and KVD cannot be compared.")
    return ["", *lines] if lines else []
