"""What probes found as a table: sources of features, and who answers without any."""

from collections.abc import Sequence

from pvvae.metrics.results import Value
from pvvae.metrics.score_catalog import ScoreEntry
from pvvae.probes.trained import FLOOR, HEADS, OWN, ProbedSource, differences
from pvvae.report.tables.scores import Score, declared, metric
from pvvae.report.tables.table import ScoredSubject, Table, make_table

SOURCE = "probe"
"""Under what name a row's numbers stand."""
ENTRIES = {
    "epe": ScoreEntry(label="EPE", unit="px", better="lower", form=".3f"),
    "epe_moving": ScoreEntry(label="EPE, moving", unit="px", better="lower", form=".3f"),
    "mse": ScoreEntry(label="MSE", better="lower", form=".5f"),
}
"""Columns of Table 3, by the name of the score."""
WORDS = {
    "zero": "no motion",
    "mean": "mean of the clips learned from",
    "dis": "OpenCV's DIS",
    "repeated": "last frame repeated",
    FLOOR: "its VAE's own reconstruction",
}


def probe_table(found: Sequence[ProbedSource], *, title: str) -> Table:
    """A row a source with the best marked; rivals in grey, the floor of each VAE among them."""
    names = [_split(name)[1] for name in found[0].results.metrics if _split(name)[0] == OWN]
    subjects = [
        ScoredSubject(name=f"{one.label} ({one.about})", found=_row(one, OWN), colour=place % 6)
        for place, one in enumerate(found)
    ]
    for who, words in WORDS.items():
        if who == FLOOR:
            floors = [(one, f"{words}: {one.label}") for one in found]
            subjects += [_rival(one, who, name) for one, name in floors if _row(one, who)]
        elif _row(found[0], who):
            subjects.append(_rival(found[0], who, words))
    counts = found[0].results.counts
    heads = "one head each" if counts["heads"] == 1 else f"means of {counts['heads']} heads"
    remarks = (
        f"{counts['clips']} clips; heads fitted on {counts['fitted_on']} others; {heads}; "
        "95% intervals over clips.",
        *_heads_apart(found, ENTRIES[names[0]]),
        *_differences(found, ENTRIES[names[0]]),
    )
    columns = [_column(name) for name in names]
    return make_table(
        columns, subjects, title=title, remarks=remarks, references="Without features"
    )


def _heads_apart(found: Sequence[ProbedSource], entry: ScoreEntry) -> list[str]:
    """A sentence of each head's own mean, where there are several."""
    if found[0].results.counts["heads"] == 1:
        return []
    each = "; ".join(
        f"{one.label} "
        + ", ".join(format(head[0], entry.form) for head in one.results.facts[HEADS])
        for one in found
    )
    return [f"{entry.label} of each head: {each}."]


def _differences(found: Sequence[ProbedSource], entry: ScoreEntry) -> list[str]:
    """A sentence of every two sources on the same clips."""
    seed = found[0].results.seeds["intervals"]
    sentences = []
    for pair, (value, *_) in differences(found, seed=seed).items():
        if value.value is None or value.interval is None:
            continue
        low, high = (format(end, entry.form) for end in value.interval)
        sentences.append(f"{pair}: {format(value.value, entry.form)} [{low}, {high}]")
    return [f"{entry.label} on the same clips, {'; '.join(sentences)}."] if sentences else []


def _column(name: str) -> Score:
    return declared(ENTRIES[name], SOURCE, metric(SOURCE, name))


def _rival(one: ProbedSource, who: str, words: str) -> ScoredSubject:
    return ScoredSubject(name=words, found=_row(one, who), reference=True)


def _row(one: ProbedSource, who: str) -> dict[str, dict[str, object]]:
    """What make_table reads of a row; nothing where there is no such rival."""
    values: dict[str, Value] = {
        _split(name)[1]: value
        for name, value in one.results.metrics.items()
        if _split(name)[0] == who
    }
    plain = {name: value.plain() for name, value in values.items()}
    return {SOURCE: {"metrics": plain}} if plain else {}


def _split(name: str) -> tuple[str, str]:
    """``WHO_SCORE``."""
    who, _, score = name.partition("_")
    return who, score
