"""The page of a study: its answer first, then tables, plots, every run, and how to repeat it."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from pvvae.files import write_json, write_text
from pvvae.report.formats.grid import Grid
from pvvae.report.formats.html import html_table, printed
from pvvae.report.formats.markdown import escaped, markdown_table
from pvvae.report.html_shell import Section, shell
from pvvae.report.study.data_files import plain_analysis, runs_csv
from pvvae.report.study.plots import Plot, curve_plots, paired_plots, pareto_plots, relation_plots
from pvvae.report.study.scaling_plots import scaling_plots
from pvvae.report.study.tables import changes_grid, means_grid, runs_grid
from pvvae.report.svg import stand_alone
from pvvae.study.answers.analysis import Analysis, analyse
from pvvae.study.outcomes import Outcome, arm_name
from pvvae.study.spec.study import Study

REMARKS = {
    "means": "Means over seeds with Student's 95% interval; in brackets, where all seeds share a "
    "run, its interval over clips. What a cell lacks is said below the table; failed and stale "
    "runs are in no mean.",
    "changes": "Runs paired by seed: the mean change, Student's 95% interval over seeds, and how "
    "many seeds change that way. Bold where the interval excludes no change.",
    "law": "Dots are runs; law and band are fitted to all seeds of a curve.",
    "pareto": "Means of arms. Filled: no other arm is at once as good and as cheap.",
    "relation": "Dots are runs; the line is of all of them, the band 95% of lines of runs drawn "
    "again.",
    "curves": "A line a seed. Over cost, a cell's whole cost is spread evenly over the steps.",
    "paired": "Dots are runs, thin lines join those of a seed. Upright marks are means; the tint "
    "is their 95% interval.",
}
"""Below the head of each section."""


def remarks(analysis: Analysis) -> list[str]:
    """What has to be said of this study's numbers."""
    seeds = max((len(cell.seeds) for cell in analysis.cells), default=0)
    found = []
    if 1 < seeds < 10:
        found.append(
            f"Intervals of {seeds} seeds take differences for normal, which {seeds} cannot show; a "
            f"sign test of {seeds} that agree has p = {2.0 ** (1 - seeds):.2g}. The percentile "
            "bootstrap, in study.json, is narrower and covers less than it says."
        )
    judged = [claim for claim in analysis.claims if claim.effect and claim.effect.interval]
    if len(judged) > 1:
        found.append(
            f"{len(judged)} claims at 95% each: by chance alone one in twenty would be seen."
        )
    if any(claim.claim.over for claim in analysis.claims):
        found.append(
            "Where pairs are of a seed and another factor's value, intervals take them for "
            "independent, though those of one seed share initial weights and noise."
        )
    return found


def write_study_page(
    study: Study, outcomes: Sequence[Outcome], folder: Path, *, command: str = ""
) -> Path:
    """Write what a study's outcomes answer, however many of them there are; the page's path.

    Beside ``index.html`` are ``study.md`` (the same without plots), ``study.json`` (everything
    that was computed), ``runs.csv`` and ``plots/*.svg``. The same outcomes, in any order, give the
    same files, byte for byte; times of runs are in elements of class ``time``.

    Args:
        study: with the seeds that were asked for.
        outcomes: as ``read_outcomes`` gives them.
        folder: where the files are written, over older ones.
        command: makes all of it again.

    Raises:
        ConfigError: if the disk is full or refuses.
    """
    analysis = analyse(study, outcomes, command=command)
    plots = {
        "law": scaling_plots(analysis),
        "pareto": pareto_plots(analysis),
        "relation": relation_plots(analysis),
        "curves": curve_plots(analysis),
        "paired": paired_plots(analysis),
    }
    for plot in (plot for row in plots.values() for plot in row):
        write_text(folder / "plots" / f"{plot.name}.svg", stand_alone(plot.svg))
    write_json(folder / "study.json", plain_analysis(analysis))
    write_text(folder / "runs.csv", runs_csv(analysis))
    write_text(folder / "study.md", markdown_page(analysis))
    write_text(folder / "index.html", _page(analysis, plots))
    return folder / "index.html"


def _page(analysis: Analysis, plots: dict[str, list[Plot]]) -> str:
    study = analysis.study
    changes = changes_grid(analysis)
    names = _legend(analysis)
    sections = [
        Section(
            key="table",
            head="Table",
            lead=REMARKS["means"],
            body=_grid(means_grid(analysis)) + _listed(remarks(analysis)),
        ),
        Section(
            key="law",
            head="Scaling",
            lead=REMARKS["law"],
            body=_row(plots["law"], _law_legend(analysis), "thirds"),
        ),
        Section(
            key="pareto",
            head="Quality against cost",
            lead=REMARKS["pareto"],
            body=_row(plots["pareto"], "", "halves"),
        ),
        Section(
            key="relation",
            head="Relation",
            lead=REMARKS["relation"],
            body=_row(plots["relation"], names, "halves"),
        ),
        Section(
            key="curves",
            head="On the way",
            lead=REMARKS["curves"],
            body=_row(plots["curves"], names, "halves"),
        ),
        Section(
            key="changes",
            head="Changes",
            lead=REMARKS["changes"],
            body=_grid(changes) if changes is not None else "",
        ),
        Section(
            key="paired",
            head="By seed",
            lead=REMARKS["paired"],
            body=_row(plots["paired"], "", "halves"),
        ),
        Section(key="runs", head="Runs", body=_runs(analysis)),
    ]
    return shell(
        sections,
        title=study.title,
        over="Study",
        heading=study.title,
        header=_header(analysis),
    )


def _header(analysis: Analysis) -> str:
    note = f"<p>{printed(analysis.study.note)}</p>" if analysis.study.note else ""
    answers = "".join(f"<li>{printed(sentence)}</li>" for sentence in analysis.sentences)
    listed = f'<ul class="answers">{answers}</ul>' if answers else ""
    look = "caption" if analysis.whole else "notice"
    return f'<div class="lead">{listed}{note}</div><p class="{look}">{analysis.standing}</p>'


def _runs(analysis: Analysis) -> str:
    folds = "".join(
        _fold(outcome) for cell in analysis.cells for _, outcome in sorted(cell.outcomes.items())
    )
    others = "".join(_fold(outcome) for outcome in analysis.foreign)
    left_out = f"<h3>Not of this study, and left out</h3>{others}" if others else ""
    command = analysis.command
    again = f"<h3>Make it again</h3><pre>{escape(command)}</pre>" if command else ""
    return f"{_grid(runs_grid(analysis))}{again}<h3>Run folders</h3>{folds}{left_out}"


def _fold(outcome: Outcome) -> str:
    lines = [f"{stage}: {folder}" for stage, folder in outcome.runs.items()]
    lines += [f"{name} = {value:g}" for name, value in {**outcome.data, **outcome.costs}.items()]
    lines += [text for text in (outcome.failed, outcome.stale) if text]
    return (
        f"<details><summary>{escape(arm_name(outcome.arm))}<small>seed {outcome.seed}</small>"
        f'</summary><pre class="time">{escape(chr(10).join(lines))}</pre></details>'
    )


def _row(plots: Sequence[Plot], legend: str, look: str) -> str:
    if not plots:
        return ""
    figures = "".join(
        f'<figure class="plot"><figcaption>{escape(plot.title)}</figcaption>{plot.svg}</figure>'
        for plot in plots
    )
    named = f'<p class="caption legend">{legend}</p>' if legend else ""
    return f'{named}<div class="grid plots {look}">{figures}</div>'


def _legend(analysis: Analysis) -> str:
    return "".join(
        f'<b class="name b{analysis.colour(cell)}">{escape(cell.name)}</b>'
        for cell in analysis.cells
    )


def _law_legend(analysis: Analysis) -> str:
    names = analysis.laws.found if analysis.laws else {}
    return "".join(
        f'<b class="name b{analysis.colour_of_curve(name)}">{escape(name)}</b>' for name in names
    )


def _grid(grid: Grid) -> str:
    return html_table(grid, look=["upright"])


def _listed(sentences: Sequence[str]) -> str:
    return "".join(f'<p class="caption">{printed(sentence)}</p>' for sentence in sentences)


def markdown_page(analysis: Analysis) -> str:
    """Answer, tables, runs, and the command."""
    study = analysis.study
    parts = [f"# {escaped(study.title)}", escaped(study.note)]
    parts.append("\n".join(f"- {escaped(sentence)}" for sentence in analysis.sentences))
    parts += [escaped(analysis.standing), "## Table", REMARKS["means"]]
    parts += [markdown_table(means_grid(analysis)), *map(escaped, remarks(analysis))]
    changes = changes_grid(analysis)
    if changes is not None:
        parts += ["## Changes", REMARKS["changes"], markdown_table(changes)]
    parts += ["## Runs", markdown_table(runs_grid(analysis))]
    if analysis.command:
        parts.append(f"```sh\n{analysis.command}\n```")
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
