"""A study's answer as data: JSON of everything that was computed, CSV of every run."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pvvae.report.study.tables import DATA, state_of
from pvvae.study.answers.analysis import Analysis
from pvvae.study.answers.cost_sentences import COSTS
from pvvae.study.outcomes import Outcome, arm_name
from pvvae.study.spec.entries import Measure


def plain_analysis(analysis: Analysis) -> dict[str, Any]:
    """Sentences, and the numbers behind them."""
    plain = {
        "title": analysis.study.title,
        "standing": analysis.standing,
        "sentences": analysis.sentences,
        "command": analysis.command,
        "question": _plain_study(analysis),
        "claims": [
            asdict(claim) | {"measure": _plain_measure(claim.measure)} for claim in analysis.claims
        ],
        "laws": None
        if analysis.laws is None
        else {
            "found": {name: asdict(found) for name, found in analysis.laws.found.items()},
            "differences": [
                {"from": one, "to": other, **asdict(difference)}
                for (one, other), difference in analysis.laws.differences.items()
            ],
            "repetitions": [asdict(repetition) for repetition in analysis.laws.repetitions],
        },
        "sooner": [
            asdict(sooner) | {"measure": _plain_measure(sooner.measure)}
            for sooner in analysis.sooner
        ],
        "related": _plain_relation(analysis),
        "compared": [asdict(compared) for compared in analysis.compared],
        "runs": [_plain_run(outcome) for cell in analysis.cells for outcome in _all(cell.outcomes)],
        "foreign": [_plain_run(outcome) for outcome in analysis.foreign],
    }
    finite: dict[str, Any] = _finite(plain)
    return finite


def _plain_relation(analysis: Analysis) -> dict[str, Any] | None:
    related = analysis.related
    if related is None or related.found is None:
        return None
    found = related.found
    low, high = (end.tolist() for end in found.band)
    plain = asdict(found) | {"places": found.places.tolist(), "band": [low, high]}
    return {"x": analysis.study.answer.x, "y": analysis.study.answer.y, **plain}


def runs_csv(analysis: Analysis) -> str:
    """A line a run, with whatever is known of it."""
    factors, measures = list(analysis.study.factors), list(analysis.study.measures)
    head = [*factors, "seed", "state", *measures, *DATA, *COSTS, "machine", "why"]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    for cell in analysis.cells:
        for outcome in _all(cell.outcomes):
            why = outcome.failed or outcome.stale
            writer.writerow(
                [
                    *(outcome.arm[factor] for factor in factors),
                    outcome.seed,
                    state_of(outcome),
                    *(outcome.values.get(name, "") for name in measures),
                    *(outcome.data.get(name, "") for name in DATA),
                    *(outcome.costs.get(name, "") for name in COSTS),
                    outcome.machine,
                    why,
                ]
            )
    return file.getvalue()


def _finite(plain: Any) -> Any:
    """JSON has no NaN and no infinity: what is no number is null."""
    if isinstance(plain, Mapping):
        return {key: _finite(value) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_finite(value) for value in plain]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def _all(outcomes: Mapping[int, Outcome]) -> list[Outcome]:
    return [outcome for _, outcome in sorted(outcomes.items())]


def _plain_study(analysis: Analysis) -> dict[str, Any]:
    """What was asked; how it is run stands in the study's file."""
    study = analysis.study
    return {key: getattr(study, key) for key in ("title", "folder", "arms", "seeds", "paper")} | {
        "factors": {factor: list(values) for factor, values in study.factors.items()},
        "baseline": study.arm({}),
        "measures": [_plain_measure(measure) for measure in study.columns],
        "claims": [asdict(claim) for claim in study.comparisons],
        "answer": asdict(study.answer),
        "command": analysis.command,
        "note": study.note,
    }


def _plain_measure(measure: Measure) -> dict[str, Any]:
    """What tables show of a measure."""
    shown = ("name", "label", "unit", "higher_is_better")
    return {key: getattr(measure, key) for key in shown}


def _plain_run(outcome: Outcome) -> dict[str, Any]:
    return asdict(outcome) | {"name": arm_name(outcome.arm), "state": state_of(outcome)}
