"""What a study's file may not say, found before anything is run."""

import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pvvae.errors import ConfigError
from pvvae.study.outcomes import arm_name, plain_name
from pvvae.study.spec.declared import DeclaredStudy
from pvvae.study.spec.entries import ClaimEntry, StageEntry
from pvvae.study.spec.references import known, references

DATA = ("unique_samples", "epochs", "steps")
"""Keys of an outcome's ``data``."""


def check_study(study: DeclaredStudy) -> None:
    """Refuse names of what is not there, factors that undo one another, and empty studies.

    Raises:
        ConfigError: saying where.
    """
    _check_whole(study)
    _check_stages(study)
    _check_overlaps(study)
    _check_questions(study)
    _check_cells(study)


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Say where it was that something is refused."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _check_whole(study: DeclaredStudy) -> None:
    if not (study.stages and study.factors and study.measures and study.seeds):
        raise ConfigError("a study needs at least one stage, factor, measure and seed")
    for factor, values in study.factors.items():
        if not values:
            raise ConfigError(f"factors.{factor}: has no values")


def _check_stages(study: DeclaredStudy) -> None:
    """Every stage that is named is there."""
    for name, entry in study.stages.items():
        if not name.isidentifier():
            raise ConfigError(f"stages.{name}: a name has letters, digits and _, got {name!r}")
        with _at(f"stages.{name}.set"):
            _check_keys(entry, entry.set)
            for other in references(entry.set):
                known(other, study.stages, "stage")
    for factor, values in study.factors.items():
        for label, changes in values.items():
            with _at(f"factors.{factor}.{label}"):
                for stage, keys in changes.items():
                    for named in (stage, *references(keys)):
                        known(named, study.stages, "stage")
                    _check_keys(study.stages[stage], keys)


def _check_keys(entry: StageEntry, keys: Iterable[str]) -> None:
    """Folder and seed are the study's to set."""
    for key in keys:
        if key == "run":
            raise ConfigError("run: a study names its runs' folders itself")
        if key == "seed" and entry.seeded:
            raise ConfigError(
                "seed: is one of the study's `seeds`; a stage that is `common` to all has its own"
            )


def _check_overlaps(study: DeclaredStudy) -> None:
    """Two factors may not set one key, nor a key and a part of it: a cell would have only one."""
    for one, other in itertools.combinations(study.factors, 2):
        for (stage, key), (stage_too, key_too) in itertools.product(
            _touched(study, one), _touched(study, other)
        ):
            if stage == stage_too and _overlap(key, key_too):
                raise ConfigError(
                    f"factors {one!r} and {other!r} both set {key} of stage {stage!r}; a cell "
                    "would have only one of them"
                )


def _touched(study: DeclaredStudy, factor: str) -> list[tuple[str, str]]:
    """Stages and their keys that the values of a factor set, each once."""
    values = study.factors[factor].values()
    found = ((stage, key) for value in values for stage, keys in value.items() for key in keys)
    return list(dict.fromkeys(found))


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _check_questions(study: DeclaredStudy) -> None:
    """What is read, claimed and drawn is there."""
    with _at("baseline"):
        study.arm(study.baseline)
    for what, readings in (("measures", study.measures), ("costs", study.costs)):
        for name, reading in readings.items():
            with _at(f"{what}.{name}.stage"):
                known(reading.stage, study.stages, "stage")
    if study.data is not None:
        with _at("data"):
            known(study.data, study.stages, "stage")
    for number, claim in enumerate(study.claims):
        with _at(f"claims[{number}]"):
            _check_claim(study, claim)
    with _at("answer"):
        _check_answer(study)


def _check_claim(study: DeclaredStudy, claim: ClaimEntry) -> None:
    known(claim.measure, study.measures, "measure")
    if claim.over:
        _check_over(study, claim)
    if study.arm(claim.arm) == study.arm(claim.against):
        raise ConfigError(
            f"compares {arm_name(study.arm(claim.arm))!r} with itself; `against` is the baseline "
            "unless the claim names another"
        )
    _check_sides(study, claim)


def _check_sides(study: DeclaredStudy, claim: ClaimEntry) -> None:
    """Both sides of a claim are run, at each value it is asked over: none may be missing unsaid."""
    cells = [arm_name(arm) for arm in study.arms]
    places = [{claim.over: value} for value in study.factors[claim.over]] if claim.over else [{}]
    for where in ("arm", "against"):
        with _at(where):
            for place in places:
                known(arm_name({**study.arm(getattr(claim, where)), **place}), cells, "cell")


def _check_over(study: DeclaredStudy, claim: ClaimEntry) -> None:
    known(claim.over, study.factors, "factor")
    for where in ("arm", "against"):
        chosen = getattr(claim, where)
        if isinstance(chosen, str) or claim.over in chosen:
            raise ConfigError(
                f"{where}: the claim is over all values of {claim.over!r}; name other factors"
            )


def _check_answer(study: DeclaredStudy) -> None:
    """What is drawn is there, and a law is of one factor's values."""
    answer = study.answer
    if answer.y or answer.kind != "table":
        known(answer.y, study.measures, "measure")
    if answer.by:
        known(answer.by, study.factors, "factor")
    costs = (*study.costs, "seconds", "flops")
    if answer.kind == "pareto" and answer.x:  # without it, all known costs are drawn
        known(answer.x, costs, "cost")
    if answer.kind == "correlation":
        known(answer.x, study.measures, "measure")
    if answer.kind == "scaling":
        known(answer.x, (*DATA, *costs), "size")
        varying = [f for f in study.factors if len({arm[f] for arm in study.arms}) > 1]
        sizes = [factor for factor in varying if factor != answer.by]
        if len(sizes) > 1:
            raise ConfigError(
                f"by: a law needs the sizes of one factor, but {' and '.join(map(repr, sizes))} "
                "would make one curve; name one of them"
            )


def _check_cells(study: DeclaredStudy) -> None:
    """No two cells have one file, and the paper's figures are of cells."""
    for number, cell in enumerate(study.cells):
        with _at(f"cells[{number}]"):
            study.arm(cell)
    files: dict[str, str] = {}
    for arm in study.arms:
        name = arm_name(arm)
        other = files.setdefault(plain_name(name), name)
        if other != name:
            raise ConfigError(
                f"cells {other!r} and {name!r} would share the file {plain_name(name)}; rename a "
                "value"
            )
    if len(files) < len(study.arms):
        raise ConfigError("cells: a cell is listed twice")
    for name in study.paper:
        with _at("paper"):
            known(name, files.values(), "cell")
