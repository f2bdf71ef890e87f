"""The sections of the page that show numbers; each is empty where there are none."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from pvvae.report.formats.grid import sideways, upright
from pvvae.report.formats.html import html_table, printed
from pvvae.report.runs.run_records import RunGroup
from pvvae.report.runs.summary import FEW_CLIPS, results_of
from pvvae.report.tables.columns import SPEED
from pvvae.report.tables.paper import Kind
from pvvae.report.tables.paper_rows import Context, tables
from pvvae.report.tables.protocols import by_score, described
from pvvae.report.tables.run_scores import SCORES
from pvvae.report.tables.scores import GENERATION, REBUILDING, RECONSTRUCTION, TRAINING, at
from pvvae.report.tables.table import ScoredSubject, make_table

TIMED: dict[Kind, str] = {"reconstruction": REBUILDING, "generation": TRAINING}
"""The stage that times what each table is about."""


def comparison_table(groups: Sequence[RunGroup]) -> str:
    """Every score of every group, the best and the second marked."""
    found = [results_of(group) for group in groups]
    named = [(group.name, results) for group, results in zip(groups, found, strict=True)]
    table = make_table(
        SCORES,
        [
            ScoredSubject(name=group.name, colour=group.colour, found=results)
            for group, results in zip(groups, found, strict=True)
        ],
        differences=by_score(SCORES, named),
    )
    if not table.scores:
        return ""
    captions = "".join(f'<p class="caption">{escape(line)}</p>' for line in _captions(groups))
    listed = "".join(f"<li>{printed(line)}</li>" for line in described(named))
    protocols = f'<ul class="notes">{listed}</ul>' if listed else ""
    return f"{html_table(sideways(table, inline=True))}{captions}{protocols}"


def _captions(groups: Sequence[RunGroup]) -> list[str]:
    """What the numbers mean."""
    protocol = _first_of(groups, "protocol")
    clips = _first_of(groups, "counts").get("clips")
    parts = ["Best in bold, second underlined."] if len(groups) > 1 else []
    parts += ["Intervals are 95%, over clips; of times, nine rounds of ten."]
    if protocol.get("lpips", {}).get("network"):
        parts.append(f"LPIPS: {protocol['lpips']['network']}.")
    if protocol.get("fvd", {}).get("features"):
        parts.append(f"FVD and KVD: {protocol['fvd']['features']}.")
    if clips is not None and clips < FEW_CLIPS:
        parts.append(
            f"FVD depends on the number of clips: with fewer than the paper’s {FEW_CLIPS:,} it is "
            "not comparable to published numbers; read it beside real vs real, the same distance "
            "between two halves of the real clips."
        )
    parts.append(
        "MSE of predicted frames is over the withheld frames only, pixels in [0, 1]. "
        "Latent distance is on latents normalised channel by channel; lower is smoother."
    )
    return [" ".join(parts)]


def _first_of(groups: Sequence[RunGroup], key: str) -> dict[str, Any]:
    found: Iterator[Any] = (at(RECONSTRUCTION, key)(results_of(group)) for group in groups)
    return next((value for value in found if value), {})


def paper_tables(groups: Sequence[RunGroup]) -> str:
    """Table 2, then Table 1, of the groups that were evaluated; the paper's rows in grey."""
    made: tuple[tuple[Kind, str], ...] = (
        ("reconstruction", "Reconstruction"),
        ("generation", "Generation"),
    )
    parts = []
    for kind, title in made:
        subjects = [subject for group in groups if (subject := _subject(group, kind)).found]
        if subjects:
            context = Context(
                kind=kind, apart=_other_clips(groups) if kind == "reconstruction" else ()
            )
            grids = [upright(table) for table in tables(context, subjects)]
            parts.append(f"<h3>{title}</h3>")
            parts += [html_table(grid, look=["upright"]) for grid in grids]
    return "".join(parts)


def _other_clips(groups: Sequence[RunGroup]) -> tuple[str, ...]:
    """Clips that no name says are those of Table 2."""
    of = (record for group in groups for record in group.records if record.stage == RECONSTRUCTION)
    named = dict.fromkeys(str(r.config["clips"]) for r in of if r.results and "clips" in r.config)
    return tuple(f"clips of {name}" for name in named if "kinetics" not in name.lower())


def _subject(group: RunGroup, kind: Kind) -> ScoredSubject:
    """A group's results by size or data set, its speed under ``speed``."""
    stage = RECONSTRUCTION if kind == "reconstruction" else GENERATION
    found: dict[str, dict[str, Any]] = {}
    for record in group.records:
        if record.results and record.stage == stage:
            title = (
                str(record.results["protocol"].get("size", "one size"))
                if kind == "reconstruction"
                else str(record.config.get("real", "real clips"))
            )
            found.setdefault(title, record.results)
        elif record.results and record.stage == TIMED[kind]:
            found.setdefault(SPEED, record.results)
    return ScoredSubject(name=group.name, colour=group.colour, found=found)
