"""What a scaling law says, in sentences."""

from collections.abc import Sequence

from pvvae.study.answers.claims import plain_minus
from pvvae.study.statistics.forecast import Forecast
from pvvae.study.statistics.model_selection import UNDECIDED, Rivals
from pvvae.study.statistics.observations import Repetition
from pvvae.study.statistics.resampling import Interval
from pvvae.study.statistics.scaling import ExponentDifference, Scaling


def law_sentences(name: str, found: Scaling, *, loss: str, size: str) -> list[str]:
    """The law of one arm, whether it may be believed, and what it would have forecast.

    Args:
        name: of the arm.
        found: of it.
        loss: label of the measure.
        size: what D counts.
    """
    sentences = [_verdict(name, found, loss, size)]
    if scales(found):
        sentences.append(_law(found))
    if found.degenerate:
        sentences.append(
            f"The fit is degenerate, its parameters are not to be believed: "
            f"{'; '.join(found.degenerate)}."
        )
    if found.forecast is not None:
        sentences.append(_forecast(found.forecast))
    return sentences


def scales(found: Scaling) -> bool:
    """Whether a law is better than a constant by more than decides nothing."""
    constant = found.rivals.constant
    return constant is not None and constant > UNDECIDED and found.scale > 0


def _verdict(name: str, found: Scaling, loss: str, size: str) -> str:
    runs = f"{len(found.sizes)} sizes, {len(found.observations)} runs"
    constant = found.rivals.constant
    if constant is None:
        return f"{name}: too few runs to tell whether {loss} falls with {size} ({runs})."
    verdict = f"{loss} falls with {size}" if scales(found) else f"no scaling with {size} seen"
    return plain_minus(f"{name}: {verdict} (ΔAIC {constant:.1f} over a constant; {runs}).")


def _law(found: Scaling) -> str:
    ends = found.intervals
    exponent = f"β = {found.exponent:.2f}{_interval(ends.exponent if ends else None, '.2f')}"
    floor = f"E = {found.floor:.4g}{_interval(ends.floor if ends else None, '.4g')}"
    law = f"{found.floor:.4g} + {found.scale:.4g} · (D / {found.smallest:,.0f})^−"
    return f"It falls as {law}{found.exponent:.2f}: {exponent}, {floor}. {_floor(found.rivals)}"


def _floor(rivals: Rivals) -> str:
    if rivals.no_floor is None:
        return "The runs are too few to tell whether there is a floor."
    verdict = "is open" if abs(rivals.no_floor) <= UNDECIDED else "shows"
    if rivals.no_floor < -UNDECIDED:
        verdict = "does not show"
    return plain_minus(f"A floor {verdict} (ΔAIC {rivals.no_floor:.1f} over a law without one).")


def _forecast(forecast: Forecast) -> str:
    repeated = abs(forecast.repeated / forecast.measured - 1)
    way = "too high" if forecast.error > 0 else "too low"
    return (
        f"Its smaller sizes forecast {forecast.predicted:.4g}"
        f"{_interval(forecast.interval, '.4g')} at {forecast.size:,.0f}, measured is "
        f"{forecast.measured:.4g}: {abs(forecast.error):.1%} {way}, where repeating the size "
        f"before is {repeated:.1%} off."
    )


def difference_sentence(
    one: str, other: str, difference: ExponentDifference, *, degenerate: Sequence[str]
) -> str:
    """Which of two arms gains more from size.

    Args:
        one: the arm that is held against.
        other: the arm that is steeper, if the difference is positive.
        difference: of their exponents.
        degenerate: names of those whose exponents mean nothing.
    """
    if degenerate:
        who = " and ".join(degenerate)
        what = f"{who} {'is' if len(degenerate) == 1 else 'are'} degenerate"
        return f"Exponents of {one} and {other} cannot be compared: {what}."
    size = f"{difference.value:+.2f}{_interval(difference.interval, '+.2f')}"
    runs = f"β differs by {size}, {difference.pairs} pairs of runs"
    if difference.interval is None or difference.interval[0] <= 0 <= difference.interval[1]:
        return plain_minus(f"{other} and {one}: no difference in scaling seen ({runs}).")
    gain = "more" if difference.value > 0 else "less"
    return plain_minus(f"{other} gains {gain} from size than {one} ({runs}).")


def repetition_sentence(found: Sequence[Repetition], *, size: str) -> str:
    """Whether steps or epochs were kept equal; empty where runs do not say."""
    if len(found) < 2:
        return ""
    first, last = found[0], found[-1]
    steps = {bound for one in found for bound in one.steps}
    epochs = {bound for one in found for bound in one.epochs}
    if len(steps) == 1:
        return (
            f"All sizes were trained for {steps.pop():,.0f} steps: {first.size:,.0f} {size} were "
            f"seen {first.epochs[1]:,.3g} times each, {last.size:,.0f} were seen "
            f"{last.epochs[0]:,.3g} times."
        )
    if len(epochs) == 1:
        return (
            f"All sizes were seen {epochs.pop():,.3g} times: {first.size:,.0f} {size} in "
            f"{first.steps[1]:,.0f} steps, {last.size:,.0f} in {last.steps[0]:,.0f}."
        )
    return (
        f"Steps go from {min(steps):,.0f} to {max(steps):,.0f} and epochs from "
        f"{min(epochs):,.3g} to {max(epochs):,.3g}: sizes differ in both."
    )


def _interval(ends: Interval | None, form: str) -> str:
    return "" if ends is None else f" [{ends[0]:{form}}, {ends[1]:{form}}]"
