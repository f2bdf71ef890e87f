"""A study as Markdown, for docs/results: the page without its plots."""

from pvvae.report.formats.markdown import escaped, markdown_table
from pvvae.report.study.tables import changes_grid, means_grid, runs_grid
from pvvae.report.study_remarks import REMARKS, remarks
from pvvae.study.answers.analysis import Analysis


def markdown_page(analysis: Analysis) -> str:
    """Answer, tables, runs, and the command."""
    question = analysis.question
    parts = [f"# {escaped(question.title)}", escaped(question.note)]
    parts.append("\n".join(f"- {escaped(sentence)}" for sentence in analysis.sentences))
    parts += [escaped(analysis.standing), "## Table", REMARKS["means"]]
    parts += [markdown_table(means_grid(analysis)), *map(escaped, remarks(analysis))]
    changes = changes_grid(analysis)
    if changes is not None:
        parts += ["## Changes", REMARKS["changes"], markdown_table(changes)]
    parts += ["## Runs", markdown_table(runs_grid(analysis))]
    if question.command:
        parts.append(f"```sh\n{question.command}\n```")
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
