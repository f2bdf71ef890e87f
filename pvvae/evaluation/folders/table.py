"""Results of two folders for people: every value beside its interval and its number of clips."""

from pvvae.evaluation.folders.measure import GENERATED, REAL
from pvvae.evaluation.folders.question import OF_PAIRS
from pvvae.metrics.results import Results, Value


def table(results: Results) -> str:
    """Lines to print; a note that all values share stands once, below them."""
    rows = [("metric", "value", "95% interval", "clips")]
    rows += [
        (name, _number(value.value), _interval(value), _clips(name, results))
        for name, value in results.metrics.items()
    ]
    floor = results.facts.get("floor")
    if floor is not None:
        half = floor["clips"]
        rows.append(("A against A", _number(floor["fvd"]), "", f"{half} + {half}, FVD"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join(
            (row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2]), row[3])
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *_notes(results), f"protocol {results.plain()['protocol_hash']}"])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _interval(value: Value) -> str:
    return "" if value.interval is None else "{:.4f} to {:.4f}".format(*value.interval)


def _clips(name: str, results: Results) -> str:
    generated = results.counts[GENERATED]
    if name.partition("_")[0] in OF_PAIRS:
        return f"{generated} pairs"
    if name.startswith("is_"):
        return f"{generated} of B"
    return f"{results.counts[REAL]} of A, {generated} of B"


def _notes(results: Results) -> list[str]:
    """Each note once, with the metrics that it is about."""
    about: dict[str, list[str]] = {}
    for name, value in results.metrics.items():
        for note in value.note.split("; ") if value.note else ():
            about.setdefault(note, []).append(name)
    every = len(results.metrics)
    return [
        f"note: {note}" if len(names) == every else f"note on {', '.join(names)}: {note}"
        for note, names in about.items()
    ]
