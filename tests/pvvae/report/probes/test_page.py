"""The page has the table, the answers and the errors by block and noise."""

from pathlib import Path

from pvvae.probes.trained import ProbedSource, ProbeQuestion
from pvvae.report.probes.page import write_page
from tests.pvvae.report.probes.test_table import probed

SWEEP = [
    {"block": 1, "time": 0.1, "error": 3.0},
    {"block": 1, "time": 0.5, "error": 1.25},
    {"block": 3, "time": 0.1, "error": 2.0},
    {"block": 3, "time": 0.5, "error": 4.0},
]


def _with_answers(one: ProbedSource, question: ProbeQuestion, **facts: object) -> ProbedSource:
    truth = question.task.truth(question.test, 0, question.test.frames(0))
    one.results.facts.update(facts)
    one.results.protocol.update({"size": "5x16x16", "task": "flow"})
    return ProbedSource(one.label, one.about, one.results, one.errors, [truth])


def test_the_smallest_error_of_a_sweep_is_marked(question: ProbeQuestion, tmp_path: Path) -> None:
    metrics = {"probe_epe": 1.0, "zero_epe": 2.0}
    found = [
        _with_answers(probed("swept", **metrics), question, sweep=SWEEP),
        _with_answers(probed("alone", **metrics), question),
    ]
    text, page = write_page(found, question, tmp_path)
    html = page.read_text()
    assert html.count("<th>noise 0.1</th>") == html.count("<th>block 3</th>") == 1
    assert '<td class="best" style="background: color-mix(in srgb, var(--b0) 45%' in html
    assert html.count("<h3>swept</h3>") == 1 and "<h3>alone</h3>" not in html
    assert "<span>truth</span><span>swept</span><span>alone</span>" in html
    assert text.splitlines() and (tmp_path / "table.md").is_file()
    assert (tmp_path / "table.tex").read_text().count(r"\end{tabular}") == 1
