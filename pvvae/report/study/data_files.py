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


def plain_analysis(analysis: Analysis) -> dict[str, Any]:
    """Sentences, and the numbers behind them."""
    question = analysis.question
    plain = {
        "title": question.title,
        "standing": analysis.standing,
        "sentences": analysis.sentences,
        "command": question.command,
        "question": asdict(question),
        "claims": [asdict(claim) for claim in analysis.claims],
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
        "sooner": [asdict(sooner) for sooner in analysis.sooner],
        "compared": [asdict(compared) for compared in analysis.compared],
        "runs": [_plain_run(outcome) for cell in analysis.cells for outcome in _all(cell.outcomes)],
        "foreign": [_plain_run(outcome) for outcome in analysis.foreign],
    }
    finite: dict[str, Any] = _finite(plain)
    return finite


def runs_csv(analysis: Analysis) -> str:
    """A line a run, with whatever is known of it."""
    question = analysis.question
    factors, measures = list(question.factors), [measure.name for measure in question.measures]
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


def _plain_run(outcome: Outcome) -> dict[str, Any]:
    return asdict(outcome) | {"name": arm_name(outcome.arm), "state": state_of(outcome)}
