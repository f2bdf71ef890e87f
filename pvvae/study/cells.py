"""A study's outcomes by cell: what may be averaged, and what may not and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pvvae.study.outcomes import Arm, Outcome, Point, arm_name
from pvvae.study.spec.entries import Measure
from pvvae.study.spec.study import Study


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One arm with all its seeds."""

    arm: Arm
    seeds: tuple[int, ...]
    """Seeds that were asked for."""
    outcomes: Mapping[int, Outcome]
    """By seed, as far as there are any."""

    @property
    def name(self) -> str:
        """Name of the cell in the rows of tables."""
        return arm_name(self.arm)

    @property
    def sound(self) -> list[Outcome]:
        """Valid outcomes, which are neither failed nor stale, in the order of seeds."""
        return [o for _, o in sorted(self.outcomes.items()) if not (o.failed or o.stale)]

    def values(self, measure: str) -> dict[int, float]:
        """Finite values of valid outcomes, by seed; of a run that seeds share, the first one's."""
        found = {
            outcome.seed: outcome.values[measure]
            for outcome in self.sound
            if math.isfinite(outcome.values.get(measure, math.nan))
        }
        return dict([*found.items()][:1]) if self.is_shared(measure) else found

    def is_shared(self, measure: str) -> bool:
        """Whether all seeds have the value of one run."""
        return any(measure in outcome.shared for outcome in self.sound)

    def over_clips(self, measure: str) -> Point | None:
        """The interval over clips of such a value, if its stage gives one."""
        return next((o.shared[measure] for o in self.sound if measure in o.shared), None)

    def costs(self, name: str) -> dict[int, float]:
        """Finite costs of valid outcomes, by seed."""
        found = {o.seed: o.costs.get(name, math.nan) for o in self.sound}
        return {seed: cost for seed, cost in found.items() if math.isfinite(cost)}

    def looks(self, measure: str) -> dict[int, list[Point]]:
        """The cell's curves after the first step, by seed: numbers alone, by rising steps."""
        return {o.seed: found for o in self.sound if (found := looks(o, measure))}

    def broken(self, measure: str) -> list[int]:
        """Seeds that gave a value or a look that is no number."""
        return [
            o.seed
            for o in self.sound
            if not all(
                math.isfinite(value)
                for value in (
                    o.values.get(measure, 0.0),
                    *(value for _, value in o.curves.get(measure, ())),
                )
            )
        ]

    def gaps(self, measure: Measure) -> list[str]:
        """Why seeds have no value that counts, a sentence for each reason."""
        found = self.values(measure.name)
        if found and self.is_shared(measure.name):
            return []
        seeds: dict[tuple[str, str], list[int]] = {}
        for seed in self.seeds:
            if seed not in found:
                seeds.setdefault(self._reason(seed, measure), []).append(seed)
        return [
            f"seed {listed[0]} {one}" if len(listed) == 1 else f"seeds {_listed(listed)} {several}"
            for (one, several), listed in seeds.items()
        ]

    def _reason(self, seed: int, measure: Measure) -> tuple[str, str]:
        """What is said of one seed, and of several."""
        outcome = self.outcomes.get(seed)
        if outcome is None:
            return "is not there yet", "are not there yet"
        if outcome.failed:
            return f"failed: {outcome.failed}", f"failed: {outcome.failed}"
        if outcome.stale:
            return f"is stale: {outcome.stale}", f"are stale: {outcome.stale}"
        return f"has no {measure.label}", f"have no {measure.label}"


def looks(outcome: Outcome, measure: str) -> list[Point]:
    """One outcome's curve after the first step: numbers alone, by rising steps."""
    points = outcome.curves.get(measure, ())
    return sorted((step, value) for step, value in points if step > 0 and math.isfinite(value))


def left_out(cells: Sequence[Condition], measure: Measure) -> str:
    """Which seeds gave what is no number, after a sentence; nothing if none did."""
    seeds = {cell.name: cell.broken(measure.name) for cell in cells}
    named = [f"{name}, seed {seed}" for name, found in seeds.items() for seed in found]
    return f" ({measure.label} that is no number is left out: {'; '.join(named)})" if named else ""


def _listed(seeds: Sequence[int]) -> str:
    return f"{', '.join(map(str, seeds[:-1]))} and {seeds[-1]}"


def same_arm(one: Arm, other: Arm) -> bool:
    """Whether two arms have the same value of every factor, in whatever order."""
    return dict(one) == dict(other)


def cells_of(study: Study, outcomes: Sequence[Outcome]) -> list[Condition]:
    """Every arm of the study in order; seeds that were added later count as asked for."""
    arms = study.arms
    known = [o for o in outcomes if not _is_foreign(arms, o)]
    seeds = tuple(sorted({*study.seeds, *(outcome.seed for outcome in known)}))
    return [
        Condition(
            arm=arm,
            seeds=seeds,
            outcomes={o.seed: o for o in known if same_arm(o.arm, arm)},
        )
        for arm in arms
    ]


def foreign(study: Study, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes of arms that the study does not have, or no longer."""
    arms = study.arms
    return [outcome for outcome in outcomes if _is_foreign(arms, outcome)]


def cell_of(cells: Sequence[Condition], arm: Arm) -> Condition | None:
    """The cell of an arm."""
    return next((cell for cell in cells if same_arm(cell.arm, arm)), None)


def _is_foreign(arms: Sequence[Arm], outcome: Outcome) -> bool:
    return not any(same_arm(outcome.arm, arm) for arm in arms)
