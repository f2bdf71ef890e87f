"""A study's tables: arms by measures, what they change, and every run."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from pvvae.report.formats.grid import ABSENT, Footnotes, Grid, Line, Slot
from pvvae.study.answers.analysis import Analysis
from pvvae.study.answers.claims import amount, effect_of, ends_of
from pvvae.study.answers.cost_sentences import COSTS, shown, title
from pvvae.study.cells import Condition, cell_of
from pvvae.study.outcomes import Outcome
from pvvae.study.spec.entries import Measure
from pvvae.study.statistics.effects import mean_with_interval

DATA = {"unique_samples": "Unique samples", "epochs": "Epochs", "steps": "Steps"}
"""Keys of outcomes that tables show, as far as they are known."""
PAPER = (
    "The paper's own figures, of its sizes, data and clips: their directions may be compared with "
    "those above, their numbers may not"
)


def means_grid(analysis: Analysis) -> Grid:
    """A row an arm: the mean over seeds of every measure with Student's 95% interval."""
    study, notes = analysis.study, Footnotes()
    unmeasured = [cost for cost in COSTS if not _is_measured(cost, analysis)]
    costs = _known(analysis.cells, unmeasured, lambda outcome: outcome.costs)
    data = _known(analysis.cells, tuple(DATA), lambda outcome: outcome.data)
    places = {m.name: _places(m, analysis.cells) for m in study.columns}
    lines = []
    for cell in analysis.cells:
        slots = [Slot(text=cell.name, colour=analysis.colour(cell))]
        slots += [_mean(cell, m, places[m.name], notes) for m in study.columns]
        slots += [_cost(cell, cost) for cost in costs]
        slots += [_plain(_each(cell, lambda outcome: outcome.data, key)) for key in data]
        lines.append(Line(slots=tuple(slots)))
    titles = [*(title(cost) for cost in costs), *(DATA[key] for key in data)]
    return Grid(
        title="",
        groups=(),
        head=Line(
            slots=(
                Slot(text=", ".join(study.factors)),
                *(_head(measure) for measure in study.columns),
                *(Slot(text=title) for title in titles),
            )
        ),
        lines=(*lines, *_paper(analysis, len(titles))),
        num_labels=1,
        references=PAPER,
        notes=notes.listed(),
        remarks=(),
    )


def changes_grid(analysis: Analysis) -> Grid | None:
    """A row an arm: what it changes against the baseline, paired by seed; None without others."""
    study = analysis.study
    baseline = cell_of(analysis.cells, study.arm({}))
    others = [cell for cell in analysis.cells if cell is not baseline]
    if baseline is None or not others:
        return None
    lines = [
        Line(
            slots=(
                Slot(text=cell.name, colour=analysis.colour(cell)),
                *(_changed(measure, cell, baseline) for measure in study.columns),
            )
        )
        for cell in others
    ]
    head = (Slot(text=f"against {baseline.name}"), *(_head(m) for m in study.columns))
    return Grid(
        title="",
        groups=(),
        head=Line(slots=head),
        lines=tuple(lines),
        num_labels=1,
        references="",
        notes=(),
        remarks=(),
    )


def runs_grid(analysis: Analysis) -> Grid:
    """A row a cell and seed: its values as they are, time and machine; why it does not count."""
    study, notes = analysis.study, Footnotes()
    lines = []
    for cell in analysis.cells:
        name = Slot(text=cell.name, colour=analysis.colour(cell))
        for seed in cell.seeds:
            lines.append(_run(name, cell, seed, study.columns, notes))
    head = (
        Slot(text=", ".join(study.factors)),
        Slot(text="Seed"),
        Slot(text="State"),
        *(_head(measure) for measure in study.columns),
        Slot(text="Time"),
        Slot(text="Machine"),
    )
    return Grid(
        title="",
        groups=(),
        head=Line(slots=head),
        lines=tuple(lines),
        num_labels=3,
        references="",
        notes=notes.listed(),
        remarks=(),
    )


def state_of(outcome: Outcome | None) -> str:
    """In a word."""
    if outcome is None:
        return "not there yet"
    return "failed" if outcome.failed else "stale" if outcome.stale else "finished"


def _run(
    name: Slot, cell: Condition, seed: int, measures: Sequence[Measure], notes: Footnotes
) -> Line:
    outcome = cell.outcomes.get(seed)
    found = outcome or Outcome(arm=cell.arm, seed=seed)
    why = [f"{cell.name}, seed {seed}: {text}" for text in (found.failed, found.stale) if text]
    values = [found.values.get(measure.name, math.nan) for measure in measures]
    seconds = found.costs.get("seconds")
    slots = (
        name,
        Slot(text=str(seed)),
        Slot(text=state_of(outcome), marks=notes.marks(why)),
        *(Slot(text=f"{v:.6g}" if math.isfinite(v) else ABSENT) for v in values),
        Slot(text=ABSENT if seconds is None else shown(seconds, "seconds"), timed=True),
        Slot(text=found.machine or ABSENT),
    )
    return Line(slots=slots, grey=outcome is None or bool(found.failed or found.stale))


def _head(measure: Measure) -> Slot:
    arrow = "↑" if measure.higher_is_better else "↓"
    return Slot(text=measure.label, arrow=arrow, unit=measure.unit)


def _mean(cell: Condition, measure: Measure, places: int, notes: Footnotes) -> Slot:
    values = list(cell.values(measure.name).values())
    marks = notes.marks([f"{cell.name}: {gap}" for gap in cell.gaps(measure)])
    if not values:
        return Slot(text=ABSENT, marks=marks)
    mean, interval = mean_with_interval(np.array(values))
    between = f"± {interval[1] - mean:,.{places}f}" if interval else ""
    if over_clips := cell.over_clips(measure.name):
        between = f"[{over_clips[0]:,.{places}f}, {over_clips[1]:,.{places}f}]"
    whole = len(values) == len(cell.seeds) or cell.is_shared(measure.name)
    return Slot(
        text=f"{mean:,.{places}f}",
        interval=between,
        beside="" if whole else f"{len(values)} of {len(cell.seeds)} seeds",
        marks=marks,
    )


def _places(measure: Measure, cells: Sequence[Condition]) -> int:
    """Two digits of the narrowest interval; without any, four of the smallest mean."""
    found = [np.array(list(cell.values(measure.name).values())) for cell in cells]
    means = [mean_with_interval(values) for values in found if len(values)]
    widths = [interval[1] - mean for mean, interval in means if interval and interval[1] > mean]
    shared = (cell.over_clips(measure.name) for cell in cells)
    widths += [(ends[1] - ends[0]) / 2 for ends in shared if ends and ends[1] > ends[0]]
    if widths:
        return _decimals(min(widths), 2)
    sizes = [abs(mean) for mean, _ in means if mean]
    return _decimals(min(sizes), 4) if sizes else 0


def _decimals(size: float, digits: int) -> int:
    return min(max(digits - 1 - math.floor(math.log10(size)), 0), 4)


def _changed(measure: Measure, cell: Condition, baseline: Condition) -> Slot:
    effect = effect_of(measure, cell.values(measure.name), baseline.values(measure.name))
    if effect is None:
        return Slot(text=ABSENT)
    num = len(effect.pairs)
    return Slot(
        text=amount(effect.change, effect, measure),
        interval=ends_of(effect, sign=1) if effect.interval else "",
        beside=f"{effect.agreeing} of {num} seeds" if num > 1 else "one seed",
        rank="best" if effect.seen else None,
    )


def _cost(cell: Condition, cost: str) -> Slot:
    values = list(cell.costs(cost).values())
    text = shown(sum(values) / len(values), cost) if values else ABSENT
    return Slot(text=text, timed=cost in ("seconds", "speed"))


def _plain(values: Sequence[float]) -> Slot:
    ends = list(dict.fromkeys((min(values), max(values)))) if values else []
    return Slot(
        text="–".join(f"{end:,.4g}" if end < 1e4 else f"{end:,.0f}" for end in ends) or ABSENT
    )


Read = Callable[[Outcome], Mapping[str, float]]


def _each(cell: Condition, read: Read, key: str) -> list[float]:
    return [read(outcome)[key] for outcome in cell.sound if key in read(outcome)]


def _known(cells: Sequence[Condition], names: Sequence[str], read: Read) -> list[str]:
    return [name for name in names if any(_each(cell, read, name) for cell in cells)]


def _is_measured(cost: str, analysis: Analysis) -> bool:
    """Whether the column of a measure says the same: a speed that is asked for as both."""
    sound = [outcome for cell in analysis.cells for outcome in cell.sound]
    return any(
        all(cost in o.costs and o.costs[cost] == o.values.get(measure.name) for o in sound)
        for measure in analysis.study.columns
    )


def _paper(analysis: Analysis, num_others: int) -> list[Line]:
    rows = []
    for name, figures in analysis.study.paper.items():
        printed = [figures.get(measure.name) for measure in analysis.study.columns]
        texts = [ABSENT if figure is None else f"{figure:,g}" for figure in printed]
        slots = [Slot(text=text) for text in (name, *texts, *[ABSENT] * num_others)]
        rows.append(Line(slots=tuple(slots), grey=True))
    return rows
