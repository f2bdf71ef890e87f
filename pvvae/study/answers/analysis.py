"""Everything that a study's outcomes answer, and the sentences for it, before any page is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pvvae.errors import ConfigError
from pvvae.study.answers.claims import Answered, answer_claims
from pvvae.study.answers.convergence import Sooner, convergence
from pvvae.study.answers.cost_sentences import Compared, compare_at_equal_costs
from pvvae.study.answers.relations import Related, relate
from pvvae.study.answers.scaling_sentences import (
    difference_sentence,
    law_sentences,
    repetition_sentence,
)
from pvvae.study.cells import Condition, cells_of, foreign
from pvvae.study.outcomes import Outcome
from pvvae.study.spec.study import Study
from pvvae.study.statistics.observations import Repetition, grouped, repetitions, size_name
from pvvae.study.statistics.scaling import (
    ExponentDifference,
    Scaling,
    difference_of_exponents,
    measure_scaling,
)

COLOURS = 6
"""Number of colours in the report's style sheet; a seventh arm takes the first again."""


@dataclass(frozen=True, kw_only=True)
class ScalingAnswer:
    """Answer of a study of sizes."""

    found: Mapping[str, Scaling]
    """By curve; those that no law can be fitted to are left out."""
    differences: Mapping[tuple[str, str], ExponentDifference]
    repetitions: tuple[Repetition, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What the page, its Markdown and its data are written from."""

    study: Study
    command: str
    """Makes all of it again."""
    cells: tuple[Condition, ...]
    foreign: tuple[Outcome, ...]
    """Outcomes of arms that the study does not have."""
    claims: tuple[Answered, ...]
    laws: ScalingAnswer | None
    """None for a study that is not of sizes."""
    sooner: tuple[Sooner, ...]
    compared: tuple[Compared, ...]
    """At equal costs, where the study asks for quality against cost."""
    related: Related | None
    """None for a study that asks for no correlation."""

    @property
    def sentences(self) -> list[str]:
        """The answer, in order."""
        return [
            *(claim.sentence for claim in self.claims),
            *(self.laws.sentences if self.laws else ()),
            *(sooner.sentence for sooner in self.sooner),
            *(compared.sentence for compared in self.compared),
            *([self.related.sentence] if self.related else []),
        ]

    def colour(self, cell: Condition) -> int:
        """Number of a cell's colour: of its own, or in a study of sizes of its curve."""
        by = self.study.answer.by
        if self.laws is not None and by in cell.arm:
            return self.colour_of_curve(cell.arm[by])
        return self.cells.index(cell) % COLOURS

    def colour_of_curve(self, name: str) -> int:
        """Number of the colour of a curve of sizes, by its place among the values of its factor."""
        labels = list(self.study.factors.get(self.study.answer.by, {}))
        return labels.index(name) % COLOURS if name in labels else 0

    @property
    def whole(self) -> bool:
        """Whether every run that was asked for is there and counts."""
        return all(len(cell.sound) == len(cell.seeds) for cell in self.cells)

    @property
    def standing(self) -> str:
        """How much of the study there is."""
        asked = sum(len(cell.seeds) for cell in self.cells)
        sound = sum(len(cell.sound) for cell in self.cells)
        outcomes = [o for cell in self.cells for o in cell.outcomes.values()]
        failed = sum(bool(outcome.failed) for outcome in outcomes)
        stale = sum(bool(outcome.stale and not outcome.failed) for outcome in outcomes)
        counts = {"failed": failed, "stale": stale, "not there yet": asked - len(outcomes)}
        rest = "".join(f", {count} {word}" for word, count in counts.items() if count)
        arms = f"{len(self.cells)} arm{'' if len(self.cells) == 1 else 's'}"
        return f"{sound} of {asked} runs ({arms}) are finished{rest}."


def analyse(study: Study, outcomes: Sequence[Outcome], *, command: str = "") -> Analysis:
    """Answer a study by what there is of its outcomes, in whatever order."""
    cells = cells_of(study, outcomes)
    kind = study.answer.kind
    return Analysis(
        study=study,
        command=command,
        cells=tuple(cells),
        foreign=tuple(foreign(study, outcomes)),
        claims=tuple(answer_claims(study, cells)),
        laws=_laws(study, cells) if kind == "scaling" else None,
        sooner=tuple(convergence(study, cells)) if kind == "curves" else (),
        compared=tuple(compare_at_equal_costs(study, cells))
        if kind in ("pareto", "curves")
        else (),
        related=relate(study, cells) if kind == "correlation" else None,
    )


def _laws(study: Study, cells: Sequence[Condition]) -> ScalingAnswer:
    answer, measure = study.answer, study.drawn
    label, size = measure.label, size_name(answer.x)
    if measure.higher_is_better:
        words = f"{label} rises as it gets better: a law of a loss is not fitted to it."
        return ScalingAnswer(found={}, differences={}, repetitions=(), sentences=(words,))
    groups = grouped(cells, answer)
    found: dict[str, Scaling] = {}
    sentences: list[str] = []
    for name, runs in groups.items():
        try:
            found[name] = measure_scaling(runs)
            sentences.append(" ".join(law_sentences(name, found[name], loss=label, size=size)))
        except ConfigError as error:
            sentences.append(f"{name}: {error}.")
    differences = {}
    for one, other in pairwise(found):
        degenerate = [name for name in (one, other) if found[name].degenerate]
        try:
            differences[one, other] = difference_of_exponents(groups[one], groups[other])
        except ConfigError as error:
            sentences.append(f"{one} and {other}: {error}.")
            continue
        sentences.append(
            difference_sentence(one, other, differences[one, other], degenerate=degenerate)
        )
    repeated = repetitions(cells, answer.x)
    sentences += [words] if (words := repetition_sentence(repeated, size=size)) else []
    return ScalingAnswer(
        found=found,
        differences=differences,
        repetitions=tuple(repeated),
        sentences=tuple(sentences),
    )
