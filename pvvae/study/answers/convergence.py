"""How much sooner one arm is as good as another in the end.

By seed: the steps after which the arm's curve first reaches the last value of the other's, beside
those after which the other's own curve first does. Looks that vary between steps cross a value by
chance, in both curves alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pvvae.study.answers.claims import sentence_of
from pvvae.study.answers.cost_sentences import named
from pvvae.study.cells import Condition, cell_of, left_out
from pvvae.study.spec.entries import Measure
from pvvae.study.spec.study import Study
from pvvae.study.statistics.effects import Effect, paired_effect
from pvvae.study.statistics.equal_cost import cost_of_reaching


@dataclass(frozen=True, kw_only=True)
class Sooner:
    """An arm's steps to the other's last value."""

    arm: str
    measure: Measure
    effect: Effect | None
    """Relative difference of the steps; None where no seed reaches the value."""
    never: tuple[int, ...]
    """Seeds that do not get as far."""
    sentence: str


def convergence(study: Study, cells: Sequence[Condition]) -> list[Sooner]:
    """Every arm that has curves against the baseline's, for every measure with curves."""
    baseline = cell_of(cells, study.arm({}))
    if baseline is None:
        return []
    found = []
    for measure in study.columns:
        for cell in cells:
            if cell is baseline:
                continue
            if cell.looks(measure.name) and baseline.looks(measure.name):
                found.append(_sooner(measure, cell, baseline))
    return found


def _sooner(measure: Measure, cell: Condition, baseline: Condition) -> Sooner:
    own, theirs = cell.looks(measure.name), baseline.looks(measure.name)
    taken, needed, never = {}, {}, []
    ended = baseline.values(measure.name)  # one that ended in no number is no target
    for seed in sorted(own.keys() & theirs.keys() & ended.keys()):
        last = theirs[seed][-1][1]
        higher = measure.higher_is_better
        steps = cost_of_reaching(own[seed], last, higher_is_better=higher)
        if steps is None:
            never.append(seed)
        else:
            taken[seed] = steps
            needed[seed] = cost_of_reaching(theirs[seed], last, higher_is_better=higher) or 0.0
    effect = paired_effect(taken, needed, relative=True)
    return Sooner(
        arm=cell.name,
        measure=measure,
        effect=effect,
        never=tuple(never),
        sentence=_sentence(measure, cell, baseline, effect, never)
        + left_out((cell, baseline), measure)
        + ".",
    )


def _sentence(
    measure: Measure,
    cell: Condition,
    baseline: Condition,
    effect: Effect | None,
    never: Sequence[int],
) -> str:
    target = f"the last {measure.label} of {named(baseline.name)}"
    seeds = f"seed{'s' if len(never) > 1 else ''} {', '.join(map(str, never))}"
    if effect is None and not never:
        return f"{named(cell.name)}: nothing can be said of the steps to {target}"
    if effect is None:
        return f"{named(cell.name)} never reaches {target} ({seeds})"
    steps = replace(measure, label=f"the steps to {target}", unit="")
    missed = f"; {seeds} never reach{'' if len(never) > 1 else 'es'} it" if never else ""
    return f"{sentence_of(named(cell.name), steps, effect)}{missed}"
